//! The Solidity compiler: finding one, and driving it through standard JSON.

use crate::error::Error;
use foundry_compilers::solc::Solc as Runner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version that generated contracts are compiled and tested with.
pub const SOLC_VERSION: &str = "0.8.30";

/// Limit of runtime code in bytes (EIP-170).
pub const CODE_LIMIT: usize = 24_576;

const WRAPPER_STUB: &str = include_str!("../wrapper/solc");
const WRAPPER_SCRIPT: &str = include_str!("../wrapper/solcjs-wrapper.cjs");

/// Where to look for a compiler.
#[derive(Clone, Debug)]
pub struct SolcRequest {
    /// A compiler that the user named; nothing else is tried when it is set.
    pub explicit: Option<PathBuf>,
    /// The project: its foundry.toml and node_modules, and those of the folders above, are read.
    pub project: PathBuf,
    /// Version wanted, like `0.8.30`.
    pub version: String,
    /// Folder in which the wrapper of the npm compiler is kept.
    pub cache: PathBuf,
}

impl SolcRequest {
    /// The pinned version, for the project in `project`, with the user's cache folder.
    pub fn new(project: impl Into<PathBuf>) -> Self {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| home().map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
            .join("hallmark");
        Self { explicit: None, project: project.into(), version: SOLC_VERSION.into(), cache }
    }
}

/// Pipelines and optimiser of one compilation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilerSettings {
    /// Optimiser on.
    pub optimizer: bool,
    /// Expected number of calls over the contract's life: larger favours gas over code size.
    pub optimizer_runs: u32,
    /// Compile through the IR (`viaIR`).
    pub via_ir: bool,
    /// Oldest EVM that must run the code. `paris` has no `PUSH0`, `MCOPY` or transient storage.
    pub evm_version: String,
    /// What code ends with besides the compiler's version: `ipfs` or `bzzr1`, a hash of sources and settings,
    /// or `none`.
    pub bytecode_hash: String,
    /// Whether code ends with either.
    pub cbor_metadata: bool,
    /// Prefixes of imports, `prefix=folder/`.
    pub remappings: Vec<String>,
}

impl Default for CompilerSettings {
    /// The settings that generated projects pin.
    fn default() -> Self {
        Self {
            optimizer: true,
            optimizer_runs: 1_000_000,
            via_ir: false,
            evm_version: "paris".into(),
            bytecode_hash: "none".into(),
            cbor_metadata: false,
            remappings: Vec::new(),
        }
    }
}

impl CompilerSettings {
    /// What forge would compile the project in `root` with: foundry.toml's default profile, and
    /// forge's own defaults for what it leaves out.
    pub fn from_foundry(root: &Path) -> Self {
        let table = foundry_table(root).map(|(_, table)| table).unwrap_or_default();
        let profile = table.get("profile").and_then(|profile| profile.get("default"));
        let value = |key: &str| profile.and_then(|profile| profile.get(key));
        let flag = |key: &str| value(key).and_then(toml::Value::as_bool);
        let runs = value("optimizer_runs").and_then(toml::Value::as_integer);
        Self {
            optimizer: flag("optimizer").unwrap_or(false),
            optimizer_runs: runs.and_then(|runs| u32::try_from(runs).ok()).unwrap_or(200),
            via_ir: flag("via_ir").unwrap_or(false),
            evm_version: value("evm_version").and_then(toml::Value::as_str).unwrap_or("osaka").to_owned(),
            bytecode_hash: value("bytecode_hash").and_then(toml::Value::as_str).unwrap_or("ipfs").to_owned(),
            cbor_metadata: flag("cbor_metadata").unwrap_or(true),
            remappings: Vec::new(),
        }
    }
}

impl CompilerSettings {
    /// What the project in `root` compiles `file` with: as forge would where there is a foundry.toml,
    /// as Hardhat last did where it left its record, and as generated projects do else.
    pub fn from_project(root: &Path, file: &str) -> Self {
        let is_ours = root.join("hallmark.toml").is_file();
        if root.join("foundry.toml").is_file() || !is_ours {
            return Self::from_foundry(root);
        }
        Self::from_hardhat(root, file).unwrap_or_default()
    }

