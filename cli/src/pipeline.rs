//! The steps from a model to a verified proof, one function each. Nothing here knows of projects,
//! caches or commands.

use crate::error::{Failure, Outcome};
use crate::inputs::Sample;
use crate::measure::{Lap, Stopwatch};
use crate::opts::SolcArgs;
use crate::output::Shell;
use crate::settings::objective_name;
use alloy_primitives::{B256, keccak256};
use hallmark_circuit::{Circuit, Context, Objective};
use hallmark_gas::{Contract, Deployment, Evm, HardFork, Profile};
use hallmark_graph::ir::{GraphOutput, IntegerGraph};
use hallmark_graph::{AccuracyBound, Execution, Model};
use hallmark_proof::halo2::{Halo2, ProvingKey, VerifyingKey};
use hallmark_proof::srs::{Provenance, Srs};
use hallmark_proof::{Backend, ContextParts, Proof};
use hallmark_solidity::solc::{Artifact, CompilerSettings, Solc, SolcRequest, version_of_project};
use hallmark_solidity::{
    OutputTensor, VerifierOptions, VerifierSource, calldata, generate_outputs, generate_verifier,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of generated verifiers; `DevOnly` comes before it with a development SRS.
const VERIFIER_NAME: &str = "Halo2Verifier";

/// Name of the library that reads outputs.
pub(crate) const OUTPUTS_NAME: &str = "ModelOutputs";

/// A quantised model and how exact it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Quantised {
    /// The integer graph.
    pub(crate) graph: IntegerGraph,
    /// How exact.
    pub(crate) accuracy: Accuracy,
}

/// Errors on the calibration inputs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Accuracy {
    /// Largest error allowed, in units of the output.
    pub(crate) bound: f64,
    /// Largest error found.
    pub(crate) max_abs_error: f64,
    /// Mean error found.
    pub(crate) mean_abs_error: f64,
    /// Whether the largest output is at the same place on all samples.
    pub(crate) argmax_match: bool,
    /// Number of samples.
    pub(crate) samples: usize,
}

/// One inference: what the circuit computes, and what the float model does.
#[derive(Clone, Debug)]
pub(crate) struct Inference {
    /// All integers.
    pub(crate) execution: Execution,
    /// Outputs of the integer graph, as real numbers.
    pub(crate) outputs: Vec<Vec<f64>>,
    /// Outputs of the float model.
    pub(crate) reference: Vec<Vec<f64>>,
}

/// Chooses scales: the cheapest circuit within the bound.
pub(crate) fn calibrate(
    shell: &Shell,
    model: &Model,
    samples: &[Sample],
    bound: AccuracyBound,
    objective: Objective,
) -> Outcome<Quantised> {
    let step = shell.step("Calibrating", format!("on {} input(s)", samples.len()));
    let mut cost = |graph: &IntegerGraph| {
        let circuit = Circuit::compile(graph, objective).ok()?;
        Some(objective.score(&circuit.estimate()))
    };
    let found = hallmark_graph::calibrate(model, samples, bound, &mut cost, &mut |text| {
        step.message(text);
    })?;
    let accuracy = Accuracy {
        bound: absolute_bound(model, samples, bound)?,
        max_abs_error: found.max_abs_error,
        mean_abs_error: found.mean_abs_error,
        argmax_match: found.argmax_match,
        samples: samples.len(),
    };
    step.finish(
        "Calibrated",
        &format!("error at most {:.2e} (allowed {:.2e})", found.max_abs_error, accuracy.bound),
    );
    shell.detail(&format!("settings: {:?}", found.settings));
    Ok(Quantised { graph: found.graph, accuracy })
}

/// A bound in units of the output: a relative one is relative to the largest output of the float
/// model on the samples.
fn absolute_bound(model: &Model, samples: &[Sample], bound: AccuracyBound) -> Outcome<f64> {
    match bound {
        AccuracyBound::Absolute(bound) => Ok(bound),
        AccuracyBound::Relative(bound) => {
            let mut largest = 0.0f64;
            for sample in samples {
                largest = model.run(sample)?.iter().flatten().fold(largest, |l, v| l.max(v.abs()));
            }
            Ok(bound * largest)
        }
    }
}

