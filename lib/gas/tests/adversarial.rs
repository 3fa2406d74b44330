//! Everything that must not be accepted: each test breaks a valid call in one way.
//!
//! Every bit of the proof is flipped, in parallel: about half a minute.

mod common;

use alloy_primitives::Address;
use common::{Case, settings};
use hallmark_gas::{Evm, HardFork};
use hallmark_solidity::calldata::encode_words;
use hallmark_solidity::selector;
use hallmark_solidity::solc::Artifact;
use num_bigint::BigUint;
use std::sync::OnceLock;

const R: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const Q: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// One proof, one verifier, deployed; cloned by every test.
struct Fixture {
    case: Case,
    artifact: Artifact,
    evm: Evm,
    at: Address,
    gas: u64,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let case = Case::small(3);
        let artifact = case.compile(&settings(false, true));
        let mut evm = Evm::new(HardFork::Osaka);
        let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
        let outcome = evm.call(at, &case.calldata(), None).expect("runs");
        assert!(outcome.is_true(), "{outcome:?}");
        Fixture { case, artifact, evm, at, gas: outcome.gas_used }
    })
}

impl Fixture {
    fn words(&self) -> Vec<[u8; 32]> {
        let calldata = self.case.calldata();
        let first = calldata.len() - 32 * self.case.proof.instances.len();
        calldata[first..].chunks(32).map(|c| c.try_into().expect("32 bytes")).collect()
    }

    /// The call reverts with this error (any, when `None`), and costs no more than a valid one.
    #[track_caller]
    fn rejects(&self, calldata: &[u8], error: Option<&str>) {
        let outcome = self.evm.clone().call(self.at, calldata, None).expect("runs");
        assert!(!outcome.success, "accepted: {outcome:?}");
        assert_eq!(outcome.halt, None, "halts instead of reverting");
        if let Some(error) = error {
            assert_eq!(outcome.output, selector(error), "another error than {error}");
        }
        // Longer calldata pays for itself; everything else is bounded by the valid call.
        let extra = calldata.len().saturating_sub(self.case.calldata().len()) as u64;
        assert!(outcome.gas_used <= self.gas + 3_000 + 40 * extra, "{}", outcome.gas_used);
    }

    fn with_proof(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut proof = self.case.proof.bytes.clone();
        change(&mut proof);
        encode_words(&proof, &self.words())
    }

    /// Offsets in the proof of all points.
    fn points(&self) -> Vec<usize> {
        let p = &self.case.parameters;
        let products = p.permutation.len().div_ceil(p.permutation_chunk);
        let first = p.advice_phases.len() + products + 1 + p.quotient_pieces;
        let end = self.case.proof.bytes.len();
        (0..first).map(|i| 64 * i).chain([end - 128, end - 64]).collect()
    }

    /// Offsets in the proof of all scalars.
    fn scalars(&self) -> Vec<usize> {
        let points = self.points();
        let end = self.case.proof.bytes.len() - 128;
        (64 * (points.len() - 2)..end).step_by(32).collect()
    }
}

/// The word plus a number given in hexadecimal, when that fits a word.
fn plus(word: &[u8], number: &BigUint) -> Option<[u8; 32]> {
    let bytes = (BigUint::from_bytes_be(word) + number).to_bytes_be();
    let mut out = [0; 32];
    let start = 32usize.checked_sub(bytes.len())?;
    out[start..].copy_from_slice(&bytes);
    Some(out)
}

fn number(hexadecimal: &str) -> BigUint {
    BigUint::parse_bytes(hexadecimal.as_bytes(), 16).expect("a number")
}

#[test]
fn every_bit_flip_is_rejected() {
    let f = fixture();
    let proof = &f.case.proof.bytes;
    let words = f.words();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let bytes: Vec<usize> = (0..proof.len()).collect();
    let accepted: Vec<(usize, u8)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|worker| {
                let (bytes, words) = (&bytes, &words);
                scope.spawn(move || {
                    let mut evm = f.evm.clone();
                    let mut accepted = Vec::new();
                    for at in bytes.iter().skip(worker).step_by(threads) {
                        for bit in 0..8 {
                            let mut proof = proof.clone();
                            proof[*at] ^= 1 << bit;
                            let call = encode_words(&proof, words);
                            let outcome = evm.call(f.at, &call, None).expect("runs");
                            if outcome.success || outcome.halt.is_some() {
                                accepted.push((*at, bit));
                            }
                        }
                    }
                    accepted
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("joins")).collect()
    });
    assert_eq!(accepted, []);
}