    /// The settings of the latest of Hardhat's records that has the file.
    fn from_hardhat(root: &Path, file: &str) -> Option<Self> {
        let record = hardhat_record(root, file)?;
        let settings = record.pointer("/input/settings")?;
        let optimizer = settings.get("optimizer");
        let optimizer = |key: &str| optimizer.and_then(|optimizer| optimizer.get(key));
        let runs = optimizer("runs").and_then(Value::as_u64).and_then(|runs| u32::try_from(runs).ok());
        let default = Self::default();
        let metadata = |key: &str| settings.get("metadata").and_then(|metadata| metadata.get(key));
        Some(Self {
            optimizer: optimizer("enabled").and_then(Value::as_bool).unwrap_or(false),
            optimizer_runs: runs.unwrap_or(200),
            via_ir: settings.get("viaIR").and_then(Value::as_bool).unwrap_or(false),
            evm_version: settings
                .get("evmVersion")
                .and_then(Value::as_str)
                .map_or(default.evm_version, str::to_owned),
            bytecode_hash: metadata("bytecodeHash").and_then(Value::as_str).unwrap_or("ipfs").to_owned(),
            cbor_metadata: metadata("appendCBOR").and_then(Value::as_bool).unwrap_or(true),
            remappings: Vec::new(),
        })
    }
}

/// The compiler version that the project in `root` compiles `file` with, where it says one: foundry.toml,
/// or Hardhat's latest record.
pub fn version_of_project(root: &Path, file: &str) -> Option<String> {
    let version = if root.join("foundry.toml").is_file() {
        foundry_setting(root).map(|(_, value)| value)
    } else {
        hardhat_record(root, file).and_then(|record| Some(record.get("solcVersion")?.as_str()?.to_owned()))
    };
    version.filter(|version| is_version(version))
}

/// The latest of Hardhat's records that has the file.
fn hardhat_record(root: &Path, file: &str) -> Option<Value> {
    let folder = std::fs::read_dir(root.join("artifacts/build-info")).ok()?;
    let name = format!("project/{file}");
    let records = folder.filter_map(|entry| {
        let entry = entry.ok()?;
        let modified = entry.metadata().ok()?.modified().ok()?;
        let record: Value = serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok()?;
        record.pointer("/input/sources")?.get(&name)?;
        Some((modified, record))
    });
    Some(records.max_by_key(|(modified, _)| *modified)?.1)
}

/// Whether a setting is a version, like `0.8.30`, and no path.
fn is_version(value: &str) -> bool {
    value.split('.').count() == 3 && value.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Name of the contract.
    pub name: String,
    /// Code that deploys it, without constructor arguments.
    pub creation_code: Vec<u8>,
    /// Code of the deployed contract.
    pub runtime_code: Vec<u8>,
    /// Solidity's source map of the runtime code.
    pub runtime_source_map: String,
    /// Index in the source map of the file that defines the contract.
    pub source_index: u32,
    /// All files of the compilation, by index in the source map.
    pub sources: Arc<BTreeMap<u32, SourceFile>>,
    /// ABI as JSON.
    pub abi: String,
    /// Ranges of the runtime code that the constructor fills in (immutables), as offset and length.
    pub immutables: Vec<(usize, usize)>,
}

impl Artifact {
    /// The source file that defines the contract.
    pub fn source(&self) -> &str {
        self.sources.get(&self.source_index).map_or("", |file| file.text.as_str())
    }

    /// Whether `code` is this contract's runtime code, whatever its immutables and hashes of metadata are.
    pub fn is_code(&self, code: &[u8]) -> bool {
        let places = [&self.immutables[..], &metadata_hashes(&self.runtime_code)].concat();
        code.len() == self.runtime_code.len() && same_but_for(&places, code, &self.runtime_code)
    }

