//! What `hallmark gas` measures: the verifier and the stored proof that are in the repository, or a
//! call of any contract. Neither needs the model, a key or a prover.

use crate::cache::{self, Cache};
use crate::error::{Failure, Outcome};
use crate::opts::{GasArgs, SolcArgs};
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::settings::{FIXTURE_FILE, VERIFIER_FILE};
use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::{JsonAbi, StateMutability};
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::SolValue;
use hallmark_chain::Interface;
use hallmark_gas::scenario::{Prepared, Scenario};
use hallmark_gas::{Contract, Evm, Recorded};
use hallmark_solidity::calldata;
use hallmark_solidity::solc::{Artifact, CompilerSettings, Solc, version_of_project};
use hallmark_solidity::sources::SourceTree;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Stage of the cache that keeps compiled contracts.
const STAGE: &str = "contracts";
const ARTIFACTS: &str = "contracts.json";

/// File that reads the fixture, beside the project's own files in the compiler's eyes only.
const READER_FILE: &str = "hallmark-fixture-reader.sol";

/// A transaction that can be measured.
pub(crate) struct Subject {
    /// For titles.
    pub(crate) name: String,
    pub(crate) scenario: Box<dyn Scenario>,
    /// Names of custom errors that the contracts may revert with, by selector.
    errors: BTreeMap<[u8; 4], String>,
    /// What a call that fails means, and what mends it; nothing where failing calls may be measured.
    pub(crate) must_succeed: Option<(&'static str, &'static str)>,
}

/// A refused proof is not what anybody wants to measure.
const STORED_PROOF: (&str, &str) = (
    "refuses the stored proof",
    "run `hallmark build`, so that verifier and proof belong together, and commit what it writes",
);

/// As above, of what forge ran.
const RECORDED: (&str, &str) =
    ("succeeds in forge's test but fails here", "a transaction must depend on the state of contracts only");

impl Subject {
    /// A transaction that a Forge test recorded.
    pub(crate) fn recorded(name: String, recorded: Recorded, repository: &Repository) -> Self {
        let artifacts: Vec<&Artifact> = repository.artifacts.iter().collect();
        let errors = errors_of(&artifacts);
        Self { name, scenario: Box::new(recorded), errors, must_succeed: Some(RECORDED) }
    }

    /// What a call reverted with, in words where that is known.
    pub(crate) fn revert_reason(&self, output: &[u8]) -> String {
        let selector = output.first_chunk::<4>();
        match selector.and_then(|selector| self.errors.get(selector)) {
            Some(name) => name.clone(),
            None if output.is_empty() => "it reverted without a reason".into(),
            None => format!("it reverted with 0x{}", hex::encode(output)),
        }
    }
}

/// Custom errors in the ABI of contracts.
fn errors_of(artifacts: &[&Artifact]) -> BTreeMap<[u8; 4], String> {
    let abis = artifacts.iter().filter_map(|artifact| serde_json::from_str::<JsonAbi>(&artifact.abi).ok());
    let named = abis.flat_map(|abi| {
        let errors: Vec<_> = abi.errors().map(|error| (error.selector().0, error.signature())).collect();
        errors
    });
    named.collect()
}

/// A contract and a call of it.
#[derive(Debug)]
struct Call {
    contract: Arc<Contract>,
    constructor_arguments: Vec<u8>,
    calldata: Vec<u8>,
}

impl Scenario for Call {
    fn prepare(&self, evm: &mut Evm) -> Result<Prepared, hallmark_gas::Error> {
        let mut creation = self.contract.artifact().creation_code.clone();
        creation.extend_from_slice(&self.constructor_arguments);
        let deployed = evm.deploy(&creation)?;
        Ok(Prepared {
            to: deployed.address,
            calldata: self.calldata.clone(),
            contracts: vec![(deployed.address, Arc::clone(&self.contract))],
            deploy_gas: deployed.gas,
            runtime_bytes: deployed.runtime_bytes,
        })
    }
}

/// A consumer's transaction: the verifier is deployed, then the consumer where the proof expects it.
#[derive(Debug)]
struct ConsumerCall {
    verifier: Arc<Contract>,
    consumer: Arc<Contract>,
    /// Where the proof is bound to.
    at: Address,
    /// Whom the proof is for: the sender, as some consumers ask.
    account: Address,
    /// Arguments of the constructor after the four that every consumer takes.
    more_arguments: Vec<DynSolValue>,
    calldata: Vec<u8>,
}

