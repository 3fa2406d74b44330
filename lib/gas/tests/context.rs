//! The context in a real circuit: an EVM's hash of it, and proofs taken to another one.

mod common;

use common::settings;
use hallmark_circuit::{CONTEXT_INDEX, Circuit, Context, Objective, field::Fr};
use hallmark_gas::{Evm, HardFork};
use hallmark_graph::Execution;
use hallmark_graph::ir::{
    Bounds, Function, GraphInput, GraphOutput, IntegerGraph, Node, Operation, QuantisationSettings, Tensor,
    TensorId, Term, Value,
};
use hallmark_proof::halo2::Halo2;
use hallmark_proof::srs::Srs;
use hallmark_proof::{Backend, ContextParts, Error, Proof};
use hallmark_solidity::calldata::encode_verify_proof;
use hallmark_solidity::{generate_verifier, selector};
use halo2curves::ff::{Field, PrimeField};
use std::collections::BTreeMap;

const HASHER: &str = r#"// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.20;

contract Hasher {
    function contextOf(uint256 chainId, address consumer, address account, uint256 nonce, uint256 deadline)
        external
        pure
        returns (uint256)
    {
        return uint256(
            keccak256(abi.encode(keccak256("hallmark.context.v1"), chainId, consumer, account, nonce, deadline))
        ) >> 8;
    }

    function fixtureContext() external view returns (uint256) {
        return this.contextOf(
            31337,
            address(uint160(uint256(keccak256("hallmark.fixture.consumer")))),
            address(uint160(uint256(keccak256("hallmark.fixture.account")))),
            0,
            4102444800
        );
    }
}
"#;

fn big_endian(value: Fr) -> Vec<u8> {
    value.to_repr().iter().rev().copied().collect()
}

#[test]
fn an_evm_computes_the_same_contexts() {
    let sources = BTreeMap::from([("Hasher.sol".to_owned(), HASHER.to_owned())]);
    let artifacts =
        common::solc().compile(&sources, &settings(false, true)).unwrap_or_else(|e| panic!("{e}"));
    let mut evm = Evm::new(HardFork::Osaka);
    let hasher = evm.deploy(&artifacts[0].creation_code).expect("deploys").address;
    let fixture = evm.call(hasher, &selector("fixtureContext()"), None).expect("runs");
    assert_eq!(fixture.output, big_endian(ContextParts::fixture().context().value()));

    let largest = ContextParts {
        chain_id: [0xff; 32],
        consumer: [0xff; 20],
        account: [0xff; 20],
        nonce: [0xff; 32],
        deadline: [0xff; 32],
    };
    let mixed = ContextParts {
        chain_id: std::array::from_fn(|i| i as u8),
        consumer: std::array::from_fn(|i| 3 * i as u8 + 1),
        account: std::array::from_fn(|i| 5 * i as u8 + 2),
        nonce: std::array::from_fn(|i| 7 * i as u8),
        deadline: std::array::from_fn(|i| 2 * i as u8 + 9),
    };
    for parts in [largest, mixed, ContextParts::fixture()] {
        let mut call = selector("contextOf(uint256,address,address,uint256,uint256)").to_vec();
        call.extend(parts.chain_id);
        for address in [parts.consumer, parts.account] {
            call.extend([0; 12]);
            call.extend(address);
        }
        call.extend(parts.nonce);
        call.extend(parts.deadline);
        let outcome = evm.call(hasher, &call, None).expect("runs");
        assert_eq!(outcome.output, big_endian(parts.context().value()), "{parts:?}");
    }
}

