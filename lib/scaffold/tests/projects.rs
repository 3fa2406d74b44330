//! Projects on disk: what is written, what is left alone, and that forge finds nothing to format
//! or to complain about. Verifiers with real proofs run in the end-to-end tests of the binary; the
//! contract here refuses everything and only has to compile.

use hallmark_scaffold::{
    Accuracy, Ci, ContextParts, Error, Fixture, Framework, FurtherProof, Member, ModelFiles, Output,
    ProjectSpec, ProvenModel, SourceFile, Template, Versions, framework_of, init_project, new_project,
    refresh_project, undo_init,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REFUSES: &str = r#"// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

contract RefusingVerifier {
    bytes32 public constant SRS_ID = 0;
    bytes32 public constant VERIFYING_KEY_ID = 0;

    function verifyProof(bytes calldata, uint256[] calldata) external pure returns (bool) {
        revert("refused");
    }
}
"#;

fn output(name: &str, shape: &[usize]) -> Output {
    Output { name: name.into(), shape: shape.into(), fraction_bits: 14 }
}

fn word(value: u64) -> [u8; 32] {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}

fn spec(outputs: Vec<Output>) -> ProjectSpec {
    let count = outputs.iter().map(|o| o.shape.iter().product::<usize>()).sum();
    ProjectSpec {
        template: Template::Minimal,
        framework: Framework::Foundry,
        project_name: "demo".into(),
        main: ProvenModel {
            files: ModelFiles {
                name: "model \"with\" */ odd\nname".into(),
                onnx: b"onnx".to_vec(),
                input: ("input.json".into(), b"{}".to_vec()),
                calibration: Some(("calibration.json".into(), b"[]".to_vec())),
                dimensions: BTreeMap::from([("batch size".into(), 1)]),
            },
            outputs,
            verifier_contract: "RefusingVerifier".into(),
            verifier_source: REFUSES.into(),
            verifier_code_hash: [4; 32],
            sources: vec![],
            dev_srs: true,
            fixture: Fixture {
                proof: vec![0xab; 2_000],
                instances: vec![word(5000); 1 + count],
                context: ContextParts {
                    chain_id: word(31_337),
                    consumer: "0x0000000000000000000000000000000000000001".into(),
                    account: "0x0000000000000000000000000000000000000002".into(),
                    nonce: [0xff; 32],
                    deadline: word(4_102_444_800),
                },
                verifying_key_id: [2; 32],
                srs_id: [3; 32],
                reference: vec![-0.25; count],
                tolerance: 1e-3,
                further: vec![],
            },
        },
        members: vec![],
        accuracy: Accuracy::MaxRelError(1e-3),
        objective: "balanced".into(),
        ci: Ci::Github,
        versions: Versions {
            generator: "0.0.0".into(),
            solc: "0.8.30".into(),
            evm: "prague".into(),
            optimizer_runs: 200,
            forge: "1.7.1".into(),
        },
        provenance: BTreeMap::from([("onnx".into(), "00".into())]),
    }
}

/// The proofs that a template's tests name.
fn further_for(template: Template, spec: &ProjectSpec) -> Vec<FurtherProof> {
    let fixture = &spec.main.fixture;
    let proofs = template.proofs().iter();
    proofs
        .map(|proof| FurtherProof {
            name: proof.name.into(),
            sample: proof.sample.text(),
            proof: vec![0xef; 1_000],
            instances: fixture.instances.clone(),
            context: ContextParts { nonce: word(9), ..fixture.context.clone() },
        })
        .collect()
}

fn one() -> ProjectSpec {
    spec(vec![output("score", &[1, 1])])
}

/// Every file below a folder, with its contents.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().into(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// forge, when there is one: from `FORGE`, else from PATH. `make test` always provides it.
fn forge(root: &Path, arguments: &[&str]) {
    let program = std::env::var_os("FORGE").unwrap_or_else(|| "forge".into());
    if Command::new(&program).arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "forge is not on PATH: run `make test`");
        return;
    }
    let output = Command::new(program).args(arguments).current_dir(root).output().unwrap();
    assert!(
        output.status.success(),
        "forge {arguments:?} in {}:\n{}{}",
        root.display(),
        String::from_utf8_lossy(&output.stdout).chars().take(3_000).collect::<String>(),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn new_projects_build_and_are_formatted() {
    let folder = tempfile::tempdir().unwrap();
    let long = "an_output_name_that_is_much_longer_than_anything_sensible_but_comes_from_a_file";
    for (name, outputs) in [
        ("one", vec![output("score", &[1, 1])]),
        ("many", vec![output("logits", &[1, 10])]),
        ("several", vec![output(long, &[1]), output("b", &[2, 3]), output("c", &[])]),
        ("thousand", vec![output("logits", &[1, 1000])]),
    ] {
        let dir = folder.path().join(name);
        let written = new_project(&dir, &spec(outputs)).unwrap();
        assert!(written.skipped.is_empty());
        assert_eq!(written.written.len(), tree(&dir).len());
        forge(&dir, &["fmt", "--check"]);
        forge(&dir, &["build", "--deny", "warnings"]);
    }
    // Nothing but the projects is left behind.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn projects_of_all_templates_build_and_are_formatted() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = [vec![output("score", &[1, 1])], vec![output("scores", &[1, 3]), output("more", &[2])]];
    let mut made = 0;
    for template in Template::ALL {
        for outputs in &outputs {
            let mut spec = spec(outputs.clone());
            spec.template = *template;
            spec.main.fixture.further = further_for(*template, &spec);
            for (name, _) in template.members() {
                spec.members.push(Member { name: name.into(), model: spec.main.clone() });
            }
            let dir = folder.path().join(format!("{}{made}", template.name()));
            match new_project(&dir, &spec) {
                Ok(_) => made += 1,
                Err(Error::OutputsDoNotFit { template: name, .. }) => {
                    assert_eq!(name, template.name());
                    assert!(!dir.exists());
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            assert!(dir.join(format!("src/{}.sol", template.consumer())).exists());
            assert!(dir.join(format!("docs/{}.md", template.name())).exists());
            for (name, _) in template.members() {
                assert!(dir.join(format!("src/{name}/Verifier.sol")).exists());
            }
            forge(&dir, &["fmt", "--check"]);
            forge(&dir, &["build", "--deny", "warnings"]);
        }
    }
    assert!(made > Template::ALL.len(), "every template takes one of the two, minimal both");
}

#[test]
fn new_projects_are_reproducible() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    new_project(&a, &one()).unwrap();
    fs::create_dir(&b).unwrap();
    new_project(&b, &one()).unwrap();
    assert_eq!(tree(&a), tree(&b));
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    assert!(matches!(new_project(folder.path(), &one()), Err(Error::NotEmpty(_))));
    assert!(matches!(new_project(&folder.path().join("mine"), &one()), Err(Error::NotEmpty(_))));
    assert_eq!(tree(folder.path()).len(), 1);
}

#[test]
fn a_project_that_cannot_be_rendered_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let mut bad = vec![one(); 10];
    bad[0].main.fixture.instances.clear();
    bad[1].main.fixture.reference[0] = f64::NAN;
    bad[2].main.fixture.instances[0] = [0xff; 32];
    bad[3].main.verifier_contract = "Not a name".into();
    bad[4].main.files.input.0 = "../escape.json".into();
    bad[6].main.fixture.instances[1] = [0xff; 32];
    bad[7].main.fixture.instances.remove(0);
    bad[8].main.fixture.context.consumer = "0x1".into();
    bad[9].main.fixture.context.account = format!("0x{}", "g".repeat(40));
    bad[5].main.sources = vec![SourceFile { file_name: "a/B.sol".into(), source: String::new() }];
    for spec in bad {
        assert!(matches!(new_project(&dir, &spec), Err(Error::Spec { .. })));
        assert!(tree(folder.path()).is_empty());
    }
}

fn foundry_project(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("foundry.toml"), settings).unwrap();
    folder
}

