//! The real binary, from outside: the main job, and every bad input that a person may give it.
//! A refusal is one clear error with exit code 1, and nothing half-written.

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::*;

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

// What must work.

#[test]
fn a_new_project_passes_its_own_tests_without_an_edit() {
    forge(demo(), &["fmt", "--check"]);
    forge(demo(), &["build", "--deny", "warnings"]);
    forge(demo(), &["test"]);
}

#[test]
fn a_second_build_has_nothing_to_do() {
    let (_folder, project) = demo_copy();
    let project = str_of(&project);
    assert_eq!(succeed(&["--project", project, "build"]), "nothing changed\n");
    let value = json(&succeed(&["--project", project, "build", "--json"]));
    assert_eq!(value["changed"], false);
    assert_eq!(value["stages"], serde_json::json!([]));
}

#[test]
fn only_what_is_stale_is_made_again() {
    let (_folder, project) = demo_copy();
    let input = project.join("model/input.json");
    fs::write(&input, r#"{"input_data": [[0, 0.5, -0.5, 0, 0.25, 0, 0, 1]]}"#).unwrap();
    let value = json(&succeed(&["--project", str_of(&project), "build", "--json"]));
    assert_eq!(value["stages"], serde_json::json!(["proof", "evm"]));
    assert_eq!(value["written"], serde_json::json!(["test/fixtures/InferenceFixture.sol", "hallmark.lock"]));
    forge(&project, &["test"]);
}

#[test]
fn the_same_model_gives_the_same_key_and_contract() {
    let (_folder, project) = demo_copy();
    let read = |name: &str| fs::read(project.join(name)).unwrap();
    let before = (read("src/Verifier.sol"), read(".hallmark/verifying.key"));
    fs::remove_dir_all(project.join(".hallmark")).unwrap();
    succeed(&["--project", str_of(&project), "build"]);
    assert!(before == (read("src/Verifier.sol"), read(".hallmark/verifying.key")));
}

#[test]
fn a_project_around_a_model_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("mine");
    let value = json(&succeed(&[
        "new",
        str_of(&project),
        "--model",
        DEMO_MODEL,
        "--input",
        DEMO_INPUT,
        "--objective",
        "gas",
        "--max-abs-error",
        "0.05",
        "--json",
    ]));
    assert_eq!(value["instances"], 2);
    assert!(value["verify_gas"].as_u64().unwrap() > 100_000);
    forge(&project, &["test"]);
    let settings = fs::read_to_string(project.join("hallmark.toml")).unwrap();
    assert!(settings.contains("max_abs_error = 0.05"), "{settings}");
    assert!(settings.contains("objective = \"gas\""), "{settings}");
    assert_eq!(succeed(&["--project", str_of(&project), "build"]), "nothing changed\n");
}

/// A project of a template passes all that a person would run in it, without an edit.
fn template_passes(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join(name);
    let value = json(&succeed(&["new", str_of(&project), "--template", name, "--json"]));
    assert_eq!(value["template"], name);
    let written = value["written"].as_array().unwrap();
    assert!(written.iter().any(|path| *path == format!("docs/{name}.md")), "{value}");
    forge(&project, &["fmt", "--check"]);
    forge(&project, &["build", "--deny", "warnings"]);
    forge(&project, &["test", "--offline"]);
    assert_eq!(succeed(&["--project", str_of(&project), "build"]), "nothing changed\n");
}

#[test]
fn the_lending_template_passes_its_own_tests() {
    template_passes("lending");
}

#[test]
fn the_gate_template_passes_its_own_tests() {
    template_passes("gate");
}

#[test]
fn the_oracle_template_passes_its_own_tests() {
    template_passes("oracle");
}

#[test]
fn the_liquidation_template_passes_its_own_tests() {
    template_passes("liquidation");
}

#[test]
fn the_agent_template_passes_its_own_tests() {
    template_passes("agent");
}

#[test]
fn the_prediction_market_template_passes_its_own_tests() {
    template_passes("prediction-market");
}

#[test]
fn a_template_of_several_models_takes_no_single_one() {
    new_refuses(
        Path::new(DEMO_MODEL),
        &["--template", "prediction-market"],
        &["`prediction-market` has several models", "hint: ", "hallmark.toml"],
    );
}

