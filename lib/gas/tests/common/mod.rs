//! What the tests share: a small circuit with a proof, its verifier, a compiler.
#![allow(dead_code)]

use hallmark_proof::halo2;
use hallmark_proof::parameters::VerifierParameters;
use hallmark_proof::testing::SmallCircuit;
use hallmark_proof::Proof;
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
