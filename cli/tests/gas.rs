//! `hallmark gas` from outside: exact against forge and anvil, budgets, snapshots, other people's
//! contracts, prices from a node.

mod support;

use alloy_primitives::{hex, keccak256};
use serde_json::{Value, json as value};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::chain::{Anvil, artifact, number, post, send};
use support::*;

/// Runs and expects exit code 1 with a result on stdout; returns stdout and stderr.
fn fails_with_a_result(arguments: &[&str]) -> (String, String) {
    let (output, stdout, stderr) = run(&mut hallmark(arguments));
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert!(!stdout.is_empty() && stderr.contains("error: "), "{stdout}{stderr}");
    (stdout, stderr)
}

fn gas(project: &Path, more: &[&str]) -> Value {
    let mut arguments = vec!["--project", str_of(project), "gas", "--json"];
    arguments.extend(more);
    json(&succeed(&arguments))
}

#[test]
fn totals_are_those_of_anvils_receipts() {
    if !forge_is_there() {
        return;
    }
    let Some(anvil) = Anvil::start(31_337) else { return };
    let (_folder, project) = demo_copy();
    forge(&project, &["build"]);
    let port = anvil.port;
    let from = post(port, "eth_accounts", value!([]))[0].clone();
    let transaction = |data: String, to: Option<&Value>| {
        let mut transaction = value!({ "from": from, "data": data, "gas": "0xe4e1c0" });
        if let Some(to) = to {
            transaction["to"] = to.clone();
        }
        transaction
    };
    let code = |file: &str, contract: &str| {
        artifact(&project, file, contract)["bytecode"]["object"].as_str().expect("code").to_owned()
    };

    // The verifier: deployment and verification.
    let deployed = send(port, transaction(code("Verifier.sol", "DevOnlyHalo2Verifier"), None));
    let verifier = deployed["contractAddress"].clone();
    let call = succeed(&["--project", str_of(&project), "export", "calldata"]);
    let receipt = send(port, transaction(call.trim().to_owned(), Some(&verifier)));
    assert_eq!(receipt["status"], "0x1");
    let report = gas(&project, &["--network", "ethereum"]);
    assert_eq!(report["profile"]["total"], number(&receipt["gasUsed"]));
    assert_eq!(report["deploy_gas"], number(&deployed["gasUsed"]));
    assert_eq!(report["networks"][0]["gas"], number(&receipt["gasUsed"]));

    // The consumer, at the address that the proof is bound to.
    let identity = |signature: &str| {
        let data = format!("0x{}", hex::encode(&keccak256(signature)[..4]));
        let word = post(port, "eth_call", value!([{ "to": verifier, "data": data }, "latest"]));
        word.as_str().expect("a word").trim_start_matches("0x").to_owned()
    };
    let runtime = post(port, "eth_getCode", value!([verifier, "latest"]));
    let code_hash = keccak256(hex::decode(runtime.as_str().expect("code")).expect("hex"));
    let arguments = format!(
        "{:0>64}{}{}{}",
        verifier.as_str().expect("an address").trim_start_matches("0x"),
        hex::encode(code_hash),
        identity("VERIFYING_KEY_ID()"),
        identity("SRS_ID()"),
    );
    let creation = format!("{}{arguments}", code("ModelConsumer.sol", "ModelConsumer"));
    let deployed = send(port, transaction(creation, None));
    let report = gas(&project, &["--consumer", "--network", "ethereum"]);
    assert_eq!(report["deploy_gas"], number(&deployed["gasUsed"]));
    let bound = json(&succeed(&["--project", str_of(&project), "export", "proof"]));
    let consumer = bound["context"]["consumer"].clone();
    let runtime = post(port, "eth_getCode", value!([deployed["contractAddress"], "latest"]));
    post(port, "anvil_setCode", value!([consumer, runtime]));
    // The same arguments as verifyProof's, then account, nonce and deadline: the offsets move by 96.
    let call = hex::decode(call.trim()).expect("hex");
    let words = &call[4..];
    let shifted = |offset: &[u8]| {
        let mut word = offset.to_vec();
        let value = u64::from_be_bytes(word[24..].try_into().expect("8 bytes")) + 96;
        word[24..].copy_from_slice(&value.to_be_bytes());
        word
    };
    let account = bound["context"]["account"].as_str().expect("an address");
    let deadline: u64 = bound["context"]["deadline"].as_str().expect("text").parse().expect("a number");
    let mut data = keccak256("submit(bytes,uint256[],address,uint256,uint256)")[..4].to_vec();
    data.extend(shifted(&words[..32]));
    data.extend(shifted(&words[32..64]));
    data.extend([0; 12]);
    data.extend(hex::decode(account).expect("hex"));
    data.extend([0; 32]);
    data.extend([0; 24]);
    data.extend(deadline.to_be_bytes());
    data.extend(&words[64..]);
    let receipt = send(port, transaction(format!("0x{}", hex::encode(data)), Some(&consumer)));
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(report["profile"]["total"], number(&receipt["gasUsed"]));
    let phases = report["profile"]["phases"].as_object().expect("phases");
    let sum: i64 = phases.values().map(|gas| gas.as_i64().expect("gas")).sum();
    assert_eq!(u64::try_from(sum).expect("positive"), number(&receipt["gasUsed"]));
    assert!(phases["consumer"].as_u64().expect("gas") > 60_000);
}

