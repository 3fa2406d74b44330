//! Reports, snapshots and verdicts, on a small contract under the rules of all networks.

use hallmark_budget::amount::Dollars;
use hallmark_budget::check::{against_budgets, against_snapshot};
use hallmark_budget::{Budget, Error, Item, Report, Rule, Snapshot, Tolerance, measure, render};
use hallmark_gas::Evm;
use hallmark_gas::scenario::{Prepared, Scenario};
use hallmark_network::{Networks, Obstacle};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Deploys bytes of code and calls them.
struct Code {
    code: Vec<u8>,
    calldata: Vec<u8>,
}

impl Scenario for Code {
    fn prepare(&self, evm: &mut Evm) -> Result<Prepared, hallmark_gas::Error> {
        let [high, low] = u16::try_from(self.code.len()).expect("small").to_be_bytes();
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        let mut creation = vec![0x61, high, low, 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3];
        creation.extend_from_slice(&self.code);
        let deployed = evm.deploy(&creation)?;
        Ok(Prepared {
            to: deployed.address,
            calldata: self.calldata.clone(),
            contracts: Vec::new(),
            deploy_gas: deployed.gas,
            runtime_bytes: deployed.runtime_bytes,
        })
    }
}

fn report(code: &[u8], calldata: &[u8], names: &[&str]) -> Report {
    let networks = Networks::shipped().expect("valid files");
    let networks: Vec<_> = names
        .iter()
        .map(|name| {
            let network = networks.get(name).expect("known").clone();
            let parameters = network.parameters.clone();
            (network, parameters)
        })
        .collect();
    let scenario = Code { code: code.to_vec(), calldata: calldata.to_vec() };
    let prices = BTreeMap::from([("ETH".to_owned(), Dollars::parse("2000").expect("a price"))]);
    measure("a contract", &scenario, &networks, &prices, Some(5_000_000)).expect("measures").0
}

/// `SSTORE(0, 1)` and as many `KECCAK256(0, 0)`.
fn work(hashes: usize) -> Vec<u8> {
    let mut code = vec![0x60, 0x01, 0x5f, 0x55];
    code.extend([0x5f, 0x5f, 0x20, 0x50].repeat(hashes));
    code
}

const NETWORKS: [&str; 4] = ["ethereum", "base", "arbitrum-one", "zksync-era"];

#[test]
fn unchanged_code_passes_and_dearer_code_fails_on_every_network() {
    let before = report(&work(10), &[1; 100], &NETWORKS);
    let snapshot = Snapshot::of(&before);
    let same = against_snapshot(&before, &snapshot, Tolerance::parse("0%").expect("a percentage"));
    assert!(same.passed() && same.changes.is_empty() && same.notes.is_empty(), "{same:?}");

    // Eleven more hashes cost 11 · (30 + 2 + 2 + 2) = 396 gas.
    let after = report(&work(21), &[1; 100], &NETWORKS);
    let dearer = against_snapshot(&after, &snapshot, Tolerance::parse("0.5%").expect("a percentage"));
    for network in NETWORKS {
        let of = |item: Item| dearer.findings.iter().find(|f| f.network == network && f.item == item);
        let finding = of(Item::Phase("other".into())).expect("the phase is named");
        assert_eq!(finding.found - finding.before.expect("was there"), 396);
        assert_eq!(finding.rule, Rule::Snapshot);
    }
    // Cheaper code is a change, not a finding.
    let cheaper = against_snapshot(&before, &Snapshot::of(&after), Tolerance::DEFAULT);
    assert!(cheaper.passed() && !cheaper.changes.is_empty());
    // Within the tolerance.
    let loose = Tolerance::parse("150%").expect("a percentage");
    assert!(against_snapshot(&after, &snapshot, loose).passed());
}

#[test]
fn what_cannot_be_compared_is_said() {
    let snapshot = Snapshot::of(&report(&work(1), &[1; 10], &["ethereum", "base"]));
    let verdict =
        against_snapshot(&report(&work(1), &[2; 10], &["ethereum", "linea"]), &snapshot, Tolerance::DEFAULT);
    assert!(verdict.passed());
    for words in ["linea is not in the snapshot", "base is in the snapshot", "the stored proof is another"] {
        assert!(verdict.notes.iter().any(|note| note.contains(words)), "{words}: {:?}", verdict.notes);
    }
}