/// Two inputs, three weighted sums of them, requantised.
fn graph() -> (IntegerGraph, Execution) {
    let settings = QuantisationSettings { limb_bits: 4, low_limbs: 2, high_limbs: 2, fraction_bits: 4 };
    let tensor = |name: &str, len: usize, magnitude: i128| Tensor {
        name: name.into(),
        shape: vec![len],
        fraction_bits: 0,
        bounds: Bounds { min: -magnitude, max: magnitude },
    };
    let node = |name: &str, operation| Node { name: name.into(), operator: name.into(), operation };
    let all = |tensor: u32, len: u32| (0..len).map(move |index| Value { tensor: TensorId(tensor), index });
    let weights = vec![9i64, -4, 7, 8, -3, 5];
    let input = [100i128, -77];
    let sums: Vec<i128> =
        (0..3).map(|o| (0..2).map(|i| i128::from(weights[2 * o + i]) * input[i]).sum()).collect();
    let outputs: Vec<i128> = sums.iter().map(|y| (y + 128) >> 8).collect();
    let graph = IntegerGraph {
        settings,
        tensors: vec![tensor("x", 2, 128), tensor("y", 3, 1_700), tensor("z", 3, 128)],
        nodes: vec![
            node("x", Operation::Input { input: 0, limbs: 2 }),
            node(
                "y",
                Operation::Linear {
                    terms: vec![Term::Dense {
                        positions: 1,
                        inputs: 2,
                        outputs: 3,
                        weights,
                        input_index: all(0, 2).map(Some).collect(),
                        output_index: vec![0, 1, 2],
                    }],
                    bias: vec![],
                },
            ),
            node("z", Operation::Activate { source: TensorId(1), function: Function::Identity }),
        ],
        tables: vec![],
        inputs: vec![GraphInput {
            name: "x".into(),
            shape: vec![2],
            tensor: Some(TensorId(0)),
            fraction_bits: 0,
        }],
        outputs: vec![GraphOutput {
            name: "z".into(),
            shape: vec![3],
            fraction_bits: 0,
            elements: all(2, 3).map(Ok).collect(),
        }],
    };
    (graph, Execution { values: vec![input.to_vec(), sums, outputs] })
}

#[test]
fn a_proof_for_one_context_is_no_proof_for_another() {
    let (graph, execution) = graph();
    let circuit = Circuit::compile(&graph, Objective::Gas).expect("compiles");
    let srs = Srs::dev_from_seed(circuit.statistics().k, [7; 32]);
    let key = Halo2.setup(circuit.description(), &srs).expect("sets up");
    let prove = |context: Context| -> Proof {
        let witness = circuit.witness(&graph, &execution, context).expect("a witness");
        Halo2.prove(&key, &srs, &witness).expect("proves")
    };
    let source = generate_verifier(&key.verifying_key().parameters(), &common::options()).expect("generates");
    let artifact = common::solc()
        .compile_contract(&source.contract_name, &source.source, &settings(false, true))
        .unwrap_or_else(|e| panic!("{e}"));
    let mut evm = Evm::new(HardFork::Osaka);
    let verifier = evm.deploy(&artifact.creation_code).expect("deploys").address;

    let bound = ContextParts::fixture().context();
    let another = ContextParts { account: [1; 20], ..ContextParts::fixture() }.context();
    for context in [bound, another, Context::UNBOUND] {
        let proof = prove(context);
        assert_eq!(proof.context(), Some(context));
        let call = encode_verify_proof(&proof.bytes, &proof.instances);
        assert!(evm.call(verifier, &call, None).expect("runs").is_true(), "{context:?}");
        for other in [bound, another, Context::UNBOUND, Context::new(context.value() + Fr::ONE)] {
            if other == context {
                continue;
            }
            let mut moved = proof.clone();
            moved.instances[CONTEXT_INDEX] = other.value();
            assert!(matches!(Halo2.verify(key.verifying_key(), &moved), Err(Error::Rejected)));
            let call = encode_verify_proof(&moved.bytes, &moved.instances);
            let outcome = evm.call(verifier, &call, None).expect("runs");
            assert!(!outcome.success, "{context:?} as {other:?}");
            assert_eq!(outcome.output, selector("ProofInvalid()"), "{context:?} as {other:?}");
        }
    }

    // A prover who puts another public value beside the cell gets no proof, whatever is hashed.
    let witness = circuit
        .witness_with(&graph, &execution, bound, &mut |hint, honest| match hint {
            hallmark_circuit::Hint::Instance { index: CONTEXT_INDEX } => another.value(),
            _ => honest,
        })
        .expect("a witness");
    let forged = Halo2.prove_unchecked(&key, &srs, &witness).expect("bytes");
    assert!(matches!(Halo2.verify(key.verifying_key(), &forged), Err(Error::Rejected)));
    let call = encode_verify_proof(&forged.bytes, &forged.instances);
    let outcome = evm.call(verifier, &call, None).expect("runs");
    assert_eq!((outcome.success, outcome.output), (false, selector("ProofInvalid()").to_vec()));
}
