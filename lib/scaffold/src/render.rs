//! Templates to files.

use crate::Error;
use crate::foundry::relative;
use crate::frameworks::{Framework, hardhat, remix};
use crate::layout::{File, Ownership, Paths, SETTINGS_FILE, slashes};
use crate::spec::{Accuracy, Ci, ContextParts, Output, ProjectSpec, ProvenModel};
use crate::template::{SampleChoice, Template};
use include_dir::{Dir, include_dir};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use num_bigint::{BigInt, BigUint, Sign};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::rc::Rc;

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/project");
/// One folder for each template but the minimal one, whose files are among `TEMPLATES`.
static KINDS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/kinds");
/// Hardhat's files; those of a template's own are in its folder.
static HARDHAT: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/hardhat");
/// Remix's files.
static REMIX: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/remix");
/// One page for each template.
static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/templates");
static CONTRACTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../contracts");
const LICENSE_MIT: &str = include_str!("../../../LICENSE-MIT");
const LICENSE_APACHE: &str = include_str!("../../../LICENSE-APACHE");

/// Order of the BN254 groups.
const FIELD_MODULUS: &str = "21888242871839275222246405745257275088548364400416034343698204186575808495617";

/// Index of the context among the public values.
const CONTEXT_INDEX: usize = 0;

/// Index of the first output's first element among the public values.
const FIRST_OUTPUT_INDEX: usize = CONTEXT_INDEX + 1;

/// What `FixedPoint.sol` accepts.
const MAX_MAGNITUDE_BITS: u64 = 127;
const MAX_FRACTION_BITS: u32 = 120;