/// A network of one's own with the rules that forge tests run by in a project.
fn forges_network(project: &Path) {
    let shipped = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../lib/network/networks/ethereum.toml"),
    )
    .expect("a network");
    let own = shipped
        .replace("id = \"ethereum\"", "id = \"forge\"")
        .replace("aliases = [\"mainnet\", \"eth\", \"l1\"]", "aliases = []")
        .replace("chain_id = 1\n", "chain_id = 31337\n")
        .replace("hard_fork = \"osaka\"", "hard_fork = \"paris\"");
    fs::write(project.join("forge.toml"), own).expect("writes");
    let path = project.join("hallmark.toml");
    let settings = fs::read_to_string(&path).expect("settings");
    fs::write(path, settings.replace("[gas]\n", "[gas]\nnetwork_files = [\"forge.toml\"]\n"))
        .expect("writes");
}

#[test]
fn totals_are_those_of_forge() {
    if !forge_is_there() {
        return;
    }
    let (_folder, project) = demo_copy();
    forges_network(&project);
    let total = gas(&project, &["--network", "forge"])["networks"][0]["gas"].as_u64().expect("gas");
    let test = format!(
        "// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {{DevOnlyHalo2Verifier}} from \"../src/Verifier.sol\";
import {{InferenceFixture}} from \"./fixtures/InferenceFixture.sol\";

struct Gas {{
    uint64 gasLimit;
    uint64 gasTotalUsed;
    uint64 gasMemoryUsed;
    int64 gasRefunded;
    uint64 gasRemaining;
}}

interface Cheats {{
    function lastCallGas() external view returns (Gas memory);
}}

contract GasTest {{
    function test_gas() public {{
        address verifier = address(new DevOnlyHalo2Verifier());
        bytes memory data = abi.encodeWithSignature(
            \"verifyProof(bytes,uint256[])\", InferenceFixture.proof(), InferenceFixture.instances()
        );
        // Not as a view function: forge gives only state-changing calls a transaction of their own.
        (bool ok,) = verifier.call(data);
        require(ok);
        Gas memory found = Cheats(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D).lastCallGas();
        require(found.gasTotalUsed == {total}, \"other gas\");
    }}
}}
"
    );
    fs::write(project.join("test/Gas.t.sol"), test).expect("writes");
    forge(&project, &["test", "--match-contract", "GasTest"]);
    // The comparison can fail.
    let path = project.join("test/Gas.t.sol");
    let wrong =
        fs::read_to_string(&path).expect("reads").replace(&total.to_string(), &(total + 1).to_string());
    fs::write(&path, wrong).expect("writes");
    let (output, stdout, _) =
        run(Command::new("forge").args(["test", "--match-contract", "GasTest"]).current_dir(&project));
    assert!(!output.status.success() && stdout.contains("other gas"), "{stdout}");
}

#[test]
fn every_network_is_priced_or_refused_with_a_reason() {
    let report = gas(demo(), &[]);
    let networks = report["networks"].as_array().expect("networks");
    assert_eq!(networks.len(), 13);
    for network in networks {
        let phases = network["phases"].as_object().expect("phases");
        let sum: i64 = phases.values().map(|gas| gas.as_i64().expect("gas")).sum();
        assert_eq!(network["gas"].as_i64().expect("gas"), sum, "{network}");
        match network["quote"].as_object() {
            Some(quote) => {
                let wei = |key: &str| quote[key].as_str().expect("text").parse::<u128>().expect("wei");
                assert_eq!(wei("total_wei"), wei("execution_wei") + wei("data_wei") + wei("operator_wei"));
                assert_eq!(quote["as_of"].as_str().expect("a date").len(), 10);
            }
            None => assert_eq!(network["network"], "zksync-era"),
        }
    }
    // Prague's modular exponentiation is 2,699 gas cheaper than Osaka's (EIP-7883).
    let of = |id: &str| networks.iter().find(|n| n["network"] == id).expect("there")["gas"].as_u64();
    assert_eq!(of("ethereum").zip(of("world-chain")).map(|(osaka, prague)| osaka - prague), Some(2_699));
    let project = str_of(demo());
    for (name, words) in [
        ("polygon-zkevm", ["ended", "2026"]),
        ("blast", ["ended", "2026"]),
        ("optimsm", ["unknown network `optimsm`", "optimism"]),
    ] {
        refuse(&mut hallmark(&["--project", project, "gas", "--network", name]), &words);
    }
    let report = gas(demo(), &["--network", "ethereum-glamsterdam"]);
    assert_eq!(report["networks"][0]["status"], "what-if");
}

/// Burns about 5,000 gas in the phase `quotient` of a generated verifier.
fn make_dearer(project: &Path) {
    let path = project.join("src/Verifier.sol");
    let source = fs::read_to_string(&path).expect("a verifier");
    let marker = "// hallmark:phase quotient\n";
    let at = source.find(marker).expect("the phase") + marker.len();
    let loop_ = "for { let i := 0 } lt(i, 116) { i := add(i, 1) } { pop(keccak256(0x00, 0x20)) }\n";
    fs::write(&path, format!("{}{loop_}{}", &source[..at], &source[at..])).expect("writes");
}

#[test]
fn a_dearer_phase_fails_the_check_by_name() {
    let (folder, project) = demo_copy();
    let project_name = str_of(&project);
    let check = ["--project", project_name, "gas", "--check"];
    refuse(&mut hallmark(&check), &["no gas snapshot", "hint: ", "hallmark gas --snapshot"]);
    succeed(&["--project", project_name, "gas", "--snapshot"]);
    let snapshot = project.join("hallmark-gas.json");
    let written = fs::read_to_string(&snapshot).expect("a snapshot");
    succeed(&["--project", project_name, "gas", "--snapshot"]);
    assert_eq!(written, fs::read_to_string(&snapshot).expect("a snapshot"), "deterministic");
    let text = succeed(&check);
    assert!(text.contains("no change") && text.contains("within budget"), "{text}");

    make_dearer(&project);
    let junit = folder.path().join("gas.xml");
    let mut dear = check.to_vec();
    dear.extend(["--network", "ethereum,base,arbitrum-one", "--junit", str_of(&junit)]);
    let (stdout, stderr) = fails_with_a_result(&dear);
    for network in ["ethereum", "base", "arbitrum-one"] {
        let rule = stderr.lines().find(|line| line.contains(&format!("{network}: phase `quotient`")));
        assert!(rule.is_some_and(|line| line.contains("(+5,0")), "{stderr}");
    }
    assert!(stdout.contains("cost of the change") && stdout.contains("over budget"), "{stdout}");
    assert!(!stderr.contains("phase `opening`"), "{stderr}");
    let xml = fs::read_to_string(&junit).expect("JUnit");
    assert!(xml.contains("failures=\"3\"") && xml.contains("phase `quotient`"), "{xml}");
    let mut markdown = dear.clone();
    markdown.extend(["--format", "markdown"]);
    let (stdout, _) = fails_with_a_result(&markdown);
    assert!(stdout.starts_with("<!-- hallmark-gas -->\n## Gas: over budget"), "{stdout}");
    assert!(stdout.contains("| Base |") && stdout.contains("| ethereum | quotient |"), "{stdout}");
    // A tolerance that allows it; what the change is, between two files.
    let mut tolerant = check.to_vec();
    tolerant.extend(["--network", "ethereum", "--tolerance", "300%"]);
    succeed(&tolerant);
    let other = folder.path().join("after.json");
    fs::write(&other, serde_json::to_string(&gas(&project, &["--network", "ethereum"])).expect("JSON"))
        .expect("writes");
    let difference = succeed(&["gas", "--diff", str_of(&snapshot), str_of(&other)]);
    assert!(
        difference.contains("phase `quotient`") && !difference.contains("phase `opening`"),
        "{difference}"
    );

    for (damage, words) in [
        ("{", ["is not a gas snapshot", "hint: "]),
        ("{\"version\": 1}", ["is not a gas snapshot", "hint: "]),
        (&*written.replacen("\"opening\": 2", "\"opening\": 1", 1), ["add up to", "edited"]),
        (&*written.replacen("\"version\": 1", "\"version\": 9", 1), ["version 9", "hint: "]),
    ] {
        fs::write(&snapshot, damage).expect("writes");
        refuse(&mut hallmark(&check), &words);
    }
}

#[test]
fn budgets_name_the_network_and_the_rule() {
    let (_folder, project) = demo_copy();
    succeed(&["--project", str_of(&project), "gas", "--snapshot"]);
    let path = project.join("hallmark.toml");
    let settings = fs::read_to_string(&path).expect("settings");
    let with = |budget: &str| fs::write(&path, format!("{settings}\n{budget}")).expect("writes");
    let check = ["--project", str_of(&project), "gas", "--check", "--network", "ethereum,base"];
    with("[budget.ethereum]\ngas = 1000000\ncode_bytes = 24576\nphases = { opening = 300000 }\n");
    succeed(&check);
    with("[budget.base]\nphases = { pairing = 100000 }\ndeploy_gas = 1000\ncalldata_bytes = 10\nwei = 5\n");
    let (_, stderr) = fails_with_a_result(&check);
    for words in [
        "base: phase `pairing`: 113,",
        "base: deployment gas",
        "base: bytes of calldata",
        "base: wei",
        "budget of 100,000",
    ] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    with("[budget.ethereum]\nusd = \"0.01\"\n");
    refuse(&mut hallmark(&check), &["budget.ethereum.usd", "--price"]);
    let mut priced = check.to_vec();
    priced.extend(["--price", "ETH=2500"]);
    let (_, stderr) = fails_with_a_result(&priced);
    assert!(stderr.contains("ethereum: millionths of a dollar"), "{stderr}");
    with("[budget.ethereum]\nphases = { openin = 1 }\n");
    let text = succeed(&check);
    assert!(text.contains("phase `openin` was not checked") && text.contains("opening, "), "{text}");
    with("[budget.scroll]\ngas = 1\n");
    assert!(succeed(&check).contains("[budget.scroll] was not checked"));
}

#[test]
fn parameters_are_set_by_hand_and_by_file() {
    let total = |more: &[&str]| {
        let mut all = vec!["--network", "base"];
        all.extend(more);
        gas(demo(), &all)["networks"][0]["quote"]["data_wei"]
            .as_str()
            .expect("wei")
            .parse::<u128>()
            .expect("wei")
    };
    let plain = total(&[]);
    let dear = total(&["--set", "l1_base_fee=1990000000", "--set", "base.blob_base_fee=91500000"]);
    assert_eq!(dear / plain, 10);
    let project = str_of(demo());
    for (set, words) in [
        ("l1_base_fe=5", ["l1_base_fe", "l1_base_fee"]),
        ("l1_base_fee", ["NAME=VALUE", "hint: "]),
        ("l1_base_fee=x", ["NAME=VALUE", "hint: "]),
        ("scroll.base_fee=5", ["not among the networks", "hint: "]),
    ] {
        refuse(&mut hallmark(&["--project", project, "gas", "--network", "base", "--set", set]), &words);
    }
}

#[test]
fn parameters_are_read_from_a_node_or_left_as_they_are() {
    let (_folder, project) = demo_copy();
    let file = project.join("hallmark.parameters.toml");
    let project_name = str_of(&project);
    // A node that is down leaves everything as it was.
    let down = ["--project", project_name, "gas", "--network", "base", "--rpc-url", "http://127.0.0.1:9"];
    refuse(&mut hallmark(&down), &["127.0.0.1:9", "nothing was changed"]);
    assert!(!file.exists());
    let Some(anvil) = Anvil::start(8453) else { return };
    let block = "0x4200000000000000000000000000000000000015";
    let slot = |slot: u8, word: &str| {
        post(
            anvil.port,
            "anvil_setStorageAt",
            value!([block, format!("0x{slot:064x}"), format!("0x{word:0>64}")]),
        );
    };
    slot(1, "5f1a3bb"); // l1BaseFee 99,722,171
    slot(3, &format!("{:08x}{:08x}{}", 2269, 1_055_762, "0".repeat(24)));
    slot(7, "56d33b"); // blobBaseFee 5,690,171
    let url = anvil.url();
    // Of another chain.
    let wrong = ["--project", project_name, "gas", "--network", "optimism", "--rpc-url", &url];
    refuse(&mut hallmark(&wrong), &["8453", "10"]);
    assert!(!file.exists());
    // A bare address: the chain says which network it is.
    let report = gas(&project, &["--rpc-url", &url]);
    assert_eq!(report["networks"][0]["network"], "base");
    let kept = fs::read_to_string(&file).expect("kept");
    assert!(kept.contains("[base.values]") && kept.contains("l1_base_fee = 99722171"), "{kept}");
    // The next run takes what was kept.
    let again = gas(&project, &["--network", "base"]);
    assert_eq!(again["networks"][0]["quote"]["data_wei"], report["networks"][0]["quote"]["data_wei"]);
    // A failed refresh keeps it too.
    refuse(&mut hallmark(&down), &["nothing was changed"]);
    assert_eq!(kept, fs::read_to_string(&file).expect("kept"));
}

#[test]
fn any_contract_can_be_measured() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::write(
        root.join("Count.sol"),
        "// SPDX-License-Identifier: MIT\npragma solidity >=0.7.0 <0.9.0;\nimport \"./Base.sol\";\n\
         contract Count is Base {\n    uint256 public n;\n    constructor(uint256 start) { n = start; }\n    \
         // hallmark:phase counting\n    function add(uint256 by) external { n = sum(n, by); }\n    \
         function forever() external view { while (true) { n; } }\n}\n",
    )
    .unwrap();
    fs::write(
        root.join("Base.sol"),
        "// SPDX-License-Identifier: MIT\npragma solidity >=0.7.0 <0.9.0;\n\
         contract Base { function sum(uint256 a, uint256 b) internal pure returns (uint256) { return a + b; } }\n",
    )
    .unwrap();
    let contract = format!("{}:Count", str_of(&root.join("Count.sol")));
    let call =
        |signature: &str, argument: &str| format!("0x{}{argument}", hex::encode(&keccak256(signature)[..4]));
    let start = format!("{:064x}", 7);
    let one = format!("{:064x}", 1);
    let add = call("add(uint256)", &one);
    let arguments = ["gas", "--contract", &contract, "--calldata", &add, "--constructor-arguments", &start];
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    let report = json(&succeed(&with_json));
    assert_eq!(report["profile"]["success"], true);
    assert!(
        report["profile"]["phases"]["counting"].as_u64().unwrap() > 5_000,
        "{}",
        report["profile"]["phases"]
    );
    let text = succeed(&[&arguments[..], &["--lines"]].concat());
    assert!(text.contains("Count.add") && text.contains("Count.sol:8"), "{text}");
    // Calldata from a file, as hex and as bytes.
    for contents in [add.clone().into_bytes(), hex::decode(&add).unwrap()] {
        let file = root.join("call");
        fs::write(&file, contents).unwrap();
        let again = [
            "gas",
            "--contract",
            &contract,
            "--calldata",
            str_of(&file),
            "--constructor-arguments",
            &start,
            "--json",
        ];
        assert_eq!(json(&succeed(&again))["profile"]["total"], report["profile"]["total"]);
    }
    // A loop without end stops at the limit.
    let forever = call("forever()", "");
    let report = json(&succeed(&[
        "gas",
        "--contract",
        &contract,
        "--calldata",
        &forever,
        "--constructor-arguments",
        &start,
        "--gas-limit",
        "900000",
        "--json",
    ]));
    assert_eq!(
        (report["profile"]["total"].as_u64(), report["profile"]["success"].as_bool()),
        (Some(900_000), Some(false))
    );
    for (contract, calldata, words) in [
        ("Count.sol", "0x", ["is not FILE.sol:NAME", "hint: "]),
        (&*format!("{}:None", str_of(&root.join("Count.sol"))), "0x", ["no contract `None`", "Count"]),
        (&*format!("{}:None", str_of(&root.join("None.sol"))), "0x", ["None.sol", "hint: "]),
        (&contract, "0xzz", ["neither hex nor a file", "hint: "]),
    ] {
        refuse(&mut hallmark(&["gas", "--contract", contract, "--calldata", calldata]), &words);
    }
}