#[test]
fn stored_proofs_are_those_that_the_settings_ask_for() {
    let (_folder, project) = demo_copy();
    let settings = project.join("hallmark.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let more = "\n[[proofs]]\nname = \"second\"\nsample = \"lowest\"\nnonce = 1\n\n[[proofs]]\nname = \"third\"\nsample = 3\nnonce = \"2\"\ndeadline = 4070908800\n";
    fs::write(&settings, format!("{text}{more}")).unwrap();
    let built = json(&succeed(&["--json", "--project", str_of(&project), "build"]));
    assert_eq!(built["stages"], serde_json::json!(["proofs"]));
    let fixture = fs::read_to_string(project.join("test/fixtures/InferenceFixture.sol")).unwrap();
    for words in ["function second()", "function third()", "inference.deadline = 4070908800;"] {
        assert!(fixture.contains(words), "{words}");
    }
    forge(&project, &["test"]);
    let text = format!("{text}\n[[proofs]]\nname = \"far\"\nsample = 1000\nnonce = 1\n");
    fs::write(&settings, text).unwrap();
    refuse(
        &mut hallmark(&["--project", str_of(&project), "build"]),
        &["`far`", "no row 1000", "calibration"],
    );
    // A name that is taken, found out when the files are rendered: nothing is written.
    let text = fs::read_to_string(&settings).unwrap().replace("far", "given").replace("1000", "0");
    fs::write(&settings, text).unwrap();
    refuse(&mut hallmark(&["--project", str_of(&project), "build"]), &["`given` is taken"]);
    assert_eq!(fs::read_to_string(project.join("test/fixtures/InferenceFixture.sol")).unwrap(), fixture);
}

/// A test of a person that makes its proof while it runs.
const FRESH_PROOF_TEST: &str = r#"// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

import {ModelConsumer} from "../src/ModelConsumer.sol";
import {ModelInfo} from "../src/ModelInfo.sol";
import {DevOnlyHalo2Verifier} from "../src/Verifier.sol";
import {IInferenceVerifier} from "hallmark/interfaces/IInferenceVerifier.sol";
import {HallmarkTest} from "hallmark/testing/HallmarkTest.sol";

contract FreshProofTest is HallmarkTest {
    function test_AFreshProofIsAccepted() public {
        IInferenceVerifier verifier = IInferenceVerifier(address(new DevOnlyHalo2Verifier()));
        bytes32 codeHash = address(verifier).codehash;
        ModelConsumer consumer =
            new ModelConsumer(verifier, codeHash, ModelInfo.VERIFYING_KEY_ID, ModelInfo.SRS_ID);
        Context memory context = Context(block.chainid, address(consumer), address(0xbeef), 7, 1 days);
        (bytes memory proof, uint256[] memory instances) = prove(
            '{"input_data": [[0, 0.5, -0.5, 0, 0.25, 0, 0, 1]]}', context
        );
        assertInference(verifier, proof, instances);
        consumer.submit(proof, instances, address(0xbeef), 7, 1 days);
        assertEqual(consumer.count(), 1, "recorded");
        (proof, instances) = proveFile("model/input.json", context);
        assertInference(verifier, proof, instances);
        vm.expectRevert();
        consumer.submit(proof, instances, address(0xbeef), 7, 1 days);
    }
}
"#;

#[test]
fn a_forge_test_may_make_its_proof() {
    if !forge_is_there() {
        return;
    }
    let (_folder, project) = demo_copy();
    fs::write(project.join("test/FreshProof.t.sol"), FRESH_PROOF_TEST).unwrap();
    let settings = project.join("foundry.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let allowed =
        "[profile.default]\nffi = true\nfs_permissions = [{ access = \"read-write\", path = \"cache\" }]";
    assert!(text.contains("[profile.default]"));
    fs::write(&settings, text.replacen("[profile.default]", allowed, 1)).unwrap();
    let test = ["test", "--match-contract", "FreshProofTest", "--json"];
    let mut command = Command::new("forge");
    command
        .args(test)
        .current_dir(&project)
        .env("HALLMARK", env!("CARGO_BIN_EXE_hallmark"))
        .env("HALLMARK_SRS_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/srs"));
    let (output, stdout, stderr) = run(&mut command);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains("\"status\":\"Success\""), "{stdout}");
    // Without the program there is no proof.
    command.env("HALLMARK", "/nowhere/hallmark");
    assert!(!command.output().unwrap().status.success());
}

