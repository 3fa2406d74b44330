//! Templates to files.

use crate::Error;
use crate::foundry::relative;
use crate::layout::{File, Ownership, Paths, SETTINGS_FILE, slashes};
use crate::spec::{Accuracy, Ci, Output, ProjectSpec};
use crate::template::Template;
use include_dir::{Dir, include_dir};
use minijinja::{Environment, UndefinedBehavior, Value, context};
use num_bigint::{BigInt, BigUint, Sign};
use std::path::{Path, PathBuf};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/project");
/// One folder for each template but the minimal one, whose files are among `TEMPLATES`.
static KINDS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/kinds");
/// One page for each template but the minimal one.
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
    let foundry = &paths.foundry;
    let person = Ownership::Person;
    let generated = Ownership::Generated;
    let mut files = Vec::new();
    let mut template = |name: &str, path: PathBuf, ownership| -> Result<(), Error> {
        files.push(File { path, contents: renderer.render(name)?.into_bytes(), ownership });
        Ok(())
    };
    template("foundry.toml", "foundry.toml".into(), person)?;
    template("gitignore", ".gitignore".into(), person)?;
    template("README.md", "README.md".into(), person)?;
    template("hallmark.toml", SETTINGS_FILE.into(), person)?;
    match spec.ci {
        Ci::Github => template(".github/workflows/ci.yml", ".github/workflows/ci.yml".into(), person)?,
        Ci::Gitlab => template("gitlab-ci.yml", ".gitlab-ci.yml".into(), person)?,
        Ci::None => {}
    }
    template("src/ModelInfo.sol", paths.source("ModelInfo.sol"), generated)?;
    template("test/Deployed.t.sol", foundry.test.join("Deployed.t.sol"), person)?;
    template("test/fixtures/InferenceFixture.sol", paths.fixture(), generated)?;
    let kind = spec.template.name();
    let consumer = spec.template.consumer();
    if spec.template == Template::Minimal {
        template("src/ModelConsumer.sol", paths.source("ModelConsumer.sol"), person)?;
        template("test/Inference.t.sol", foundry.test.join("Inference.t.sol"), person)?;
        template("script/Deploy.s.sol", foundry.script.join("Deploy.s.sol"), person)?;
    } else {
        let own = |folder: &str, name: &str| format!("{kind}/{folder}/{name}");
        let source = format!("{consumer}.sol");
        template(&own("src", &source), paths.source(&source), person)?;
        let test = format!("{consumer}.t.sol");
        template(&own("test", &test), foundry.test.join(test), person)?;
        template("test/ConsumerTest.sol", foundry.test.join("ConsumerTest.sol"), person)?;
        template(&own("script", "Deploy.s.sol"), foundry.script.join("Deploy.s.sol"), person)?;
    }

    let mut add = |path: PathBuf, contents: Vec<u8>, ownership| {
        files.push(File { path, contents, ownership });
    };
    if let Some(page) = PAGES.get_file(format!("{kind}.md")) {
        add(Path::new("docs").join(page.path()), page.contents().to_vec(), person);
    }
    add(paths.verifier(), spec.verifier_source.clone().into_bytes(), generated);
    for source in &spec.sources {
        file_name("sources", &source.file_name)?;
        add(paths.source(&source.file_name), source.source.clone().into_bytes(), generated);
    }
    add(MODEL_PATH.into(), spec.model.onnx.clone(), person);
    let (name, contents) = &spec.model.input;
    add(model_file("model.input", name)?, contents.clone(), person);
    if let Some((name, contents)) = &spec.model.calibration {
        add(model_file("model.calibration", name)?, contents.clone(), person);
    }
    let library = paths.library();
    let mut folders = vec![&CONTRACTS];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            add(library.join("src").join(file.path()), file.contents().to_vec(), generated);
        }
    }
    add(library.join("LICENSE-MIT"), LICENSE_MIT.into(), generated);
    add(library.join("LICENSE-APACHE"), LICENSE_APACHE.into(), generated);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

const MODEL_PATH: &str = "model/model.onnx";

fn file_name(field: &'static str, name: &str) -> Result<(), Error> {
    let one = Path::new(name).components().count() == 1 && !name.contains(['/', '\\']);
    if one && Path::new(name).file_name().is_some() {
        Ok(())
    } else {
        Err(Error::spec(field, format!("`{name}` is not a file name")))
    }
}

fn model_file(field: &'static str, name: &str) -> Result<PathBuf, Error> {
    file_name(field, name)?;
    Ok(Path::new("model").join(name))
}

struct Renderer {
    environment: Environment<'static>,
    context: Value,
}