#[test]
fn reports_are_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (page, graph, folded) = (path("gas.html"), path("gas.svg"), path("gas.folded"));
    let arguments = [
        "--project",
        str_of(demo()),
        "gas",
        "--consumer",
        "--html",
        &page,
        "--flamegraph",
        &graph,
        "--folded",
        &folded,
    ];
    succeed(&arguments);
    let total = gas(demo(), &["--consumer"])["profile"]["total"].as_u64().unwrap();
    let stacks = fs::read_to_string(folded).unwrap();
    let sum: u64 = stacks.lines().map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(sum, total);
    assert!(fs::read_to_string(graph).unwrap().contains("</svg>"));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.trim_end().ends_with("</html>") && page.contains("id=\"network-base\""));
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "stands by itself");
    let unwritable = ["--project", str_of(demo()), "gas", "--html", "/nonexistent/gas.html"];
    refuse(&mut hallmark(&unwritable), &["cannot write", "/nonexistent/gas.html"]);
}

#[test]
fn a_verifier_that_refuses_the_stored_proof_is_an_error() {
    let (_folder, project) = demo_copy();
    let path = project.join("test/fixtures/InferenceFixture.sol");
    let fixture = fs::read_to_string(&path).unwrap();
    let at = fixture.find("return hex\"").unwrap() + 400;
    let digit = if &fixture[at..=at] == "0" { "1" } else { "0" };
    fs::write(&path, format!("{}{digit}{}", &fixture[..at], &fixture[at + 1..])).unwrap();
    refuse(
        &mut hallmark(&["--project", str_of(&project), "gas"]),
        &["refuses the stored proof: ", "Invalid()", "hallmark build"],
    );
}