#[test]
fn a_project_may_have_several_models() {
    let (_folder, project) = demo_copy();
    let name = str_of(&project);
    fs::create_dir(project.join("model/second")).unwrap();
    fs::copy(Path::new(MODELS).join("three_scores.onnx"), project.join("model/second/model.onnx")).unwrap();
    let input = r#"{"input_data": [[0.5, -0.5, 0.25, 1]]}"#;
    fs::write(project.join("model/second/input.json"), input).unwrap();
    let settings = project.join("hallmark.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let more =
        "\n[members.second]\npath = \"model/second/model.onnx\"\ninput = \"model/second/input.json\"\n";
    fs::write(&settings, format!("{text}{more}")).unwrap();
    let built = json(&succeed(&["--json", "--project", name, "build"]));
    for path in
        ["src/second/Verifier.sol", "src/second/ModelInfo.sol", "test/fixtures/second/InferenceFixture.sol"]
    {
        assert!(
            built["written"].as_array().unwrap().iter().any(|written| written == path),
            "{path}: {built}"
        );
    }
    forge(&project, &["fmt", "--check"]);
    forge(&project, &["test"]);
    assert_eq!(succeed(&["--project", name, "build"]), "nothing changed\n");
    let proof = project.join("second.proof");
    succeed(&["--project", name, "prove", "--member", "second", "--out", str_of(&proof)]);
    let key = project.join(".hallmark/second/verifying.key");
    succeed(&["verify", str_of(&proof), "--key", str_of(&key)]);
    refuse(
        &mut hallmark(&["--project", name, "prove", "--member", "third"]),
        &["`third`", "hint: ", "second"],
    );
}

#[test]
fn a_template_takes_a_model_of_ones_own_when_its_outputs_fit() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("mine");
    let options = ["--model", DEMO_MODEL, "--input", DEMO_INPUT];
    succeed(&[&["new", str_of(&project), "--template", "lending"], &options[..]].concat());
    forge(&project, &["test", "--offline"]);
}

#[test]
fn a_template_refuses_a_model_whose_outputs_do_not_fit() {
    new_refuses(
        &Path::new(MODELS).join("three_scores.onnx"),
        &["--template", "lending"],
        &["`lending`", "one number, the score", "shape [1, 3]", "hint: ", "`--template minimal`"],
    );
}

#[test]
fn init_takes_a_template() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(root.join("foundry.toml"), "[profile.default]\nlibs = [\"lib\"]\n").unwrap();
    let value = json(&succeed(&["--project", str_of(root), "init", "--template", "lending", "--json"]));
    assert_eq!(value["template"], "lending");
    forge(root, &["test", "--offline"]);
}

#[test]
fn an_unknown_template_is_refused_with_the_known_ones() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("p");
    refuse(
        &mut hallmark(&["new", str_of(&project), "--template", "lotery"]),
        &["lotery", "minimal", "lending"],
    );
    assert!(succeed(&["new", "--help"]).contains("lending"));
    assert!(is_empty(folder.path()));
}

#[test]
fn init_adds_to_a_foundry_project_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let counter = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.13;\n\ncontract Counter {\n    uint256 public number;\n}\n";
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("src/Counter.sol"), counter).unwrap();
    let settings = "[profile.default]\nsrc = \"src\"\nout = \"out\"\nlibs = [\"lib\"]\n";
    fs::write(root.join("foundry.toml"), settings).unwrap();
    fs::write(root.join("README.md"), "mine\n").unwrap();
    let value = json(&succeed(&["--project", str_of(root), "init", "--json"]));
    assert_eq!(value["skipped"].as_array().unwrap().len(), 2, "{value}");
    assert_eq!(fs::read_to_string(root.join("foundry.toml")).unwrap(), settings);
    assert_eq!(fs::read_to_string(root.join("README.md")).unwrap(), "mine\n");
    assert_eq!(fs::read_to_string(root.join("src/Counter.sol")).unwrap(), counter);
    forge(root, &["fmt", "--check"]);
    forge(root, &["test"]);
    refuse(&mut hallmark(&["--project", str_of(root), "init"]), &["already", "hallmark build"]);
}

#[test]
fn proofs_of_other_inputs_verify_natively_and_in_an_evm() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.json");
    fs::write(&input, r#"{"input_data": [[0.1, 0.2, 0.3, 0.4, 0.5, -0.1, -0.2, -0.3]]}"#).unwrap();
    let proof = folder.path().join("other.proof");
    let project = str_of(demo());
    succeed(&["--project", project, "prove", "--input", str_of(&input), "--out", str_of(&proof)]);
    let text = succeed(&["--project", project, "verify", str_of(&proof), "--evm", "--json"]);
    let value = json(&text);
    assert_eq!(value["valid"], true);
    assert_eq!(value["evm"]["accepted"], true);
    assert_eq!(value["evm"]["rejected_tampered"], true);
    assert_eq!(value["dev_srs"], true);
}

const CONSUMER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const ACCOUNT: &str = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359";
const MAXIMUM: &str = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

/// `prove` with a context, to `out`.
fn prove_for<'a>(project: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["--project", project, "prove", "--out", out];
    arguments.extend(["--chain-id", "0x2105", "--consumer", CONSUMER, "--account", ACCOUNT]);
    arguments.extend(["--deadline", MAXIMUM]);
    arguments.extend(more);
    arguments
}

