//! Real proofs against generated verifiers, under every compiler pipeline.

mod common;

use common::{Case, settings};
use hallmark_gas::{Evm, HardFork, code_by_phase};
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
        let profile =
            evm.profile(&artifact, deployed.address, &case.calldata()).expect("profiles");
        println!(
            "{instances} instances: {profile:#?} formula {} code {:?}",
            case.formula(),
            code_by_phase(&artifact)
        );
        assert!(profile.success);
        assert_eq!(profile.phases.values().sum::<u64>(), profile.total);
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
