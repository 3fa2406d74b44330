//! Networks: what their EVM does, what they charge by, and on what evidence.
//!
//! Every network is a data file (`networks/*.toml`, described by `networks/schema.json`). The shipped
//! ones are embedded; [`Network::from_toml`] takes a person's own.

use crate::{
    date,
    error::{Error, suggestion},
    fees::taiko::Schedule,
    parameters::Parameters,
    quote::FeeModel,
};
use hallmark_gas::{HardFork, Rules};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whether a network can be deployed to and priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// In operation.
    Live,
    /// Not a network but a set of rules that may come.
    WhatIf,
    /// Closed, or closing.
    Ended,
    /// In operation, but its fees do not follow from the gas of an EVM.
    Unsupported,
}

/// How sure the formula and the rules of a network are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Recomputed from receipts, or equal to the network's own tests.
    Verified,
    /// As the network's sources or documentation say; no receipt was recomputed.
    Documented,
    /// Inferred from a related network.
    Assumed,
}

/// What a network's formula was checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How sure it is.
    pub confidence: Confidence,
    /// The check, in words.
    pub checked: String,
    /// Specifications, source files and receipts.
    pub sources: Vec<String>,
}

/// A whole number that may exceed 64 bits: an integer, or its decimal digits as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// As an integer, from 0.
    Integer(#[schemars(range(min = 0))] i64),
    /// As decimal digits.
    Text(#[schemars(regex(pattern = "^[0-9]+$"))] String),
}

impl Amount {
    pub(crate) fn value(&self) -> Result<u128, String> {
        let wrong = |shown: String| format!("is {shown}; a whole number from 0 was expected");
        match self {
            Self::Integer(integer) => u128::try_from(*integer).map_err(|_| wrong(integer.to_string())),
            Self::Text(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| format!("is {digits}; it does not fit 128 bits"))
            }
            Self::Text(text) => Err(wrong(format!("`{text}`"))),
        }
    }
}

impl From<u128> for Amount {
    fn from(value: u128) -> Self {
        i64::try_from(value).map_or_else(|_| Self::Text(value.to_string()), Self::Integer)
    }
}

