//! `hallmark deploy` and `hallmark submit` on chains of their own.

mod support;

use serde_json::{Value, json as value};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::chain::{Anvil, number, post};
use support::*;

/// The first of anvil's accounts, known to everybody.
const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ACCOUNT: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// Where its first two contracts come to be.
const FIRST: [&str; 2] =
    ["0x5FbDB2315678afecb367f032d93F642f64180aa3", "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"];
const KEY_VARIABLE: &str = "HALLMARK_TEST_KEY";
/// The year 2100.
const LATE: &str = "4102444800";

/// A verb in a project, with the key in the environment.
fn verb(project: &Path, verb: &str, arguments: &[&str]) -> Command {
    let mut command = hallmark(&["--project", str_of(project), verb]);
    command.args(arguments).env(KEY_VARIABLE, KEY);
    command
}

fn report(command: &mut Command) -> Value {
    let (output, stdout, stderr) = run(command.arg("--json"));
    assert!(output.status.success(), "{stdout}{stderr}");
    json(&stdout)
}

fn nonce(anvil: &Anvil) -> u64 {
    number(&post(anvil.port, "eth_getTransactionCount", value!([ACCOUNT, "pending"])))
}

fn deploy(project: &Path, anvil: &Anvil) -> Value {
    let url = anvil.url();
    report(&mut verb(
        project,
        "deploy",
        &["--rpc-url", &url, "--private-key-env", KEY_VARIABLE, "--broadcast"],
    ))
}

/// Proves for the deployed consumer; gives the file's path.
fn prove(project: &Path, more: &[&str]) -> String {
    let out = str_of(&project.join("bound.proof")).to_owned();
    let mut arguments = vec!["--project", str_of(project), "prove", "--out", &out];
    arguments.extend(more);
    succeed(&arguments);
    out
}

fn book(project: &Path, chain_id: u64) -> Value {
    json(&fs::read_to_string(project.join(format!("deployments/{chain_id}.json"))).expect("an address book"))
}

#[test]
fn a_dry_run_says_what_would_be_and_sends_nothing() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();

    let unsigned = report(&mut verb(&project, "deploy", &["--rpc-url", &url]));
    assert_eq!((&unsigned["sender"], &unsigned["broadcast"]), (&Value::Null, &value!(false)));
    assert_eq!(unsigned["contracts"][0]["address"], Value::Null, "addresses depend on the sender");
    for sender in [&["--private-key-env", KEY_VARIABLE][..], &["--unlocked"], &["--sender", ACCOUNT]] {
        let arguments = [&["--rpc-url", &url][..], sender].concat();
        let plan = report(&mut verb(&project, "deploy", &arguments));
        assert_eq!(plan["sender"], ACCOUNT);
        for (contract, (role, address)) in [("verifier", FIRST[0]), ("consumer", FIRST[1])].iter().enumerate()
        {
            let found = &plan["contracts"][contract];
            assert_eq!((&found["role"], &found["address"]), (&value!(role), &value!(address)));
            assert!(found["expected"]["gas"].as_u64().unwrap() > 1_000_000, "{found}");
            assert_eq!(found["receipt"], Value::Null);
        }
    }
    assert_eq!(nonce(&anvil), 0, "nothing was sent");
    assert_eq!(number(&post(anvil.port, "eth_blockNumber", value!([]))), 0);
    assert!(!project.join("deployments").exists() && !project.join("broadcast").exists());
}

#[test]
fn without_a_node_networks_are_priced() {
    if !forge_is_there() {
        return;
    }
    let (_folder, project) = demo_copy();
    let prices = ["--network", "base,zksync-era", "--price", "ETH=2500"];
    let report = report(&mut verb(&project, "deploy", &prices));
    let base = &report["networks"][0];
    assert_eq!(base["network"], "base");
    for (index, role) in ["verifier", "consumer"].iter().enumerate() {
        let contract = &base["contracts"][index];
        assert_eq!(contract["role"], *role);
        assert!(contract["quote"]["gas_used"].as_u64().unwrap() > 1_000_000, "{contract}");
        assert!(contract["usd"].as_str().unwrap().starts_with("$0."), "{contract}");
    }
    assert!(report["networks"][1]["unpriced"].as_str().unwrap().contains("EraVM"), "{report}");
    refuse(&mut verb(&project, "deploy", &["--network", "bse"]), &["unknown network `bse`", "`base`"]);
    refuse(
        &mut verb(&project, "deploy", &["--unlocked", "--broadcast"]),
        &["no chain to send to", "--rpc-url"],
    );
}

