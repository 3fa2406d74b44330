//! The negative tests can fail: each check is taken out of the contract, and the call that it
//! stops is then accepted.

mod common;

use common::{Case, settings};
use hallmark_gas::{CallOutcome, Evm, HardFork};
use hallmark_solidity::calldata::encode_words;
use hallmark_solidity::selector;
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
    outcome(case, edits, calldata, without).is_true()
}

fn outcome(case: &Case, edits: &[(&str, &str)], calldata: &[u8], without: Option<u8>) -> CallOutcome {
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
    evm.call(at, calldata, None).expect("runs")
}

#[test]
fn every_check_is_needed() {
    let case = Case::small(3);
    let proof = &case.proof.bytes;
    let honest = case.calldata();
    let words: Vec<[u8; 32]> =
        honest[honest.len() - 96..].chunks(32).map(|c| c.try_into().expect("a word")).collect();
    assert!(run(&case, &[("contract ", "contract ")][..0], &honest, None));

    // Words that the transcript absorbs: an alias of an honest proof's word changes the challenges,
    // so only a prover who hashes the alias could use it. Without the check the contract goes on to
    // the equation, which is what the error shows.
    let mut alias = words.clone();
    alias[0] = plus(&words[0], R);
    let alias = encode_words(proof, &alias);
    let check = [("ok := and(ok, lt(n, r))", "")];
    assert_eq!(outcome(&case, &[], &alias, None).output, selector("InstanceNotCanonical()"));
    assert_eq!(outcome(&case, &check, &alias, None).output, selector("ProofInvalid()"));

    let scalar = 64 * 10; // the first evaluation
    let mut aliased = proof.clone();
    aliased[scalar..scalar + 32].copy_from_slice(&plus(&proof[scalar..scalar + 32], R));
    let aliased = encode_words(&aliased, &words);
    let check = [("lt(calldataload(0x02e4), r)", "1")];
    assert_eq!(outcome(&case, &[], &aliased, None).output, selector("ScalarNotCanonical()"));
    assert_eq!(outcome(&case, &check, &aliased, None).output, selector("ProofInvalid()"));

    // W' is absorbed nowhere. Without our check its x + q stops at the precompile, which burns all
    // gas it is given.
    let mut point = proof.clone();
    let last = proof.len() - 64;
    let q = b"30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
    point[last..last + 32].copy_from_slice(&plus(&proof[last..last + 32], q));
    let point = encode_words(&point, &words);
    let check = [("and(lt(px, q), lt(py, q))", "1")];
    let stopped = outcome(&case, &[], &point, None);
    assert_eq!(stopped.output, selector("PointInvalid()"));
    let burnt = outcome(&case, &check, &point, None);
    assert!(!burnt.success && burnt.gas_used > 10 * stopped.gas_used, "{burnt:?}");

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
    wrong[last] ^= 1; // the last evaluation
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