/// Lays the circuit out.
pub(crate) fn compile(shell: &Shell, graph: &IntegerGraph, objective: Objective) -> Outcome<Circuit> {
    let step = shell.step("Compiling", "the circuit");
    let circuit = Circuit::compile(graph, objective)?;
    let s = circuit.statistics();
    step.finish(
        "Compiled",
        &format!(
            "{} rows of 2^{}, {} advice and {} fixed columns, objective {}",
            s.rows,
            s.k,
            s.advice_columns,
            s.fixed_columns,
            objective_name(objective)
        ),
    );
    Ok(circuit)
}

/// Folder of this user's development SRS.
pub(crate) fn srs_folder() -> Outcome<PathBuf> {
    if let Some(folder) = std::env::var_os("HALLMARK_SRS_DIR") {
        return Ok(folder.into());
    }
    directories::ProjectDirs::from("", "", "hallmark")
        .map(|folders| folders.cache_dir().join("srs"))
        .ok_or_else(|| {
            Failure::new("this user has no home folder to keep an SRS in")
                .hint("set HALLMARK_SRS_DIR to a folder")
        })
}

/// The development SRS of this user for `2^k` rows.
pub(crate) fn dev_srs(shell: &Shell, k: u32) -> Outcome<Srs> {
    let folder = srs_folder()?;
    let step = shell.step("Loading", format!("the development SRS of size 2^{k}"));
    let srs = Srs::dev(k, &folder)?;
    step.finish("Loaded", &format!("the development SRS of size 2^{k}"));
    Ok(srs)
}

/// Makes the keys.
pub(crate) fn setup(shell: &Shell, circuit: &Circuit, srs: &Srs) -> Outcome<ProvingKey> {
    let step = shell.step("Setting up", "the keys");
    let key = Halo2.setup(circuit.description(), srs)?;
    step.finish("Set up", &format!("verifying key {}", short(&key.verifying_key().id())));
    Ok(key)
}

/// Runs the model in integers and in floats.
pub(crate) fn infer(model: &Model, graph: &IntegerGraph, input: &Sample) -> Outcome<Inference> {
    let execution = hallmark_graph::execute(graph, input)?;
    let outputs = hallmark_graph::outputs(graph, &execution);
    let reference = model.run(input)?;
    Ok(Inference { execution, outputs, reference })
}

impl Inference {
    fn errors(&self) -> impl Iterator<Item = f64> {
        let pairs = self.outputs.iter().flatten().zip(self.reference.iter().flatten());
        pairs.map(|(ours, theirs)| (ours - theirs).abs())
    }

    /// Largest error of an output.
    pub(crate) fn max_abs_error(&self) -> f64 {
        self.errors().fold(0.0, f64::max)
    }

    /// Mean error of the outputs.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn mean_abs_error(&self) -> f64 {
        self.errors().sum::<f64>() / self.errors().count().max(1) as f64
    }

    /// Whether every output has its largest element at the same place.
    pub(crate) fn argmax_match(&self) -> bool {
        let argmax = |values: &[f64]| {
            let mut best = 0;
            for (index, value) in values.iter().enumerate() {
                if *value > values[best] {
                    best = index;
                }
            }
            best
        };
        self.outputs.iter().zip(&self.reference).all(|(a, b)| argmax(a) == argmax(b))
    }
}

/// Proves an inference, bound to a context or to none; the proof is verified before it is returned.
pub(crate) fn prove(
    shell: &Shell,
    circuit: &Circuit,
    graph: &IntegerGraph,
    inference: &Inference,
    context: Option<ContextParts>,
    key: &ProvingKey,
    srs: &Srs,
) -> Outcome<Proof> {
    prove_timed(shell, circuit, graph, inference, context, key, srs).map(|(proof, _)| proof)
}

/// Where the time of a proof goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProveTimes {
    /// Filling the cells in.
    pub(crate) witness: Lap,
    /// Proving, and verifying the proof before it is handed out.
    pub(crate) prove: Lap,
}

/// [`prove`] with a stopwatch.
pub(crate) fn prove_timed(
    shell: &Shell,
    circuit: &Circuit,
    graph: &IntegerGraph,
    inference: &Inference,
    context: Option<ContextParts>,
    key: &ProvingKey,
    srs: &Srs,
) -> Outcome<(Proof, ProveTimes)> {
    let step = shell.step("Proving", "the inference");
    let watch = Stopwatch::start();
    let value = context.map_or(Context::UNBOUND, |parts| parts.context());
    let witness = circuit.witness(graph, &inference.execution, value)?;
    let witness_lap = watch.lap();
    let watch = Stopwatch::start();
    let mut proof = Halo2.prove(key, srs, &witness)?;
    let prove = watch.lap();
    if let Some(parts) = context {
        proof = proof.with_context(parts)?;
    }
    step.finish("Proved", &format!("{} bytes, verified", proof.bytes.len()));
    Ok((proof, ProveTimes { witness: witness_lap, prove }))
}