#[test]
fn init_overwrites_nothing() {
    let folder = foundry_project("[profile.default]\nsrc = 'contracts'\nlibs = ['deps']\n");
    let root = folder.path();
    fs::create_dir(root.join("contracts")).unwrap();
    fs::write(root.join("README.md"), "mine").unwrap();
    let before = tree(root);
    let written = init_project(root, &one()).unwrap();
    let after = tree(root);
    for (path, contents) in &before {
        assert_eq!(after.get(path), Some(contents), "{}", path.display());
    }
    let skipped: Vec<_> = written.skipped.iter().map(|s| s.path.to_str().unwrap()).collect();
    assert_eq!(skipped, ["README.md", "foundry.toml"]);
    assert!(after.contains_key(Path::new("contracts/Verifier.sol")));
    assert!(after.contains_key(Path::new("deps/hallmark/src/types/Wad.sol")));
    assert_eq!(after.len(), before.len() + written.written.len());
    forge(root, &["build"]);
    assert!(matches!(init_project(root, &one()), Err(Error::AlreadyInitialised(_))));
}

#[test]
fn init_steps_aside_for_files_of_the_same_name() {
    let folder = foundry_project("[profile.default]\nauto_detect_remappings = true\n");
    let root = folder.path();
    fs::create_dir(root.join("src")).unwrap();
    let mine = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\ncontract Mine {}\n";
    fs::write(root.join("src/Verifier.sol"), mine).unwrap();
    let written = init_project(root, &one()).unwrap();
    assert_eq!(written.notes.len(), 1);
    assert_eq!(fs::read_to_string(root.join("src/Verifier.sol")).unwrap(), mine);
    assert!(root.join("src/hallmark/Verifier.sol").exists());
    assert!(root.join("test/hallmark/Inference.t.sol").exists());
    forge(root, &["build"]);
    // And later builds still know where things are.
    let mut next = one();
    next.main.fixture.proof = vec![1; 10];
    let refreshed = refresh_project(root, &next).unwrap();
    assert_eq!(
        refreshed.written,
        [Path::new("test/hallmark/fixtures/InferenceFixture.sol"), Path::new("hallmark.lock")]
    );
}