/// A network's data file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Network",
    description = "A network that verifiers are deployed to: rules, fees, limits, evidence."
)]
struct File {
    /// Identifier: lower-case letters, digits and hyphens.
    id: String,
    /// Display name.
    name: String,
    /// Other names that it can be asked for by.
    #[serde(default)]
    aliases: Vec<String>,
    /// Chain id (EIP-155).
    chain_id: u64,
    /// Symbol of the token that fees are paid in.
    token: String,
    /// Whether it can be deployed to and priced.
    status: Status,
    /// Date of the end, for networks that have ended.
    status_since: Option<String>,
    /// Why it is not live.
    status_reason: Option<String>,
    /// Rules of its EVM; needed unless it has ended.
    execution: Option<Execution>,
    /// What it charges by; needed unless it has ended.
    fee_model: Option<FeeModel>,
    /// What a transaction may not exceed besides.
    #[serde(default)]
    limits: LimitsFile,
    /// What the formula was checked against; needed unless it has ended.
    evidence: Option<Evidence>,
    /// Default parameters; needed unless it has ended.
    parameters: Option<ParametersFile>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Execution {
    /// Hard fork of Ethereum whose gas schedule and precompiles it has.
    #[schemars(with = "String", extend("enum" = ["paris", "shanghai", "cancun", "prague", "osaka", "amsterdam"]))]
    hard_fork: HardFork,
    /// Date since when.
    since: String,
    /// The network's own name of that upgrade.
    upgrade: String,
    /// Whether calldata has a floor price where the hard fork has one.
    calldata_floor: bool,
    /// Most gas that one transaction may use, where there is a cap.
    transaction_gas_cap: Option<u64>,
    /// Most bytes of runtime code of a contract.
    code_size_limit: u64,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    /// Most bytes of a signed transaction.
    transaction_bytes: Option<u64>,
    /// Most bytes of calldata.
    calldata_bytes: Option<u64>,
    /// Most bytes of input of a pairing check on BN254.
    pairing_input_bytes: Option<u64>,
    /// Most pairs that the pairing checks of a block may have.
    pairs: Option<u64>,
    /// Most permutations of Keccak-f in a block.
    keccak_permutations: Option<u64>,
    /// Most calls in a block of each precompile, by its address (two hexadecimal digits after 0x).
    #[serde(default)]
    precompile_calls: BTreeMap<String, u64>,
    /// What a block may cost to prove.
    zk_gas: Option<ZkGasFile>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ZkGasFile {
    /// Most zk gas of a block.
    block_limit: u64,
    /// Zk gas of any transaction.
    transaction: u64,
    /// Gas that opcodes that start another frame count for, by opcode.
    spawn_gas: BTreeMap<String, u64>,
    /// Multipliers of opcodes.
    opcodes: BTreeMap<String, u64>,
    /// Multipliers of precompiles.
    precompiles: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ParametersFile {
    /// Date of the values.
    as_of: String,
    /// Where they were seen.
    source: String,
    /// Names of values that were not found and are assumed.
    #[serde(default)]
    assumed: Vec<String>,
    /// The values: wei or plain numbers, by name.
    values: BTreeMap<String, Amount>,
}

/// What a transaction may not exceed besides gas and code size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a signed transaction.
    pub transaction_bytes: Option<u64>,
    /// Most bytes of calldata.
    pub calldata_bytes: Option<u64>,
    /// Most bytes of input of a pairing check on BN254.
    pub pairing_input_bytes: Option<u64>,
    /// Most pairs of all pairing checks of a block.
    pub pairs: Option<u64>,
    /// Most permutations of Keccak-f in a block.
    pub keccak_permutations: Option<u64>,
    /// Most calls in a block of each precompile, by the last byte of its address.
    pub precompile_calls: BTreeMap<u8, u64>,
    /// What a block may cost to prove.
    pub zk_gas: Option<Schedule>,
}

/// A network that can be asked for: live, a what-if, or live but not priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Identifier.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Chain id.
    pub chain_id: u64,
    /// Symbol of the token that fees are paid in: all amounts of "wei" are 10^-18 of it.
    pub token: String,
    /// Never [`Status::Ended`].
    pub status: Status,
    /// Why it is not live, where it is not.
    pub status_reason: Option<String>,
    /// Hard fork whose gas schedule and precompiles it has.
    pub hard_fork: HardFork,
    /// Date since when, year-month-day.
    pub since: String,
    /// The network's own name of that upgrade.
    pub upgrade: String,
    /// Whether calldata has a floor price where the hard fork has one.
    pub calldata_floor: bool,
    /// Most gas that one transaction may use, where there is a cap.
    pub transaction_gas_cap: Option<u64>,
    /// Most bytes of runtime code of a contract.
    pub code_size_limit: usize,
    /// What it charges by.
    pub fee_model: FeeModel,
    /// What a transaction may not exceed besides.
    pub limits: Limits,
    /// What the formula was checked against.
    pub evidence: Evidence,
    /// Default parameters.
    pub parameters: Parameters,
}

/// A network that is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedNetwork {
    /// Identifier.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Chain id.
    pub chain_id: u64,
    /// Date of the end, year-month-day.
    pub since: String,
    /// What happened.
    pub reason: String,
}

impl EndedNetwork {
    fn error(&self) -> Error {
        Error::Ended { name: self.name.clone(), since: self.since.clone(), reason: self.reason.clone() }
    }
}

enum Entry {
    Usable(Box<Network>),
    Ended(EndedNetwork),
}

/// A checked view of a file for messages about its fields.
struct Check<'a>(&'a str);

impl Check<'_> {
    fn error(&self, field: &str, reason: impl Into<String>) -> Error {
        Error::Field { file: self.0.to_owned(), field: field.to_owned(), reason: reason.into() }
    }

    fn needed<T>(&self, field: &str, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.error(field, "is missing; only networks that have ended may leave it out"))
    }

    fn words(&self, field: &str, text: &str) -> Result<(), Error> {
        if text.trim().is_empty() { Err(self.error(field, "is empty")) } else { Ok(()) }
    }

    fn name(&self, field: &str, name: &str) -> Result<(), Error> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(self
                .error(field, format!("is `{name}`; lower-case letters, digits and hyphens were expected")));
        }
        Ok(())
    }

    fn date(&self, field: &str, text: &str) -> Result<(), Error> {
        match date::days(text) {
            Some(_) => Ok(()),
            None => Err(self.error(field, format!("is `{text}`; a date like 2026-10-04 was expected"))),
        }
    }

    fn positive(&self, field: &str, value: Option<u64>) -> Result<Option<u64>, Error> {
        if value == Some(0) {
            Err(self.error(field, "is 0; leave it out where there is no limit"))
        } else {
            Ok(value)
        }
    }

    fn by_byte(&self, field: &str, map: BTreeMap<String, u64>) -> Result<BTreeMap<u8, u64>, Error> {
        map.into_iter()
            .map(|(key, value)| {
                let digits = key.strip_prefix("0x").filter(|digits| digits.len() == 2);
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match byte {
                    Some(byte) => Ok((byte, value)),
                    None => Err(self.error(&format!("{field}.{key}"), "is not a byte like 0x0a")),
                }
            })
            .collect()
    }
}