#[test]
fn the_generated_workflow_checks_gas_with_pinned_actions() {
    let workflow = fs::read_to_string(demo().join(".github/workflows/ci.yml")).unwrap();
    let uses: Vec<&str> = workflow.lines().filter_map(|line| line.trim().strip_prefix("- uses: ")).collect();
    assert!(uses.len() >= 5, "{workflow}");
    for action in uses {
        let (_, version) = action.split_once('@').expect("a version");
        let digest = version.split(' ').next().unwrap_or_default();
        assert!(digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
    }
    assert!(workflow.contains("hallmark gas --check --format markdown"));
    assert!(workflow.contains("${{ vars.HALLMARK_REPOSITORY }}") && !workflow.contains("{%"), "{workflow}");
}

#[test]
fn recorded_transactions_cost_what_forge_says() {
    if !forge_is_there() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("pool");
    succeed(&["new", str_of(&project), "--template", "lending", "--ci", "none"]);
    forges_network(&project);
    let listed = gas(&project, &["--transactions"]);
    let listed: Vec<&str> =
        listed.as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect();
    assert_eq!(listed, ["borrow", "openLine", "repay"]);
    let total = |name: &str| {
        let report = gas(&project, &["--transaction", name, "--network", "forge"]);
        assert_eq!(report["subject"]["name"], format!("LendingPool, {name}"));
        report["networks"][0]["gas"].as_u64().expect("gas")
    };

    // forge gives each call a transaction of its own, and knows what it cost.
    let path = project.join("test/LendingPool.t.sol");
    let original = fs::read_to_string(&path).expect("reads");
    let with_totals = |borrow: u64, repay: u64| {
        let check = |text: String, end: &str, total: u64| {
            let with = format!(
                "{end}\n        require(Cheats(address(vm)).lastCallGas().total == {total}, \"other gas\");"
            );
            assert_eq!(text.matches(end).count(), 1, "{end}");
            text.replace(end, &with)
        };
        let text = original.replace(
            "contract LendingPoolTest",
            "struct Gas { uint64 a; uint64 total; uint64 b; int64 c; uint64 d; }\n\
             interface Cheats { function lastCallGas() external view returns (Gas memory); }\n\
             contract LendingPoolTest",
        );
        let text = check(text, "abi.encodeCall(LendingPool.borrow, (LIMIT)));", borrow);
        fs::write(&path, check(text, "abi.encodeCall(LendingPool.repay, (ACCOUNT)));", repay))
            .expect("writes");
        run(Command::new("forge").args(["test", "--match-test", "test_GasOfALoan"]).current_dir(&project))
    };
    let (borrow, repay) = (total("borrow"), total("repay"));
    let (output, stdout, _) = with_totals(borrow, repay);
    assert!(output.status.success(), "{stdout}");
    // The comparison can fail.
    for (borrow, repay) in [(borrow + 1, repay), (borrow, repay - 1)] {
        let (output, stdout, _) = with_totals(borrow, repay);
        assert!(!output.status.success() && stdout.contains("other gas"), "{stdout}");
    }
    fs::write(&path, &original).expect("writes");

    // The consumer set up by arguments instead: a lender, a time, one tier.
    let number = |value: u64| format!("{value:064x}");
    let encoded = [1, 31_536_000, 0x60, 1, 1, 1_000_000_000].map(number).concat();
    let consumer = gas(&project, &["--consumer", "--constructor-arguments", &encoded, "--network", "forge"]);
    let opened = consumer["networks"][0]["gas"].as_u64().expect("gas");
    // The test has three tiers, and looks at each.
    assert!((500_000..total("openLine")).contains(&opened), "{opened}");
    let takes = "address lender, uint256 longestLine, (int256,uint256)[] tiers";
    for (wrong, words) in [
        (None, ["takes more than verifier", takes]),
        (Some("0x"), ["does not encode", takes]),
        (Some("zz"), ["is not hex", "hint: "]),
        (Some(&encoded[..encoded.len() - 64]), ["does not encode", takes]),
        (Some(&format!("{encoded}00")), ["does not encode", "hint: "]),
    ] {
        let mut arguments = vec!["--project", str_of(&project), "gas", "--consumer"];
        arguments.extend(wrong.iter().flat_map(|wrong| ["--constructor-arguments", wrong]));
        refuse(&mut hallmark(&arguments), &words);
    }

    // A snapshot of its own, which a dearer loan breaks.
    fn in_project<'a>(project: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
        [&["--project", str_of(project), "gas"], more].concat()
    }
    let borrowing = ["--transaction", "borrow"];
    succeed(&in_project(&project, &[&borrowing[..], &["--snapshot"]].concat()));
    assert!(project.join("hallmark-gas-borrow.json").is_file());
    let check = in_project(&project, &[&borrowing[..], &["--check"]].concat());
    succeed(&check);
    let source = project.join("src/LendingPool.sol");
    let text = fs::read_to_string(&source).expect("reads");
    let start = text.find("function borrow(").expect("a function");
    let body = start + text[start..].find("{\n").expect("a body") + 2;
    let dearer = format!("{}        new bytes(100_000);\n{}", &text[..body], &text[body..]);
    fs::write(&source, dearer).expect("writes");
    let (_, stderr) = fails_with_a_result(&check);
    assert!(stderr.contains("ethereum: phase `consumer`"), "{stderr}");
    fs::write(&source, text).expect("writes");

    // Mistakes.
    refuse(
        &mut hallmark(&in_project(&project, &["--transaction", "other"])),
        &["`other`", "borrow, openLine, repay"],
    );
    refuse(&mut hallmark(&in_project(&project, &["--transaction", "../x"])), &["no name of a transaction"]);
    fs::write(&path, original.replace("transact(\"repay\"", "transact(\"borrow\"")).expect("writes");
    refuse(&mut hallmark(&in_project(&project, &["--transactions"])), &["record a transaction `borrow`"]);
    fs::write(&path, original.replace("\"paid back\"", "uint8(300)")).expect("writes");
    refuse(&mut hallmark(&in_project(&project, &["--transactions"])), &["forge cannot run the tests"]);
    fs::write(&path, original.replace("(), 0, \"paid back\"", "(), 1, \"paid back\"")).expect("writes");
    refuse(
        &mut hallmark(&in_project(&project, &["--transactions"])),
        &["LendingPoolTest.test_GasOfALoan fails", "-vvv"],
    );
    fs::write(&path, original.replace("test_GasOf", "test_")).expect("writes");
    refuse(
        &mut hallmark(&in_project(&project, &["--transactions"])),
        &["no Forge test records", "transact(name"],
    );
}

#[test]
fn a_recorded_inference_costs_what_the_consumer_does() {
    if !forge_is_there() {
        return;
    }
    let (_folder, project) = demo_copy();
    let recorded = gas(&project, &["--transaction", "submit"]);
    let consumer = gas(&project, &["--consumer"]);
    assert_eq!(recorded["profile"]["total"], consumer["profile"]["total"]);
    assert_eq!(recorded["profile"]["phases"], consumer["profile"]["phases"]);
}