#[test]
fn deployments_are_checked_and_remembered() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();

    let first = deploy(&project, &anvil);
    assert_eq!((nonce(&anvil), first["contracts"].as_array().unwrap().len()), (2, 2));
    let checks = first["checks"].as_array().unwrap();
    assert!(checks.len() == 11 && checks.iter().all(|check| check["ok"] == true), "{first}");
    let written = book(&project, 31_337);
    assert_eq!((&written["chain_id"], &written["latest"]["deployer"]), (&value!(31_337), &value!(ACCOUNT)));
    for (index, role) in ["verifier", "consumer"].iter().enumerate() {
        let entry = &written["latest"][role];
        assert_eq!(entry["address"], FIRST[index]);
        let receipt = post(anvil.port, "eth_getTransactionReceipt", value!([entry["transaction"]]));
        let at = receipt["contractAddress"].as_str().unwrap();
        assert!(at.eq_ignore_ascii_case(FIRST[index]), "{receipt}");
        let gas = number(&receipt["gasUsed"]);
        assert_eq!(entry["gas_used"], gas);
        assert_eq!(first["contracts"][index]["expected"]["gas"], gas, "the price was right to the unit");
        let paid = u128::from(gas) * u128::from(number(&receipt["effectiveGasPrice"]));
        assert_eq!(entry["paid_wei"], paid.to_string());
    }

    // A second deployment, by the node's own account: the first is kept.
    let second = ["--rpc-url", &url, "--unlocked", "--broadcast"];
    let second = report(&mut verb(&project, "deploy", &second));
    let both = book(&project, 31_337);
    assert_eq!(both["history"][0], written["latest"]);
    assert_eq!(both["latest"]["verifier"]["address"], second["contracts"][0]["address"]);
    assert_ne!(both["latest"]["verifier"]["address"], written["latest"]["verifier"]["address"]);

    // `verify` takes the addresses from the book, and checks the consumer too.
    let verified = report(&mut verb(&project, "verify", &["--rpc-url", &url]));
    assert_eq!(verified["address"], both["latest"]["verifier"]["address"]);
    assert_eq!(verified["consumer"], both["latest"]["consumer"]["address"]);
    assert_eq!(verified["checks"].as_array().unwrap().len(), 11);

    // The consumer of the first deployment in place of this one asks another verifier.
    let path = project.join("deployments/31337.json");
    let mut other = both.clone();
    other["latest"]["consumer"] = written["latest"]["consumer"].clone();
    fs::write(&path, other.to_string()).unwrap();
    let (output, _, stderr) = run(&mut verb(&project, "verify", &["--rpc-url", &url]));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("consumer's verifier") && !stderr.contains("code hash"), "{stderr}");

    // One byte of its code changed.
    fs::write(&path, both.to_string()).unwrap();
    let consumer = both["latest"]["consumer"]["address"].clone();
    let code = post(anvil.port, "eth_getCode", value!([consumer, "latest"]));
    let code = code.as_str().unwrap();
    let last = if code.ends_with('0') { "1" } else { "0" };
    post(anvil.port, "anvil_setCode", value!([consumer, format!("{}{last}", &code[..code.len() - 1])]));
    let (output, _, stderr) = run(&mut verb(&project, "verify", &["--rpc-url", &url]));
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("consumer's code hash"), "{stderr}");
}