#[test]
fn a_proof_is_bound_to_the_context_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bound.proof");
    let (project, out) = (str_of(demo()), str_of(&path));
    let value = json(&succeed(&prove_for(project, out, &["--nonce", "7", "--json"])));
    let context = value["context"].clone();
    assert_eq!(context["chain_id"], "8453");
    assert_eq!(context["consumer"], CONSUMER);
    assert_eq!(context["account"], "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359");
    assert_eq!(context["nonce"], "7");
    assert_eq!(context["deadline"], MAXIMUM);

    // The contract takes the proof as it is, and none with another context.
    let value = json(&succeed(&["--project", project, "verify", out, "--evm", "--json"]));
    assert_eq!(value["context"], context);
    assert_eq!(value["evm"]["accepted"], true);
    assert_eq!(value["evm"]["rejected_tampered"], true);
    let text = succeed(&["--project", project, "verify", out]);
    let line = format!(
        "bound to chain 8453, consumer {CONSUMER}, account 0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359, nonce 7, deadline {MAXIMUM}"
    );
    assert!(text.lines().any(|found| found == line), "{text}");
    let export = json(&succeed(&["--project", project, "export", "proof", "--proof", out]));
    assert_eq!(export["context"], context);
    assert_eq!(export["instances"][0], context["context"]);

    // The project's own input, hence the project's own outputs, in another context.
    let own = json(&succeed(&["--project", project, "export", "proof"]));
    assert_eq!(own["instances"].as_array().unwrap()[1..], export["instances"].as_array().unwrap()[1..]);
    assert_ne!(own["instances"][0], export["instances"][0]);
    assert_eq!(own["context"]["chain_id"], "31337");
    assert_eq!(own["context"]["nonce"], "0");
    assert_eq!(own["context"]["deadline"], "4102444800");
    // An absent nonce is 0.
    let value = json(&succeed(&prove_for(project, out, &["--json"])));
    assert_eq!(value["context"]["nonce"], "0");
    assert_ne!(value["context"]["context"], context["context"]);
}

#[test]
fn a_proof_without_context_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("free.proof");
    let (project, out) = (str_of(demo()), str_of(&path));
    let arguments = ["--project", project, "prove", "--input", DEMO_INPUT, "--out", out];
    let (output, _, stderr) = run(&mut hallmark(&arguments));
    assert!(output.status.success() && stderr.contains("bound to no context"), "{stderr}");
    let value = json(&succeed(&["--project", project, "verify", out, "--json"]));
    assert_eq!(value["context"]["context"], format!("0x{}", "0".repeat(64)));
    assert_eq!(value["context"]["consumer"], Value::Null);
    assert!(succeed(&["--project", project, "verify", out]).contains("bound to no context"));
}

#[test]
fn bad_contexts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.proof");
    let (project, out) = (str_of(demo()), str_of(&path));
    let good = prove_for(project, out, &[]);
    let at = |option: &str| good.iter().position(|word| *word == option).unwrap();
    for (option, bad, words) in [
        (
            "--consumer",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            &["--consumer", "checksum", CONSUMER][..],
        ),
        ("--consumer", "0x0000000000000000000000000000000000000000", &["--consumer", "zero"]),
        ("--account", "0x1234", &["--account", "40 hexadecimal digits"]),
        ("--chain-id", "mainnet", &["--chain-id", "whole number"]),
        ("--deadline", "2030-01-01", &["--deadline", "whole number"]),
        ("--deadline", "0x10000000000000000000000000000000000000000000000000000000000000000", &["256 bits"]),
    ] {
        let mut arguments = good.clone();
        arguments[at(option) + 1] = bad;
        refuse(&mut hallmark(&arguments), words);
    }
    for option in ["--chain-id", "--consumer", "--account", "--deadline"] {
        let mut arguments = good.clone();
        arguments.drain(at(option)..at(option) + 2);
        refuse(&mut hallmark(&arguments), &[option]);
    }
    assert!(is_empty(folder.path()));
}

#[test]
fn each_step_prints_json() {
    let project = str_of(demo());
    for step in ["calibrate", "compile", "setup", "prove", "verify", "gas"] {
        json(&succeed(&["--project", project, step, "--json"]));
    }
    for what in ["calldata", "proof", "verifier"] {
        json(&succeed(&["--project", project, "export", what, "--json"]));
    }
    let calldata = succeed(&["--project", project, "export", "calldata"]);
    assert!(calldata.starts_with("0x1e8e1e13"), "{calldata}");
    json(&succeed(&["inspect", DEMO_MODEL, "--json"]));
    json(&succeed(&["srs", "dev", "-k", "5", "--json"]));
    json(&succeed(&["srs", "info", "--json"]));
}

