//! The contract's challenges against a transcript written from the specification, and the
//! avalanche: whatever is absorbed changes every later challenge and no earlier one.

mod common;

use common::{Case, settings};
use hallmark_circuit::description::Phase;
use hallmark_gas::{Evm, HardFork};
use hallmark_proof::parameters::VerifierParameters;
use hallmark_solidity::calldata::encode_words;
use halo2curves::bn256::Fr;
use halo2curves::ff::PrimeField;
use num_bigint::BigUint;
use sha3::{Digest, Keccak256};

const FIRST_WORD: usize = 0x0400;

struct Transcript {
    buffer: Vec<u8>,
    challenges: Vec<[u8; 32]>,
}

impl Transcript {
    fn squeeze(&mut self) {
        if self.buffer.len() == 32 {
            self.buffer.push(1);
        }
        let digest: [u8; 32] = Keccak256::digest(&self.buffer).into();
        self.buffer = digest.to_vec();
        let r = BigUint::parse_bytes(b"30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001", 16)
            .expect("a number");
        let bytes = (BigUint::from_bytes_be(&digest) % r).to_bytes_be();
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(&bytes);
        self.challenges.push(word);
    }
}

fn big_endian(value: Fr) -> Vec<u8> {
    value.to_repr().as_ref().iter().rev().copied().collect()
}

/// All challenges in order: the circuit's, θ, β, γ, y, x, y', v, u.
fn native(p: &VerifierParameters, proof: &[u8], instances: &[[u8; 32]]) -> Vec<[u8; 32]> {
    let mut t = Transcript { buffer: big_endian(p.transcript_seed), challenges: Vec::new() };
    t.buffer.extend(instances.concat());
    let mut rest = proof;
    let mut absorb = |t: &mut Transcript, bytes: usize| {
        let (now, later) = rest.split_at(bytes);
        t.buffer.extend(now);
        rest = later;
    };
    let first = p.advice_phases.iter().filter(|phase| **phase == Phase::First).count();
    absorb(&mut t, 64 * first);
    (0..p.challenges).for_each(|_| t.squeeze());
    absorb(&mut t, 64 * (p.advice_phases.len() - first));
    (0..3).for_each(|_| t.squeeze());
    let products = p.permutation.len().div_ceil(p.permutation_chunk);
    absorb(&mut t, 64 * (products + 1));
    t.squeeze();
    absorb(&mut t, 64 * p.quotient_pieces);
    t.squeeze();
    let points = p.advice_phases.len() + products + 1 + p.quotient_pieces;
    absorb(&mut t, proof.len() - 64 * points - 128);
    (0..2).for_each(|_| t.squeeze());
    absorb(&mut t, 64);
    t.squeeze();
    t.challenges
}

#[test]
fn challenges_agree_and_every_absorbed_word_matters() {
    for instances in [0, 3] {
        let case = Case::small(instances);
        let p = &case.parameters;
        let count = p.challenges + 8;
        // Ends right after the transcript and returns the words that hold the challenges.
        let call = "fractions(r)\n";
        let traced = case.source.source.replacen(call, &format!("return({FIRST_WORD}, {})\n", 32 * count), 1);
        assert_ne!(traced, case.source.source);
        let artifact = common::solc()
            .compile_contract(&case.source.contract_name, &traced, &settings(false, false))
            .unwrap_or_else(|e| panic!("{e}"));
        let mut evm = Evm::new(HardFork::Osaka);
        let at = evm.deploy(&artifact.creation_code).expect("deploys").address;
        let mut trace = |proof: &[u8], words: &[[u8; 32]]| -> Vec<[u8; 32]> {
            let outcome = evm.call(at, &encode_words(proof, words), None).expect("runs");
            assert!(outcome.success, "{outcome:?}");
            let mut challenges: Vec<[u8; 32]> =
                outcome.output.chunks(32).map(|c| c.try_into().expect("a word")).collect();
            let mut expected = native(p, proof, words);
            // θ is drawn but not kept.
            challenges.remove(p.challenges);
            expected.remove(p.challenges);
            assert_eq!(challenges, expected);
            challenges
        };
        let words: Vec<[u8; 32]> =
            case.proof.instances.iter().map(|i| big_endian(*i).try_into().expect("a word")).collect();
        let proof = &case.proof.bytes;
        let honest = trace(proof, &words);

        for i in 0..words.len() {
            let mut changed = words.clone();
            changed[i][31] ^= 1;
            let other = trace(proof, &changed);
            assert!(honest.iter().zip(&other).all(|(a, b)| a != b), "instance {i}");
        }
        // How many challenges (θ left out) are drawn before each part of the proof is absorbed.
        let first = p.advice_phases.iter().filter(|phase| **phase == Phase::First).count();
        let products = p.permutation.len().div_ceil(p.permutation_chunk);
        let c = p.challenges;
        let mut parts: Vec<(usize, usize, bool)> = Vec::new(); // offset, drawn before, is a point
        let points = [
            (first, 0),
            (p.advice_phases.len() - first, c),
            (products + 1, c + 2),
            (p.quotient_pieces, c + 3),
        ];
        let mut offset = 0;
        for (number, drawn) in points {
            for _ in 0..number {
                parts.push((offset, drawn, true));
                offset += 64;
            }
        }
        while offset < proof.len() - 128 {
            parts.push((offset, c + 4, false));
            offset += 32;
        }
        parts.push((offset, c + 6, true));
        parts.push((offset + 64, c + 7, true)); // W' comes after the last challenge
        for (offset, drawn, is_point) in parts {
            let mut changed = proof.clone();
            if is_point {
                let mut generator = [0u8; 64];
                (generator[31], generator[63]) = (1, 2);
                changed[offset..offset + 64].copy_from_slice(&generator);
            } else {
                changed[offset + 31] ^= 1;
            }
            let other = trace(&changed, &words);
            for (i, (a, b)) in honest.iter().zip(&other).enumerate() {
                assert_eq!(a == b, i < drawn, "byte {offset}, challenge {i}");
            }
        }
    }
}
