//! `hallmark verify --address`: a deployed verifier against the repository.

mod support;

use serde_json::{Value, json as value};
use std::fs;
use std::path::Path;
use support::chain::{Anvil, artifact, post, send};
use support::*;

fn deploy(port: u16, project: &Path) -> String {
    let code = artifact(project, "Verifier.sol", "DevOnlyHalo2Verifier")["bytecode"]["object"].clone();
    let from = post(port, "eth_accounts", value!([]))[0].clone();
    let receipt = send(port, value!({ "from": from, "data": code, "gas": "0xe4e1c0" }));
    receipt["contractAddress"].as_str().expect("an address").to_owned()
}

/// Runs the check; gives whether it passed, the JSON, and stderr.
fn check(project: &Path, url: &str, address: &str) -> (bool, Value, String) {
    let arguments =
        ["--project", str_of(project), "verify", "--rpc-url", url, "--address", address, "--json"];
    let (output, stdout, stderr) = run(&mut hallmark(&arguments));
    (output.status.success(), json(&stdout), stderr)
}

#[test]
fn a_deployed_verifier_is_compared_with_the_build() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let url = anvil.url();
    let (_folder, project) = demo_copy();
    forge(&project, &["build"]);
    let address = deploy(anvil.port, &project);
    let (passed, report, stderr) = check(&project, &url, &address);
    assert!(passed, "{report} {stderr}");
    assert_eq!(report["checks"].as_array().expect("checks").len(), 7);
    let tampered = report["checks"][6].clone();
    assert_eq!(
        (&tampered["name"], &tampered["found"]),
        (&value!("tampered proof"), &value!("reverted with PointInvalid()"))
    );

    // One byte of the deployed code changed.
    let code = post(anvil.port, "eth_getCode", value!([address, "latest"]));
    let code = code.as_str().expect("code").to_owned();
    let other = "0x00000000000000000000000000000000000000aa";
    let last = if code.ends_with('0') { "1" } else { "0" };
    post(anvil.port, "anvil_setCode", value!([other, format!("{}{last}", &code[..code.len() - 1])]));
    let (passed, report, stderr) = check(&project, &url, other);
    assert!(!passed && report["checks"][0]["ok"] == false, "{report}");
    assert!(stderr.contains("code hash"), "{stderr}");

    // A contract that answers 1 to everything accepts tampered proofs: PUSH1 1, PUSH0, MSTORE,
    // PUSH1 32, PUSH0, RETURN.
    post(anvil.port, "anvil_setCode", value!([other, "0x60015f5260205ff3"]));
    let (passed, report, stderr) = check(&project, &url, other);
    assert!(!passed);
    for name in ["code hash", "verifying key", "SRS", "tampered proof"] {
        assert!(stderr.contains(name), "{name}: {stderr}");
    }
    assert_eq!(report["checks"][5]["ok"], true, "it does take the stored proof: {report}");

    // Another build: the repository moved on.
    let input = project.join("hallmark.toml");
    let settings = fs::read_to_string(&input).expect("settings");
    fs::write(&input, settings.replace("objective = \"balanced\"", "objective = \"gas\"")).expect("writes");
    succeed(&["--project", str_of(&project), "build"]);
    let (passed, _, stderr) = check(&project, &url, &address);
    assert!(!passed && stderr.contains("is not this repository's verifier"), "{stderr}");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let project = str_of(demo());
    let verify = |more: &[&str], words: &[&str]| {
        let mut arguments = vec!["--project", project, "verify"];
        arguments.extend(more);
        refuse(&mut hallmark(&arguments), words)
    };
    let address = "0x00000000000000000000000000000000000000aa";
    verify(
        &["--address", "0x12", "--rpc-url", "http://127.0.0.1:9"],
        &["`0x12` is not an address", "hint: "],
    );
    verify(&["--address", address, "--rpc-url", "http://127.0.0.1:9"], &["127.0.0.1:9"]);
    let Some(anvil) = Anvil::start(10) else { return };
    verify(&["--address", address, "--rpc-url", &anvil.url()], &["no contract at", "chain 10", "hint: "]);
}

#[test]
fn a_development_verifier_on_a_real_chain_is_named_as_such() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(8453) else { return };
    let (_folder, project) = demo_copy();
    forge(&project, &["build"]);
    // Its constructor refuses the chain; its code is put there all the same.
    let code =
        artifact(&project, "Verifier.sol", "DevOnlyHalo2Verifier")["deployedBytecode"]["object"].clone();
    let address = "0x00000000000000000000000000000000000000bb";
    post(anvil.port, "anvil_setCode", value!([address, code]));
    let (passed, report, stderr) = check(&project, &anvil.url(), address);
    assert!(!passed && stderr.contains("development SRS"), "{stderr}");
    assert_eq!(report["network"], "Base");
    assert_eq!(report["checks"][5]["found"], "reverted with DevelopmentOnly()");
}