/// All files of a project except the lock file.
pub(crate) fn files(spec: &ProjectSpec, paths: &Paths) -> Result<Vec<File>, Error> {
    let renderer = Renderer::new(spec, paths)?;
    let person = Ownership::Person;
    let generated = Ownership::Generated;
    let mut files = match paths.framework {
        Framework::Foundry => foundry_files(&renderer, spec, paths)?,
        Framework::Hardhat => hardhat::files(&renderer, spec, paths)?,
        Framework::Remix => remix::files(&renderer, spec, paths, &CONTRACTS)?,
    };
    let mut add = |path: PathBuf, contents: Vec<u8>, ownership| {
        files.push(File { path, contents, ownership });
    };
    add(SETTINGS_FILE.into(), renderer.render("hallmark.toml")?.into_bytes(), person);
    if let Some(page) = PAGES.get_file(format!("{}.md", spec.template.name())) {
        // Pages are written for Foundry's usual folders.
        let script = paths.foundry.script.as_path();
        let place = match paths.framework {
            Framework::Foundry => format!("`{}`", slashes(&script.join("Deploy.s.sol"))),
            Framework::Hardhat => format!("`{}`", slashes(&script.join("deployment.ts"))),
            Framework::Remix => "step 5 of `README.md`".to_owned(),
        };
        let text = String::from_utf8_lossy(page.contents()).replace("`script/Deploy.s.sol`", &place);
        add(Path::new("docs").join(page.path()), text.into_bytes(), person);
    }
    if paths.framework != Framework::Remix {
        let source = format!("{}.sol", spec.template.consumer());
        let name = match spec.template {
            Template::Minimal => format!("src/{source}"),
            other => format!("{}/src/{source}", other.name()),
        };
        add(paths.source(&source), renderer.render(&name)?.into_bytes(), person);
        let (library, sources) = (paths.library(), paths.library_sources());
        let mut folders = vec![&CONTRACTS];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                add(sources.join(file.path()), file.contents().to_vec(), generated);
            }
        }
        add(library.join("LICENSE-MIT"), LICENSE_MIT.into(), generated);
        add(library.join("LICENSE-APACHE"), LICENSE_APACHE.into(), generated);
    }
    files.extend(model_files(&renderer, &spec.main, None, paths)?);
    for member in &spec.members {
        let own = renderer.with_context(model_context(&member.model, Some(&member.name), paths)?);
        files.extend(model_files(&own, &member.model, Some(&member.name), paths)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Foundry's files: settings, tests and scripts.
fn foundry_files(renderer: &Renderer, spec: &ProjectSpec, paths: &Paths) -> Result<Vec<File>, Error> {
    let foundry = &paths.foundry;
    let mut files = Vec::new();
    let mut template = |name: &str, path: PathBuf| -> Result<(), Error> {
        let contents = renderer.render(name)?.into_bytes();
        files.push(File { path, contents, ownership: Ownership::Person });
        Ok(())
    };
    template("foundry.toml", "foundry.toml".into())?;
    template("gitignore", ".gitignore".into())?;
    template("README.md", "README.md".into())?;
    match spec.ci {
        Ci::Github => template(".github/workflows/ci.yml", ".github/workflows/ci.yml".into())?,
        Ci::Gitlab => template("gitlab-ci.yml", ".gitlab-ci.yml".into())?,
        Ci::None => {}
    }
    template("test/Deployed.t.sol", foundry.test.join("Deployed.t.sol"))?;
    let script = match spec.template {
        Template::Minimal => "script/Deploy.s.sol".to_owned(),
        other => format!("{}/script/Deploy.s.sol", other.name()),
    };
    template(&script, foundry.script.join("Deploy.s.sol"))?;
    for (name, path) in solidity_tests(spec, paths) {
        template(&name, path)?;
    }
    Ok(files)
}

/// The tests in Solidity, which Hardhat 3 runs as forge does: names of templates, and where they go.
pub(crate) fn solidity_tests(spec: &ProjectSpec, paths: &Paths) -> Vec<(String, PathBuf)> {
    let in_tests = |name: &str| paths.foundry.test.join(name);
    if spec.template == Template::Minimal {
        return vec![("test/Inference.t.sol".to_owned(), in_tests("Inference.t.sol"))];
    }
    let own = format!("{}.t.sol", spec.template.consumer());
    let mut tests = vec![(format!("{}/test/{own}", spec.template.name()), in_tests(&own))];
    // What all consumers of one model have to pass.
    if spec.members.is_empty() {
        tests.push(("test/ConsumerTest.sol".to_owned(), in_tests("ConsumerTest.sol")));
    }
    tests
}

/// The files of one model: its verifier, what is known of it, its proofs, and the model itself.
fn model_files(
    renderer: &Renderer,
    model: &ProvenModel,
    member: Option<&str>,
    paths: &Paths,
) -> Result<Vec<File>, Error> {
    let person = Ownership::Person;
    let generated = Ownership::Generated;
    let mut files = Vec::new();
    let mut add = |path: PathBuf, contents: Vec<u8>, ownership| {
        files.push(File { path, contents, ownership });
    };
    let rendered = |name: &str| Ok(renderer.render(name)?.into_bytes());
    if paths.framework != Framework::Remix {
        add(paths.model_source(member, "ModelInfo.sol"), rendered("src/ModelInfo.sol")?, generated);
        add(paths.verifier(member), model.verifier_source.clone().into_bytes(), generated);
        for source in &model.sources {
            file_name("sources", &source.file_name)?;
            add(paths.model_source(member, &source.file_name), source.source.clone().into_bytes(), generated);
        }
    }
    match paths.framework {
        Framework::Foundry => {
            add(paths.solidity_fixture(member), rendered("test/fixtures/InferenceFixture.sol")?, generated);
        }
        Framework::Hardhat => {
            add(paths.solidity_fixture(member), rendered("test/fixtures/InferenceFixture.sol")?, generated);
            add(paths.fixture(member), rendered("hardhat/test/fixtures/inference.json")?, generated);
            add(paths.typescript_info(member), rendered("hardhat/model/ModelInfo.ts")?, generated);
        }
        Framework::Remix => {}
    }
    add(model_file("model", member, "model.onnx")?, model.files.onnx.clone(), person);
    let (name, contents) = &model.files.input;
    add(model_file("model.input", member, name)?, contents.clone(), person);
    if let Some((name, contents)) = &model.files.calibration {
        add(model_file("model.calibration", member, name)?, contents.clone(), person);
    }
    Ok(files)
}

fn file_name(field: &'static str, name: &str) -> Result<(), Error> {
    let one = Path::new(name).components().count() == 1 && !name.contains(['/', '\\']);
    if one && Path::new(name).file_name().is_some() {
        Ok(())
    } else {
        Err(Error::spec(field, format!("`{name}` is not a file name")))
    }
}

fn model_file(field: &'static str, member: Option<&str>, name: &str) -> Result<PathBuf, Error> {
    file_name(field, name)?;
    Ok(Path::new("model").join(member.unwrap_or_default()).join(name))
}

pub(crate) struct Renderer {
    environment: Rc<Environment<'static>>,
    context: Value,
}

impl Renderer {
    fn new(spec: &ProjectSpec, paths: &Paths) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_keep_trailing_newline(true);
        environment.add_filter("toml", |text: String| toml::Value::String(text).to_string());
        let mut folders = vec![("", &TEMPLATES), ("", &KINDS), ("hardhat/", &HARDHAT), ("remix/", &REMIX)];
        while let Some((prefix, folder)) = folders.pop() {
            folders.extend(folder.dirs().map(|inner| (prefix, inner)));
            for file in folder.files() {
                let path = slashes(file.path());
                let (Some(name), Some(text)) = (path.strip_suffix(".j2"), file.contents_utf8()) else {
                    continue;
                };
                let name = format!("{prefix}{name}");
                environment
                    .add_template_owned(name.clone(), text.to_owned())
                    .map_err(|source| Error::Template { name, source: Box::new(source) })?;
            }
        }
        Ok(Self { environment: Rc::new(environment), context: context_of(spec, paths)? })
    }

    /// The same templates with other values.
    fn with_context(&self, context: Value) -> Self {
        Self { environment: Rc::clone(&self.environment), context }
    }

    /// The template with the project's values.
    pub(crate) fn render(&self, name: &str) -> Result<String, Error> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(&self.context))
            .map_err(|source| Error::Template { name: name.to_owned(), source: Box::new(source) })
    }
}