#[test]
fn init_needs_a_foundry_project() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(init_project(folder.path(), &one()), Err(Error::NotFoundry(_))));
    assert!(tree(folder.path()).is_empty());
}

#[test]
fn init_needs_no_remapping_where_forge_looks_for_none() {
    let folder = foundry_project("[profile.default]\nauto_detect_remappings = false\n");
    let root = folder.path();
    let written = init_project(root, &one()).unwrap();
    assert_eq!(written.notes, [""; 0]);
    assert!(root.join("hallmark/types/Wad.sol").exists());
    forge(root, &["build"]);
    // And later builds still know where things are.
    assert!(refresh_project(root, &one()).unwrap().written.is_empty());
    fs::remove_file(root.join("hallmark/types/Wad.sol")).unwrap();
    let refreshed = refresh_project(root, &one()).unwrap();
    assert_eq!(refreshed.written, [Path::new("hallmark/types/Wad.sol")]);
}

/// What Soldeer installs is not in version control, and it may empty its folder.
#[test]
fn init_keeps_out_of_the_folder_that_soldeer_fills() {
    let settings = "[profile.default]\nlibs = [\"dependencies\"]\n\n[dependencies]\nforge-std = \"1.9.7\"\n";
    let folder = foundry_project(settings);
    let root = folder.path();
    fs::create_dir(root.join("dependencies")).unwrap();
    init_project(root, &one()).unwrap();
    assert!(tree(&root.join("dependencies")).is_empty());
    forge(root, &["build"]);
    let workflow = fs::read_to_string(root.join(".github/workflows/ci.yml")).unwrap();
    assert_eq!(workflow.matches("      - run: forge soldeer install\n").count(), 2, "{workflow}");
    let usual = tempfile::tempdir().unwrap();
    let usual = usual.path().join("p");
    new_project(&usual, &one()).unwrap();
    let workflow = fs::read_to_string(usual.join(".github/workflows/ci.yml")).unwrap();
    assert!(!workflow.contains("soldeer"), "{workflow}");
}

#[test]
fn refresh_rewrites_generated_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("p");
    new_project(&root, &one()).unwrap();
    let first = tree(&root);
    assert!(refresh_project(&root, &one()).unwrap().written.is_empty());
    assert_eq!(tree(&root), first);

    let mut next = one();
    next.main.verifier_source.push_str("// next\n");
    next.main.fixture.proof = vec![0xcd; 1_000];
    fs::write(root.join("src/ModelConsumer.sol"), "mine").unwrap();
    fs::write(root.join("test/fixtures/InferenceFixture.sol"), "edited").unwrap();
    let refreshed = refresh_project(&root, &next).unwrap();
    assert_eq!(refreshed.written, [Path::new("src/Verifier.sol"), Path::new("hallmark.lock")]);
    assert_eq!(refreshed.skipped.len(), 1);
    assert_eq!(refreshed.skipped[0].reason, "changed by hand");
    assert_eq!(fs::read(root.join("src/ModelConsumer.sol")).unwrap(), b"mine");
    assert!(fs::read_to_string(root.join("src/Verifier.sol")).unwrap().ends_with("// next\n"));

    // A file that was removed comes back, and the edit is still not taken for ours.
    fs::remove_file(root.join("src/Verifier.sol")).unwrap();
    let again = refresh_project(&root, &next).unwrap();
    assert_eq!(again.written, [Path::new("src/Verifier.sol")]);
    assert_eq!(again.skipped.len(), 1);
}