/// What is refused before anything is sent, each time with the nonce unchanged and no book written.
#[test]
fn deployments_are_refused_before_anything_is_sent() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();
    let check = |arguments: &[&str], words: &[&str]| {
        let all = [&["--rpc-url", &url, "--broadcast"][..], arguments].concat();
        let said = refuse(&mut verb(&project, "deploy", &all), words);
        assert!(said.contains("hint: "), "{said}");
        assert_eq!(nonce(&anvil), 0, "{arguments:?}");
        assert!(!project.join("deployments").exists(), "{arguments:?}");
        said
    };
    let keyed = ["--private-key-env", KEY_VARIABLE];

    check(&[], &["nobody is there to sign", "--private-key-env"]);
    check(&["--private-key-env", "HALLMARK_TEST_UNSET"], &["`HALLMARK_TEST_UNSET` is not set"]);
    let said = check(&["--private-key-env", "CARGO_MANIFEST_DIR"], &["holds no private key"]);
    assert!(!said.contains(env!("CARGO_MANIFEST_DIR")), "what is in the variable is not shown: {said}");
    let said = check(&["--private-key-env", KEY], &["looks like a key"]);
    assert!(!said.contains(&KEY[2..]), "the key is not shown: {said}");
    let other = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    check(&[&keyed[..], &["--sender", other]].concat(), &["is that of", ACCOUNT, other]);
    check(&["--unlocked", "--sender", other], &["holds no key of", other]);
    check(&[&keyed[..], &["--network", "base"]].concat(), &["chain 31337", "base is chain 8453"]);
    check(&[&keyed[..], &["--network", "base,op"]].concat(), &["several were named"]);
    check(&[&keyed[..], &["--script", "script/None.s.sol"]].concat(), &["script/None.s.sol"]);

    // Enough for the expected fees, not for the gas limits at the highest price that is offered.
    let expected = report(&mut verb(&project, "deploy", &["--rpc-url", &url, "--unlocked"]));
    let expected: u128 = expected["expected"]["wei"].as_str().unwrap().parse().unwrap();
    post(anvil.port, "anvil_setBalance", value!([ACCOUNT, format!("{expected:#x}")]));
    check(&keyed, &["gwei", "are needed"]);
    let plan = report(&mut verb(&project, "deploy", &["--rpc-url", &url, "--unlocked"]));
    assert_eq!(plan["broadcast"], false, "a dry run only warns");
    post(anvil.port, "anvil_setBalance", value!([ACCOUNT, "0x8ac7230489e80000"]));

    // Another compilation than the repository's, by the environment of forge.
    let mut elsewhere = verb(&project, "deploy", &[&["--rpc-url", &url, "--broadcast"][..], &keyed].concat());
    refuse(elsewhere.env("FOUNDRY_OPTIMIZER_RUNS", "7"), &["0 times as this repository builds it"]);

    // A script that fails, and one that another account sends from.
    let script = project.join("script/Deploy.s.sol");
    let text = fs::read_to_string(&script).unwrap();
    let broadcast = "vm.startBroadcast()";
    assert!(text.contains(broadcast));
    let guarded =
        text.replace(broadcast, "require(block.timestamp == 0, \"not today\");\n        vm.startBroadcast()");
    fs::write(&script, guarded).unwrap();
    check(&keyed, &["fails: ", "not today"]);
    let foreign = text.replace(
        broadcast,
        "(bool done,) = address(vm).call(abi.encodeWithSignature(\"startBroadcast(address)\", address(0xaa)));\n        \
         require(done)",
    );
    fs::write(&script, foreign).unwrap();
    check(&keyed, &["sent by 0x00000000000000000000000000000000000000AA", ACCOUNT]);
    fs::write(&script, &text).unwrap();

    // More code than a contract may have.
    let consumer = project.join("src/ModelConsumer.sol");
    let text = fs::read_to_string(&consumer).unwrap();
    let end = text.rfind('}').unwrap();
    let long = format!(
        "{}\n    function filler() external pure returns (bytes memory) {{\n        return hex\"{}\";\n    }}\n}}\n",
        &text[..end],
        "5a".repeat(24_577)
    );
    fs::write(&consumer, long).unwrap();
    check(&keyed, &["ModelConsumer has", "bytes of code", "takes 24576"]);
    fs::write(&consumer, &text).unwrap();

    // A damaged book is neither lost nor overwritten.
    let path = project.join("deployments/31337.json");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "{").unwrap();
    let all = [&["--rpc-url", &url, "--broadcast"][..], &keyed].concat();
    refuse(&mut verb(&project, "deploy", &all), &["is not an address book", "31337.json", "hint: "]);
    assert_eq!((nonce(&anvil), fs::read_to_string(&path).unwrap().as_str()), (0, "{"));
    fs::remove_dir_all(path.parent().unwrap()).unwrap();

    // Nothing of that was in the way of the thing itself.
    deploy(&project, &anvil);
    drop(anvil);
    refuse(&mut verb(&project, "deploy", &all), &["cannot reach", "127.0.0.1"]);
}