    /// Whether `data` is this contract's creation code with any arguments, whatever hashes of metadata are.
    pub fn is_creation(&self, data: &[u8]) -> bool {
        let code = &self.creation_code;
        !code.is_empty()
            && data.get(..code.len()).is_some_and(|data| same_but_for(&metadata_hashes(code), data, code))
    }
}

/// Where code has a hash of metadata: offsets and lengths. That hash is of all sources and settings, also
/// of those that change nothing in the code, such as remappings; it is data that is never run.
///
/// The format is in Solidity's documentation, "Encoding of the metadata hash in the bytecode".
fn metadata_hashes(code: &[u8]) -> Vec<(usize, usize)> {
    const LENGTH: usize = 32;
    let keys: [&[u8]; 2] = [b"\x64ipfs\x58\x22\x12\x20", b"\x65bzzr1\x58\x20"];
    let places = keys.iter().flat_map(|key| {
        let starts = code.windows(key.len()).enumerate().filter(|(_, window)| window == key);
        starts.map(|(at, _)| (at + key.len(), LENGTH)).collect::<Vec<_>>()
    });
    places.filter(|(at, length)| at + length <= code.len()).collect()
}

/// Whether code of one length is the same outside of some places, as offset and length.
fn same_but_for(places: &[(usize, usize)], one: &[u8], other: &[u8]) -> bool {
    let masked = |code: &[u8]| {
        let mut code = code.to_vec();
        for (offset, length) in places {
            if let Some(bytes) = code.get_mut(*offset..offset.saturating_add(*length)) {
                bytes.fill(0);
            }
        }
        code
    };
    masked(one) == masked(other)
}

/// A source file as the compiler saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its name, a path from the project's folder where it is below it.
    pub path: String,
    /// Its contents.
    pub text: String,
    /// Functions that it defines, in the order of their first byte.
    pub functions: Vec<SourceFunction>,
}

/// A function, modifier or Yul function, where it is defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFunction {
    /// `Contract.function`, or the bare name of a free or Yul function.
    pub name: String,
    /// First byte of the definition.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// The external library that a contract must be linked to, if any.
fn unlinked(contract: &Value) -> Option<String> {
    let object = contract.pointer("/evm/bytecode/object").and_then(Value::as_str)?;
    let at = object.find("__$")?;
    Some(object.get(at..at + 40).unwrap_or("with an unknown name").to_owned())
}

fn immutables_of(contract: &Value) -> Vec<(usize, usize)> {
    let references = contract.pointer("/evm/deployedBytecode/immutableReferences").and_then(Value::as_object);
    let number = |place: &Value, key: &str| place.get(key)?.as_u64().and_then(|n| usize::try_from(n).ok());
    let places =
        references.into_iter().flatten().flat_map(|(_, places)| places.as_array().into_iter().flatten());
    places.filter_map(|place| Some((number(place, "start")?, number(place, "length")?))).collect()
}

/// The functions that a file's syntax tree defines.
fn functions_of(ast: &Value) -> Vec<SourceFunction> {
    let mut functions = Vec::new();
    collect_functions(ast, "", &mut functions);
    functions.sort_by_key(|function| (function.start, std::cmp::Reverse(function.end)));
    functions
}

fn collect_functions(node: &Value, contract: &str, functions: &mut Vec<SourceFunction>) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| collect_functions(item, contract, functions)),
        Value::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
            let mut inside = contract;
            let kind = text("nodeType");
            match kind {
                "ContractDefinition" => inside = text("name"),
                "FunctionDefinition" | "ModifierDefinition" | "YulFunctionDefinition" => {
                    let named = Some(text("name")).filter(|name| !name.is_empty()).unwrap_or(text("kind"));
                    let name = if contract.is_empty() || kind == "YulFunctionDefinition" {
                        named.to_owned()
                    } else {
                        format!("{contract}.{named}")
                    };
                    let mut range = text("src").split(':').map(|part| part.parse::<usize>().ok());
                    if let (Some(Some(start)), Some(Some(length))) = (range.next(), range.next()) {
                        functions.push(SourceFunction { name, start, end: start.saturating_add(length) });
                    }
                }
                _ => {}
            }
            fields.values().for_each(|value| collect_functions(value, inside, functions));
        }
        _ => {}
    }
}