impl Scenario for ConsumerCall {
    fn prepare(&self, evm: &mut Evm) -> Result<Prepared, hallmark_gas::Error> {
        let verifier = evm.deploy(&self.verifier.artifact().creation_code)?;
        let word = |word: B256| DynSolValue::FixedBytes(word, 32);
        let mut arguments =
            vec![DynSolValue::Address(verifier.address), word(keccak256(evm.code(verifier.address)))];
        for identity in ["VERIFYING_KEY_ID()", "SRS_ID()"] {
            let outcome = evm.call(verifier.address, &hallmark_solidity::selector(identity), None)?;
            arguments.push(word(B256::right_padding_from(&outcome.output)));
        }
        arguments.extend_from_slice(&self.more_arguments);
        let mut creation = self.consumer.artifact().creation_code.clone();
        creation.extend_from_slice(&DynSolValue::Tuple(arguments).abi_encode_params());
        // What a deployment costs does not depend on where it is.
        let deployed = evm.clone().deploy(&creation)?;
        evm.deploy_at(self.at, &creation)?;
        evm.set_sender(self.account);
        Ok(Prepared {
            to: self.at,
            calldata: self.calldata.clone(),
            contracts: vec![
                (verifier.address, Arc::clone(&self.verifier)),
                (self.at, Arc::clone(&self.consumer)),
            ],
            deploy_gas: deployed.gas,
            runtime_bytes: deployed.runtime_bytes.max(verifier.runtime_bytes),
        })
    }
}

/// The contracts and the proof that are in a project's repository.
pub(crate) struct Repository {
    artifacts: Vec<Artifact>,
    stored: Fixture,
    /// The verifier.
    pub(crate) verifier: Artifact,
    /// Names and files of verifiers of further models.
    members: Vec<(String, PathBuf)>,
    consumer: PathBuf,
    root: PathBuf,
}

impl Repository {
    /// Calldata of `verifyProof` with the stored proof.
    pub(crate) fn verify_call(&self) -> &[u8] {
        &self.stored.verify_call
    }

    /// What was compiled.
    pub(crate) fn artifacts(&self) -> &[Artifact] {
        &self.artifacts
    }

    /// Errors and events of all its contracts.
    pub(crate) fn interface(&self) -> Interface {
        Interface::of(self.artifacts.iter().map(|artifact| artifact.abi.as_str()))
    }

    /// The consumer, and its function that takes proofs. It must have been asked for.
    pub(crate) fn consumer(&self) -> Outcome<(&Artifact, Submission)> {
        let file = SourceTree::name_of(&self.root, &self.consumer);
        let candidates = self.artifacts.iter().filter(|artifact| file_of(artifact) == file);
        candidates.filter_map(|artifact| Some((artifact, Submission::of(artifact)?))).next().ok_or_else(
            || {
                Failure::new(format!(
                "`{}` has no function that takes (bytes proof, uint256[] instances, address account, \
                 uint256 nonce, uint256 deadline), or a list of proofs with their instances in place of one",
                self.consumer.display()
            ))
            .hint(
                "name the consumer under [contracts] in hallmark.toml, as `consumer = \"src/….sol\"`; other \
                 functions are measured in Forge tests: `hallmark gas --transactions` lists them",
            )
            },
        )
    }

    /// Verifiers of further models with their names, if the consumer was asked for.
    pub(crate) fn members(&self) -> Vec<(&str, &Artifact)> {
        let verifier = |path: &PathBuf| verifier_in(&self.artifacts, &SourceTree::name_of(&self.root, path));
        self.members.iter().filter_map(|(name, path)| Some((name.as_str(), verifier(path)?))).collect()
    }

    /// The contract whose creation code `data` begins with; arguments of the constructor follow it.
    pub(crate) fn created_by(&self, data: &[u8]) -> Option<&Artifact> {
        self.artifacts.iter().find(|artifact| artifact.is_creation(data))
    }