#[test]
fn a_development_verifier_is_for_no_other_chain() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(1) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();
    for more in [&[][..], &["--broadcast"], &["--network", "ethereum", "--broadcast"]] {
        let all = [&["--rpc-url", &url, "--private-key-env", KEY_VARIABLE][..], more].concat();
        refuse(&mut verb(&project, "deploy", &all), &["development SRS", "chain 31337 only", "hint: "]);
    }
    assert_eq!(nonce(&anvil), 0);
    assert!(!project.join("deployments").exists());
}

#[test]
fn what_was_deployed_before_a_failure_is_remembered() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();
    deploy(&project, &anvil);
    let before = book(&project, 31_337);

    // A constructor that passes in the simulation, but no more once the verifier is in a block.
    let block = number(&post(anvil.port, "eth_blockNumber", value!([])));
    let consumer = project.join("src/ModelConsumer.sol");
    let text = fs::read_to_string(&consumer).unwrap();
    let constructor = text.find("InferenceConsumer(verifier").expect("the base's constructor");
    let body = constructor + text[constructor..].find('{').unwrap() + 1;
    let late = format!(
        "{}\n        if (block.number > {}) revert TooLate(block.number);{}",
        &text[..body],
        block + 1,
        &text[body..]
    );
    let contract = late.find("contract ModelConsumer").unwrap();
    let start = contract + late[contract..].find('{').unwrap() + 1;
    let late = format!("{}\n    error TooLate(uint256 number);\n{}", &late[..start], &late[start..]);
    fs::write(&consumer, late).unwrap();
    let all = ["--rpc-url", &url, "--private-key-env", KEY_VARIABLE, "--broadcast"];
    let said =
        refuse(&mut verb(&project, "deploy", &all), &["ModelConsumer would be refused: TooLate(number: "]);
    assert!(said.contains("1 of 2 transactions were sent before"), "{said}");
    let after = book(&project, 31_337);
    assert_eq!(after["latest"], before["latest"]);
    let kept = &after["history"][0];
    assert!(kept["incomplete"].as_str().unwrap().contains("TooLate"), "{kept}");
    let code = post(anvil.port, "eth_getCode", value!([kept["verifier"]["address"], "latest"]));
    assert!(code.as_str().unwrap().len() > 1_000 && kept["consumer"].is_null(), "{kept}");

    // A transaction that does not get into a block: its hash is said.
    fs::write(&consumer, text).unwrap();
    post(anvil.port, "evm_setAutomine", value!([false]));
    let said = refuse(
        &mut verb(&project, "deploy", &[&all[..], &["--wait", "1"]].concat()),
        &["was sent, but no receipt came within 1 s", "hint: look the hash up"],
    );
    let hash = said.split("transaction ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(!post(anvil.port, "eth_getTransactionByHash", value!([hash])).is_null(), "{said}");
}