/// A located compiler.
#[derive(Clone, Debug)]
pub struct Solc {
    runner: Runner,
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from)
}

/// `~/.svm/V/solc-V` and its newer place under the data folder.
fn svm_paths(version: &str) -> Vec<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| home().map(|home| home.join(".local/share")));
    let mut roots: Vec<PathBuf> = home().map(|home| home.join(".svm")).into_iter().collect();
    roots.extend(data.map(|data| data.join("svm")));
    roots.into_iter().map(|root| root.join(version).join(format!("solc-{version}"))).collect()
}

/// The nearest foundry.toml at or above a folder.
fn foundry_table(project: &Path) -> Option<(PathBuf, toml::Table)> {
    let folder = project.ancestors().find(|a| a.join("foundry.toml").is_file())?;
    let file = folder.join("foundry.toml");
    let table: toml::Table = std::fs::read_to_string(&file).ok()?.parse().ok()?;
    Some((file, table))
}

/// The `solc` (or `solc_version`) key of the nearest foundry.toml's default profile.
fn foundry_setting(project: &Path) -> Option<(PathBuf, String)> {
    let (file, table) = foundry_table(project)?;
    let profile = table.get("profile")?.get("default")?;
    let value = profile.get("solc").or_else(|| profile.get("solc_version"))?.as_str()?;
    Some((file, value.to_owned()))
}

/// A folder with `soljson.js`: `SOLCJS_DIR`, then node_modules of the project, the working folder,
/// and the folders above them.
fn solcjs_folder(project: &Path, tried: &mut Vec<String>) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("SOLCJS_DIR").map(PathBuf::from).into_iter().collect();
    let starts = [project.to_path_buf(), std::env::current_dir().unwrap_or_default()];
    for start in &starts {
        folders.extend(start.ancestors().map(|a| a.join("node_modules").join("solc")));
    }
    let found = folders.iter().find(|f| f.join("soljson.js").is_file()).cloned();
    if found.is_none() {
        tried.push(format!(
            "npm package `solc`: no soljson.js in SOLCJS_DIR or in node_modules of {} and above",
            project.display()
        ));
    }
    found
}

fn write_file(path: &Path, contents: &str) -> Result<(), Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    if std::fs::read_to_string(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, contents).map_err(io)?;
    std::fs::rename(&temporary, path).map_err(io)
}

/// Writes the wrapper that makes the npm compiler look like solc, and returns its path.
///
/// # Errors
/// When the cache folder cannot be written.
pub fn install_wrapper(solcjs: &Path, cache: &Path) -> Result<PathBuf, Error> {
    let digest = Keccak256::digest(solcjs.to_string_lossy().as_bytes());
    let folder = cache.join("solcjs").join(hex::encode(&digest[..8]));
    std::fs::create_dir_all(&folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
    write_file(&folder.join("solcjs-dir"), &solcjs.to_string_lossy())?;
    write_file(&folder.join("solcjs-wrapper.cjs"), WRAPPER_SCRIPT)?;
    let stub = folder.join("solc");
    write_file(&stub, WRAPPER_STUB)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755))
            .map_err(|source| Error::Io { path: stub.clone(), source })?;
    }
    Ok(stub)
}