/// Verifies a proof natively.
pub(crate) fn verify(key: &VerifyingKey, proof: &Proof) -> Outcome<()> {
    Ok(Halo2.verify(key, proof)?)
}

/// Writes the verifier contract.
pub(crate) fn generate(key: &VerifyingKey, model_name: &str) -> Outcome<VerifierSource> {
    let options = VerifierOptions {
        contract_name: VERIFIER_NAME.into(),
        verifying_key_id: key.id(),
        description: format!("Verifies inferences of the model {model_name}"),
    };
    Ok(generate_verifier(&key.parameters(), &options)?)
}

/// Writes the library that reads the model's outputs by name.
pub(crate) fn generate_output_library(graph: &IntegerGraph, model_name: &str) -> Outcome<String> {
    let outputs = graph
        .outputs
        .iter()
        .map(|output| {
            Ok(OutputTensor {
                name: output.name.clone(),
                shape: output.shape.clone(),
                fraction_bits: fraction_bits(output)?,
            })
        })
        .collect::<Outcome<Vec<_>>>()?;
    Ok(generate_outputs(model_name, OUTPUTS_NAME, &outputs)?)
}

/// Fraction bits of an output; contracts decode fractions only.
pub(crate) fn fraction_bits(output: &GraphOutput) -> Outcome<u32> {
    u32::try_from(output.fraction_bits).map_err(|_| {
        Failure::new(format!(
            "output `{}` has a scale of 2^{}: contracts decode fractions only",
            output.name, -output.fraction_bits
        ))
        .hint("ask for a smaller error, so that the output gets fraction bits")
    })
}

/// Finds a Solidity compiler for the project in `folder`.
pub(crate) fn locate_solc(args: &SolcArgs, folder: &Path) -> Outcome<Solc> {
    let mut request = SolcRequest::new(folder);
    request.explicit.clone_from(&args.solc);
    Ok(Solc::locate(&request)?)
}

/// The compiler of the version with which the project itself compiles `file`; the pinned one where it says
/// none, or where that version is not there, which is said.
pub(crate) fn locate_solc_of_project(
    shell: &Shell,
    args: &SolcArgs,
    root: &Path,
    file: &str,
) -> Outcome<Solc> {
    let Some(version) = version_of_project(root, file).filter(|_| args.solc.is_none()) else {
        return locate_solc(args, root);
    };
    let mut request = SolcRequest::new(root);
    request.version.clone_from(&version);
    if let Ok(solc) = Solc::locate(&request) {
        return Ok(solc);
    }
    let solc = locate_solc(args, root)?;
    shell.warn(&format!(
        "this project is compiled with solc {version}, which was not found, and here with {}: code and gas differ",
        solc.version()
    ));
    Ok(solc)
}

/// Compiles the verifier as generated projects do.
pub(crate) fn compile_verifier(shell: &Shell, solc: &Solc, verifier: &VerifierSource) -> Outcome<Artifact> {
    let step = shell.step("Compiling", format!("{} with solc", verifier.contract_name));
    let artifact =
        solc.compile_contract(&verifier.contract_name, &verifier.source, &CompilerSettings::default())?;
    let bytes = artifact.runtime_code.len();
    step.finish("Compiled", &format!("{}, {bytes} bytes, solc {}", verifier.contract_name, solc.version()));
    Ok(artifact)
}

/// What the EVM says about a verifier and a proof.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EvmReport {
    /// Hard fork.
    pub(crate) hard_fork: HardFork,
    /// The proof was accepted.
    pub(crate) accepted: bool,
    /// Every tampered proof was refused.
    pub(crate) rejected_tampered: bool,
    /// Gas of the deployment.
    pub(crate) deploy_gas: u64,
    /// Bytes of runtime code.
    pub(crate) runtime_bytes: usize,
    /// Keccak-256 of the runtime code.
    pub(crate) code_hash: B256,
    /// Bytes of calldata.
    pub(crate) calldata_bytes: usize,
    /// Gas of the call, by phase.
    pub(crate) profile: Profile,
}

