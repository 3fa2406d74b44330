//! The profiler: every view adds up to the receipt's gas, for any code and any calldata.

mod common;

use alloy_primitives::Address;
use common::{Case, settings, solc};
use hallmark_gas::{CALLDATA, Contract, Evm, HardFork, OpcodeClass, Profile, REFUND, Rules, flamegraph};
use hallmark_solidity::solc::Artifact;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Creation code that deploys `code` as it is.
fn creation(code: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(code.len()).expect("small").to_be_bytes();
    // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    let mut creation = vec![0x61, high, low, 0x80, 0x60, 0x0a, 0x3d, 0x39, 0x3d, 0xf3];
    creation.extend_from_slice(code);
    creation
}

fn deploy(evm: &mut Evm, code: &[u8]) -> Address {
    evm.deploy(&creation(code)).expect("deploys").address
}

/// Profiles code without a source; the profiler itself checks that all views add up.
fn profile(code: &[u8], calldata: &[u8], gas_limit: Option<u64>) -> Profile {
    let mut evm = Evm::new(HardFork::Osaka);
    let at = deploy(&mut evm, code);
    let plain = evm.call(at, calldata, gas_limit).expect("runs");
    let (outcome, profile) = evm.profile(&[], at, calldata, gas_limit).expect("profiles");
    assert_eq!(outcome, plain, "recording changes nothing");
    assert_eq!(profile.total, plain.gas_used);
    profile
}

fn count(profile: &Profile, name: &str) -> u64 {
    profile.opcodes.iter().find(|usage| usage.name == name).map_or(0, |usage| usage.count)
}

#[test]
fn a_loop_without_end_stops_at_the_gas_limit() {
    // JUMPDEST, PUSH0, JUMP
    let profile = profile(&[0x5b, 0x5f, 0x56], &[], Some(1_000_000));
    assert_eq!(profile.total, 1_000_000);
    assert!(!profile.success);
    assert!(profile.halt.is_some());
    assert!(count(&profile, "JUMP") > 80_000);
}

#[test]
fn a_call_to_itself_without_end_stops_too() {
    // Calls itself with all gas, at every depth twice.
    let once = [0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xfa, 0x50];
    let code = [once, once].concat();
    let profile = profile(&code, &[], Some(3_000_000));
    assert!(profile.total <= 3_000_000);
    assert!(profile.stacks.len() < 10_000, "{}", profile.stacks.len());
}

#[test]
fn memory_growth_is_measured() {
    // MSTORE(0x1000, 1): 129 words, 3·129 + 129²/512 = 419 gas.
    let profile = profile(&[0x60, 0x01, 0x61, 0x10, 0x00, 0x52], &[], None);
    assert_eq!((profile.memory.peak_bytes, profile.memory.gas), (129 * 32, 419));
}

#[test]
fn accesses_are_cold_once() {
    // SLOAD(0) twice, BALANCE(0x1234) twice, SLOAD(1).
    let code =
        [0x5f, 0x54, 0x5f, 0x54, 0x61, 0x12, 0x34, 0x31, 0x61, 0x12, 0x34, 0x31, 0x60, 0x01, 0x54, 0x00];
    let profile = profile(&code, &[], None);
    let access = profile.access;
    assert_eq!((access.cold_slots, access.warm_slots), (2, 1));
    assert_eq!((access.cold_accounts, access.warm_accounts), (1, 1));
    let gas = |name: &str| profile.opcodes.iter().find(|usage| usage.name == name).map_or(0, |u| u.gas);
    assert_eq!(gas("SLOAD"), 2 * 2100 + 100);
    assert_eq!(gas("BALANCE"), 2600 + 100);
}

#[test]
fn what_a_failed_call_warmed_is_cold_again() {
    // SLOAD(0), INVALID behind a jump on calldata: called twice by the outer contract.
    let mut evm = Evm::new(HardFork::Osaka);
    let inner = deploy(&mut evm, &[0x5f, 0x54, 0xfe]);
    let call = |gas: u8| {
        let mut code = vec![0x5f, 0x5f, 0x5f, 0x5f, 0x73];
        code.extend_from_slice(inner.as_slice());
        code.extend_from_slice(&[0x61, gas, 0x00, 0xfa, 0x50]);
        code
    };
    let outer = deploy(&mut evm, &[call(0x20), call(0x20)].concat());
    let (_, profile) = evm.profile(&[], outer, &[], None).expect("profiles");
    assert_eq!((profile.access.cold_slots, profile.access.warm_slots), (2, 0));
    // The gas says the same.
    let sload = profile.opcodes.iter().find(|usage| usage.name == "SLOAD").expect("runs");
    assert_eq!(sload.gas, 2 * 2100);
    // INVALID burns what is left of 8,192 gas, twice.
    let invalid = profile.opcodes.iter().find(|usage| usage.name == "INVALID").expect("runs");
    assert_eq!(invalid.gas, 2 * (0x2000 - 2100 - 2));
}