#[test]
fn instances_are_canonical_and_bound() {
    let f = fixture();
    let words = f.words();
    let r = number(R);
    for i in 0..words.len() {
        for k in 1u32..=5 {
            if let Some(alias) = plus(&words[i], &(&r * k)) {
                let mut changed = words.clone();
                changed[i] = alias;
                f.rejects(&encode_words(&f.case.proof.bytes, &changed), Some("InstanceNotCanonical()"));
            }
        }
        let mut changed = words.clone();
        changed[i] = plus(&words[i], &BigUint::from(1u8)).expect("fits");
        f.rejects(&encode_words(&f.case.proof.bytes, &changed), Some("ProofInvalid()"));
    }
    let mut swapped = words.clone();
    swapped.swap(0, 1);
    f.rejects(&encode_words(&f.case.proof.bytes, &swapped), Some("ProofInvalid()"));
}

#[test]
fn scalars_are_canonical() {
    let f = fixture();
    let r = number(R);
    for at in f.scalars() {
        for k in 1u32..=5 {
            let Some(alias) = plus(&f.case.proof.bytes[at..at + 32], &(&r * k)) else { continue };
            f.rejects(
                &f.with_proof(|p| p[at..at + 32].copy_from_slice(&alias)),
                Some("ScalarNotCanonical()"),
            );
        }
    }
}

#[test]
fn points_are_canonical_and_on_the_curve() {
    let f = fixture();
    let q = number(Q);
    let invalid = Some("PointInvalid()");
    for at in f.points() {
        f.rejects(&f.with_proof(|p| p[at..at + 64].fill(0)), invalid);
        for coordinate in [at, at + 32] {
            let word = &f.case.proof.bytes[coordinate..coordinate + 32];
            for k in 1u32..=5 {
                if let Some(alias) = plus(word, &(&q * k)) {
                    f.rejects(
                        &f.with_proof(|p| p[coordinate..coordinate + 32].copy_from_slice(&alias)),
                        invalid,
                    );
                }
            }
            let off = plus(word, &BigUint::from(1u8)).expect("fits");
            f.rejects(&f.with_proof(|p| p[coordinate..coordinate + 32].copy_from_slice(&off)), invalid);
        }
        // −P and another point are on the curve: they must fail the equation.
        let y = BigUint::from_bytes_be(&f.case.proof.bytes[at + 32..at + 64]);
        let minus = plus(&[], &(&q - y)).expect("fits");
        f.rejects(&f.with_proof(|p| p[at + 32..at + 64].copy_from_slice(&minus)), Some("ProofInvalid()"));
        let mut generator = [0u8; 64];
        (generator[31], generator[63]) = (1, 2);
        f.rejects(&f.with_proof(|p| p[at..at + 64].copy_from_slice(&generator)), Some("ProofInvalid()"));
    }
}

#[test]
fn lengths_are_exact() {
    let f = fixture();
    let proof = &f.case.proof.bytes;
    let words = f.words();
    let length = Some("ProofLengthInvalid()");
    for extra in [1, 31, 32, 64, 1024] {
        let mut longer = proof.clone();
        longer.resize(proof.len() + extra, 0);
        f.rejects(&encode_words(&longer, &words), length);
    }
    for missing in [1, 32, 64, proof.len()] {
        f.rejects(&encode_words(&proof[..proof.len() - missing], &words), length);
    }
    let count = Some("InstanceCountInvalid()");
    f.rejects(&encode_words(proof, &words[1..]), count);
    f.rejects(&encode_words(proof, &[]), count);
    let mut more = words.clone();
    more.push([0; 32]);
    f.rejects(&encode_words(proof, &more), count);

    let calldata = f.case.calldata();
    for extra in [1, 4, 31, 32, 1024] {
        for byte in [0x00, 0xff] {
            let mut longer = calldata.clone();
            longer.resize(calldata.len() + extra, byte);
            f.rejects(&longer, Some("CalldataLayoutInvalid()"));
        }
    }
    for missing in [1, 31, 32, 64, 1024] {
        f.rejects(&calldata[..calldata.len() - missing], None);
    }
    f.rejects(&calldata[..4], None);
    f.rejects(&[], None);
}

#[test]
fn offsets_are_those_of_an_encoder() {
    let f = fixture();
    let calldata = f.case.calldata();
    let set = |at: usize, value: usize| {
        let mut changed = calldata.clone();
        changed[at..at + 32].fill(0);
        changed[at + 24..at + 32].copy_from_slice(&(value as u64).to_be_bytes());
        changed
    };
    let instances = 0x60 + f.case.proof.bytes.len();
    for value in [0, 0x20, 0x3f, 0x41, 0x60, instances, calldata.len(), usize::MAX / 2] {
        f.rejects(&set(0x04, value), None);
    }
    for value in [0, 0x20, 0x40, 0x60, instances - 32, instances - 1, instances + 1, instances + 32] {
        f.rejects(&set(0x24, value), None);
    }
    // Both arguments whole, but moved: instances first, or a gap in between.
    let proof = &f.case.proof.bytes;
    let words = f.words();
    let word = |value: usize| {
        let mut word = [0u8; 32];
        word[24..].copy_from_slice(&(value as u64).to_be_bytes());
        word
    };
    let head = |first: usize, second: usize| {
        let mut out = calldata[..4].to_vec();
        out.extend(word(first));
        out.extend(word(second));
        out
    };
    let mut swapped = head(0x40 + 32 + 32 * words.len(), 0x40);
    swapped.extend(word(words.len()));
    swapped.extend(words.concat());
    swapped.extend(word(proof.len()));
    swapped.extend(proof);
    f.rejects(&swapped, Some("CalldataLayoutInvalid()"));
    let mut gap = head(0x40, instances + 32);
    gap.extend(word(proof.len()));
    gap.extend(proof);
    gap.extend([0u8; 32]);
    gap.extend(word(words.len()));
    gap.extend(words.concat());
    f.rejects(&gap, Some("CalldataLayoutInvalid()"));
}