impl Solc {
    /// Finds a compiler of the wanted version. In this order: the named one, `HALLMARK_SOLC`,
    /// `FOUNDRY_SOLC`, `solc` in foundry.toml, `solc` on `PATH`, installations that Foundry keeps,
    /// (with the feature `svm-solc`) a download, and the npm package.
    ///
    /// # Errors
    /// [`Error::NoSolc`] with everything that was tried.
    pub fn locate(request: &SolcRequest) -> Result<Self, Error> {
        let mut tried = Vec::new();
        let version = request.version.as_str();
        let no_solc = |tried: Vec<String>| Error::NoSolc { version: version.to_owned(), tried };
        if let Some(path) = &request.explicit {
            return Self::probe(path, version, "the path given", &mut tried).ok_or_else(|| no_solc(tried));
        }
        for name in ["HALLMARK_SOLC", "FOUNDRY_SOLC"] {
            match std::env::var(name) {
                Ok(value) if !value.is_empty() => {
                    if let Some(solc) = Self::from_setting(&value, version, name, &mut tried) {
                        return Ok(solc);
                    }
                }
                _ => tried.push(format!("{name}: not set")),
            }
        }
        match foundry_setting(&request.project) {
            Some((file, value)) => {
                let what = format!("`solc` in {}", file.display());
                // A path there is relative to the file.
                let absolute = file.parent().map(|p| p.join(&value)).filter(|p| p.is_file());
                let value = absolute.map_or(value, |p| p.to_string_lossy().into_owned());
                if let Some(solc) = Self::from_setting(&value, version, &what, &mut tried) {
                    return Ok(solc);
                }
            }
            None => tried
                .push(format!("foundry.toml of {} and above: none sets `solc`", request.project.display())),
        }
        let on_path = std::env::var_os("PATH")
            .and_then(|paths| std::env::split_paths(&paths).map(|p| p.join("solc")).find(|p| p.is_file()));
        match on_path {
            Some(path) => {
                if let Some(solc) = Self::probe(&path, version, "PATH", &mut tried) {
                    return Ok(solc);
                }
            }
            None => tried.push("PATH: no solc".into()),
        }
        if let Some(solc) = Self::from_setting(version, version, "Foundry's compilers", &mut tried) {
            return Ok(solc);
        }
        #[cfg(feature = "svm-solc")]
        match version.parse().map(|v| Runner::find_or_install(&v)) {
            Ok(Ok(runner)) => return Ok(Self { runner }),
            Ok(Err(error)) => tried.push(format!("download: {error}")),
            Err(error) => tried.push(format!("download: {error}")),
        }
        if let Some(folder) = solcjs_folder(&request.project, &mut tried) {
            let stub = install_wrapper(&folder, &request.cache)?;
            if let Some(solc) = Self::probe(&stub, version, "the npm package", &mut tried) {
                return Ok(solc);
            }
        }
        Err(no_solc(tried))
    }

    /// A setting is a path or a version.
    fn from_setting(value: &str, wanted: &str, what: &str, tried: &mut Vec<String>) -> Option<Self> {
        if !is_version(value) {
            return Self::probe(Path::new(value), wanted, what, tried);
        }
        for path in svm_paths(value) {
            if path.is_file() {
                if let Some(solc) = Self::probe(&path, wanted, what, tried) {
                    return Some(solc);
                }
            } else {
                tried.push(format!("{what}: {} does not exist", path.display()));
            }
        }
        None
    }

    fn probe(path: &Path, wanted: &str, what: &str, tried: &mut Vec<String>) -> Option<Self> {
        match Runner::new(path) {
            Ok(runner) if runner.version_short().to_string() == wanted => Some(Self { runner }),
            Ok(runner) => {
                tried.push(format!("{what}: {} is version {}", path.display(), runner.version_short()));
                None
            }
            Err(error) => {
                tried.push(format!("{what}: {} does not run: {error}", path.display()));
                None
            }
        }
    }

    /// The executable.
    pub fn path(&self) -> &Path {
        &self.runner.solc
    }

    /// Its version, like `0.8.30`.
    pub fn version(&self) -> String {
        self.runner.version_short().to_string()
    }

