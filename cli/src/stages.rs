//! The pipeline inside a project: every stage with the hash of what it depends on, run only when
//! that hash or its files changed.

use crate::cache::{self, Cache};
use crate::context;
use crate::error::{Failure, Outcome};
use crate::inputs::{self, Loaded, Sample};
use crate::opts::SolcArgs;
use crate::output::Shell;
use crate::pipeline::{self, EvmReport, Quantised};
use crate::project::Project;
use crate::settings::{ProofSettings, objective_name};
use hallmark_circuit::{Circuit, Objective};
use hallmark_graph::AccuracyBound;
use hallmark_proof::halo2::{ProvingKey, VerifyingKey};
use hallmark_proof::srs::Srs;
use hallmark_proof::{ContextParts, Proof};
use hallmark_scaffold::{self as scaffold, SampleChoice};
use hallmark_solidity::VerifierSource;
use hallmark_solidity::solc::{CompilerSettings, SOLC_VERSION, Solc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Files of the cache.
pub(crate) const GRAPH: &str = "graph.bin";
pub(crate) const PROVING_KEY: &str = "proving.key";
pub(crate) const VERIFYING_KEY: &str = "verifying.key";
pub(crate) const PROOF: &str = "proof.bin";
const INFERENCE: &str = "inference.json";
const VERIFIER: &str = "verifier.json";
const EVM: &str = "evm.json";

/// Version of forge that generated CI workflows install.
const FORGE_VERSION: &str = "1.7.1";

/// Outputs of the proven inference.
#[derive(Debug, Serialize, Deserialize)]
struct Values {
    /// Of the circuit.
    outputs: Vec<Vec<f64>>,
    /// Of the float model.
    reference: Vec<Vec<f64>>,
}

/// The verifier contract, as the cache keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct CachedVerifier {
    contract_name: String,
    file_name: String,
    source: String,
}

/// A project being built.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    shell: &'a Shell,
    pub(crate) project: Project,
    pub(crate) loaded: Loaded,
    bound: AccuracyBound,
    pub(crate) objective: Objective,
    force: bool,
    /// Stages that ran, in order.
    pub(crate) made: Vec<&'static str>,
    circuit: Option<Circuit>,
    quantised: Option<Quantised>,
    proving_key: Option<ProvingKey>,
}

impl<'a> Bench<'a> {
    /// Loads the project's model.
    pub(crate) fn open(shell: &'a Shell, project: Project, force: bool) -> Outcome<Self> {
        let settings = &project.settings;
        let path = project.path(&settings.model.path);
        let mut loaded = inputs::load(shell, &path, &settings.model.dimensions)?;
        if let Some(name) = &settings.model.name {
            loaded.name.clone_from(name);
        }
        let bound = settings.accuracy.bound().map_err(Failure::new)?;
        let objective = settings.circuit.objective().map_err(Failure::new)?;
        Ok(Self {
            shell,
            project,
            loaded,
            bound,
            objective,
            force,
            made: Vec::new(),
            circuit: None,
            quantised: None,
            proving_key: None,
        })
    }

    fn cache(&self) -> &Cache {
        &self.project.cache
    }

    /// Whether the stage has nothing to do; `--force` makes everything once.
    fn is_fresh(&self, stage: &'static str, key: &str) -> bool {
        let stale = self.force && !self.made.contains(&stage);
        let fresh = !stale && self.cache().is_fresh(stage, key);
        self.shell.detail(&format!("{stage}: {}", if fresh { "fresh" } else { "stale" }));
        fresh
    }

    fn record(&mut self, stage: &'static str, key: &str, files: &[&str]) -> Outcome<()> {
        self.made.push(stage);
        self.project.cache.record(stage, key, files)
    }

    fn hash_of(&self, file: &str) -> Outcome<&str> {
        let hash = self.cache().hash_of(file);
        hash.ok_or_else(|| Failure::bug(format!("`{file}` is not in the manifest")))
    }

    fn read(&self, path: &Path) -> Outcome<Vec<u8>> {
        let path = self.project.path(path);
        std::fs::read(&path).map_err(|error| Failure::io("read", &path, &error))
    }