#[test]
fn a_damaged_lock_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("p");
    new_project(&root, &one()).unwrap();
    for text in ["version = 1\n", "not toml at all", ""] {
        fs::write(root.join("hallmark.lock"), text).unwrap();
        assert!(matches!(refresh_project(&root, &one()), Err(Error::Lock { .. })), "{text}");
    }
    let text = String::from_utf8(tree(&root).remove(Path::new("hallmark.lock")).unwrap()).unwrap();
    assert!(text.is_empty());
}

/// What fails half-way leaves the folder as it was. `lib` being a file makes the vendored library
/// impossible to write, after other files could already have been.
#[test]
fn init_that_fails_undoes_itself() {
    let folder = foundry_project("[profile.default]\n");
    let root = folder.path();
    fs::write(root.join("lib"), "a file").unwrap();
    let before = tree(root);
    assert!(matches!(init_project(root, &one()), Err(Error::Io { .. })));
    assert_eq!(tree(root), before);
    assert_eq!(fs::read_dir(root).unwrap().count(), 2);
}

#[test]
fn undo_touches_nothing_outside_the_project() {
    let folder = foundry_project("");
    init_project(folder.path(), &one()).unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let lock = folder.path().join("hallmark.lock");
    let text = fs::read_to_string(&lock).unwrap();
    for path in ["../x", "/etc/passwd", "a/../../x", "", outside.path().to_str().unwrap()] {
        fs::write(&lock, text.replace("\"README.md\"", &format!("\"{path}\""))).unwrap();
        let before = tree(folder.path());
        assert!(matches!(undo_init(folder.path(), false), Err(Error::Lock { .. })), "{path}");
        assert_eq!(tree(folder.path()), before);
    }
    fs::write(&lock, text).unwrap();
    undo_init(folder.path(), false).unwrap();
    assert_eq!(tree(folder.path()).len(), 1, "foundry.toml");
    // A project of `new` was not added to anything.
    let made = folder.path().join("made");
    new_project(&made, &one()).unwrap();
    assert!(matches!(undo_init(&made, false), Err(Error::NothingToUndo(_))));
}

fn hardhat_project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hardhat.config.ts"), "export default {};\n").unwrap();
    let manifest = r#"{ "devDependencies": { "hardhat": "^3.18.0", "viem": "^2.0.0" } }"#;
    fs::write(folder.path().join("package.json"), manifest).unwrap();
    folder
}

fn paths(root: &Path) -> Vec<String> {
    tree(root).into_keys().map(|path| path.to_string_lossy().replace('\\', "/")).collect()
}

/// Every template for every framework; what the files do, `tools/templates.sh` finds out.
#[test]
fn projects_of_all_frameworks_are_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let outputs = [vec![output("value", &[1, 1])], vec![output("scores", &[1, 4]), output("more", &[2])]];
    for framework in Framework::ALL {
        for template in Template::ALL {
            let name = format!("{}-{}", framework.name(), template.name());
            let mut made = 0;
            for outputs in &outputs {
                let mut spec = spec(outputs.clone());
                (spec.template, spec.framework) = (*template, *framework);
                spec.main.fixture.further = further_for(*template, &spec);
                for (name, _) in template.members() {
                    spec.members.push(Member { name: name.into(), model: spec.main.clone() });
                }
                let dir = folder.path().join(format!("{name}{made}"));
                match new_project(&dir, &spec) {
                    Ok(_) => made += 1,
                    Err(Error::OutputsDoNotFit { .. }) => {
                        assert!(!dir.exists());
                        continue;
                    }
                    Err(error) => panic!("{name}: {error}"),
                }
                for (path, contents) in tree(&dir) {
                    // Workflows have expressions of their own.
                    let text = String::from_utf8_lossy(&contents).replace("${{", "");
                    assert!(!text.contains("{%") && !text.contains("{{ "), "{name}: {}", path.display());
                }
                // The verifier of each model is checked in CI.
                if let Ok(workflow) = fs::read_to_string(dir.join(".github/workflows/ci.yml")) {
                    let checks = workflow.matches("run: hallmark gas ").count();
                    assert_eq!(checks, 1 + template.members().len(), "{name}: {workflow}");
                }
                assert!(refresh_project(&dir, &spec).unwrap().written.is_empty(), "{name}");
                assert_eq!(framework_of(&dir).unwrap(), *framework);
            }
            assert!(made > 0, "{name}");
        }
    }
}