impl Renderer {
    fn new(spec: &ProjectSpec, paths: &Paths) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_keep_trailing_newline(true);
        environment.add_filter("toml", |text: String| toml::Value::String(text).to_string());
        let mut folders = vec![&TEMPLATES, &KINDS];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                let path = slashes(file.path());
                let (Some(name), Some(text)) = (path.strip_suffix(".j2"), file.contents_utf8()) else {
                    continue;
                };
                environment
                    .add_template_owned(name.to_owned(), text.to_owned())
                    .map_err(|source| Error::Template { name: name.to_owned(), source: Box::new(source) })?;
            }
        }
        Ok(Self { environment, context: context_of(spec, paths)? })
    }

    fn render(&self, name: &str) -> Result<String, Error> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(&self.context))
            .map_err(|source| Error::Template { name: name.to_owned(), source: Box::new(source) })
    }
}

fn context_of(spec: &ProjectSpec, paths: &Paths) -> Result<Value, Error> {
    let foundry = &paths.foundry;
    identifier("verifier_contract", &spec.verifier_contract)?;
    if !["gas", "prover", "balanced"].contains(&spec.objective.as_str()) {
        return Err(Error::spec("objective", format!("`{}` is not an objective", spec.objective)));
    }
    let mut first = FIRST_OUTPUT_INDEX;
    let outputs: Vec<Value> = spec
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
    if outputs.is_empty() || spec.outputs.iter().any(|o| o.shape.iter().product::<usize>() == 0) {
        return Err(Error::spec("outputs", "the model has no output, or an empty one"));
    }
    let fixture = &spec.fixture;
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
    let context_value = &fixture.instances[CONTEXT_INDEX];
    if BigUint::from_bytes_be(context_value) >= modulus() {
        return Err(Error::spec("fixture.instances", "the context is not a canonical field element"));
    }
    let parts = &fixture.context;
    let (max_abs_error, max_rel_error) = match spec.accuracy {
        Accuracy::MaxAbsError(value) => (Some(number("accuracy", value)?), None),
        Accuracy::MaxRelError(value) => (None, Some(number("accuracy", value)?)),
    };
    let path = |path: PathBuf| slashes(&path);
    spec.template.check_outputs(&spec.outputs.iter().map(|output| &output.shape).collect::<Vec<_>>())?;
    Ok(context! {
        template => spec.template.name(),
        consumer_contract => spec.template.consumer(),
        project_name => comment(&spec.project_name),
        model_name => comment(&spec.model.name),
        model_path => MODEL_PATH,
        input_path => path(model_file("model.input", &spec.model.input.0)?),
        calibration_path => spec.model.calibration.as_ref()
            .map(|(name, _)| model_file("model.calibration", name).map(path)).transpose()?,
        dimensions => spec.model.dimensions,
        max_abs_error, max_rel_error,
        objective => spec.objective,
        src => slashes(&foundry.src),
        test => slashes(&foundry.test),
        script => slashes(&foundry.script),
        lib => slashes(&foundry.lib),
        verifier_path => path(paths.verifier()),
        info_path => path(paths.source("ModelInfo.sol")),
        consumer_path => path(paths.source(&format!("{}.sol", spec.template.consumer()))),
        fixture_path => path(paths.fixture()),
        test_to_src => relative(&foundry.test, &foundry.src),
        test_to_verifier => relative(&foundry.test, &paths.verifier()),
        fixture_from_test => relative(&foundry.test, &paths.fixture()).trim_start_matches("./"),
        test_to_script => relative(&foundry.test, &foundry.script),
        script_to_src => relative(&foundry.script, &foundry.src),
        script_to_verifier => relative(&foundry.script, &paths.verifier()),
        verifier_contract => spec.verifier_contract,
        dev => spec.dev_srs,
        outputs,
        instances_count => first,
        context_index => CONTEXT_INDEX,
        context => hex::encode(context_value),
        chain_id => decimal(&parts.chain_id),
        consumer => address("fixture.context.consumer", &parts.consumer)?,
        account => address("fixture.context.account", &parts.account)?,
        nonce => decimal(&parts.nonce),
        deadline => decimal(&parts.deadline),
        generator_version => spec.versions.generator,
        solc_version => spec.versions.solc,
        evm_version => spec.versions.evm,
        optimizer_runs => spec.versions.optimizer_runs,
        forge_version => spec.versions.forge,
        verifying_key_id => hex::encode(fixture.verifying_key_id),
        srs_id => hex::encode(fixture.srs_id),
        proof => hex::encode(&fixture.proof),
        instances => hex::encode(abi_array(&fixture.instances)),
        output_wads => hex::encode(abi_array(&output_wads(&spec.outputs, &fixture.instances[FIRST_OUTPUT_INDEX..])?)),
        reference_wads => hex::encode(abi_array(&reference_wads(&fixture.reference)?)),
        tolerance => wad("fixture.tolerance", fixture.tolerance, true)?.to_string(),
    })
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
    fn names_from_model_files_cannot_leave_a_comment() {
        assert_eq!(comment("a*/ b\n@dev `x`"), "a_/ b__dev _x_");
    }
}