/// What templates say about the project: its main model's values too.
fn context_of(spec: &ProjectSpec, paths: &Paths) -> Result<Value, Error> {
    let foundry = &paths.foundry;
    let main = &spec.main;
    if !["gas", "prover", "balanced"].contains(&spec.objective.as_str()) {
        return Err(Error::spec("objective", format!("`{}` is not an objective", spec.objective)));
    }
    let (max_abs_error, max_rel_error) = match spec.accuracy {
        Accuracy::MaxAbsError(value) => (Some(number("accuracy", value)?), None),
        Accuracy::MaxRelError(value) => (None, Some(number("accuracy", value)?)),
    };
    let path = |path: PathBuf| slashes(&path);
    spec.template.check_outputs(&main.outputs.iter().map(|output| &output.shape).collect::<Vec<_>>())?;
    let mut members = Vec::new();
    for member in &spec.members {
        if !is_member_name(&member.name) {
            return Err(Error::spec("members", format!("`{}` is not a name for a model", member.name)));
        }
        members.push(model_context(&member.model, Some(&member.name), paths)?);
    }
    let parts = &main.fixture.context;
    let consumer_file = paths.source(&format!("{}.sol", spec.template.consumer()));
    // In a project for Remix everything is in that file.
    let or_all_in_one = |file: PathBuf| match paths.framework {
        Framework::Remix => consumer_file.clone(),
        Framework::Foundry | Framework::Hardhat => file,
    };
    let project = context! {
        template => spec.template.name(),
        framework => paths.framework.name(),
        consumer_contract => spec.template.consumer(),
        solidity_test => match spec.template {
            Template::Minimal => "Inference.t.sol".to_owned(),
            other => format!("{}.t.sol", other.consumer()),
        },
        action => spec.template.action(),
        package_name => package_name(&spec.project_name),
        node_version => hardhat::NODE_VERSION,
        project_name => comment(&spec.project_name),
        members,
        max_abs_error, max_rel_error,
        objective => spec.objective,
        stored_proofs => main.fixture.further.iter().map(|proof| stored_proof(proof, parts)).collect::<Result<Vec<_>, _>>()?,
        src => slashes(&foundry.src),
        test => slashes(&foundry.test),
        script => slashes(&foundry.script),
        lib => slashes(&foundry.lib),
        library => slashes(&paths.library()),
        soldeer => foundry.soldeer,
        verifier_path => path(or_all_in_one(paths.verifier(None))),
        info_path => path(or_all_in_one(paths.source("ModelInfo.sol"))),
        consumer_path => path(consumer_file.clone()),
        fixture_path => path(paths.fixture(None)),
        test_to_src => relative(&foundry.test, &foundry.src),
        test_to_verifier => relative(&foundry.test, &paths.verifier(None)),
        fixture_from_test => relative(&foundry.test, &paths.fixture(None)).trim_start_matches("./"),
        solidity_fixture_from_test =>
            relative(&foundry.test, &paths.solidity_fixture(None)).trim_start_matches("./"),
        test_to_script => relative(&foundry.test, &foundry.script),
        test_to_lib => relative(&foundry.test, &foundry.lib),
        test_to_model => relative(&foundry.test, Path::new("model")),
        script_to_lib => relative(&foundry.script, &foundry.lib),
        script_to_model => relative(&foundry.script, Path::new("model")),
        script_to_src => relative(&foundry.script, &foundry.src),
        script_to_verifier => relative(&foundry.script, &paths.verifier(None)),
        dev => main.dev_srs,
        generator_version => spec.versions.generator,
        solc_version => spec.versions.solc,
        evm_version => spec.versions.evm,
        optimizer_runs => spec.versions.optimizer_runs,
        forge_version => spec.versions.forge,
    };
    let model = model_context(main, None, paths)?;
    Ok(context! { ..project, ..model })
}