    /// The quantised model.
    pub(crate) fn quantised(&mut self) -> Outcome<&Quantised> {
        let model = &self.project.settings.model;
        let samples_path = model.calibration.as_ref().unwrap_or(&model.input).clone();
        let key = cache::key(&[
            b"graph",
            &generator(),
            &self.loaded.model.sha256(),
            &self.read(&samples_path)?,
            format!("{:?} {:?}", self.bound, model.dimensions).as_bytes(),
            objective_name(self.objective).as_bytes(),
        ]);
        if !self.is_fresh("graph", &key) {
            let path = self.project.path(&samples_path);
            let samples = inputs::read_many(&path, &self.loaded.model)?;
            let quantised =
                pipeline::calibrate(self.shell, &self.loaded.model, &samples, self.bound, self.objective)?;
            let bytes = bincode::serde::encode_to_vec(&quantised, bincode::config::standard())
                .map_err(|error| Failure::bug(error.to_string()))?;
            self.cache().write(GRAPH, &bytes)?;
            self.record("graph", &key, &[GRAPH])?;
            self.quantised = Some(quantised);
        }
        if self.quantised.is_none() {
            let path = self.cache().path(GRAPH);
            let bytes = std::fs::read(&path).map_err(|e| Failure::io("read", &path, &e))?;
            let (quantised, _) = bincode::serde::decode_from_slice(&bytes, bincode::config::standard())
                .map_err(|error| Failure::new(format!("`{}` is damaged: {error}", path.display())))?;
            self.quantised = Some(quantised);
        }
        self.quantised.as_ref().ok_or_else(|| Failure::bug("no graph"))
    }

    /// The circuit; it is laid out again whenever it is needed, which is quick.
    pub(crate) fn circuit(&mut self) -> Outcome<&Circuit> {
        if self.circuit.is_none() {
            let (shell, objective) = (self.shell, self.objective);
            let circuit = pipeline::compile(shell, &self.quantised()?.graph, objective)?;
            self.circuit = Some(circuit);
        }
        self.circuit.as_ref().ok_or_else(|| Failure::bug("no circuit"))
    }

    /// Makes the keys unless they are there.
    pub(crate) fn keys(&mut self) -> Outcome<()> {
        self.quantised()?;
        // Every size of the development SRS has the same identity; the smallest is quick to load.
        let identity = Srs::dev(MINIMUM_K, &pipeline::srs_folder()?)?.identity().clone();
        let key = cache::key(&[
            b"keys",
            &generator(),
            self.hash_of(GRAPH)?.as_bytes(),
            objective_name(self.objective).as_bytes(),
            &identity.id,
        ]);
        if !self.is_fresh("keys", &key) {
            let k = self.circuit()?.statistics().k;
            let srs = pipeline::dev_srs(self.shell, k)?;
            let shell = self.shell;
            let proving_key = pipeline::setup(shell, self.circuit()?, &srs)?;
            self.cache().create()?;
            proving_key.write(&self.cache().path(PROVING_KEY))?;
            proving_key.verifying_key().write(&self.cache().path(VERIFYING_KEY))?;
            self.record("keys", &key, &[PROVING_KEY, VERIFYING_KEY])?;
            self.proving_key = Some(proving_key);
        }
        Ok(())
    }

    /// The verifying key, made before.
    pub(crate) fn verifying_key(&self) -> Outcome<VerifyingKey> {
        Ok(VerifyingKey::read(&self.cache().path(VERIFYING_KEY))?)
    }

    /// Proves an inference with the project's keys.
    pub(crate) fn prove_input(
        &mut self,
        input: &Sample,
        context: Option<ContextParts>,
    ) -> Outcome<(Proof, pipeline::Inference)> {
        self.keys()?;
        let inference = {
            let graph = self.quantised()?.graph.clone();
            pipeline::infer(&self.loaded.model, &graph, input)?
        };
        if self.proving_key.is_none() {
            self.proving_key = Some(ProvingKey::read(&self.cache().path(PROVING_KEY))?);
        }
        self.circuit()?;
        let srs = pipeline::dev_srs(self.shell, self.circuit()?.statistics().k)?;
        let (Some(circuit), Some(quantised), Some(key)) = (&self.circuit, &self.quantised, &self.proving_key)
        else {
            return Err(Failure::bug("a stage left nothing behind"));
        };
        let proof = pipeline::prove(self.shell, circuit, &quantised.graph, &inference, context, key, &srs)?;
        let bound = quantised.accuracy.bound;
        if inference.max_abs_error() > bound {
            self.shell.warn(&format!(
                "the outputs are {:.2e} away from the float model's on this input; {bound:.2e} was \
                 asked for, and held on the calibration inputs: calibrate on more inputs",
                inference.max_abs_error()
            ));
        }
        Ok((proof, inference))
    }

