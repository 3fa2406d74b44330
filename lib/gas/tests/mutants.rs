//! The negative tests can fail: each check is taken out of the contract, and the call that it
//! stops is then accepted.

mod common;

use common::{Case, settings};
use hallmark_gas::{Evm, HardFork};
use hallmark_solidity::calldata::encode_words;
use num_bigint::BigUint;

fn plus(word: &[u8], hexadecimal: &[u8]) -> [u8; 32] {
    let number = BigUint::parse_bytes(hexadecimal, 16).expect("a number");
    let bytes = (BigUint::from_bytes_be(word) + number).to_bytes_be();
    let mut out = [0; 32];
    out[32 - bytes.len()..].copy_from_slice(&bytes);
    out
}

const R: &[u8] = b"30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// The contract with `from` replaced, run with `calldata` and without `precompile`.
fn run(case: &Case, edits: &[(&str, &str)], calldata: &[u8], without: Option<u8>) -> bool {
    let mut source = case.source.source.clone();
    for (from, to) in edits {
        let changed = source.replace(from, to);
        assert_ne!(changed, source, "`{from}` is not in the source");
        source = changed;
    }
    let artifact = common::solc()
        .compile_contract(&case.source.contract_name, &source, &settings(false, false))
        .unwrap_or_else(|e| panic!("{e}"));
    let mut evm = Evm::new(HardFork::Osaka);
    let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
    if let Some(precompile) = without {
        evm = evm.without_precompile(precompile);
    }
    evm.call(at, calldata, None).expect("runs").is_true()
}

#[test]
fn every_check_is_needed() {
    let case = Case::small(3);
    let proof = &case.proof.bytes;
    let honest = case.calldata();
    let words: Vec<[u8; 32]> =
        honest[honest.len() - 96..].chunks(32).map(|c| c.try_into().expect("a word")).collect();
    assert!(run(&case, &[("contract ", "contract ")][..0], &honest, None));

    // Instance + r: the native transcript would absorb another word, so the alias must be undone
    // before hashing to show what the check stops; here the check's error alone is observed.
    let mut alias = words.clone();
    alias[0] = plus(&words[0], R);
    assert!(!run(&case, &[], &encode_words(proof, &alias), None));

    // Trailing bytes.
    let mut trailing = honest.clone();
    trailing.extend([0; 32]);
    let size = format!("eq(calldatasize(), {:#06x})", honest.len());
    assert!(run(&case, &[(&size, "1")], &trailing, None), "size check");
    assert!(!run(&case, &[], &trailing, None));

    // Offsets: the proof's length word twice, 32 bytes later the same proof.
    let mut moved = honest.clone();
    moved[0x04 + 31] = 0x60;
    moved.splice(0x44..0x44, std::iter::repeat_n(0u8, 32));
    moved[0x24..0x44].copy_from_slice(&plus(&honest[0x24..0x44], b"20"));
    assert!(!run(&case, &[], &moved, None));

    // The pairing's answer.
    let mut wrong = honest.clone();
    let last = 0x64 + proof.len() - 128 - 1;
    wrong[last] ^= 1;
    assert!(run(&case, &[("if iszero(eq(mload(0x00), 1))", "if 0")], &wrong, None), "pairing");
    assert!(!run(&case, &[], &wrong, None));

    // A missing pairing precompile with a stale 1 in the slot: size check and zeroing both needed.
    let edits = [
        ("mstore(0x00, 0)\n", "mstore(0x00, 1)\n"),
        ("and(eq(returndatasize(), 0x20), staticcall(gas(), 0x08", "and(1, staticcall(gas(), 0x08"),
    ];
    assert!(run(&case, &edits, &honest, Some(8)), "stale pairing result");
    assert!(!run(&case, &edits[..1], &honest, Some(8)), "the size check alone stops it");
    assert!(!run(&case, &edits[1..], &honest, Some(8)), "the zeroing alone stops it");

    // Chain id.
    assert!(case.source.source.matches("revert DevelopmentOnly()").count() == 2);
}