    /// Compiles files given as name → contents; returns every contract with code.
    ///
    /// # Errors
    /// [`Error::Compile`] with the compiler's messages; [`Error::SolcRun`] when it does not answer.
    pub fn compile(
        &self,
        sources: &BTreeMap<String, String>,
        settings: &CompilerSettings,
    ) -> Result<Vec<Artifact>, Error> {
        let input = json!({
            "language": "Solidity",
            "sources": sources
                .iter()
                .map(|(name, content)| (name.clone(), json!({ "content": content })))
                .collect::<serde_json::Map<String, Value>>(),
            "settings": {
                "optimizer": { "enabled": settings.optimizer, "runs": settings.optimizer_runs },
                "viaIR": settings.via_ir,
                "remappings": settings.remappings,
                "evmVersion": settings.evm_version,
                "metadata": { "bytecodeHash": settings.bytecode_hash, "appendCBOR": settings.cbor_metadata },
                "outputSelection": { "*": { "": ["ast"], "*": [
                    "abi", "evm.bytecode.object",
                    "evm.deployedBytecode.object", "evm.deployedBytecode.sourceMap",
                    "evm.deployedBytecode.immutableReferences"
                ] } },
            },
        });
        let failed = |message: String| Error::SolcRun { path: self.runner.solc.clone(), message };
        let output = self.runner.compile_output(&input).map_err(|e| failed(e.to_string()))?;
        let output: Value = serde_json::from_slice(&output).map_err(|e| failed(e.to_string()))?;
        let messages: Vec<String> = output
            .get("errors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|e| e.get("severity").and_then(Value::as_str) == Some("error"))
            .map(|e| {
                let text = e.get("formattedMessage").or_else(|| e.get("message"));
                text.and_then(Value::as_str).unwrap_or("error without a message").to_owned()
            })
            .collect();
        if !messages.is_empty() {
            return Err(Error::Compile { messages });
        }
        let bytes = |contract: &Value, which: &str| -> Result<Vec<u8>, Error> {
            let object =
                contract.pointer(&format!("/evm/{which}/object")).and_then(Value::as_str).unwrap_or_default();
            hex::decode(object).map_err(|e| failed(format!("bytecode is not hexadecimal: {e}")))
        };
        let mut files = BTreeMap::new();
        let reported = output.get("sources").and_then(Value::as_object);
        for (path, file) in reported.into_iter().flatten() {
            let Some(index) = file.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok())
            else {
                continue;
            };
            let text = sources.get(path).cloned().unwrap_or_default();
            let functions = file.get("ast").map(functions_of).unwrap_or_default();
            files.insert(index, SourceFile { path: path.clone(), text, functions });
        }
        let files = Arc::new(files);
        let mut artifacts = Vec::new();
        let mut unlinkable = Vec::new();
        let compiled = output.get("contracts").and_then(Value::as_object);
        for (file, contracts) in compiled.into_iter().flatten() {
            let source_index =
                files.iter().find(|(_, source)| source.path == *file).map_or(0, |(index, _)| *index);
            for (name, contract) in contracts.as_object().into_iter().flatten() {
                if let Some(library) = unlinked(contract) {
                    unlinkable.push(format!("{file}:{name} calls the library {library}"));
                    continue;
                }
                let runtime_code = bytes(contract, "deployedBytecode")?;
                if runtime_code.is_empty() {
                    continue;
                }
                artifacts.push(Artifact {
                    name: name.clone(),
                    creation_code: bytes(contract, "bytecode")?,
                    runtime_code,
                    runtime_source_map: contract
                        .pointer("/evm/deployedBytecode/sourceMap")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                    source_index,
                    sources: Arc::clone(&files),
                    abi: contract.get("abi").map(Value::to_string).unwrap_or_default(),
                    immutables: immutables_of(contract),
                });
            }
        }
        if artifacts.is_empty() && !unlinkable.is_empty() {
            return Err(Error::Unlinked { contracts: unlinkable });
        }
        Ok(artifacts)
    }