/// SHA-256 of how outputs are to be read: shapes and fraction bits, as `[1, 2]/12` each. Names are left
/// out: outputs that are called something else are read in the same way.
fn outputs_id(outputs: &[Output]) -> String {
    let mut hash = Sha256::new_with_prefix("hallmark.outputs.v1");
    for output in outputs {
        hash.update(format!(";{:?}/{}", output.shape, output.fraction_bits));
    }
    hex::encode(hash.finalize())
}

/// What templates say about one model.
fn model_context(model: &ProvenModel, member: Option<&str>, paths: &Paths) -> Result<Value, Error> {
    identifier("verifier_contract", &model.verifier_contract)?;
    let mut first = FIRST_OUTPUT_INDEX;
    let outputs: Vec<Value> = model
        .outputs
        .iter()
        .map(|output| {
            let count: usize = output.shape.iter().product();
            let value = context! {
                name => comment(&output.name),
                shape => shape(&output.shape),
                fraction_bits => output.fraction_bits,
                first => first,
                count => count,
                last => (first + count).saturating_sub(1),
            };
            first += count;
            value
        })
        .collect();
    if outputs.is_empty() || model.outputs.iter().any(|o| o.shape.iter().product::<usize>() == 0) {
        return Err(Error::spec("outputs", "the model has no output, or an empty one"));
    }
    let fixture = &model.fixture;
    let values = first - FIRST_OUTPUT_INDEX;
    if fixture.instances.len() != first || fixture.reference.len() != values {
        return Err(Error::spec(
            "fixture",
            format!(
                "{} public values and {} reference values for a context and {values} outputs",
                fixture.instances.len(),
                fixture.reference.len()
            ),
        ));
    }
    let wads = |instances: &[[u8; 32]]| -> Result<String, Error> {
        Ok(hex::encode(abi_array(&output_wads(&model.outputs, &instances[FIRST_OUTPUT_INDEX..])?)))
    };
    let words = |words: &[[u8; 32]]| words.iter().map(hex::encode).collect::<Vec<_>>();
    let outputs_of = |instances: &[[u8; 32]]| -> Result<Vec<String>, Error> {
        let wads = output_wads(&model.outputs, &instances[FIRST_OUTPUT_INDEX..])?;
        Ok(wads.iter().map(signed_decimal).collect())
    };
    let context_value = canonical(&fixture.instances[CONTEXT_INDEX])?;
    let parts = &fixture.context;
    let mut proofs = vec![context! {
        name => "given",
        account => address("fixture.context.account", &parts.account)?,
        nonce => decimal(&parts.nonce),
        deadline => decimal(&parts.deadline),
        proof => hex::encode(&fixture.proof),
        instances => words(&fixture.instances),
        outputs => outputs_of(&fixture.instances)?,
    }];
    let mut further = Vec::new();
    let mut names = vec!["given", "all", "proof", "instances", "context", "circuitOutputs", "modelOutputs"];
    for proof in &fixture.further {
        identifier("fixture.further", &proof.name)?;
        if names.contains(&proof.name.as_str()) {
            return Err(Error::spec("fixture.further", format!("the name `{}` is taken", proof.name)));
        }
        names.push(&proof.name);
        if proof.instances.len() != first {
            return Err(Error::spec("fixture.further", format!("`{}` has other outputs", proof.name)));
        }
        canonical(&proof.instances[CONTEXT_INDEX])?;
        if proof.context.chain_id != parts.chain_id || proof.context.consumer != parts.consumer {
            let message = format!("`{}` is for another chain or consumer", proof.name);
            return Err(Error::spec("fixture.further", message));
        }
        proofs.push(context! {
            name => proof.name,
            account => address("fixture.further.account", &proof.context.account)?,
            nonce => decimal(&proof.context.nonce),
            deadline => decimal(&proof.context.deadline),
            proof => hex::encode(&proof.proof),
            instances => words(&proof.instances),
            outputs => outputs_of(&proof.instances)?,
        });
        further.push(context! {
            name => proof.name,
            sample => match SampleChoice::parse(&proof.sample) {
                Some(SampleChoice::Given) => "the same input".to_owned(),
                Some(SampleChoice::Highest) => "the calibration input of the highest output".to_owned(),
                Some(SampleChoice::Lowest) => "the calibration input of the lowest output".to_owned(),
                Some(SampleChoice::Row(row)) => format!("row {row} of the calibration inputs"),
                None => return Err(Error::spec("fixture.further", format!("`{}` is no sample", proof.sample))),
            },
            account => address("fixture.further.account", &proof.context.account)?,
            nonce => decimal(&proof.context.nonce),
            deadline => decimal(&proof.context.deadline),
            proof => hex::encode(&proof.proof),
            instances => hex::encode(abi_array(&proof.instances)),
            output_wads => wads(&proof.instances)?,
        });
    }
    let path = |path: PathBuf| slashes(&path);
    let foundry = &paths.foundry;
    Ok(context! {
        name => member.unwrap_or_default(),
        model_name => comment(&model.files.name),
        model_path => path(model_file("model", member, "model.onnx")?),
        input_path => path(model_file("model.input", member, &model.files.input.0)?),
        calibration_path => model.files.calibration.as_ref()
            .map(|(name, _)| model_file("model.calibration", member, name).map(path)).transpose()?,
        dimensions => model.files.dimensions,
        verifier_contract => match (paths.framework, member) {
            // There all are in one file.
            (Framework::Remix, Some(member)) => remix::verifier_of(&model.verifier_contract, member),
            _ => model.verifier_contract.clone(),
        },
        outputs_id => outputs_id(&model.outputs),
        outputs,
        instances_count => first,
        context_index => CONTEXT_INDEX,
        context => hex::encode(context_value),
        chain_id => decimal(&parts.chain_id),
        consumer => address("fixture.context.consumer", &parts.consumer)?,
        account => address("fixture.context.account", &parts.account)?,
        nonce => decimal(&parts.nonce),
        deadline => decimal(&parts.deadline),
        verifying_key_id => hex::encode(fixture.verifying_key_id),
        srs_id => hex::encode(fixture.srs_id),
        proof => hex::encode(&fixture.proof),
        instances => hex::encode(abi_array(&fixture.instances)),
        output_wads => wads(&fixture.instances)?,
        reference_wads => hex::encode(abi_array(&reference_wads(&fixture.reference)?)),
        tolerance => wad("fixture.tolerance", fixture.tolerance, true)?.to_string(),
        further,
        proofs,
        model_outputs => reference_wads(&fixture.reference)?.iter().map(signed_decimal).collect::<Vec<_>>(),
        verify_calldata => hex::encode(verify_calldata(&fixture.proof, &fixture.instances)),
        verifier_code_hash => hex::encode(model.verifier_code_hash),
        generator_version => env!("CARGO_PKG_VERSION"),
        test_to_member => relative(&foundry.test, &paths.model_source(member, "")),
    })
}