impl File {
    fn check(self, file: &str) -> Result<Entry, Error> {
        let check = Check(file);
        check.name("id", &self.id)?;
        check.words("name", &self.name)?;
        check.words("token", &self.token)?;
        for alias in &self.aliases {
            check.name("aliases", alias)?;
        }
        if self.chain_id == 0 {
            return Err(check.error("chain_id", "is 0, which no network has (EIP-155)"));
        }
        if self.status != Status::Live {
            check.words("status_reason", self.status_reason.as_deref().unwrap_or(""))?;
        }
        if self.status == Status::Ended {
            let since = check.needed("status_since", self.status_since)?;
            check.date("status_since", &since)?;
            return Ok(Entry::Ended(EndedNetwork {
                id: self.id,
                name: self.name,
                aliases: self.aliases,
                chain_id: self.chain_id,
                since,
                reason: self.status_reason.unwrap_or_default(),
            }));
        }
        let execution = check.needed("execution", self.execution)?;
        check.date("execution.since", &execution.since)?;
        check.words("execution.upgrade", &execution.upgrade)?;
        check.positive("execution.transaction_gas_cap", execution.transaction_gas_cap)?;
        check.positive("execution.code_size_limit", Some(execution.code_size_limit))?;
        let code_size_limit = usize::try_from(execution.code_size_limit)
            .map_err(|_| check.error("execution.code_size_limit", "is more than this machine can address"))?;
        let fee_model = check.needed("fee_model", self.fee_model)?;
        let evidence = check.needed("evidence", self.evidence)?;
        check.words("evidence.checked", &evidence.checked)?;
        if evidence.sources.iter().all(|source| source.trim().is_empty()) {
            return Err(
                check.error("evidence.sources", "is empty; name a specification, source file or receipt")
            );
        }
        let parameters = check.needed("parameters", self.parameters)?;
        let parameters = Parameters::new(
            &format!("{file}, [parameters]"),
            &self.id,
            fee_model,
            parameters.as_of,
            parameters.source,
            parameters.assumed,
            parameters.values,
        )?;
        let zk_gas = match self.limits.zk_gas {
            None => None,
            Some(zk_gas) => Some(Schedule {
                block_limit: zk_gas.block_limit,
                transaction: zk_gas.transaction,
                spawn_gas: check.by_byte("limits.zk_gas.spawn_gas", zk_gas.spawn_gas)?,
                opcodes: check.by_byte("limits.zk_gas.opcodes", zk_gas.opcodes)?,
                precompiles: check.by_byte("limits.zk_gas.precompiles", zk_gas.precompiles)?,
            }),
        };
        let limits = Limits {
            transaction_bytes: check.positive("limits.transaction_bytes", self.limits.transaction_bytes)?,
            calldata_bytes: check.positive("limits.calldata_bytes", self.limits.calldata_bytes)?,
            pairing_input_bytes: check
                .positive("limits.pairing_input_bytes", self.limits.pairing_input_bytes)?,
            pairs: check.positive("limits.pairs", self.limits.pairs)?,
            keccak_permutations: check
                .positive("limits.keccak_permutations", self.limits.keccak_permutations)?,
            precompile_calls: check.by_byte("limits.precompile_calls", self.limits.precompile_calls)?,
            zk_gas,
        };
        Ok(Entry::Usable(Box::new(Network {
            id: self.id,
            name: self.name,
            aliases: self.aliases,
            chain_id: self.chain_id,
            token: self.token,
            status: self.status,
            status_reason: self.status_reason,
            hard_fork: execution.hard_fork,
            since: execution.since,
            upgrade: execution.upgrade,
            calldata_floor: execution.calldata_floor,
            transaction_gas_cap: execution.transaction_gas_cap,
            code_size_limit,
            fee_model,
            limits,
            evidence,
            parameters,
        })))
    }
}