#[test]
fn a_proof_is_submitted_once() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();
    let bound = ["--deployment", "31337", "--account", ACCOUNT, "--deadline", LATE];
    let unbound = str_of(&project.join("free.proof")).to_owned();
    let missing = [&["--project", str_of(&project), "prove", "--out", &unbound][..], &bound].concat();
    refuse(&mut hallmark(&missing), &["has no deployment on chain 31337", "hallmark deploy"]);

    deploy(&project, &anvil);
    let proof = prove(&project, &[&bound[..], &["--nonce", "7"]].concat());
    let submit = |more: &[&str]| {
        let mut command = verb(&project, "submit", &["--rpc-url", &url, "--proof", &proof]);
        command.args(more);
        command
    };
    // count()
    let count = || {
        number(&post(anvil.port, "eth_call", value!([{ "to": FIRST[1], "data": "0x06661abd" }, "latest"])))
    };

    // First it is only said what would happen.
    let plan = report(&mut submit(&[]));
    assert_eq!(
        (&plan["broadcast"], &plan["receipt"], &plan["sender"]),
        (&value!(false), &Value::Null, &value!(ACCOUNT))
    );
    assert!(plan["expected"]["gas"].as_u64().unwrap() > 400_000, "{plan}");
    assert_eq!((nonce(&anvil), count()), (2, 0));
    refuse(&mut submit(&["--broadcast"]), &["nobody is there to sign", "hint: "]);
    refuse(&mut submit(&["--network", "base"]), &["chain 31337", "base is chain 8453"]);
    let other = "0x00000000000000000000000000000000000000aa";
    let said = refuse(&mut submit(&["--consumer", other]), &["is bound to consumer", "hint: "]);
    assert!(
        said.to_lowercase().contains(&format!("--consumer {other}")),
        "the command that mends it: {said}"
    );
    post(anvil.port, "anvil_setBalance", value!([ACCOUNT, "0x1"]));
    let keyed = ["--private-key-env", KEY_VARIABLE, "--broadcast"];
    refuse(&mut submit(&keyed), &["are needed", "hint: nothing was sent; fund the account"]);
    post(anvil.port, "anvil_setBalance", value!([ACCOUNT, "0x8ac7230489e80000"]));
    assert_eq!((nonce(&anvil), count()), (2, 0), "nothing was sent");

    // Then it is sent.
    let done = report(&mut submit(&keyed));
    assert_eq!((nonce(&anvil), count()), (3, 1));
    let receipt = post(anvil.port, "eth_getTransactionReceipt", value!([done["receipt"]["transaction"]]));
    assert_eq!(number(&receipt["status"]), 1);
    assert_eq!(done["receipt"]["gas_used"], number(&receipt["gasUsed"]));
    assert_eq!(done["receipt"]["block"], number(&receipt["blockNumber"]));
    let names: Vec<&str> =
        done["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["InferenceAccepted", "InferenceRecorded"]);
    assert_eq!(done["events"][0]["arguments"][1], value!({ "name": "account", "value": ACCOUNT }));

    // Only once, and that is known before anything is sent.
    for more in [&keyed[..], &[]] {
        let said = refuse(&mut submit(more), &["InferenceAlreadyUsed(nullifier: 0x", "hint: "]);
        assert!(said.contains("--nonce 8"), "the command that mends it: {said}");
    }
    assert_eq!((nonce(&anvil), count()), (3, 1));

    // With that command there is another.
    prove(&project, &[&bound[..], &["--nonce", "8"]].concat());
    report(&mut submit(&keyed));
    assert_eq!((nonce(&anvil), count()), (4, 2));
    drop(anvil);
    refuse(&mut submit(&keyed), &["cannot reach", "127.0.0.1"]);
}