    /// Proves the project's input, bound to the context of fixtures, unless that is done.
    pub(crate) fn proof(&mut self) -> Outcome<Proof> {
        self.keys()?;
        let input_path = self.project.settings.model.input.clone();
        let key = cache::key(&[
            b"proof",
            &generator(),
            self.hash_of(GRAPH)?.as_bytes(),
            self.hash_of(VERIFYING_KEY)?.as_bytes(),
            &self.read(&input_path)?,
        ]);
        if !self.is_fresh("proof", &key) {
            let path = self.project.path(&input_path);
            let input = inputs::read(&path, &self.loaded.model)?;
            let (proof, inference) = self.prove_input(&input, Some(ContextParts::fixture()))?;
            let values = Values { outputs: inference.outputs, reference: inference.reference };
            proof.write(&self.cache().path(PROOF))?;
            self.cache().write_json(INFERENCE, &values)?;
            self.record("proof", &key, &[PROOF, INFERENCE])?;
        }
        Ok(Proof::read(&self.cache().path(PROOF))?)
    }

    /// The verifier contract.
    pub(crate) fn verifier(&mut self) -> Outcome<VerifierSource> {
        self.keys()?;
        let key = cache::key(&[
            b"verifier",
            &generator(),
            self.hash_of(VERIFYING_KEY)?.as_bytes(),
            self.loaded.name.as_bytes(),
        ]);
        if !self.is_fresh("verifier", &key) {
            let source = pipeline::generate(&self.verifying_key()?, &self.loaded.name)?;
            let cached = CachedVerifier {
                contract_name: source.contract_name,
                file_name: source.file_name,
                source: source.source,
            };
            self.cache().write_json(VERIFIER, &cached)?;
            self.record("verifier", &key, &[VERIFIER])?;
            self.shell.done("Generated", &cached.contract_name);
        }
        let cached: CachedVerifier = self.cache().read_json(VERIFIER)?;
        Ok(VerifierSource {
            contract_name: cached.contract_name,
            file_name: cached.file_name,
            source: cached.source,
        })
    }

    /// What an EVM says about the verifier and the proof.
    pub(crate) fn evm(&mut self, solc: &Solc) -> Outcome<EvmReport> {
        let proof = self.proof()?;
        let verifier = self.verifier()?;
        let key = cache::key(&[
            b"evm",
            &generator(),
            self.hash_of(VERIFIER)?.as_bytes(),
            self.hash_of(PROOF)?.as_bytes(),
            solc.version().as_bytes(),
        ]);
        if !self.is_fresh("evm", &key) {
            let artifact = pipeline::compile_verifier(self.shell, solc, &verifier)?;
            let report = pipeline::check_on_evm(self.shell, &artifact, &proof)?;
            report.require()?;
            self.cache().write_json(EVM, &report)?;
            self.record("evm", &key, &[EVM])?;
        }
        self.cache().read_json(EVM)
    }

    /// The further proofs that hallmark.toml asks for.
    fn further_proofs(&mut self) -> Outcome<Vec<scaffold::FurtherProof>> {
        let asked = self.project.settings.proofs.clone();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        // What is asked for, however hallmark.toml writes it.
        let meant: Vec<_> = asked.iter().map(|proof| (&proof.name, proof.sample(), proof.parts())).collect();
        self.keys()?;
        let model = &self.project.settings.model;
        let input_path = self.project.path(&model.input);
        let samples_path = self.project.path(model.calibration.as_ref().unwrap_or(&model.input));
        let key = cache::key(&[
            b"proofs",
            &generator(),
            self.hash_of(GRAPH)?.as_bytes(),
            self.hash_of(VERIFYING_KEY)?.as_bytes(),
            &self.read(&input_path)?,
            &self.read(&samples_path)?,
            format!("{meant:?}").as_bytes(),
        ]);
        let files: Vec<String> = asked.iter().map(|proof| format!("proof-{}.bin", proof.name)).collect();
        if !self.is_fresh("proofs", &key) {
            let given = inputs::read(&input_path, &self.loaded.model)?;
            let samples = inputs::read_many(&samples_path, &self.loaded.model)?;
            let ranking = self.ranking(&given, &samples)?;
            for (proof, file) in asked.iter().zip(&files) {
                let fail = |message: String| Failure::new(format!("[[proofs]] `{}`: {message}", proof.name));
                let input = match proof.sample().map_err(fail)? {
                    SampleChoice::Given => &given,
                    SampleChoice::Highest => ranking.last().map_or(&given, |row| &samples[*row]),
                    SampleChoice::Lowest => ranking.first().map_or(&given, |row| &samples[*row]),
                    SampleChoice::Row(row) => samples.get(row).ok_or_else(|| {
                        fail(format!(
                            "there is no row {row} in `{}`, which has {}",
                            samples_path.display(),
                            samples.len()
                        ))
                    })?,
                };
                let parts = proof.parts().map_err(fail)?;
                let (made, _) = self.prove_input(input, Some(parts))?;
                made.write(&self.cache().path(file))?;
            }
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            self.record("proofs", &key, &files)?;
        }
        let mut proofs = Vec::new();
        for (proof, file) in asked.iter().zip(&files) {
            let made = Proof::read(&self.cache().path(file))?;
            proofs.push(scaffold::FurtherProof {
                name: proof.name.clone(),
                sample: proof.sample.to_string(),
                instances: pipeline::words(&made),
                context: scaffold_context(&made)?,
                proof: made.bytes,
            });
        }
        Ok(proofs)
    }