    /// Compiles the verifier and the fixture, and the consumer where it is asked for, and reads the
    /// stored proof.
    pub(crate) fn read(
        shell: &Shell,
        project: &mut Project,
        solc: &SolcArgs,
        with_consumer: bool,
    ) -> Outcome<Self> {
        let root = project.root.clone();
        let contracts = &project.settings.contracts;
        let or = |path: &Option<PathBuf>, usual: &str| path.clone().unwrap_or_else(|| PathBuf::from(usual));
        let verifier = or(&contracts.verifier, VERIFIER_FILE);
        let fixture = or(&contracts.fixture, FIXTURE_FILE);
        let consumer = or(&contracts.consumer, "src/ModelConsumer.sol");
        // Where tests are in TypeScript, the fixture is JSON.
        let in_json = fixture.extension().is_some_and(|extension| extension == "json");
        let mut members = Vec::new();
        let mut entries = vec![verifier.clone()];
        if !in_json {
            entries.push(fixture.clone());
        }
        if with_consumer {
            entries.push(consumer.clone());
            // Verifiers of further models, where `build` writes them.
            let folder = verifier.parent().unwrap_or(Path::new(""));
            let file = verifier.file_name().unwrap_or_default();
            let names = project.settings.members.keys();
            members.extend(names.map(|name| (name.clone(), folder.join(name).join(file))));
            members.retain(|(_, path)| root.join(path).is_file());
            entries.extend(members.iter().map(|(_, path)| path.clone()));
        }
        let mut tree = collect(&root, &entries)?;
        if !in_json {
            tree.files.insert(READER_FILE.into(), reader(&SourceTree::name_of(&root, &fixture)));
        }
        let verifier_file = SourceTree::name_of(&root, &verifier);
        let artifacts = compile(shell, Some(&mut project.cache), &root, &verifier_file, solc, &tree)?;
        let found = verifier_in(&artifacts, &verifier_file).cloned().ok_or_else(|| {
            Failure::new(format!("`{}` has no contract with a function verifyProof", verifier.display()))
                .hint("name the verifier under [contracts] in hallmark.toml, or run `hallmark build`")
        })?;
        let stored = if in_json {
            Fixture::read_json(&root.join(&fixture), &fixture)?
        } else {
            let reader = artifacts
                .iter()
                .find(|artifact| file_of(artifact) == READER_FILE)
                .ok_or_else(|| Failure::bug("the fixture's reader was not compiled"))?;
            Fixture::read(reader, &fixture)?
        };
        Ok(Self { artifacts, stored, verifier: found, members, consumer, root })
    }
}

/// The verifier in a file. Where everything is in one file, further models' have longer names.
fn verifier_in<'a>(artifacts: &'a [Artifact], file: &str) -> Option<&'a Artifact> {
    let mut candidates: Vec<&Artifact> = artifacts
        .iter()
        .filter(|artifact| file_of(artifact) == file && artifact.abi.contains("\"verifyProof\""))
        .filter(|artifact| !artifact.runtime_code.is_empty())
        .collect();
    candidates.sort_by_key(|artifact| artifact.name.len());
    candidates.first().copied()
}

/// The project's verifier, or its consumer, with the stored proof.
pub(crate) fn of_project(shell: &Shell, project: &mut Project, args: &GasArgs) -> Outcome<Subject> {
    let repository = Repository::read(shell, project, &args.solc, args.consumer)?;
    let artifact = &repository.verifier;
    let contract = Arc::new(Contract::new(Arc::new(artifact.clone()))?);
    if !args.consumer {
        let name = match &args.member {
            Some(member) => format!("{} of {member}", artifact.name),
            None => artifact.name.clone(),
        };
        return Ok(Subject {
            name,
            errors: errors_of(&[artifact]),
            scenario: Box::new(Call {
                contract,
                constructor_arguments: Vec::new(),
                calldata: repository.stored.verify_call,
            }),
            must_succeed: Some(STORED_PROOF),
        });
    }
    let (consuming, function) = repository.consumer()?;
    let Submission::One(function) = function else {
        return Err(Failure::new(format!("{} takes proofs of several models", consuming.name))
            .hint("measure a transaction of a Forge test: `hallmark gas --transactions` lists them"));
    };
    let stored = &repository.stored;
    let more_arguments = further_arguments(consuming, args.constructor_arguments.as_deref())?;
    let mut calldata = function.to_vec();
    calldata.extend_from_slice(&stored.submit_arguments);
    let consuming_contract = Contract::with_default_phase(Arc::new(consuming.clone()), "consumer")?;
    Ok(Subject {
        name: consuming.name.clone(),
        errors: errors_of(&[artifact, consuming]),
        scenario: Box::new(ConsumerCall {
            verifier: contract,
            consumer: Arc::new(consuming_contract),
            at: stored.consumer,
            account: stored.account,
            more_arguments,
            calldata,
        }),
        must_succeed: Some(STORED_PROOF),
    })
}