#[test]
fn refunds_are_a_phase_of_their_own() {
    // SSTORE(0, 1), SSTORE(0, 0).
    let profile = profile(&[0x60, 0x01, 0x5f, 0x55, 0x5f, 0x5f, 0x55], &[], None);
    // EIP-3529: 19,900 come back, capped at a fifth of the gas used.
    let before = profile.intrinsic + profile.calldata + profile.execution();
    assert_eq!(profile.refund, before / 5);
    assert_eq!(profile.phases.get(REFUND), Some(&-i64::try_from(profile.refund).expect("fits")));
    assert_eq!(profile.total, before - profile.refund);
}

#[test]
fn the_floor_price_of_calldata_is_in_the_phase_of_calldata() {
    let data = vec![0xff; 1000];
    let profile = profile(&[0x00], &data, None);
    // EIP-7623: 10 gas for each of 4 tokens a byte.
    assert_eq!(profile.total, 21_000 + 40_000);
    assert_eq!(profile.floor_surcharge, 40_000 - 16_000);
    assert_eq!(profile.phases.get(CALLDATA), Some(&40_000));
    // A network may leave the floor away.
    let mut evm = Evm::with_rules(Rules { calldata_floor: false, ..Rules::ethereum(HardFork::Osaka) });
    let at = deploy(&mut evm, &[0x00]);
    let (_, profile) = evm.profile(&[], at, &data, None).expect("profiles");
    assert_eq!((profile.total, profile.floor_surcharge), (21_000 + 16_000, 0));
}

#[test]
fn creation_and_value_add_up() {
    // CREATE(0, 0, 32) of zeros, then CALL(gas, address, 0, …), SELFDESTRUCT(0).
    let code = [0x60, 0x20, 0x5f, 0x5f, 0xf0, 0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x85, 0x5a, 0xf1, 0x5f, 0xff];
    let profile = profile(&code, &[], None);
    assert_eq!(count(&profile, "CREATE"), 1);
    assert_eq!(count(&profile, "CALL"), 1);
    assert!(profile.stacks.keys().any(|stack| stack.contains("constructor")) || profile.success);
}

#[test]
fn precompiles_are_counted_with_their_inputs() {
    // ecPairing of one pair of zeros, ecMul of zeros, an address without code.
    let code = [
        0x5f, 0x5f, 0x60, 0xc0, 0x5f, 0x60, 0x08, 0x5a, 0xfa, // pairing, 192 bytes
        0x60, 0x40, 0x5f, 0x60, 0x60, 0x5f, 0x60, 0x07, 0x5a, 0xfa, // ecMul, 96 bytes
        0x5f, 0x5f, 0x5f, 0x5f, 0x61, 0xff, 0xff, 0x5a, 0xfa,
    ];
    let profile = profile(&code, &[], None);
    let pairing = profile.precompiles["ecPairing"];
    assert_eq!((pairing.calls, pairing.gas, pairing.pairs), (1, 45_000 + 34_000, Some(1)));
    assert_eq!((profile.precompiles["ecMul"].calls, profile.precompiles["ecMul"].gas), (1, 6_000));
    assert_eq!(profile.precompiles.len(), 2);
}

#[test]
fn opcode_classes_cover_what_runs() {
    for opcode in 0..=255u8 {
        let known = revm::bytecode::opcode::OpCode::new(opcode).is_some();
        assert_eq!(OpcodeClass::of(opcode) != OpcodeClass::Invalid, known, "0x{opcode:02x}");
    }
}

/// A consumer that keeps state, over a real verifier.
const CONSUMER: &str = "
interface IVerifier { function verifyProof(bytes calldata, uint256[] calldata) external view returns (bool); }
contract Consumer {
    IVerifier immutable verifier;
    mapping(bytes32 => bool) used;
    uint256 public count;
    constructor(IVerifier v) { verifier = v; }
    function submit(bytes calldata proof, uint256[] calldata instances) external {
        require(verifier.verifyProof(proof, instances));
        _mark(keccak256(abi.encodePacked(instances)));
    }
    function _mark(bytes32 id) internal {
        require(!used[id]);
        used[id] = true;
        count++;
    }
}";

fn consumer() -> (Evm, Address, Address, Artifact, Artifact, Vec<u8>) {
    let case = Case::small(3);
    let verifier = case.compile(&settings(false, true));
    let sources = BTreeMap::from([("Consumer.sol".to_owned(), CONSUMER.to_owned())]);
    let artifacts = solc().compile(&sources, &settings(false, true)).expect("compiles");
    let consumer = artifacts.into_iter().find(|a| a.name == "Consumer").expect("Consumer");
    let mut evm = Evm::new(HardFork::Osaka);
    let verifier_at = evm.deploy(&verifier.creation_code).expect("deploys").address;
    let mut code = consumer.creation_code.clone();
    code.extend_from_slice(&[0; 12]);
    code.extend_from_slice(verifier_at.as_slice());
    let consumer_at = evm.deploy(&code).expect("deploys").address;
    let mut call = case.calldata();
    call[..4].copy_from_slice(&hallmark_solidity::selector("submit(bytes,uint256[])"));
    (evm, verifier_at, consumer_at, verifier, consumer, call)
}