fn parse(file: &str, text: &str) -> Result<Entry, Error> {
    let parsed: File = toml::from_str(text)
        .map_err(|error| Error::File { file: file.to_owned(), reason: error.to_string() })?;
    parsed.check(file)
}

impl Network {
    /// Reads a network's data file. `file` is its name, for messages.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, Error> {
        match parse(file, text)? {
            Entry::Usable(network) => Ok(*network),
            Entry::Ended(ended) => Err(ended.error()),
        }
    }

    /// The rules that its EVM executes transactions by.
    pub const fn rules(&self) -> Rules {
        Rules {
            hard_fork: self.hard_fork,
            calldata_floor: self.calldata_floor,
            transaction_gas_cap: self.transaction_gas_cap,
            code_size_limit: self.code_size_limit,
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }
}

/// A JSON Schema of the data files.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(File)
}

macro_rules! shipped {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the embedded data files.
        const SHIPPED: &[(&str, &str)] =
            &[$((concat!("networks/", $name, ".toml"), include_str!(concat!("../networks/", $name, ".toml")))),*];
    };
}

shipped!(
    "ethereum",
    "optimism",
    "base",
    "unichain",
    "world-chain",
    "arbitrum-one",
    "arbitrum-nova",
    "scroll",
    "linea",
    "taiko",
    "mantle",
    "polygon-pos",
    "zksync-era",
    "polygon-zkevm",
    "blast",
    "ethereum-glamsterdam",
);

/// All networks that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    usable: Vec<Network>,
    ended: Vec<EndedNetwork>,
}

impl Networks {
    /// The embedded ones, in a fixed order.
    pub fn shipped() -> Result<Self, Error> {
        let mut networks = Self::default();
        for (file, text) in SHIPPED {
            match parse(file, text)? {
                Entry::Usable(network) => networks.add(*network)?,
                Entry::Ended(ended) => networks.ended.push(ended),
            }
        }
        Ok(networks)
    }

    /// Adds a person's own network. Its names must be new.
    pub fn add(&mut self, network: Network) -> Result<(), Error> {
        for name in network.names() {
            if let Ok(there) = self.get(name) {
                return Err(Error::DuplicateName {
                    name: name.to_owned(),
                    first: there.id.clone(),
                    second: network.id.clone(),
                });
            }
        }
        self.usable.push(network);
        Ok(())
    }

    /// Those that can be asked for.
    pub fn iter(&self) -> impl Iterator<Item = &Network> {
        self.usable.iter()
    }

    /// Those that are no more.
    pub fn ended(&self) -> &[EndedNetwork] {
        &self.ended
    }

    /// The network of this identifier or alias, in any case.
    pub fn get(&self, name: &str) -> Result<&Network, Error> {
        let asked = name.trim().to_ascii_lowercase();
        if let Some(network) = self.usable.iter().find(|network| network.names().any(|known| known == asked))
        {
            return Ok(network);
        }
        let ended = self.ended.iter().find(|ended| ended.id == asked || ended.aliases.contains(&asked));
        if let Some(ended) = ended {
            return Err(ended.error());
        }
        Err(Error::UnknownNetwork {
            name: name.to_owned(),
            suggestion: suggestion(&asked, self.usable.iter().flat_map(Network::names)),
            known: self.usable.iter().map(|network| network.id.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The network with this chain id; a live one before a what-if.
    pub fn by_chain_id(&self, chain_id: u64) -> Result<&Network, Error> {
        let mut matching: Vec<&Network> =
            self.usable.iter().filter(|network| network.chain_id == chain_id).collect();
        matching.sort_by_key(|network| network.status == Status::WhatIf);
        if let Some(network) = matching.first() {
            return Ok(network);
        }
        if let Some(ended) = self.ended.iter().find(|ended| ended.chain_id == chain_id) {
            return Err(ended.error());
        }
        let known = self.usable.iter().map(|network| format!("{} ({})", network.id, network.chain_id));
        Err(Error::UnknownChain { chain_id, known: known.collect::<Vec<_>>().join(", ") })
    }
}