/// What a consumer's constructor is given after the four arguments of every consumer: `text` encodes
/// these, as if there were no others.
fn further_arguments(consumer: &Artifact, text: Option<&str>) -> Outcome<Vec<DynSolValue>> {
    let abi: Option<JsonAbi> = serde_json::from_str(&consumer.abi).ok();
    let constructor = abi.and_then(|abi| abi.constructor);
    let inputs = constructor.map(|constructor| constructor.inputs).unwrap_or_default();
    let further = inputs.get(4..).unwrap_or_default();
    let parameters = || {
        let all: Vec<_> =
            further.iter().map(|input| format!("{} {}", input.selector_type(), input.name)).collect();
        all.join(", ")
    };
    let Some(text) = text else {
        if further.is_empty() {
            return Ok(Vec::new());
        }
        return Err(Failure::new(format!(
            "the constructor of {} takes more than verifier, code hash, key and SRS: {}",
            consumer.name,
            parameters()
        ))
        .hint(
            "measure a transaction of a Forge test, which can set it up: `hallmark gas --transactions` lists \
             them; or encode the further arguments with `cast abi-encode` and give them with \
             `--constructor-arguments`",
        ));
    };
    let bytes = from_hex(text).ok_or_else(not_hex)?;
    let types = further.iter().map(|input| input.resolve()).collect::<Result<Vec<_>, _>>();
    let types = types.map_err(|error| Failure::bug(format!("the ABI of {}: {error}", consumer.name)))?;
    match DynSolType::Tuple(types).abi_decode_params(&bytes) {
        // Only what encodes to the same bytes is what was meant.
        Ok(value) if value.abi_encode_params() == bytes => match value {
            DynSolValue::Tuple(values) => Ok(values),
            single => Ok(vec![single]),
        },
        _ => Err(Failure::new(format!(
            "`--constructor-arguments` does not encode what the constructor of {} takes after verifier, code \
             hash, key and SRS: {}",
            consumer.name,
            if further.is_empty() { "nothing".to_owned() } else { parameters() }
        ))
        .hint("`cast abi-encode 'f(TYPES)' VALUES…`, without the first four")),
    }
}

/// The function by which a consumer takes proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Submission {
    /// A proof of one model; its selector.
    One([u8; 4]),
    /// A proof of each of several models, as `EnsembleConsumer.MemberProof`; its selector.
    Ensemble([u8; 4]),
}

impl Submission {
    /// What it takes, with several models.
    const ENSEMBLE: &'static str = "((bytes,uint256[])[],address,uint256,uint256)";
    /// What it takes, with one.
    const ONE: &'static str = "(bytes,uint256[],address,uint256,uint256)";

    /// The function of this name that takes so many proofs.
    pub(crate) fn named(name: &str, proofs: usize) -> Self {
        match proofs {
            0 | 1 => Self::One(hallmark_solidity::selector(&format!("{name}{}", Self::ONE))),
            _ => Self::Ensemble(hallmark_solidity::selector(&format!("{name}{}", Self::ENSEMBLE))),
        }
    }

    /// The first such function of a contract that changes the state.
    fn of(artifact: &Artifact) -> Option<Self> {
        let abi: JsonAbi = serde_json::from_str(&artifact.abi).ok()?;
        let mut functions = abi.functions().filter_map(|function| {
            let selector = function.selector().0;
            let signature = function.signature();
            let parameters = signature.strip_prefix(function.name.as_str())?;
            match function.state_mutability {
                StateMutability::View | StateMutability::Pure => None,
                _ if parameters == Self::ONE => Some(Self::One(selector)),
                _ if parameters == Self::ENSEMBLE => Some(Self::Ensemble(selector)),
                _ => None,
            }
        });
        functions.next()
    }
}