#[test]
fn gas_adds_up() {
    let value = json(&succeed(&["--project", str_of(demo()), "gas", "--json"]));
    let total = value["profile"]["total"].as_u64().unwrap();
    let phases = value["profile"]["phases"].as_object().unwrap();
    let phases: u64 = phases.values().map(|gas| gas.as_u64().unwrap()).sum();
    assert_eq!(phases, total);
}

#[test]
fn bench_prints_every_key() {
    let value = json(&succeed(&["bench", DEMO_MODEL, "--input", DEMO_INPUT, "--json"]));
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "model",
        "backend",
        "objective",
        "k",
        "rows",
        "advice_columns",
        "fixed_columns",
        "lookups",
        "max_degree",
        "parameters",
        "macs",
        "calibrate_s",
        "compile_s",
        "setup_s",
        "setup_cpu_s",
        "proving_key_bytes",
        "verifying_key_bytes",
        "witness_s",
        "prove_s",
        "prove_cpu_s",
        "prove_peak_rss_mb",
        "proof_bytes",
        "calldata_bytes",
        "instances",
        "verify_s",
        "verifier_runtime_bytes",
        "verifier_deploy_gas",
        "verify_gas",
        "verify_gas_by_phase",
        "evm_accepted",
        "evm_rejected_tampered",
        "max_abs_error",
        "mean_abs_error",
        "argmax_match",
        "hard_fork",
        "seed",
    ];
    expected.sort_unstable();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    assert_eq!(value["evm_accepted"], true);
    assert_eq!(value["evm_rejected_tampered"], true);
    assert_eq!(value["argmax_match"], true);
}

#[test]
fn hallmark_test_runs_forge_and_passes_its_verdict_on() {
    if !forge_is_there() {
        return;
    }
    let (_folder, project) = demo_copy();
    succeed(&["--project", str_of(&project), "test"]);
    let fails = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\n\
                 contract FailTest {\n    function test_fails() public pure {\n        revert(\"no\");\n    }\n}\n";
    fs::write(project.join("test/Fail.t.sol"), fails).unwrap();
    let (output, _, stderr) = run(&mut hallmark(&["--project", str_of(&project), "test"]));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("`forge test` failed"), "{stderr}");
}

#[test]
fn completions_help_and_version_are_results() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(succeed(&["completions", shell]).contains("hallmark"));
    }
    assert!(succeed(&["--help"]).contains("hallmark new demo"));
    assert!(succeed(&["--version"]).starts_with("hallmark "));
}

#[test]
fn quiet_keeps_the_result_only() {
    let (_, stdout, stderr) = run(&mut hallmark(&["--project", str_of(demo()), "--quiet", "verify"]));
    assert!(stdout.starts_with("valid for verifying key "), "{stdout}");
    assert_eq!(stderr, "");
}

// What must be refused.

/// `new` with a bad model leaves nothing behind.
fn new_refuses(model: &Path, more: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("p");
    let mut arguments = vec!["new", str_of(&project), "--model", str_of(model)];
    arguments.extend(more);
    refuse(&mut hallmark(&arguments), words);
    assert!(is_empty(folder.path()), "something was left behind");
}

#[test]
fn a_missing_model() {
    new_refuses(Path::new("/nowhere/m.onnx"), &[], &["/nowhere/m.onnx", "hint: check the path"]);
}

#[test]
fn a_truncated_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.onnx");
    let whole = fs::read(DEMO_MODEL).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        fs::write(&model, &whole[..length]).unwrap();
        new_refuses(&model, &[], &["hint: "]);
    }
    fs::write(&model, "this is not a model at all").unwrap();
    new_refuses(&model, &[], &["hint: "]);
}

#[test]
fn an_unsupported_operator() {
    let model = Path::new(MODELS).join("unsupported.onnx");
    new_refuses(&model, &[], &["`determinant`", "Det", "hint: "]);
}

#[test]
fn a_dynamic_shape_without_a_value() {
    let model = Path::new(MODELS).join("dynamic.onnx");
    new_refuses(&model, &[], &["`rows`", "--dimension rows=SIZE"]);
    succeed(&["inspect", str_of(&model), "--dimension", "rows=2"]);
}