#[test]
fn a_proof_that_does_not_fit_is_refused_by_the_part() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    let url = anvil.url();
    let submit = |proof: &str| {
        verb(
            &project,
            "submit",
            &["--rpc-url", &url, "--proof", proof, "--private-key-env", KEY_VARIABLE, "--broadcast"],
        )
    };
    let explicit = |chain_id: &str, consumer: &str, deadline: &str| {
        prove(
            &project,
            &["--chain-id", chain_id, "--consumer", consumer, "--account", ACCOUNT, "--deadline", deadline],
        )
    };
    // No address book yet.
    let proof = explicit("31337", FIRST[1], LATE);
    refuse(&mut submit(&proof), &["has no deployment on chain 31337", "hint: "]);
    let mut named = submit(&proof);
    refuse(named.args(["--consumer", FIRST[1]]), &["no contract at", FIRST[1]]);

    deploy(&project, &anvil);
    let refused = |proof: &str, words: &[&str]| {
        let said = refuse(&mut submit(proof), words);
        assert!(said.contains("hint: prove it again: `hallmark prove "), "{said}");
        assert_eq!(nonce(&anvil), 2);
        said
    };
    refused(
        &explicit("1", FIRST[1], LATE),
        &["is bound to chain 1, this is chain 31337", "--chain-id 31337"],
    );
    refused(
        &explicit("31337", FIRST[0], LATE),
        &["is bound to consumer", &format!("--consumer {}", FIRST[1])],
    );
    refused(&explicit("31337", FIRST[1], "1000"), &["was good until 1000", "--deadline "]);
    // Good now, too late a moment after.
    let now = number(&post(anvil.port, "eth_getBlockByNumber", value!(["latest", false]))["timestamp"]);
    let proof = explicit("31337", FIRST[1], &(now + 1_000).to_string());
    let (output, _, stderr) = run(&mut verb(&project, "submit", &["--rpc-url", &url, "--proof", &proof]));
    assert!(output.status.success(), "{stderr}");
    post(anvil.port, "evm_increaseTime", value!([2_000]));
    post(anvil.port, "evm_mine", value!([]));
    refused(&proof, &["was good until"]);

    // The stored proof of the tests is for nobody's consumer; without a context it is for none.
    let stored = str_of(&project.join(".hallmark/proof.bin")).to_owned();
    if Path::new(&stored).is_file() {
        refused(&stored, &["is bound to consumer"]);
    }
    let free = str_of(&project.join("free.proof")).to_owned();
    let input = str_of(&project.join("model/input.json")).to_owned();
    succeed(&["--project", str_of(&project), "prove", "--input", &input, "--out", &free]);
    refuse(&mut submit(&free), &["bound to no consumer", "hint: "]);
    refuse(&mut submit("nowhere.proof"), &["nowhere.proof"]);

    // A proof of another build than the deployed one.
    let settings = project.join("hallmark.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("objective = \"balanced\"", "objective = \"gas\"")).unwrap();
    succeed(&["--project", str_of(&project), "build"]);
    let proof = explicit("31337", FIRST[1], LATE);
    refuse(&mut submit(&proof), &["the proof is of verifying key", "hint: "]);
    assert_eq!(nonce(&anvil), 2);
}

#[test]
fn other_templates_are_deployed_and_used() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let url = anvil.url();
    let folder = tempfile::tempdir().unwrap();
    let made = |template: &str| {
        let project = folder.path().join(template);
        succeed(&["new", str_of(&project), "--template", template]);
        project
    };
    let submit = |project: &Path, more: &[&str]| {
        let proof = prove(project, &["--deployment", "31337", "--account", ACCOUNT, "--deadline", LATE]);
        let mut command = verb(project, "submit", &["--rpc-url", &url, "--proof", &proof]);
        command.args(more);
        command
    };
    let keyed = ["--private-key-env", KEY_VARIABLE, "--broadcast"];
    let event = |report: &Value, name: &str| {
        report["events"].as_array().unwrap().iter().any(|event| event["name"] == name)
    };

    let lending = made("lending");
    deploy(&lending, &anvil);
    let other = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let said = refuse(&mut submit(&lending, &["--sender", other]), &["NotAccount(sender: ", other, "hint: "]);
    assert!(said.contains(&format!("send from {ACCOUNT}")), "{said}");
    let done = report(&mut submit(&lending, &keyed));
    assert!(event(&done, "LineOpened"), "{done}");

    let agent = made("agent");
    let all = [&["--rpc-url", &url][..], &keyed].concat();
    refuse(&mut verb(&agent, "deploy", &all), &["\"TARGET\" not found", "set the variable"]);
    let target = "0x00000000000000000000000000000000000000aa";
    let deployed = report(verb(&agent, "deploy", &all).env("TARGET", target));
    refuse(&mut submit(&agent, &keyed), &["TargetNotAllowed(target: "]);
    // An exchange that takes everything, and a treasury that can pay.
    post(anvil.port, "anvil_setCode", value!([target, "0x00"]));
    let treasury = deployed["contracts"][1]["address"].clone();
    post(anvil.port, "anvil_setBalance", value!([treasury, "0x8ac7230489e80000"]));
    let done = report(&mut submit(&agent, &keyed));
    assert!(event(&done, "Executed"), "{done}");
}

