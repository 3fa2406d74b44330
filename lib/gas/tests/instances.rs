//! The polynomial of the public inputs, from none to thousands of them.

#![allow(clippy::print_stdout)]

mod common;

use common::settings;
use hallmark_circuit::field::{Field, Fr, PrimeField};
use hallmark_gas::{Evm, HardFork};
use hallmark_solidity::generate_verifier;

fn scalar(word: &[u8]) -> Fr {
    let mut repr = [0u8; 32];
    for (to, from) in repr.iter_mut().zip(word.iter().rev()) {
        *to = *from;
    }
    Option::<Fr>::from(Fr::from_repr(repr)).expect("canonical")
}

#[test]
fn instance_polynomial_is_exact_for_any_number_of_instances() {
    let mut parameters = common::large_parameters(4, 2);
    let mut last: Option<(usize, u64)> = None;
    for count in [1, 2, 8, 9, 16, 17, 18, 24, 25, 784, 4096] {
        parameters.instances = count;
        // Also read at the next and the previous row.
        parameters.instance_queries = vec![0, 1, -1];
        let source = generate_verifier(&parameters, &common::options()).expect("generates").source;
        let value = |rotation: usize| -> String {
            let at = source.find("Value of the polynomial of the instances.").expect("a section");
            source[at..]
                .match_indices("mstore(0x")
                .nth(rotation)
                .map(|(i, _)| source[at + i + 7..at + i + 13].to_owned())
                .expect("a slot")
        };
        let x = 0x400 + 0x20 * (parameters.challenges + 4);
        let traced = source.replacen(
            "combine(r)\n",
            &format!(
                "mstore(0x2000, mload({x})) mstore(0x2020, mload({})) mstore(0x2040, mload({})) \
                 mstore(0x2060, mload({})) return(0x2000, 0x80)\n",
                value(0),
                value(1),
                value(2)
            ),
            1,
        );
        let artifact = common::solc()
            .compile_contract("DevOnlyVerifier", &traced, &settings(false, true))
            .unwrap_or_else(|e| panic!("{e}"));
        let mut evm = Evm::new(HardFork::Osaka);
        let deployed = evm.deploy(&artifact.creation_code).expect("deploys");
        let calldata = common::plausible_calldata(&parameters);
        let outcome = evm.call(deployed.address, &calldata, None).expect("runs");
        assert!(outcome.success, "{count} instances: {outcome:?}");
        let words: Vec<Fr> = outcome.output.chunks(32).map(scalar).collect();
        let n = 1u64 << parameters.k;
        for (rotation, got) in [(0i32, words[1]), (1, words[2]), (-1, words[3])] {
            let omega =
                if rotation < 0 { parameters.omega.invert().expect("not 0") } else { parameters.omega };
            let point = if rotation == 0 { words[0] } else { words[0] * omega };
            let factor = (point.pow_vartime([n]) - Fr::ONE) * Fr::from(n).invert().expect("not 0");
            let mut root = Fr::ONE;
            let mut expected = Fr::ZERO;
            for i in 0..count {
                let weight = (point - root).invert().expect("not on the domain");
                expected += Fr::from(5 + i as u64) * root * weight;
                root *= parameters.omega;
            }
            assert_eq!(got, expected * factor, "{count} instances, rotation {rotation}");
        }
        println!("{count} instances: {} gas, {} bytes", outcome.gas_used, deployed.runtime_bytes);
        assert!(deployed.runtime_bytes < 12_000, "{}", deployed.runtime_bytes);
        if let Some((before, gas)) = last.filter(|(before, _)| count > *before + 100) {
            let each = (outcome.gas_used - gas) / (count - before) as u64;
            // Three readings of the instances cost about three times 110 gas each.
            assert!(each < 700, "{each} gas per instance");
        }
        last = Some((count, outcome.gas_used));
    }
}