#[test]
fn snapshots_survive_a_file_and_damage_is_noticed() {
    let report = report(&work(3), &[0; 40], &NETWORKS);
    let snapshot = Snapshot::of(&report);
    let path = std::env::temp_dir().join(format!("hallmark-budget-{}.json", std::process::id()));
    let write = |text: &str| std::fs::write(&path, text).expect("writes");
    let text = snapshot.to_json().expect("encodes");
    write(&text);
    assert_eq!(Snapshot::read(&path).expect("reads"), snapshot);
    // A whole report is read as its snapshot.
    write(&serde_json::to_string(&report).expect("encodes"));
    assert_eq!(Snapshot::read(&path).expect("reads"), snapshot);
    for damaged in ["", "[]", "{}", &text[..text.len() / 2], &text.replacen("\"gas\": ", "\"gas\": 1", 1)] {
        write(damaged);
        assert!(matches!(Snapshot::read(&path), Err(Error::Damaged { .. })), "{damaged}");
    }
    std::fs::write(&path, [0xff, 0xfe]).expect("writes");
    assert!(matches!(Snapshot::read(&path), Err(Error::Damaged { .. })));
    std::fs::remove_file(&path).expect("removes");
    assert!(matches!(Snapshot::read(&path), Err(Error::NoSnapshot { .. })));
}

#[test]
fn budgets_are_limits_to_the_unit() {
    let report = report(&work(3), &[7; 40], &["ethereum"]);
    let network = &report.networks[0];
    let quote = network.quote.as_ref().expect("priced");
    let limits = |more: u64| {
        let budget = Budget {
            gas: Some(network.gas - more),
            wei: Some(hallmark_budget::check::WeiLimit::Text(
                (quote.total_wei - u128::from(more)).to_string(),
            )),
            calldata_bytes: Some(40 - more),
            code_bytes: Some(report.subject.code_bytes - more),
            deploy_gas: Some(network.deploy_gas - more),
            phases: BTreeMap::from([("intrinsic".to_owned(), 21_000 - more), ("absent".to_owned(), 0)]),
            usd: None,
        };
        against_budgets(&report, &BTreeMap::from([("ethereum".to_owned(), budget)])).expect("compares")
    };
    assert_eq!(limits(0), []);
    assert_eq!(limits(1).len(), 6);
    let dollars = network.dollars().expect("a price was given");
    let exact = format!("{}.{:06}", dollars.millionths() / 1_000_000, dollars.millionths() % 1_000_000);
    let usd = |text: &str| {
        let budget = Budget { usd: Some(text.to_owned()), ..Budget::default() };
        against_budgets(&report, &BTreeMap::from([("ethereum".to_owned(), budget)])).expect("compares").len()
    };
    assert_eq!((usd(&exact), usd("0.000001")), (0, 1));
}

#[test]
fn a_network_that_refuses_breaks_its_budget() {
    // JUMPDEST, PUSH0, JUMP: five million gas of nothing; and a hundred thousand bytes of calldata.
    let report = report(&[0x5b, 0x5f, 0x56], &[0xff; 100_000], &["linea"]);
    assert!(!report.networks[0].feasible());
    let budgets = BTreeMap::from([("linea".to_owned(), Budget::default())]);
    let findings = against_budgets(&report, &budgets).expect("compares");
    assert!(
        findings.iter().any(|f| f.rule == Rule::Feasibility && f.to_string().contains("60000")),
        "{findings:?}"
    );
    let obstacles = &report.networks[0].quote.as_ref().expect("priced").feasibility;
    assert!(obstacles.iter().any(|o| matches!(o, Obstacle::CalldataBytes { .. })), "{obstacles:?}");
}

#[test]
fn reports_escape_what_they_show() {
    let mut report = report(&work(2), &[1], &NETWORKS);
    report.subject.name = "<script>alert(1)</script>".into();
    let page = render::html(&report, None, "<svg/>", "a tool").expect("renders");
    assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"));
    let verdict = against_snapshot(&report, &Snapshot::of(&report), Tolerance::DEFAULT);
    let xml = render::junit(&report, &verdict).expect("renders");
    assert!(
        xml.contains("tests=\"4\"") && xml.contains("failures=\"0\"") && !xml.contains("<script>"),
        "{xml}"
    );
    let markdown = render::markdown(&report, Some(&verdict));
    assert!(markdown.starts_with(render::MARKER) && markdown.contains("within budget"), "{markdown}");
}

proptest! {
    /// Whatever is allowed is never below what was, and grows with the tolerance.
    #[test]
    fn tolerances_only_allow(before in -1_000_000_000i128..1_000_000_000, points in 0u64..10_000) {
        let text = format!("{}.{:02}%", points / 100, points % 100);
        let allowed = Tolerance::parse(&text).expect("a percentage").allowed(before);
        prop_assert!(allowed >= before);
        prop_assert!(allowed - before <= before.abs());
    }
}