#[test]
fn an_ensemble_is_deployed_and_takes_a_proof_of_each_model() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("market");
    succeed(&["new", str_of(&project), "--template", "prediction-market", "--ci", "none"]);
    let url = anvil.url();
    let all = ["--rpc-url", &url, "--private-key-env", KEY_VARIABLE, "--broadcast"];
    refuse(&mut verb(&project, "deploy", &all), &["\"ARBITER\" not found", "set the variable"]);
    let arbiter = "0x00000000000000000000000000000000000000a4";
    let deployed = report(verb(&project, "deploy", &all).env("ARBITER", arbiter));
    let roles: Vec<&str> =
        deployed["contracts"].as_array().unwrap().iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["verifier", "other", "other", "consumer"]);
    let checks = deployed["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["ok"] == true), "{deployed}");
    let model = |name: &str| format!("consumer's model {name}");
    for name in ["main", "keras", "sklearn"] {
        assert!(checks.iter().any(|check| check["name"] == model(name)), "{deployed}");
    }

    // A build with another model in it is another ensemble.
    let verifier = project.join("src/sklearn/Verifier.sol");
    let source = fs::read_to_string(&verifier).unwrap();
    fs::write(&verifier, fs::read_to_string(project.join("src/keras/Verifier.sol")).unwrap()).unwrap();
    let (output, stdout, stderr) = run(&mut verb(&project, "verify", &["--rpc-url", &url]));
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("consumer's model sklearn") && !stderr.contains("model keras"), "{stderr}");
    fs::write(&verifier, source).unwrap();
    succeed(&["--project", str_of(&project), "verify", "--rpc-url", &url]);

    // One proof of each model, all for the same context.
    let context = ["--deployment", "31337", "--account", ACCOUNT, "--deadline", LATE];
    let out = |name: &str| str_of(&project.join(format!("{name}.proof"))).to_owned();
    let prove = |name: &str, more: &[&str]| {
        let out = out(name);
        let own = ["--project", str_of(&project), "prove", "--out", &out];
        succeed(&[&own[..], &context, more].concat());
        out
    };
    let main = prove("main", &[]);
    let keras = prove("keras", &["--member", "keras"]);
    let sklearn = prove("sklearn", &["--member", "sklearn"]);
    let other = prove("other", &["--member", "sklearn", "--nonce", "1"]);
    let submit = |proofs: &[&str]| {
        let mut command = verb(&project, "submit", &["--rpc-url", &url]);
        command.args(["--private-key-env", KEY_VARIABLE, "--broadcast"]);
        for proof in proofs {
            command.args(["--proof", proof]);
        }
        command
    };
    let all = [main.as_str(), &keras, &sklearn];
    let export = |proofs: &[&str], more: &[&str]| {
        let proofs: Vec<&str> = proofs.iter().flat_map(|proof| ["--proof", *proof]).collect();
        succeed(&[&["--project", str_of(&project), "export", "submit"], &proofs[..], more].concat())
    };
    assert_eq!(export(&all, &[]), export(&all, &["--function", "settle"]));

    // Nobody can settle yet.
    refuse(&mut submit(&all), &["TooEarly"]);
    post(anvil.port, "evm_increaseTime", value!([7 * 86_400]));
    post(anvil.port, "evm_mine", value!([]));
    refuse(&mut submit(&[&main]), &["each of several models", "--member NAME"]);
    refuse(&mut submit(&[&main, &keras]), &["WrongProofCount(count: 2, expected: 3)"]);
    refuse(&mut submit(&[&main, &keras, &other]), &["different contexts"]);
    refuse(&mut submit(&[&main, &sklearn, &keras]), &["ProofRejected"]);
    let before = nonce(&anvil);
    let settled = report(&mut submit(&all));
    assert_eq!(nonce(&anvil), before + 1, "one transaction, nothing of what was refused");
    let names: Vec<&str> =
        settled["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"InferenceAccepted") && names.contains(&"Settled"), "{settled}");
    refuse(&mut submit(&all), &["WrongOutcome"]);

    // A consumer of one model takes one proof.
    refuse(
        &mut hallmark(&[
            "--project",
            str_of(demo()),
            "export",
            "submit",
            "--proof",
            &main,
            "--proof",
            &keras,
        ]),
        &["takes one proof, 2 are given"],
    );
    refuse(
        &mut hallmark(&["--project", str_of(demo()), "export", "proof", "--proof", &main, "--proof", &keras]),
        &["only `submit` takes several"],
    );
    refuse(
        &mut hallmark(&["--project", str_of(&project), "gas", "--consumer"]),
        &["proofs of several models", "--transactions"],
    );
}