/// A contract whose functions return what the fixture's do.
fn reader(fixture: &str) -> String {
    format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity ^0.8.20;\n\n\
         import {{InferenceFixture as F}} from \"{fixture}\";\n\n\
         contract FixtureReader {{\n    \
         function read() external pure returns (bytes memory, bytes memory, address, address) {{\n        \
         return (\n            \
         abi.encodeWithSignature(\"verifyProof(bytes,uint256[])\", F.proof(), F.instances()),\n            \
         abi.encode(F.proof(), F.instances(), F.ACCOUNT, F.NONCE, F.DEADLINE),\n            \
         F.CONSUMER,\n            \
         F.ACCOUNT\n        \
         );\n    }}\n}}\n"
    )
}

/// The stored proof, as the fixture itself encodes it.
struct Fixture {
    /// Calldata of `verifyProof(bytes,uint256[])`.
    verify_call: Vec<u8>,
    /// Encoded proof, instances, account, nonce and deadline.
    submit_arguments: Vec<u8>,
    /// The consumer that the proof is bound to.
    consumer: Address,
    /// The account that it is for.
    account: Address,
}

/// The parts of a fixture in JSON that are read here.
#[derive(Deserialize)]
struct JsonFixture {
    models: BTreeMap<String, JsonModel>,
}

#[derive(Deserialize)]
struct JsonModel {
    consumer: Address,
    proofs: Vec<JsonProof>,
}

#[derive(Deserialize)]
struct JsonProof {
    proof: Bytes,
    instances: Vec<B256>,
    account: Address,
    nonce: U256,
    deadline: U256,
}

impl Fixture {
    /// The first proof of the first model.
    fn read_json(path: &Path, name: &Path) -> Outcome<Self> {
        let unreadable = |reason: String| {
            Failure::new(format!("`{}` holds no proof: {reason}", name.display()))
                .hint("run `hallmark build` to make it again")
        };
        let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
        let fixture: JsonFixture =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        let model = fixture.models.into_values().next();
        let model = model.ok_or_else(|| unreadable("it is of no model".to_owned()))?;
        let first = model.proofs.into_iter().next();
        let first = first.ok_or_else(|| unreadable("its list of proofs is empty".to_owned()))?;
        let instances: Vec<U256> = first.instances.iter().map(|word| U256::from_be_bytes(word.0)).collect();
        let words: Vec<[u8; 32]> = first.instances.iter().map(|word| word.0).collect();
        let arguments = (first.proof.clone(), instances, first.account, first.nonce, first.deadline);
        Ok(Self {
            verify_call: calldata::encode_words(&first.proof, &words),
            submit_arguments: arguments.abi_encode_params(),
            consumer: model.consumer,
            account: first.account,
        })
    }

    fn read(reader: &Artifact, path: &Path) -> Outcome<Self> {
        let unreadable = |reason: &str| {
            Failure::new(format!("`{}` holds no proof: {reason}", path.display()))
                .hint("run `hallmark build` to make it again")
        };
        let mut evm = Evm::new(hallmark_gas::HardFork::default());
        let at = evm.deploy(&reader.creation_code)?.address;
        let outcome = evm.call(at, &hallmark_solidity::selector("read()"), None)?;
        if !outcome.success {
            return Err(unreadable("its functions revert"));
        }
        let (verify_call, submit_arguments, consumer, account) =
            <(Bytes, Bytes, Address, Address)>::abi_decode_params(&outcome.output)
                .map_err(|_| unreadable("it is not encoded as expected"))?;
        Ok(Self {
            verify_call: verify_call.to_vec(),
            submit_arguments: submit_arguments.to_vec(),
            consumer,
            account,
        })
    }
}