    /// Compiles one file and returns the contract `name`.
    ///
    /// # Errors
    /// As [`Solc::compile`], and when the file has no such contract.
    pub fn compile_contract(
        &self,
        name: &str,
        source: &str,
        settings: &CompilerSettings,
    ) -> Result<Artifact, Error> {
        let sources = BTreeMap::from([(format!("{name}.sol"), source.to_owned())]);
        self.compile(&sources, settings)?.into_iter().find(|a| a.name == name).ok_or_else(|| Error::Compile {
            messages: vec![format!("the source defines no contract `{name}`")],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_the_projects_framework() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let settings = || CompilerSettings::from_project(root, "contracts/Verifier.sol");
        // Nobody's project: as forge compiles without settings.
        assert_eq!(settings().evm_version, "osaka");
        write("hallmark.toml", "");
        assert_eq!(settings(), CompilerSettings::default());
        let record = |file: &str| {
            format!(
                "{{\"solcVersion\": \"0.8.34\", \"input\": {{\"sources\": {{\"project/{file}\": {{}}}}, \"settings\": \
                 {{\"evmVersion\": \"prague\", \"viaIR\": true, \"optimizer\": {{\"enabled\": true, \"runs\": 5}}}}}}}}"
            )
        };
        write("artifacts/build-info/a.json", &record("contracts/Other.sol"));
        write("artifacts/build-info/b.output.json", "{}");
        assert_eq!(settings(), CompilerSettings::default());
        write("artifacts/build-info/c.json", &record("contracts/Verifier.sol"));
        let expected = CompilerSettings {
            optimizer: true,
            optimizer_runs: 5,
            via_ir: true,
            evm_version: "prague".into(),
            // As the compiler does when it is not told.
            bytecode_hash: "ipfs".into(),
            cbor_metadata: true,
            remappings: Vec::new(),
        };
        assert_eq!(settings(), expected);
        assert_eq!(version_of_project(folder.path(), "contracts/Verifier.sol").as_deref(), Some("0.8.34"));
        assert_eq!(version_of_project(folder.path(), "contracts/None.sol"), None);
        write("foundry.toml", "[profile.default]\nevm_version = 'paris'\n");
        assert_eq!(settings().evm_version, "paris");
        assert!(!settings().optimizer);
        assert_eq!((settings().bytecode_hash.as_str(), settings().cbor_metadata), ("ipfs", true));
        write("foundry.toml", "[profile.default]\nbytecode_hash = 'none'\ncbor_metadata = false\n");
        assert_eq!((settings().bytecode_hash.as_str(), settings().cbor_metadata), ("none", false));
    }

    /// As the compiler ends code: `a264 ipfs 5822 1220 <hash> 64 solc 43 <version> 0033`.
    #[test]
    fn code_is_the_same_whatever_its_metadata_is() {
        let code = |start: u8, hash: u8, arguments: &[u8]| {
            let metadata =
                [&b"\xfe\xa2\x64ipfs\x58\x22\x12\x20"[..], &[hash; 32], b"\x64solc\x43\x00\x08\x1e\x00\x33"];
            [&[start, 0x60, 0x80][..], &metadata.concat(), arguments].concat()
        };
        let artifact = Artifact {
            name: "A".into(),
            creation_code: code(1, 7, &[]),
            runtime_code: code(2, 7, &[]),
            runtime_source_map: String::new(),
            source_index: 0,
            sources: Arc::default(),
            abi: "[]".into(),
            immutables: vec![(1, 1)],
        };
        assert!(artifact.is_code(&code(2, 8, &[])) && artifact.is_creation(&code(1, 8, &[5; 32])));
        assert!(!artifact.is_code(&code(3, 7, &[])) && !artifact.is_creation(&code(3, 7, &[])));
        // Arguments are no part of code on a chain, and immutables none of code that creates.
        assert!(!artifact.is_code(&code(2, 7, &[5; 32])));
        let mut other = code(2, 7, &[]);
        other[1] ^= 1;
        assert!(artifact.is_code(&other));
        other[2] ^= 1;
        assert!(!artifact.is_code(&other));
        let mut other = code(1, 7, &[]);
        other[1] ^= 1;
        assert!(!artifact.is_creation(&other));
        // Only the hash: not the compiler's version behind it.
        let mut other = code(2, 7, &[]);
        let last = other.len() - 3;
        other[last] ^= 1;
        assert!(!artifact.is_code(&other));
        assert!(!artifact.is_creation(&artifact.creation_code[1..]));
    }
}
