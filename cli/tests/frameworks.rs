//! Projects for Hardhat and Remix, from outside. Their own tests are run by `tools/templates.sh`, which has
//! Node and npm's packages; here is what the binary does in them.

mod support;

use std::fs;
use std::path::PathBuf;
use support::*;

fn project(framework: &str, template: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(template);
    succeed(&["new", str_of(&dir), "--framework", framework, "--template", template, "--ci", "none"]);
    (folder, dir)
}

#[test]
fn gas_verify_and_export_work_in_projects_of_all_frameworks() {
    for (framework, verifier) in [("hardhat", "contracts/Verifier.sol"), ("remix", "ModelConsumer.sol")] {
        let (_folder, dir) = project(framework, "minimal");
        let in_project = |arguments: &[&str]| succeed(&[&["--project", str_of(&dir)], arguments].concat());
        assert!(dir.join(verifier).is_file());
        assert_eq!(in_project(&["build"]), "nothing changed\n");
        assert!(in_project(&["verify", "--evm"]).contains("accepted by the contract"));
        let gas = |more: &[&str]| {
            let value = json(&in_project(&[&["gas", "--json"], more].concat()));
            value["gas"]["total"]
                .as_u64()
                .or(value["profile"]["total"].as_u64())
                .unwrap_or_else(|| panic!("{value}"))
        };
        // Checking a proof and acting on it is dearer than checking it.
        let verification = gas(&[]);
        assert!(verification > 300_000 && gas(&["--consumer"]) > verification, "{framework}");
        // The calldata of a consumer is that of the function asked for.
        let submit = in_project(&["export", "submit"]);
        let other = in_project(&["export", "submit", "--function", "openLine"]);
        assert!(submit.starts_with("0x") && submit[..10] != other[..10] && submit[10..] == other[10..]);
        let odd = ["--project", str_of(&dir), "export", "submit", "--function", "a b"];
        refuse(&mut hallmark(&odd), &["the name of a function"]);
    }
}

#[test]
fn build_remakes_what_is_stale_in_a_project_for_hardhat() {
    let (_folder, dir) = project("hardhat", "minimal");
    fs::write(dir.join("model/input.json"), r#"{"input_data": [[0, 0.5, -0.5, 0, 0.25, 0, 0, 1]]}"#).unwrap();
    let value = json(&succeed(&["--project", str_of(&dir), "build", "--json"]));
    assert_eq!(value["stages"], serde_json::json!(["proof", "evm"]));
    assert_eq!(
        value["written"],
        serde_json::json!([
            "test/fixtures/InferenceFixture.sol",
            "test/fixtures/inference.json",
            "hallmark.lock"
        ])
    );

    // Of a second model too.
    let settings = dir.join("hallmark.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let member = "[members.second]\npath = \"model/model.onnx\"\ninput = \"model/input.json\"\n";
    fs::write(&settings, format!("{text}\n{member}")).unwrap();
    succeed(&["--project", str_of(&dir), "build"]);
    for name in
        ["contracts/second/Verifier.sol", "test/fixtures/second/inference.json", "model/second/ModelInfo.ts"]
    {
        assert!(dir.join(name).is_file(), "{name}");
    }
}

#[test]
fn a_project_for_remix_is_remade_and_has_no_tests_to_run() {
    let (_folder, dir) = project("remix", "gate");
    fs::remove_file(dir.join("ModelGate.sol")).unwrap();
    let value = json(&succeed(&["--project", str_of(&dir), "build", "--json"]));
    assert_eq!(value["written"], serde_json::json!(["ModelGate.sol"]));
    refuse(&mut hallmark(&["--project", str_of(&dir), "test"]), &["no tests to run", "verify --evm"]);
    let bare = tempfile::tempdir().unwrap();
    let init = ["--project", str_of(bare.path()), "init", "--framework", "remix"];
    refuse(&mut hallmark(&init), &["nothing to add to", "hallmark new"]);
}

#[test]
fn other_frameworks_deploy_by_their_own_means() {
    for (framework, hint) in [("hardhat", "npx hardhat run scripts/deploy.ts"), ("remix", "README.md")] {
        let (_folder, dir) = project(framework, "minimal");
        refuse(&mut hallmark(&["--project", str_of(&dir), "deploy"]), &["hint: ", hint]);
    }
}

#[test]
fn init_takes_the_framework_of_the_project() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hardhat.config.ts"), "export default {};\n").unwrap();
    let init = ["--project", str_of(folder.path()), "init", "--json"];
    let value = json(&succeed(&init));
    assert_eq!(value["framework"], "hardhat");
    assert!(folder.path().join("contracts/Verifier.sol").is_file());
    refuse(&mut hallmark(&init[..3]), &["hallmark project already"]);
    let forced = tempfile::tempdir().unwrap();
    let init = ["--project", str_of(forced.path()), "init", "--framework", "hardhat"];
    refuse(&mut hallmark(&init), &["is not a Hardhat project", "npx hardhat --init"]);
}

#[test]
fn a_market_of_several_models_works_in_all_frameworks() {
    for (framework, verifier) in
        [("hardhat", "contracts/keras/Verifier.sol"), ("remix", "PredictionMarket.sol")]
    {
        let (_folder, dir) = project(framework, "prediction-market");
        let in_project = |arguments: &[&'static str]| [&["--project", str_of(&dir)], arguments].concat();
        assert!(dir.join(verifier).is_file());
        assert_eq!(succeed(&in_project(&["build"])), "nothing changed\n");
        assert!(succeed(&in_project(&["verify", "--evm"])).contains("accepted by the contract"));
        // The first model's.
        assert!(succeed(&in_project(&["gas"])).starts_with("DevOnlyHalo2Verifier "));
        // Another one's, where its verifier has a file of its own.
        let member = in_project(&["gas", "--member", "keras"]);
        if framework == "remix" {
            refuse(&mut hallmark(&member), &["keras/PredictionMarket.sol` is not there", "--contract"]);
        } else {
            let total = |arguments: &[&'static str]| {
                json(&succeed(&in_project(arguments)))["profile"]["total"].as_u64().expect("gas")
            };
            let keras = total(&["gas", "--json", "--member", "keras"]);
            assert_ne!(keras, total(&["gas", "--json"]));
            assert_ne!(keras, total(&["gas", "--json", "--member", "sklearn"]));
            succeed(&in_project(&["gas", "--member", "keras", "--snapshot"]));
            assert!(dir.join("hallmark-gas-member-keras.json").is_file());
            assert!(succeed(&in_project(&["gas", "--member", "keras", "--check"])).contains("within budget"));
            refuse(
                &mut hallmark(&in_project(&["gas", "--member", "none"])),
                &["no model `none`", "keras, sklearn"],
            );
        }
        refuse(&mut hallmark(&in_project(&["gas", "--consumer"])), &["proofs of several models"]);
        refuse(&mut hallmark(&in_project(&["gas", "--transactions"])), &["recorded by Forge tests"]);
        refuse(&mut hallmark(&in_project(&["export", "submit"])), &["each of several models", "--proof"]);
    }
}