#[test]
fn missing_precompiles_revert() {
    let f = fixture();
    for precompile in [5, 6, 7, 8] {
        let mut evm = f.evm.clone().without_precompile(precompile);
        let outcome = evm.call(f.at, &f.case.calldata(), None).expect("runs");
        assert!(!outcome.success, "accepted without precompile {precompile}");
        assert_eq!(outcome.output, selector("PrecompileFailed()"), "precompile {precompile}");
    }
}

#[test]
fn too_little_gas_never_accepts() {
    let f = fixture();
    let calldata = f.case.calldata();
    let mut evm = f.evm.clone();
    let intrinsic = 45_000;
    let limits = (intrinsic..f.gas).step_by(997).chain(f.gas - 300..f.gas);
    for limit in limits {
        if let Ok(outcome) = evm.call(f.at, &calldata, Some(limit)) {
            assert!(!outcome.success, "accepts with {limit} of {} gas", f.gas);
        }
    }
    let exact = (f.gas..f.gas + 4_000)
        .step_by(100)
        .find(|limit| evm.call(f.at, &calldata, Some(*limit)).is_ok_and(|o| o.is_true()));
    assert!(exact.is_some(), "never accepts near its own gas");
}

#[test]
fn development_verifiers_work_on_local_chains_only() {
    let f = fixture();
    assert!(f.case.source.contract_name.starts_with("DevOnly"));
    let deployed = Evm::new(HardFork::Osaka).with_chain_id(1).deploy(&f.artifact.creation_code);
    let message = deployed.expect_err("deploys on chain 1").to_string();
    let error = alloy_primitives::hex::encode(selector("DevelopmentOnly()"));
    assert!(message.contains(&error), "{message}");
    let outcome = f.evm.clone().with_chain_id(10).call(f.at, &f.case.calldata(), None).expect("runs");
    assert_eq!(outcome.output, selector("DevelopmentOnly()"));
}

/// The same contract with garbage in all memory it may use, and in scratch space.
#[test]
fn dirty_memory_changes_nothing() {
    let f = fixture();
    let start = "// Memory: scratch space";
    let fill = "assembly { for { let i := 0x80 } lt(i, 0x4000) { i := add(i, 0x20) } \
                { mstore(i, not(i)) } mstore(0x00, not(0)) mstore(0x20, not(0)) }\n";
    let source = f.case.source.source.replacen(start, &format!("{fill}{start}"), 1);
    assert_ne!(source, f.case.source.source);
    for (via_ir, optimizer) in [(false, true), (false, false)] {
        let artifact = common::solc()
            .compile_contract(&f.case.source.contract_name, &source, &settings(via_ir, optimizer))
            .expect("compiles");
        let mut evm = Evm::new(HardFork::Osaka);
        let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
        assert!(evm.call(at, &f.case.calldata(), None).expect("runs").is_true());
        for precompile in [5, 6, 7, 8] {
            let mut evm = evm.clone().without_precompile(precompile);
            assert!(!evm.call(at, &f.case.calldata(), None).expect("runs").success);
        }
        let mut bad = f.case.calldata();
        bad[0x64 + 64 * 10 + 31] ^= 1;
        assert!(!evm.call(at, &bad, None).expect("runs").success);
    }
}

#[test]
fn taken_memory_reverts() {
    let f = fixture();
    let start = "// Memory: scratch space";
    let source =
        f.case.source.source.replacen(start, &format!("assembly {{ mstore(0x40, 0x0420) }}\n{start}"), 1);
    let artifact = common::solc()
        .compile_contract(&f.case.source.contract_name, &source, &settings(false, true))
        .expect("compiles");
    let mut evm = Evm::new(HardFork::Osaka);
    let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
    let outcome = evm.call(at, &f.case.calldata(), None).expect("runs");
    assert_eq!(outcome.output, selector("MemoryReserved()"));
}

#[test]
fn a_call_to_no_code_is_an_error() {
    let f = fixture();
    let nobody = Address::repeat_byte(0x11);
    assert!(f.evm.clone().call(nobody, &f.case.calldata(), None).is_err());
    assert!(f.evm.clone().profile(&[], nobody, &f.case.calldata(), None).is_err());
}