/// A stored proof as hallmark.toml has it: what differs from the first proof.
fn stored_proof(proof: &crate::spec::FurtherProof, first: &ContextParts) -> Result<Value, Error> {
    let choice = SampleChoice::parse(&proof.sample);
    Ok(context! {
        name => proof.name,
        sample => match choice {
            Some(SampleChoice::Row(row)) => row.to_string(),
            _ => format!("\"{}\"", proof.sample),
        },
        account => (proof.context.account != first.account).then_some(&proof.context.account),
        nonce => decimal(&proof.context.nonce),
        deadline => (proof.context.deadline != first.deadline).then(|| decimal(&proof.context.deadline)),
    })
}

fn canonical(word: &[u8; 32]) -> Result<&[u8; 32], Error> {
    if BigUint::from_bytes_be(word) < modulus() {
        return Ok(word);
    }
    Err(Error::spec("fixture.instances", "the context is not a canonical field element"))
}

/// Whether a further model may be called so: its folders are.
pub fn is_member_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_lowercase())
        && text.len() <= 40
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// A name as the project's comments and settings have it: letters, digits and a few signs.
pub fn plain_name(text: &str) -> String {
    let name = comment(text);
    if name.is_empty() { "model".to_owned() } else { name }
}

/// Text that is safe in a one-line comment and in Markdown code: model files are not trusted.
fn comment(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || " ._-/:".contains(c) { c } else { '_' })
        .take(60)
        .collect();
    // `*/` cannot occur (no asterisk), nor can a NatSpec tag (no at sign).
    clean.trim().to_owned()
}

