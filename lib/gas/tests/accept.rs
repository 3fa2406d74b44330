//! Real proofs against generated verifiers, under every compiler pipeline.

#![allow(clippy::print_stdout)]

mod common;

use common::{Case, settings};
use hallmark_gas::{Contract, Evm, HardFork, code_by_phase};
use hallmark_solidity::{generate_verifier, selector};

#[test]
fn accepts_a_proof_in_every_cell_of_the_compiler_matrix() {
    let case = Case::small(3);
    for (via_ir, optimizer) in [(false, true), (false, false), (true, true), (true, false)] {
        let artifact = case.compile(&settings(via_ir, optimizer));
        let mut evm = Evm::new(HardFork::Osaka);
        let deployed = evm.deploy(&artifact.creation_code).expect("deploys");
        let outcome = evm.call(deployed.address, &case.calldata(), None).expect("runs");
        println!(
            "via_ir {via_ir} optimizer {optimizer}: {} bytes, {} gas, {:02x?}",
            deployed.runtime_bytes, outcome.gas_used, outcome.output
        );
        assert!(outcome.is_true(), "via_ir {via_ir} optimizer {optimizer}: {outcome:?}");
        let mut bad = case.calldata();
        bad[0x64 + 70] ^= 1;
        assert!(!evm.call(deployed.address, &bad, None).expect("runs").success);
    }
}

#[test]
fn profile_adds_up() {
    for instances in [0, 1, 3, 20] {
        let case = Case::small(instances);
        let artifact = case.compile(&settings(false, true));
        let mut evm = Evm::new(HardFork::Osaka);
        let deployed = evm.deploy(&artifact.creation_code).expect("deploys");
        let contract = Contract::new(artifact.into()).expect("a source map");
        let (_, profile) = evm
            .profile(&[(deployed.address, &contract)], deployed.address, &case.calldata(), None)
            .expect("profiles");
        println!(
            "{instances} instances: {profile:#?} formula {} code {:?}",
            case.formula(),
            code_by_phase(&contract)
        );
        assert!(profile.success);
        assert_eq!(profile.phases.values().sum::<i64>(), i64::try_from(profile.total).expect("fits"));
        let outcome = evm.call(deployed.address, &case.calldata(), None).expect("runs");
        assert_eq!(outcome.gas_used, profile.total);
    }
}

/// The IR pipeline reserves memory below the verifier's; it must leave enough even for a large one.
#[test]
fn large_verifiers_compile_everywhere_and_reach_the_pairing() {
    for (advice, gates) in [(8, 10), (20, 30)] {
        let parameters = common::large_parameters(advice, gates);
        let source = generate_verifier(&parameters, &common::options()).expect("generates");
        if let Some(folder) = std::env::var_os("HALLMARK_TEST_SOURCES") {
            let path = std::path::Path::new(&folder).join(format!("large{advice}.sol"));
            std::fs::write(path, &source.source).expect("writes");
        }
        for (via_ir, optimizer) in [(false, true), (false, false), (true, true), (true, false)] {
            let artifact = common::solc()
                .compile_contract(&source.contract_name, &source.source, &settings(via_ir, optimizer))
                .unwrap_or_else(|e| panic!("{e}"));
            let mut evm = Evm::new(HardFork::Osaka);
            let deployed = evm.deploy(&artifact.creation_code).expect("deploys");
            let calldata = common::plausible_calldata(&parameters);
            let outcome = evm.call(deployed.address, &calldata, None).expect("runs");
            println!(
                "advice {advice} via_ir {via_ir} optimizer {optimizer}: {} bytes, {} gas {:02x?}",
                deployed.runtime_bytes, outcome.gas_used, outcome.output
            );
            assert_eq!(outcome.output, selector("ProofInvalid()"), "{via_ir} {optimizer}");
        }
    }
}

#[test]
fn accepts_under_every_hard_fork_at_its_own_price() {
    let case = Case::small(1);
    let artifact = case.compile(&settings(false, true));
    let mut gas = Vec::new();
    for fork in HardFork::ALL {
        let mut evm = Evm::new(fork);
        let deployed = evm.deploy(&artifact.creation_code).expect("deploys");
        let contract = Contract::new(artifact.clone().into()).expect("a source map");
        let (_, profile) = evm
            .profile(&[(deployed.address, &contract)], deployed.address, &case.calldata(), None)
            .expect("profiles");
        assert!(profile.success, "{}", fork.name());
        gas.push(profile.total);
    }
    // Osaka prices the one modular exponentiation at 4,048 instead of 1,349 (Paris to Prague).
    assert_eq!(gas[4] - gas[3], 4_048 - 1_349, "{gas:?}");
}

#[test]
fn gas_stays_within_the_budget() {
    for instances in [0, 3, 20] {
        let case = Case::small(instances);
        let artifact = case.compile(&settings(false, true));
        let mut evm = Evm::new(HardFork::Osaka);
        let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
        let gas = evm.call(at, &case.calldata(), None).expect("runs").gas_used;
        assert!(gas <= case.formula() * 98 / 100, "{gas} of {}", case.formula());
    }
}

#[test]
fn generation_is_deterministic_and_ceremonies_are_not_dev_only() {
    let case = Case::small(1);
    let again = generate_verifier(&case.parameters, &common::options()).expect("generates");
    assert_eq!(again, case.source);
    let mut parameters = case.parameters.clone();
    parameters.srs.provenance = hallmark_proof::srs::Provenance::Ceremony("test */ only".into());
    let source = generate_verifier(&parameters, &common::options()).expect("generates");
    assert_eq!(source.file_name, "Verifier.sol");
    assert!(!source.source.contains("31337") && !source.source.contains("DevelopmentOnly"));
    let artifact = common::solc()
        .compile_contract("Verifier", &source.source, &settings(false, true))
        .unwrap_or_else(|e| panic!("{e}"));
    let mut evm = Evm::new(HardFork::Osaka).with_chain_id(1);
    let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
    assert!(evm.call(at, &case.calldata(), None).expect("runs").is_true());
    for (getter, word) in
        [("SRS_ID()", case.parameters.srs.id.to_vec()), ("VERIFYING_KEY_ID()", vec![0x42; 32])]
    {
        let outcome = evm.call(at, &selector(getter), None).expect("runs");
        assert_eq!(outcome.output, word, "{getter}");
    }
    for (getter, number) in
        [("PROOF_LENGTH()", case.proof.bytes.len()), ("INSTANCE_COUNT()", case.proof.instances.len())]
    {
        let outcome = evm.call(at, &selector(getter), None).expect("runs");
        assert_eq!(outcome.output[24..], (number as u64).to_be_bytes(), "{getter}");
    }
}

#[test]
fn bad_parameters_are_errors() {
    let case = Case::small(1);
    let mut p = case.parameters.clone();
    p.advice_queries.push(p.advice_queries[0]);
    assert!(generate_verifier(&p, &common::options()).is_err(), "duplicate query");
    let mut p = case.parameters.clone();
    p.advice_queries.pop();
    assert!(generate_verifier(&p, &common::options()).is_err(), "missing query");
    let mut p = case.parameters.clone();
    p.instances = 1 << 20;
    assert!(generate_verifier(&p, &common::options()).is_err(), "too many instances");
    let mut options = common::options();
    options.contract_name = "x; selfdestruct".into();
    assert!(generate_verifier(&case.parameters, &options).is_err(), "name");
}