    /// Rows by the first output: its value, or by how much the class of the given input leads.
    fn ranking(&mut self, given: &Sample, samples: &[Sample]) -> Outcome<Vec<usize>> {
        let wants = |proof: &ProofSettings| {
            matches!(proof.sample(), Ok(SampleChoice::Highest | SampleChoice::Lowest))
        };
        if !self.project.settings.proofs.iter().any(wants) {
            return Ok(Vec::new());
        }
        let graph = self.quantised()?.graph.clone();
        let first = |sample: &Sample| -> Outcome<Vec<f64>> {
            let execution = hallmark_graph::execute(&graph, sample)?;
            Ok(hallmark_graph::outputs(&graph, &execution).into_iter().next().unwrap_or_default())
        };
        let class = largest(&first(given)?);
        let mut values = Vec::new();
        for sample in samples {
            let outputs = first(sample)?;
            let own = outputs.get(class).copied().unwrap_or_default();
            let rest = outputs.iter().enumerate().filter(|(index, _)| *index != class);
            let lead = rest.map(|(_, value)| own - value).fold(f64::INFINITY, f64::min);
            values.push(if lead.is_finite() { lead } else { own });
        }
        let mut rows: Vec<usize> = (0..samples.len()).collect();
        rows.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
        Ok(rows)
    }

    /// Everything, and the description of the project's files that comes of it.
    pub(crate) fn everything(&mut self, args: &SolcArgs) -> Outcome<(scaffold::ProjectSpec, EvmReport)> {
        let root = self.project.root.clone();
        self.everything_for(args, &root)
    }