#[test]
fn bad_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("i.json");
    for (text, words) in [
        (r#"{"input_data": [[1, 2, 3]]}"#, &["`features`", "8", "3", "hint: "][..]),
        (r#"{"input_data": []}"#, &["hint: "]),
        (r#"{"input_data": [[1e999, 0, 0, 0, 0, 0, 0, 0]]}"#, &["error"]),
        (r#"{"input_data": [[NaN, 0, 0, 0, 0, 0, 0, 0]]}"#, &["error"]),
        (r#"{"something": 1}"#, &["input_data"]),
        ("", &["i.json"]),
    ] {
        fs::write(&input, text).unwrap();
        new_refuses(Path::new(DEMO_MODEL), &["--input", str_of(&input)], words);
    }
    new_refuses(Path::new(DEMO_MODEL), &["--input", "/nowhere/i.json"], &["/nowhere/i.json"]);
    let calibration = folder.path().join("c.json");
    for (text, words) in [
        ("[]", &["empty"][..]),
        (r#"[{"input_data": [[1]]}]"#, &["entry 0", "`features`"]),
        ("[1]", &["entry 0", "not an input"]),
    ] {
        fs::write(&calibration, text).unwrap();
        let more = ["--input", DEMO_INPUT, "--calibration", str_of(&calibration)];
        new_refuses(Path::new(DEMO_MODEL), &more, words);
    }
}

#[test]
fn an_activation_out_of_the_calibrated_range() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("i.json");
    fs::write(&input, r#"{"input_data": [[1e7, 0, 0, 0, 0, 0, 0, 0]]}"#).unwrap();
    let out = folder.path().join("p");
    let arguments = ["--project", str_of(demo()), "prove", "--input", str_of(&input), "--out", str_of(&out)];
    refuse(&mut hallmark(&arguments), &["node `", "value 10000000", "range", "hint: "]);
    assert!(!out.exists());
}

#[test]
fn a_proof_of_another_model() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    succeed(&["new", str_of(&other), "--model", DEMO_MODEL, "--input", DEMO_INPUT, "--max-abs-error", "0.5"]);
    let proof = other.join(".hallmark/proof.bin");
    refuse(
        &mut hallmark(&["--project", str_of(demo()), "verify", str_of(&proof)]),
        &["verifying key", "hint: the proof is of another model"],
    );
}

#[test]
fn damaged_keys_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged");
    let cache = demo().join(".hallmark");
    let check = |file: &str, option: &[&str], damage: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(cache.join(file)).unwrap();
        damage(&mut bytes);
        fs::write(&damaged, bytes).unwrap();
        let mut arguments = vec!["--project", str_of(demo()), "verify"];
        arguments.extend(option);
        arguments.push(str_of(&damaged));
        refuse(&mut hallmark(&arguments), &["damaged", "hint: "]);
    };
    for (file, option) in [("verifying.key", &["--key"][..]), ("proof.bin", &[])] {
        check(file, option, &|bytes| bytes.truncate(bytes.len() - 1));
        check(file, option, &|bytes| bytes.truncate(10));
        check(file, option, &|bytes| bytes.clear());
        check(file, option, &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
    }
    // A file of another kind.
    let key = cache.join("verifying.key");
    refuse(&mut hallmark(&["--project", str_of(demo()), "verify", str_of(&key)]), &["proof"]);
}

#[test]
fn a_corrupted_proving_key_is_made_again_by_build() {
    let (_folder, project) = demo_copy();
    let key = project.join(".hallmark/proving.key");
    let mut bytes = fs::read(&key).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&key, bytes).unwrap();
    let value = json(&succeed(&["--project", str_of(&project), "build", "--json"]));
    assert_eq!(value["stages"], serde_json::json!(["keys"]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written() {
    // Not even root makes folders there.
    refuse(&mut hallmark(&["new", "/sys/hallmark-test"]), &["/sys", "hint: "]);
}

#[test]
fn a_folder_with_something_in_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "mine").unwrap();
    refuse(&mut hallmark(&["new", str_of(folder.path())]), &["not empty", "hint: "]);
}

#[test]
fn no_project() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["build", "calibrate", "compile", "setup", "prove", "verify", "gas", "test"] {
        refuse(
            hallmark(&[verb]).current_dir(folder.path()),
            &["hallmark.toml", "hint: make a project with `hallmark new DIR`"],
        );
    }
    refuse(&mut hallmark(&["--project", str_of(folder.path()), "init"]), &["foundry.toml", "hint: "]);
    assert!(is_empty(folder.path()));
}

#[test]
fn a_mistake_in_the_settings() {
    let (_folder, project) = demo_copy();
    let path = project.join("hallmark.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("objective =", "objektive =")).unwrap();
    refuse(&mut hallmark(&["--project", str_of(&project), "build"]), &["hallmark.toml", "objektive"]);
}

/// An environment in which nothing is installed.
fn bare(arguments: &[&str], home: &Path) -> Command {
    let mut command = hallmark(arguments);
    for name in ["FOUNDRY_SOLC", "HALLMARK_SOLC", "HALLMARK_FORGE", "SOLCJS_DIR", "XDG_DATA_HOME"] {
        command.env_remove(name);
    }
    command.env("PATH", home).env("HOME", home).env("XDG_CACHE_HOME", home).current_dir(home);
    command
}

#[test]
fn no_solc() {
    let home = tempfile::tempdir().unwrap();
    let project = home.path().join("p");
    refuse(&mut bare(&["new", str_of(&project)], home.path()), &["no Solidity compiler", "hint: "]);
    assert!(!project.exists());
    let (_folder, project) = demo_copy();
    // What is compiled already needs no compiler.
    let _ = fs::remove_file(project.join(".hallmark/contracts.json"));
    for verb in ["build", "gas"] {
        refuse(
            &mut bare(&["--project", str_of(&project), verb], home.path()),
            &["no Solidity compiler", "hint: "],
        );
    }
    refuse(
        &mut hallmark(&["--project", str_of(&project), "build", "--solc", "/nowhere/solc"]),
        &["/nowhere/solc"],
    );
}

#[test]
fn no_forge() {
    let home = tempfile::tempdir().unwrap();
    let (_folder, project) = demo_copy();
    refuse(
        &mut bare(&["--project", str_of(&project), "test"], home.path()),
        &["forge was not found", "hint: install Foundry"],
    );
}

#[test]
fn doctor_names_what_is_missing() {
    let home = tempfile::tempdir().unwrap();
    let (output, stdout, stderr) = run(&mut bare(&["doctor", "--json"], home.path()));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("forge, solc"), "{stderr}");
    let value = json(&stdout);
    assert_eq!(value["ok"], false);
    assert_eq!(value["checks"][0]["name"], "forge");
    assert!(value["checks"][0]["mend"].as_str().unwrap().contains("foundryup"));
}

#[test]
fn words_that_make_no_sense() {
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["new"],
        &["inspect", "m.onnx", "--max-abs-error", "-1"],
        &["inspect", "m.onnx", "--max-abs-error", "1", "--max-rel-error", "1"],
        &["new", "x", "--input", "i.json"],
        &["srs", "dev", "-k", "99"],
    ] {
        let (output, stdout, _) = run(&mut hallmark(arguments));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(stdout, "");
    }
}

#[test]
fn errors_as_json() {
    let (output, stdout, stderr) = run(&mut hallmark(&["--json", "inspect", "/nowhere/m.onnx"]));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout, "");
    let value = json(&stderr);
    assert!(value["error"].as_str().unwrap().contains("/nowhere/m.onnx"));
    assert_eq!(value["hint"], "check the path");
}