/// Deploys the verifier, runs the proof, and runs tampered ones.
pub(crate) fn check_on_evm(shell: &Shell, artifact: &Artifact, proof: &Proof) -> Outcome<EvmReport> {
    let step = shell.step("Running", "the verifier in an EVM");
    let contract = Contract::new(Arc::new(artifact.clone()))?;
    hallmark_gas::check_code_size(&contract)?;
    let mut evm = Evm::new(HardFork::default());
    let Deployment { address, gas: deploy_gas, runtime_bytes } = evm.deploy(&artifact.creation_code)?;
    let data = calldata::encode_verify_proof(&proof.bytes, &proof.instances);
    let accepted = evm.call(address, &data, None)?.is_true();
    let mut rejected_tampered = true;
    for tampered in tampered(proof) {
        rejected_tampered &= !evm.call(address, &tampered, None)?.is_true();
    }
    let (_, profile) = evm.profile(&[(address, &contract)], address, &data, None)?;
    step.finish(
        "Verified",
        &format!("in an EVM ({}), {} gas", evm.fork().name(), crate::output::thousands(profile.total)),
    );
    Ok(EvmReport {
        hard_fork: evm.fork(),
        accepted,
        rejected_tampered,
        deploy_gas,
        runtime_bytes,
        code_hash: keccak256(&artifact.runtime_code),
        calldata_bytes: data.len(),
        profile,
    })
}

impl EvmReport {
    /// Fails unless the EVM accepts the proof and refuses the tampered ones.
    pub(crate) fn require(&self) -> Outcome<()> {
        if !self.accepted {
            return Err(Failure::bug("the contract refuses a proof that verifies natively"));
        }
        if !self.rejected_tampered {
            return Err(Failure::bug("the contract accepts a tampered proof"));
        }
        Ok(())
    }
}

/// Calldata with a bit of the proof flipped, one in each 32-byte word, and with each of the first
/// public values (the context is the first of all) changed, missing or aliased.
fn tampered(proof: &Proof) -> impl Iterator<Item = Vec<u8>> {
    let instances: Vec<[u8; 32]> = words(proof);
    let flips = (0..proof.bytes.len().div_ceil(32)).map({
        let (bytes, instances) = (proof.bytes.clone(), instances.clone());
        move |word| {
            let mut bytes = bytes.clone();
            let position = (32 * word + (7 * word) % 32).min(bytes.len() - 1);
            bytes[position] ^= 1 << (word % 8);
            calldata::encode_words(&bytes, &instances)
        }
    });
    let bytes = proof.bytes.clone();
    let values = (0..instances.len().min(8)).flat_map(move |index| {
        let mut changed = instances.clone();
        changed[index][31] ^= 1;
        let mut aliased = instances.clone();
        add_modulus(&mut aliased[index]);
        let mut missing = instances.clone();
        missing.remove(index);
        [changed, aliased, missing].map(|values| calldata::encode_words(&bytes, &values))
    });
    flips.chain(values)
}

/// The field's modulus, big-endian.
const MODULUS: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d, 0x28,
    0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

/// Adds the modulus; a field element plus the modulus always fits in 256 bits.
fn add_modulus(word: &mut [u8; 32]) {
    let mut carry = 0u16;
    for (byte, addend) in word.iter_mut().zip(MODULUS).rev() {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
}

/// Public values, big-endian.
pub(crate) fn words(proof: &Proof) -> Vec<[u8; 32]> {
    use hallmark_circuit::field::PrimeField;
    proof
        .instances
        .iter()
        .map(|value| {
            let mut word = [0u8; 32];
            word.copy_from_slice(value.to_repr().as_ref());
            word.reverse();
            word
        })
        .collect()
}

/// Whether an SRS is a development one.
pub(crate) fn is_dev(proof: &Proof) -> bool {
    proof.srs.provenance == Provenance::Dev
}

/// The first eight hexadecimal digits.
pub(crate) fn short(id: &[u8; 32]) -> String {
    hex::encode(&id[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modulus_carries() {
        let mut word = [0xff; 32];
        word[0] = 0;
        add_modulus(&mut word);
        let mut expected = MODULUS;
        expected[0] += 1;
        expected[31] -= 1;
        assert_eq!(word, expected);
    }
}