    /// The same with the compiler that the project in `folder` would use. The report is that of the
    /// first model's verifier; those of further ones were asked for success.
    pub(crate) fn everything_for(
        &mut self,
        args: &SolcArgs,
        folder: &Path,
    ) -> Outcome<(scaffold::ProjectSpec, EvmReport)> {
        // First, so that a missing compiler is said before the minutes of proving.
        let solc = pipeline::locate_solc(args, folder)?;
        let report = self.evm(&solc)?;
        let (main, mut provenance) = self.proven_model()?;
        provenance.insert("hallmark".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        provenance.insert("solc".to_owned(), solc.version());
        let mut members = Vec::new();
        for name in self.project.settings.members.keys() {
            let mut member = Bench::open(self.shell, self.project.member(name)?, self.force)?;
            member.evm(&solc)?;
            let (model, hashes) = member.proven_model()?;
            provenance.extend(hashes.into_iter().map(|(key, hash)| (format!("{name}.{key}"), hash)));
            members.push(scaffold::Member { name: name.clone(), model });
            for stage in member.made {
                if !self.made.contains(&stage) {
                    self.made.push(stage);
                }
            }
        }
        let settings = CompilerSettings::default();
        let root_name = self.project.root.file_name();
        let spec = scaffold::ProjectSpec {
            // `new` and `init` know better; `build` rewrites nothing that depends on it.
            template: scaffold::Template::Minimal,
            framework: scaffold::Framework::default(),
            project_name: root_name
                .map_or_else(|| self.loaded.name.clone(), |name| name.to_string_lossy().into_owned()),
            main,
            members,
            accuracy: match self.bound {
                AccuracyBound::Absolute(bound) => scaffold::Accuracy::MaxAbsError(bound),
                AccuracyBound::Relative(bound) => scaffold::Accuracy::MaxRelError(bound),
            },
            objective: objective_name(self.objective).to_owned(),
            ci: scaffold::Ci::default(),
            versions: scaffold::Versions {
                generator: env!("CARGO_PKG_VERSION").to_owned(),
                solc: SOLC_VERSION.to_owned(),
                evm: settings.evm_version,
                optimizer_runs: settings.optimizer_runs,
                forge: FORGE_VERSION.to_owned(),
            },
            provenance,
        };
        Ok((spec, report))
    }

    /// This model with its verifier and proofs, and the hashes of what they come from. An EVM was asked
    /// about both before.
    fn proven_model(&mut self) -> Outcome<(scaffold::ProvenModel, BTreeMap<String, String>)> {
        let proof = self.proof()?;
        let further = self.further_proofs()?;
        let verifier = self.verifier()?;
        let context = scaffold_context(&proof)?;
        let values: Values = self.cache().read_json(INFERENCE)?;
        let report: EvmReport = self.cache().read_json(EVM)?;
        let (outputs, accuracy) = {
            let quantised = self.quantised()?;
            (outputs_of(quantised)?, quantised.accuracy)
        };
        let name = self.loaded.name.clone();
        let library = scaffold::SourceFile {
            file_name: format!("{}.sol", pipeline::OUTPUTS_NAME),
            source: pipeline::generate_output_library(&self.quantised()?.graph, &name)?,
        };
        let found: f64 = values
            .outputs
            .iter()
            .flatten()
            .zip(values.reference.iter().flatten())
            .map(|(ours, theirs)| (ours - theirs).abs())
            .fold(0.0, f64::max);
        let model = &self.project.settings.model;
        let file = |path: &Path| -> Outcome<(String, Vec<u8>)> {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Ok((name.unwrap_or_default(), self.read(path)?))
        };
        let input = file(&model.input)?;
        let calibration = model.calibration.as_ref().map(|path| file(path)).transpose()?;
        let provenance = BTreeMap::from([
            ("onnx".to_owned(), hex::encode(self.loaded.model.sha256())),
            ("input".to_owned(), cache::sha256(&input.1)),
            ("settings".to_owned(), self.settings_hash()),
            ("integer_graph".to_owned(), self.hash_of(GRAPH)?.to_owned()),
            ("srs".to_owned(), hex::encode(proof.srs.id)),
            ("verifying_key".to_owned(), hex::encode(proof.verifying_key_id)),
        ]);
        let model = scaffold::ProvenModel {
            files: scaffold::ModelFiles {
                name: self.loaded.name.clone(),
                onnx: self.loaded.onnx.clone(),
                input,
                calibration,
                dimensions: model.dimensions.clone(),
            },
            outputs,
            verifier_contract: verifier.contract_name,
            verifier_source: verifier.source,
            verifier_code_hash: report.code_hash.0,
            sources: vec![library],
            dev_srs: pipeline::is_dev(&proof),
            fixture: scaffold::Fixture {
                instances: pipeline::words(&proof),
                context,
                verifying_key_id: proof.verifying_key_id,
                srs_id: proof.srs.id,
                proof: proof.bytes,
                reference: values.reference.concat(),
                tolerance: accuracy.bound.max(found),
                further,
            },
        };
        Ok((model, provenance))
    }

    fn settings_hash(&self) -> String {
        let settings = &self.project.settings;
        let text =
            format!("{:?} {} {:?}", self.bound, objective_name(self.objective), settings.model.dimensions);
        cache::sha256(text.as_bytes())
    }
}

/// Smallest size of a development SRS.
const MINIMUM_K: u32 = 4;

/// What a proof is bound to, as templates say it.
fn scaffold_context(proof: &Proof) -> Outcome<scaffold::ContextParts> {
    let parts = proof.context_parts().ok_or_else(|| Failure::bug("the project's proof is not bound"))?;
    Ok(scaffold::ContextParts {
        chain_id: parts.chain_id,
        consumer: context::checksummed(&parts.consumer),
        account: context::checksummed(&parts.account),
        nonce: parts.nonce,
        deadline: parts.deadline,
    })
}

/// Index of the largest element.
fn largest(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best })
}

fn outputs_of(quantised: &Quantised) -> Outcome<Vec<scaffold::Output>> {
    quantised
        .graph
        .outputs
        .iter()
        .map(|output| {
            Ok(scaffold::Output {
                name: output.name.clone(),
                shape: output.shape.clone(),
                fraction_bits: pipeline::fraction_bits(output)?,
            })
        })
        .collect()
}

/// What this program is: its version, and which build of it, so that a new build never takes an
/// old one's files for its own.
fn generator() -> Vec<u8> {
    let build = std::env::current_exe().and_then(std::fs::metadata).and_then(|metadata| {
        let modified = metadata.modified()?;
        let age = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(format!("{} {}", metadata.len(), age.as_nanos()))
    });
    format!("{} {}", env!("CARGO_PKG_VERSION"), build.unwrap_or_default()).into_bytes()
}