#[test]
fn a_consumers_transaction_is_attributed_across_contracts() {
    let (mut evm, verifier_at, consumer_at, verifier, consumer, call) = consumer();
    let verifier = Contract::new(Arc::new(verifier)).expect("a source map");
    let consumer = Contract::with_default_phase(Arc::new(consumer), "consumer").expect("a source map");
    let contracts = [(verifier_at, &verifier), (consumer_at, &consumer)];
    let (outcome, profile) = evm.profile(&contracts, consumer_at, &call, None).expect("profiles");
    assert!(outcome.success, "{outcome:?}");
    assert_eq!(profile.phases.values().sum::<i64>(), i64::try_from(outcome.gas_used).expect("fits"));
    // Two new slots at 22,100 each, the call, the decoding: the consumer's own part.
    assert!(profile.phases["consumer"] > 46_000, "{:?}", profile.phases);
    assert!(profile.phases["opening"] > 100_000 && profile.phases["pairing"] > 113_000);
    let mark = profile.functions.iter().find(|f| f.function == "Consumer._mark").expect("a row");
    assert!(mark.gas > 44_000, "{mark:?}");
    let line = profile.lines.iter().find(|line| line.text == "used[id] = true;").expect("a row");
    assert!(line.path == "Consumer.sol" && line.gas >= 20_000, "{line:?}");
    let verifying = |stack: &&String| stack.contains("Consumer.submit;") && stack.contains("ecPairing");
    assert_eq!(profile.stacks.keys().filter(verifying).count(), 1, "{:?}", profile.stacks.keys());
    let pairing = profile.lines.iter().max_by_key(|line| line.precompile_gas).expect("a line");
    assert_eq!(pairing.precompile_gas, 113_000, "{pairing:?}");

    let folded = flamegraph::folded(&profile);
    let sum: u64 = folded.lines().filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum();
    assert_eq!(sum, profile.total + profile.refund);
    let svg = flamegraph::svg(&profile, "a consumer", flamegraph::Interaction::Full).expect("draws");
    assert!(svg.contains("<svg") && svg.contains("ecPairing"));
}

#[test]
fn other_code_at_an_address_is_refused_and_immutables_are_not_other_code() {
    let (mut evm, verifier_at, consumer_at, verifier, consumer, call) = consumer();
    let contract = Contract::new(Arc::new(verifier)).expect("a source map");
    assert!(evm.profile(&[(consumer_at, &contract)], consumer_at, &call, None).is_err());
    let contract = Contract::new(Arc::new(consumer.clone())).expect("a source map");
    assert!(evm.profile(&[(verifier_at, &contract)], verifier_at, &call, None).is_err());
    let deployed = evm.code(consumer_at);
    assert_ne!(deployed, consumer.runtime_code, "the address is in the code");
    assert!(consumer.is_code(&deployed));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 2000 }))]

    /// Random bytes mostly stop at once; these are biased to instructions that do something.
    #[test]
    fn any_code_adds_up(
        code in prop::collection::vec(
            prop_oneof![
                4 => 0u8..=255,
                2 => prop::sample::select(vec![0x5f, 0x60, 0x30, 0x5a, 0x80, 0x36]),
                2 => prop::sample::select(vec![0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa, 0xfd, 0xf3, 0x54, 0x55, 0x52, 0x20]),
            ],
            0..200,
        ),
        calldata in prop::collection::vec(any::<u8>(), 0..100),
        fork in prop::sample::select(HardFork::ALL.to_vec()),
        gas_limit in 60_000u64..400_000,
    ) {
        let mut evm = Evm::new(fork);
        // Code that begins with 0xEF cannot be deployed (EIP-3541).
        if let Ok(deployed) = evm.deploy(&creation(&code)) && !code.is_empty() {
            let plain = evm.call(deployed.address, &calldata, Some(gas_limit));
            match evm.profile(&[], deployed.address, &calldata, Some(gas_limit)) {
                Ok((outcome, profile)) => {
                    prop_assert_eq!(outcome.gas_used, plain.expect("runs").gas_used);
                    prop_assert_eq!(profile.phases.values().sum::<i64>(), outcome.gas_used as i64);
                }
                Err(error) => {
                    // A limit below the intrinsic gas is refused by both.
                    prop_assert!(plain.is_err(), "{}", error);
                }
            }
        }
    }
}
