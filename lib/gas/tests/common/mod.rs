//! What the tests share: a small circuit with a proof, its verifier, a compiler.
#![allow(dead_code, unreachable_pub)]

use hallmark_proof::Proof;
use hallmark_proof::halo2;
use hallmark_proof::parameters::VerifierParameters;
use hallmark_proof::testing::SmallCircuit;
use hallmark_solidity::calldata::encode_verify_proof;
use hallmark_solidity::solc::{Artifact, CompilerSettings, Solc, SolcRequest};
use hallmark_solidity::{VerifierOptions, VerifierSource, generate_verifier};

pub struct Case {
    pub key: halo2::ProvingKey,
    pub proof: Proof,
    pub parameters: VerifierParameters,
    pub source: VerifierSource,
}

pub fn settings(via_ir: bool, optimizer: bool) -> CompilerSettings {
    CompilerSettings { via_ir, optimizer, ..CompilerSettings::default() }
}

pub fn solc() -> Solc {
    let mut request = SolcRequest::new(env!("CARGO_MANIFEST_DIR"));
    request.cache = std::env::temp_dir().join("hallmark-tests");
    Solc::locate(&request).expect("a compiler")
}

pub fn options() -> VerifierOptions {
    VerifierOptions {
        contract_name: "Verifier".into(),
        verifying_key_id: [0x42; 32],
        description: "A small circuit.".into(),
    }
}

impl Case {
    pub fn small(instances: usize) -> Self {
        let (key, proof) = SmallCircuit::new(instances).prove().expect("proves");
        let parameters = key.verifying_key().parameters();
        let source = generate_verifier(&parameters, &options()).expect("generates");
        if let Some(folder) = std::env::var_os("HALLMARK_TEST_SOURCES") {
            let path = std::path::Path::new(&folder).join(format!("{instances}.sol"));
            std::fs::write(path, &source.source).expect("writes the source");
        }
        Self { key, proof, parameters, source }
    }

    pub fn calldata(&self) -> Vec<u8> {
        encode_verify_proof(&self.proof.bytes, &self.proof.instances)
    }

    pub fn compile(&self, settings: &CompilerSettings) -> Artifact {
        solc()
            .compile_contract(&self.source.contract_name, &self.source.source, settings)
            .unwrap_or_else(|e| panic!("{e}"))
    }

    /// The budget: gas by the number of commitments, evaluations and instances.
    pub fn formula(&self) -> u64 {
        let p = &self.parameters;
        let products = p.permutation.len().div_ceil(p.permutation_chunk.max(1));
        let commitments = p.advice_phases.len() + products + 1 + p.quotient_pieces;
        let fixed = p.fixed_commitments.len() + p.permutation_commitments.len();
        let evaluations = p.advice_queries.len()
            + p.fixed_queries.len()
            + 1
            + p.permutation.len()
            + (3 * products).saturating_sub(1);
        167_000
            + 7_500 * commitments as u64
            + 6_400 * fixed as u64
            + 650 * evaluations as u64
            + 500 * p.instances as u64
    }
}

/// Parameters of a circuit that nobody can prove, with the shape of a real one: `advice` columns,
/// half of them in the permutation, and gates of the forms that layouts use.
pub fn large_parameters(advice: usize, gates: usize) -> VerifierParameters {
    use hallmark_circuit::description::{Column, Expression, Gate, Phase};
    use halo2curves::bn256::{Fr, G1Affine};
    let mut p = Case::small(2).parameters;
    let fixed = 6;
    let point = |i: usize| G1Affine::from(G1Affine::generator() * Fr::from(i as u64 + 2));
    p.k = 14;
    p.advice_phases = (0..advice).map(|i| if i % 3 == 2 { Phase::Second } else { Phase::First }).collect();
    p.advice_queries =
        (0..advice).flat_map(|i| if i % 2 == 0 { vec![(i, 0), (i, 1)] } else { vec![(i, 0)] }).collect();
    p.fixed_queries = (0..fixed).map(|i| (i, 0)).collect();
    p.fixed_commitments = (0..fixed).map(point).collect();
    p.permutation = (0..advice / 2).map(Column::Advice).collect();
    p.permutation_commitments = (0..advice / 2).map(|i| point(i + 50)).collect();
    p.permutation_chunk = 2;
    let constant = |i: u64| Expression::Constant(Fr::from(i));
    p.gates = (0..gates)
        .map(|g| {
            let a = |i: usize| Expression::current(Column::Advice(i % advice));
            let tag = Expression::current(Column::Fixed(g % 2));
            let selector = (1..5u64)
                .filter(|t| *t != (g as u64) % 4 + 1)
                .fold(tag.clone(), |product, t| product * (tag.clone() - constant(t)));
            let sum =
                (0..6).fold(a(g), |sum, j| sum + a(g + j) * Fr::from(1 << j) * Expression::Challenge(j % 2));
            Gate {
                name: format!("gate {g}"),
                polynomial: selector
                    * (a(g) * a(g + 1) - sum + Expression::next(Column::Advice(((2 * g) % advice) & !1))),
            }
        })
        .collect();
    p
}

/// Calldata of the right shape for `parameters`, with valid points and small scalars.
pub fn plausible_calldata(parameters: &VerifierParameters) -> Vec<u8> {
    let products = parameters.permutation.len().div_ceil(parameters.permutation_chunk.max(1));
    let first = parameters.advice_phases.len() + products + 1 + parameters.quotient_pieces;
    let mut proof = Vec::new();
    let point = |proof: &mut Vec<u8>| {
        for coordinate in [1u8, 2] {
            proof.extend_from_slice(&[0; 31]);
            proof.push(coordinate);
        }
    };
    (0..first).for_each(|_| point(&mut proof));
    let scalars = (parameters.proof_bytes() - 64 * (first + 2)) / 32;
    for i in 0..scalars {
        proof.extend_from_slice(&[0; 31]);
        proof.push(i as u8);
    }
    point(&mut proof);
    point(&mut proof);
    let instances: Vec<_> =
        (0..parameters.instances).map(|i| halo2curves::bn256::Fr::from(5 + i as u64)).collect();
    encode_verify_proof(&proof, &instances)
}