fn shape(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

fn identifier(field: &'static str, text: &str) -> Result<(), Error> {
    let mut characters = text.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if starts && text.len() <= 40 && characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(())
    } else {
        Err(Error::spec(field, format!("`{text}` is not a contract name of at most 40 characters")))
    }
}

/// An address as a Solidity literal. Its checksum is the compiler's business.
fn address<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Error> {
    match text.strip_prefix("0x") {
        Some(digits) if digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(text),
        _ => Err(Error::spec(field, format!("`{text}` is not `0x` and 40 hexadecimal digits"))),
    }
}

/// A name that npm takes for a package: small letters, digits and hyphens.
fn package_name(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-");
    if name.is_empty() { "model".to_owned() } else { name }
}

/// Two's complement as a decimal number.
fn signed_decimal(word: &[u8; 32]) -> String {
    BigInt::from_signed_bytes_be(word).to_string()
}

/// Selector of `verifyProof(bytes,uint256[])`.
const VERIFY_PROOF: [u8; 4] = [0x1e, 0x8e, 0x1e, 0x13];

/// Calldata of `verifyProof(bytes,uint256[])`.
fn verify_calldata(proof: &[u8], instances: &[[u8; 32]]) -> Vec<u8> {
    const WORD: usize = 32;
    let word = |value: usize| {
        let mut word = [0u8; WORD];
        word[WORD - 8..].copy_from_slice(&(value as u64).to_be_bytes());
        word
    };
    let padded = proof.len().next_multiple_of(WORD);
    let mut data = VERIFY_PROOF.to_vec();
    data.extend(word(2 * WORD));
    data.extend(word(3 * WORD + padded));
    data.extend(word(proof.len()));
    data.extend(proof);
    data.resize(data.len() + padded - proof.len(), 0);
    data.extend(word(instances.len()));
    data.extend(instances.iter().flatten());
    data
}

/// A big-endian word as a decimal number.
fn decimal(word: &[u8; 32]) -> String {
    BigUint::from_bytes_be(word).to_string()
}

fn modulus() -> BigUint {
    FIELD_MODULUS.parse().expect("a decimal number")
}

/// A positive number as TOML writes it.
fn number(field: &'static str, value: f64) -> Result<String, Error> {
    if value.is_finite() && value > 0.0 {
        Ok(toml::Value::Float(value).to_string())
    } else {
        Err(Error::spec(field, format!("{value} is not a positive number")))
    }
}

/// A dynamic array of words, ABI-encoded.
fn abi_array(words: &[[u8; 32]]) -> Vec<u8> {
    let word = |value: u64| {
        let mut word = [0u8; 32];
        word[24..].copy_from_slice(&value.to_be_bytes());
        word
    };
    [word(32), word(words.len() as u64)].iter().chain(words).flatten().copied().collect()
}

/// Two's complement, as an `int256` is encoded.
fn signed_word(field: &'static str, value: &BigInt) -> Result<[u8; 32], Error> {
    let bytes = value.to_signed_bytes_be();
    if bytes.len() > 32 {
        return Err(Error::spec(field, format!("{value} does not fit in 256 bits")));
    }
    let mut word = [if value.sign() == Sign::Minus { 0xff } else { 0 }; 32];
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    Ok(word)
}