#[test]
fn a_project_for_hardhat_has_its_proofs_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("My Project");
    let mut spec = spec(vec![output("scores", &[1, 4])]);
    (spec.template, spec.framework) = (Template::Agent, Framework::Hardhat);
    spec.project_name = "My Project".into();
    spec.main.fixture.further = further_for(Template::Agent, &spec);
    new_project(&dir, &spec).unwrap();
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(dir.join(name)).unwrap()).unwrap()
    };
    let fixture = json("test/fixtures/inference.json");
    let model = &fixture["models"][format!("0x{}", hex::encode([2; 32]))];
    let proofs = model["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 1 + spec.main.fixture.further.len());
    assert_eq!(proofs[0]["name"], "given");
    assert_eq!(proofs[0]["instances"].as_array().unwrap().len(), 5);
    assert_eq!(model["modelOutputs"][0], "-250000000000000000");
    let manifest = json("package.json");
    assert_eq!(manifest["name"], "my-project");
    assert_eq!(manifest["devDependencies"]["solc"], spec.versions.solc);
    // The packages that the templates are tested with.
    let tested = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/hardhat/package.json");
    let tested: serde_json::Value = serde_json::from_slice(&fs::read(tested).unwrap()).unwrap();
    assert_eq!(manifest["devDependencies"], tested["dependencies"]);
}

#[test]
fn init_adds_to_a_hardhat_project() {
    let mut spec = one();
    spec.framework = Framework::Hardhat;
    let project = hardhat_project();
    let before = tree(project.path());
    let written = init_project(project.path(), &spec).unwrap();
    for (path, contents) in &before {
        assert_eq!(&fs::read(project.path().join(path)).unwrap(), contents);
    }
    assert!(written.written.contains(&"contracts/Verifier.sol".into()));
    assert!(written.notes.iter().any(|note| note.contains("@nomicfoundation/hardhat-viem")), "{written:?}");
    assert!(!project.path().join("foundry.toml").exists());
    assert!(matches!(init_project(project.path(), &spec), Err(Error::AlreadyInitialised(_))));
    undo_init(project.path(), false).unwrap();
    assert_eq!(tree(project.path()), before);

    // Names that are taken, and remappings that somebody wrote.
    fs::create_dir(project.path().join("scripts")).unwrap();
    fs::write(project.path().join("scripts/deploy.ts"), "").unwrap();
    fs::write(project.path().join("remappings.txt"), "a/=b/\n").unwrap();
    let written = init_project(project.path(), &spec).unwrap();
    assert!(written.notes.iter().any(|note| note.contains("add the line `hallmark/=lib/hallmark/src/`")));
    let files = paths(project.path());
    for name in
        ["contracts/hallmark/Verifier.sol", "test/hallmark/consumerTests.ts", "scripts/hallmark/deploy.ts"]
    {
        assert!(files.iter().any(|file| file == name), "{name} in {files:?}");
    }
    let tests = fs::read_to_string(project.path().join("test/hallmark/consumerTests.ts")).unwrap();
    assert!(tests.contains("\"../../lib/hallmark/typescript/context.js\""));
    assert!(tests.contains("\"contracts/hallmark/Verifier.sol:RefusingVerifier\""));

    spec.framework = Framework::Remix;
    assert!(matches!(init_project(project.path(), &spec), Err(Error::NothingToInit(_))));
}

#[test]
fn a_project_for_remix_is_remade_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("demo");
    let mut spec = one();
    (spec.template, spec.framework) = (Template::Lending, Framework::Remix);
    new_project(&dir, &spec).unwrap();
    let text = fs::read_to_string(dir.join("LendingPool.sol")).unwrap();
    assert_eq!(text.matches("SPDX-License-Identifier").count(), 1);
    assert_eq!(text.lines().filter(|line| line.starts_with("import ")).count(), 0);
    let readme = fs::read_to_string(dir.join("README.md")).unwrap();
    assert!(readme.contains(&format!("`0x{}`", hex::encode([4; 32]))), "the code hash");
    // `build` does not say which template it is.
    spec.template = Template::Minimal;
    spec.main.fixture.proof[0] ^= 1;
    let written = refresh_project(&dir, &spec).unwrap().written;
    assert_eq!(written, ["README.md", "inference.json", "hallmark.lock"].map(PathBuf::from));
    assert!(fs::read_to_string(dir.join("README.md")).unwrap().contains("LendingPool"));
}