/// A repository with Foundry in a part of it, folders and remappings of its own, and a test.
fn monorepo(root: &Path) -> PathBuf {
    let project = root.join("packages/contracts");
    let write = |path: &str, text: &str| {
        let path = project.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "foundry.toml",
        "[profile.default]\nsrc = \"sources\"\ntest = \"checks\"\nscript = \"tasks\"\nout = \"out\"\nlibs = [\"vendor\"]\n\
         remappings = [\"@own/=vendor/own/\"]\nsolc = \"0.8.30\"\nevm_version = \"paris\"\noptimizer = true\n",
    );
    write(
        "vendor/own/Base.sol",
        "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\ncontract Base {\n    uint256 public n = 7;\n}\n",
    );
    write(
        "sources/Mine.sol",
        "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\nimport {Base} from \"@own/Base.sol\";\n\ncontract Mine is Base {}\n",
    );
    write(
        "checks/Mine.t.sol",
        "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\nimport {Mine} from \"../sources/Mine.sol\";\n\n\
         contract MineTest {\n    function test_n() public {\n        require(new Mine().n() == 7);\n    }\n}\n",
    );
    write(".gitignore", "out/\ncache/\n");
    project
}

fn git(root: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let (output, stdout, stderr) = run(Command::new("git").args(identity).args(arguments).current_dir(root));
    assert!(output.status.success(), "git {arguments:?}: {stderr}");
    stdout
}