/// `FixedPoint.decode` of every output.
fn output_wads(outputs: &[Output], instances: &[[u8; 32]]) -> Result<Vec<[u8; 32]>, Error> {
    let modulus = modulus();
    let bits = outputs.iter().flat_map(|o| std::iter::repeat_n(o.fraction_bits, o.shape.iter().product()));
    instances
        .iter()
        .zip(bits)
        .map(|(word, bits)| {
            let word = BigUint::from_bytes_be(word);
            if word >= modulus {
                return Err(Error::spec("fixture.instances", "not a canonical field element"));
            }
            let value =
                if word > &modulus >> 1u32 { -BigInt::from(&modulus - word) } else { BigInt::from(word) };
            if value.bits() > MAX_MAGNITUDE_BITS || bits > MAX_FRACTION_BITS {
                return Err(Error::spec(
                    "fixture.instances",
                    format!("{value} with {bits} fraction bits is beyond what FixedPoint decodes"),
                ));
            }
            // The shift of a negative BigInt rounds towards minus infinity, as Solidity's does.
            signed_word("fixture.instances", &((value * 10i64.pow(18)) >> bits))
        })
        .collect()
}

fn reference_wads(values: &[f64]) -> Result<Vec<[u8; 32]>, Error> {
    values
        .iter()
        .map(|value| signed_word("fixture.reference", &wad("fixture.reference", *value, false)?))
        .collect()
}

/// A real number with 18 decimals, rounded to nearest or up.
fn wad(field: &'static str, value: f64, up: bool) -> Result<BigInt, Error> {
    let scaled = value * 1e18;
    let rounded = if up { scaled.ceil() } else { scaled.round() };
    if !rounded.is_finite() || rounded.abs() >= 2f64.powi(250) {
        return Err(Error::spec(field, format!("{value} is not a number that fits")));
    }
    // Exact: an f64 is an integer times a power of two.
    let bits = rounded.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1075;
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if (bits >> 52) & 0x7ff == 0 { 0 } else { fraction | (1 << 52) };
    let magnitude = BigInt::from(mantissa);
    let magnitude = if exponent >= 0 { magnitude << exponent } else { magnitude >> (-exponent).min(200) };
    Ok(if rounded < 0.0 { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wads_are_exact() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1000000000000000000"),
            (-1.5, "-1500000000000000000"),
            (1e-18, "1"),
            (-1e-19, "0"),
            (1e30, "1000000000000000019884624838656000000000000000000"),
        ] {
            let found = wad("x", value, false).unwrap();
            let expected: BigInt = expected.parse().unwrap();
            let off = (&found - &expected).magnitude().clone();
            assert!(off <= expected.magnitude() >> 50u32, "{value}: {found}, not {expected}");
        }
        assert!(wad("x", f64::NAN, false).is_err());
        assert!(wad("x", f64::INFINITY, true).is_err());
        assert!(wad("x", 1e70, true).is_err());
    }

    #[test]
    fn negative_outputs_round_down() {
        let modulus: BigUint = FIELD_MODULUS.parse().unwrap();
        let mut word = [0u8; 32];
        word.copy_from_slice(&(modulus - 1u32).to_bytes_be());
        let outputs = [Output { name: "y".into(), shape: vec![], fraction_bits: 70 }];
        assert_eq!(output_wads(&outputs, &[word]).unwrap(), [[0xff; 32]]);
        assert!(output_wads(&outputs, &[[0xff; 32]]).is_err());
    }

    #[test]
    fn calldata_is_that_of_an_abi_encoder() {
        let data = verify_calldata(&[0xab; 33], &[[1; 32], [2; 32]]);
        assert_eq!(data.len(), 4 + 32 * (2 + 1 + 2 + 1 + 2));
        assert_eq!(data[4 + 31], 0x40);
        assert_eq!(data[4 + 63], 0xa0);
        assert_eq!(data[4 + 95], 33);
        assert_eq!(data[4 + 128], 0xab);
        assert_eq!(data[4 + 129], 0);
        assert_eq!(data[4 + 191], 2);
        assert_eq!(data[data.len() - 32..], [2; 32]);
    }

    #[test]
    fn names_of_projects_as_npm_takes_them() {
        for (name, expected) in [("demo", "demo"), ("My Credit_model", "my-credit-model"), ("..", "model")] {
            assert_eq!(package_name(name), expected);
        }
    }

    #[test]
    fn names_from_model_files_cannot_leave_a_comment() {
        assert_eq!(comment("a*/ b\n@dev `x`"), "a_/ b__dev _x_");
    }
}