/// A call of any contract.
pub(crate) fn of_contract(shell: &Shell, args: &GasArgs, named: &str, call: &str) -> Outcome<Subject> {
    let (path, name) = named
        .rsplit_once(':')
        .filter(|(path, name)| !path.is_empty() && !name.is_empty())
        .ok_or_else(|| {
            Failure::new(format!("`{named}` is not FILE.sol:NAME"))
                .hint("for example `src/Verifier.sol:Verifier`")
        })?;
    let path = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let root = folder
        .ancestors()
        .find(|above| above.join("foundry.toml").is_file() || above.join("hallmark.toml").is_file());
    let root = root.map_or_else(|| folder.clone(), Path::to_path_buf);
    let tree = collect(&root, std::slice::from_ref(&path))?;
    let file = SourceTree::name_of(&root, &path);
    let artifacts = compile(shell, None, &root, &file, &args.solc, &tree)?;
    let artifact = artifacts.iter().find(|artifact| artifact.name == name && file_of(artifact) == file);
    let artifact = artifact.ok_or_else(|| {
        let there: Vec<&str> =
            artifacts.iter().filter(|artifact| file_of(artifact) == file).map(|a| a.name.as_str()).collect();
        Failure::new(format!("`{}` has no contract `{name}` with code", path.display()))
            .hint(format!("it has: {}", if there.is_empty() { "none".into() } else { there.join(", ") }))
    })?;
    Ok(Subject {
        name: name.to_owned(),
        errors: errors_of(&[artifact]),
        scenario: Box::new(Call {
            contract: Arc::new(Contract::new(Arc::new(artifact.clone()))?),
            constructor_arguments: match &args.constructor_arguments {
                Some(text) => from_hex(text).ok_or_else(not_hex)?,
                None => Vec::new(),
            },
            calldata: read_calldata(call)?,
        }),
        must_succeed: None,
    })
}

fn not_hex() -> Failure {
    Failure::new("`--constructor-arguments` is not hex").hint("`cast abi-encode` makes it")
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.trim()).ok()
}

/// Hex, a file of hex, or a file of bytes.
fn read_calldata(text: &str) -> Outcome<Vec<u8>> {
    let path = Path::new(text);
    if path.is_file() {
        let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
        let decoded = std::str::from_utf8(&bytes).ok().and_then(from_hex);
        return Ok(decoded.unwrap_or(bytes));
    }
    from_hex(text).ok_or_else(|| {
        Failure::new("`--calldata` is neither hex nor a file that is there")
            .hint("`cast calldata` or `hallmark export calldata` makes it")
    })
}

fn file_of(artifact: &Artifact) -> &str {
    artifact.sources.get(&artifact.source_index).map_or("", |file| file.path.as_str())
}

fn collect(root: &Path, entries: &[PathBuf]) -> Outcome<SourceTree> {
    use hallmark_solidity::Error;
    SourceTree::collect(root, entries).map_err(|error| match &error {
        Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Failure::from(error).hint("check the path; in a project, `hallmark build` makes what is missing")
        }
        _ => error.into(),
    })
}

/// Compiles as the project's framework would compile `file`, or takes what the cache has.
fn compile(
    shell: &Shell,
    cache: Option<&mut Cache>,
    root: &Path,
    file: &str,
    args: &SolcArgs,
    tree: &SourceTree,
) -> Outcome<Vec<Artifact>> {
    let settings = CompilerSettings::from_project(root, file);
    let settings = CompilerSettings { remappings: tree.remappings.clone(), ..settings };
    let mut parts: Vec<Vec<u8>> = vec![
        b"contracts 1".to_vec(),
        env!("CARGO_PKG_VERSION").into(),
        format!("{settings:?}").into_bytes(),
        format!("{:?}", version_of_project(root, file)).into_bytes(),
        format!("{:?}", args.solc).into_bytes(),
    ];
    for (name, text) in &tree.files {
        parts.push(name.clone().into_bytes());
        parts.push(text.clone().into_bytes());
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let key = cache::key(&parts);
    if let Some(cache) = cache.as_deref()
        && cache.is_fresh(STAGE, &key)
        && let Ok(artifacts) = cache.read_json(ARTIFACTS)
    {
        return Ok(artifacts);
    }
    let solc: Solc = pipeline::locate_solc_of_project(shell, args, root, file)?;
    let step = shell.step("Compiling", "with solc");
    let artifacts = solc.compile(&tree.files, &settings)?;
    step.finish("Compiled", &format!("{} file(s), solc {}", tree.files.len(), solc.version()));
    if let Some(cache) = cache {
        // A cache that cannot be written costs time, not the result.
        let kept =
            cache.write_json(ARTIFACTS, &artifacts).and_then(|()| cache.record(STAGE, &key, &[ARTIFACTS]));
        if let Err(failure) = kept {
            shell.detail(&format!("the cache was not written: {}", failure.message));
        }
    }
    Ok(artifacts)
}