#[test]
fn init_in_a_monorepo_only_adds_files() {
    if !forge_is_there() || Command::new("git").arg("--version").output().is_err() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let project = monorepo(root);
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "mine"]);
    forge(&project, &["test"]);

    let plan = json(&succeed(&["--project", str_of(&project), "init", "--dry-run", "--json"]));
    assert_eq!(git(root, &["status", "--porcelain"]), "", "a plan writes nothing");
    let planned: Vec<&str> =
        plan["would_write"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    for path in ["sources/Verifier.sol", "checks/Inference.t.sol", "tasks/Deploy.s.sol", "hallmark.toml"] {
        assert!(planned.contains(&path), "{path}: {planned:?}");
    }
    let done = json(&succeed(&["--project", str_of(&project), "init", "--json"]));
    assert_eq!(done["written"], plan["would_write"]);
    let status = git(root, &["status", "--porcelain", "--untracked-files=all"]);
    assert!(
        status.lines().count() >= planned.len() && status.lines().all(|line| line.starts_with("?? ")),
        "{status}"
    );
    forge(&project, &["test"]);
    let settings = fs::read_to_string(project.join("hallmark.toml")).unwrap();
    assert!(settings.contains("verifier = \"sources/Verifier.sol\""), "{settings}");
    assert!(succeed(&["--project", str_of(&project), "gas", "--consumer"]).contains("ModelConsumer"));

    // Again: nothing changes.
    refuse(&mut hallmark(&["--project", str_of(&project), "init"]), &["already"]);
    assert_eq!(succeed(&["--project", str_of(&project), "build"]), "nothing changed\n");
    assert_eq!(git(root, &["status", "--porcelain", "--untracked-files=all"]), status);

    // Undone: a plan first, then all of it but what was changed since.
    let listed = json(&succeed(&["--project", str_of(&project), "init", "--undo", "--dry-run", "--json"]));
    assert_eq!(git(root, &["status", "--porcelain", "--untracked-files=all"]), status);
    let consumer = project.join("sources/ModelConsumer.sol");
    let text = fs::read_to_string(&consumer).unwrap();
    fs::write(&consumer, format!("{text}// mine\n")).unwrap();
    let undone = json(&succeed(&["--project", str_of(&project), "init", "--undo", "--json"]));
    assert_eq!(undone["kept"][0]["path"], "sources/ModelConsumer.sol");
    assert_eq!(
        listed["removed"].as_array().unwrap().len(),
        undone["removed"].as_array().unwrap().len() + 1,
        "{undone}"
    );
    assert_eq!(
        git(root, &["status", "--porcelain", "--untracked-files=all"]),
        "?? packages/contracts/sources/ModelConsumer.sol\n"
    );
    fs::remove_file(&consumer).unwrap();
    assert_eq!(tree(&project.join("sources")), ["Mine.sol"]);
    for gone in ["tasks", "model", "vendor/hallmark", "checks/fixtures", ".hallmark", ".github"] {
        assert!(!project.join(gone).exists(), "{gone}");
    }
    forge(&project, &["test"]);
    refuse(&mut hallmark(&["--project", str_of(&project), "init", "--undo"]), &["hallmark.lock"]);
}

/// Names in a folder.
fn tree(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn workflows_are_for_the_ci_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (ci, file) in [("gitlab", Some(".gitlab-ci.yml")), ("none", None)] {
        let project = folder.path().join(ci);
        succeed(&["new", str_of(&project), "--ci", ci]);
        assert!(!project.join(".github").exists());
        assert_eq!(project.join(".gitlab-ci.yml").exists(), file.is_some());
        if let Some(file) = file {
            let text = fs::read_to_string(project.join(file)).unwrap();
            assert!(text.contains("hallmark gas --check") && !text.contains("{{"), "{text}");
        }
        assert_eq!(succeed(&["--project", str_of(&project), "build"]), "nothing changed\n");
    }
}

/// On another machine the SRS is another one, and so are the keys.
#[test]
fn a_proof_that_the_contracts_would_refuse_is_warned_of() {
    let (folder, project) = demo_copy();
    let out = folder.path().join("p.proof");
    let arguments = ["--project", str_of(&project), "prove", "--out", str_of(&out)];
    let (output, _, stderr) = run(&mut hallmark(&arguments));
    assert!(output.status.success() && !stderr.contains("they refuse it"), "{stderr}");
    fs::remove_dir_all(project.join(".hallmark")).unwrap();
    let other = folder.path().join("srs");
    let (output, _, stderr) = run(hallmark(&arguments).env("HALLMARK_SRS_DIR", &other));
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("the contracts here are for verifying key") && stderr.contains("they refuse it"),
        "{stderr}"
    );
}

#[test]
fn doctor_asks_for_forge_where_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("p");
    succeed(&["new", str_of(&project), "--framework", "hardhat", "--ci", "none"]);
    let doctor = |framework: &Path| {
        let mut command = hallmark(&["--project", str_of(framework), "doctor", "--json"]);
        json(&run(&mut command).1)["checks"].as_array().unwrap().iter().any(|check| check["name"] == "forge")
    };
    assert!(!doctor(&project));
    assert!(doctor(demo()));
}
