//! What a project is made from.

use crate::{Framework, Template};
use std::collections::BTreeMap;

/// Everything that the templates say about a project: its models with their verifiers and real
/// proofs, and what a person decided.
#[derive(Clone, Debug)]
pub struct ProjectSpec {
    /// What its consumer does.
    pub template: Template,
    /// What it is built and tested with.
    pub framework: Framework,
    /// Name of the project, for its README.
    pub project_name: String,
    /// The model, or the first one of several.
    pub main: ProvenModel,
    /// Further models, each with a verifier of its own.
    pub members: Vec<Member>,
    /// How exact the circuit has to be.
    pub accuracy: Accuracy,
    /// `gas`, `prover` or `balanced`.
    pub objective: String,
    /// Whose CI the project gets a workflow for.
    pub ci: Ci,
    /// Versions to pin and to record.
    pub versions: Versions,
    /// Hashes of what the generated files come from, for the lock file: name to value.
    pub provenance: BTreeMap<String, String>,
}

/// One of several models.
#[derive(Clone, Debug)]
pub struct Member {
    /// Names its folders: lower-case letters, digits and underscores.
    pub name: String,
    /// The model.
    pub model: ProvenModel,
}

/// A model, its verifier and real proofs.
#[derive(Clone, Debug)]
pub struct ProvenModel {
    /// The model and its inputs.
    pub files: ModelFiles,
    /// The model's outputs, in the order of the public values.
    pub outputs: Vec<Output>,
    /// Name of the contract in `verifier_source`.
    pub verifier_contract: String,
    /// Solidity source of the verifier.
    pub verifier_source: String,
    /// Keccak-256 of the verifier's runtime code, compiled with the versions and settings to pin.
    pub verifier_code_hash: [u8; 32],
    /// Further generated Solidity files, for the folder of sources.
    pub sources: Vec<SourceFile>,
    /// True when the SRS is a development one.
    pub dev_srs: bool,
    /// Real proofs.
    pub fixture: Fixture,
}

/// Continuous integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ci {
    /// `.github/workflows/ci.yml`.
    #[default]
    Github,
    /// `.gitlab-ci.yml`.
    Gitlab,
    /// No workflow.
    None,
}

/// The model's files, as they are copied into the project.
#[derive(Clone, Debug)]
pub struct ModelFiles {
    /// Name for titles and comments.
    pub name: String,
    /// The ONNX file.
    pub onnx: Vec<u8>,
    /// The input that the proof is for: file name and contents.
    pub input: (String, Vec<u8>),
    /// Inputs that scales are chosen on: file name and contents.
    pub calibration: Option<(String, Vec<u8>)>,
    /// Sizes given to symbolic dimensions.
    pub dimensions: BTreeMap<String, usize>,
}

/// One output of the model.
#[derive(Clone, Debug)]
pub struct Output {
    /// ONNX name.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// `real = integer / 2^fraction_bits`.
    pub fraction_bits: u32,
}

/// A generated Solidity file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// File name, no folder.
    pub file_name: String,
    /// Its text.
    pub source: String,
}

/// A real proof and what belongs to it.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The proof.
    pub proof: Vec<u8>,
    /// The public values, big-endian: the context, then all outputs.
    pub instances: Vec<[u8; 32]>,
    /// What the context is the hash of.
    pub context: ContextParts,
    /// Hash of the verifying key.
    pub verifying_key_id: [u8; 32],
    /// Identity of the SRS.
    pub srs_id: [u8; 32],
    /// Outputs of the float model on the same input, all outputs one after the other.
    pub reference: Vec<f64>,
    /// How far the outputs may be from `reference`.
    pub tolerance: f64,
    /// Proofs of other inferences, for the same chain and consumer.
    pub further: Vec<FurtherProof>,
}

/// A proof besides the first, for tests that need several.
#[derive(Clone, Debug)]
pub struct FurtherProof {
    /// Name of the function that returns it: a Solidity identifier.
    pub name: String,
    /// Which input it is for, as hallmark.toml says it: the name of a choice, or the number of a row.
    pub sample: String,
    /// The proof.
    pub proof: Vec<u8>,
    /// The public values, as those of the fixture.
    pub instances: Vec<[u8; 32]>,
    /// What the context is the hash of.
    pub context: ContextParts,
}

/// For whom, where and until when the proof is good.
#[derive(Clone, Debug)]
pub struct ContextParts {
    /// The chain, big-endian.
    pub chain_id: [u8; 32],
    /// The contract that may use the proof: `0x` and 40 digits, in the case that EIP-55 asks for.
    pub consumer: String,
    /// The account that may use it there, written likewise.
    pub account: String,
    /// Which of the account's inferences it is, big-endian.
    pub nonce: [u8; 32],
    /// Until when it is good in seconds since 1970, big-endian.
    pub deadline: [u8; 32],
}

/// How exact the circuit has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
    /// In units of the output.
    MaxAbsError(f64),
    /// Relative to the largest output.
    MaxRelError(f64),
}

/// Versions to pin and to record.
#[derive(Clone, Debug)]
pub struct Versions {
    /// Version of hallmark.
    pub generator: String,
    /// Version of solc to pin.
    pub solc: String,
    /// EVM version to pin.
    pub evm: String,
    /// `optimizer_runs` to pin.
    pub optimizer_runs: u32,
    /// Version of forge that CI installs.
    pub forge: String,
}
