//! What one verification costs on one network, and what would keep it out.

use crate::{
    arithmetic::length,
    compress,
    envelope::Envelope,
    error::Error,
    fees::{arbitrum, ethereum, linea, mantle, optimism, scroll, taiko},
    network::{Network, Status},
    parameters::{ParameterName, Parameters},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// By which formula a network charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FeeModel {
    /// Gas alone (EIP-1559).
    Ethereum,
    /// OP Stack since Jovian: gas, an L1 fee by FastLZ (Fjord), an operator fee.
    Optimism,
    /// OP Stack's formulas, the L1 fee times a token ratio.
    Mantle,
    /// Gas, with the bytes under Brotli charged as gas.
    Arbitrum,
    /// Gas and a rollup fee by Zstandard (Galileo).
    Scroll,
    /// Gas with a priority fee that covers the bytes.
    Linea,
    /// Gas alone, with the constants of Polygon PoS.
    Polygon,
    /// Gas alone, with the limits of Taiko.
    Taiko,
    /// EraVM: not priced.
    Era,
}

const fn wei_per_gas(name: &'static str, follows_l1: bool, meaning: &'static str) -> ParameterName {
    ParameterName { name, unit: "wei per gas", follows_l1, meaning }
}

const BASE_FEE: ParameterName = wei_per_gas("base_fee", false, "base fee of the network");
const PRIORITY_FEE: ParameterName = wei_per_gas("priority_fee", false, "priority fee offered");
const L1_BASE_FEE: ParameterName = wei_per_gas("l1_base_fee", true, "base fee of Ethereum");
const BLOB_BASE_FEE: ParameterName = ParameterName {
    name: "blob_base_fee",
    unit: "wei per blob gas",
    follows_l1: true,
    meaning: "blob base fee of Ethereum",
};
const BASE_FEE_SCALAR: ParameterName = ParameterName {
    name: "base_fee_scalar",
    unit: "millionths",
    follows_l1: false,
    meaning: "weight of the L1 base fee",
};
const BLOB_BASE_FEE_SCALAR: ParameterName = ParameterName {
    name: "blob_base_fee_scalar",
    unit: "millionths",
    follows_l1: false,
    meaning: "weight of the blob base fee",
};
const OPERATOR_FEE_SCALAR: ParameterName = ParameterName {
    name: "operator_fee_scalar",
    unit: "hundreds of wei per gas",
    follows_l1: false,
    meaning: "operator fee by gas (Jovian)",
};
const OPERATOR_FEE_CONSTANT: ParameterName = ParameterName {
    name: "operator_fee_constant",
    unit: "wei",
    follows_l1: false,
    meaning: "operator fee by transaction",
};
const DA_FOOTPRINT_GAS_SCALAR: ParameterName = ParameterName {
    name: "da_footprint_gas_scalar",
    unit: "gas per byte",
    follows_l1: false,
    meaning: "weight of bytes in the block's gas; 0 means 400",
};

impl FeeModel {
    /// The parameters that the formula needs, and their units.
    pub const fn parameters(self) -> &'static [ParameterName] {
        const ETHEREUM: &[ParameterName] =
            &[wei_per_gas("base_fee", true, "base fee of the network"), PRIORITY_FEE, BLOB_BASE_FEE];
        const OPTIMISM: &[ParameterName] = &[
            BASE_FEE,
            PRIORITY_FEE,
            L1_BASE_FEE,
            BLOB_BASE_FEE,
            BASE_FEE_SCALAR,
            BLOB_BASE_FEE_SCALAR,
            OPERATOR_FEE_SCALAR,
            OPERATOR_FEE_CONSTANT,
            DA_FOOTPRINT_GAS_SCALAR,
        ];
        const MANTLE: &[ParameterName] = &[
            BASE_FEE,
            PRIORITY_FEE,
            L1_BASE_FEE,
            BLOB_BASE_FEE,
            BASE_FEE_SCALAR,
            BLOB_BASE_FEE_SCALAR,
            OPERATOR_FEE_SCALAR,
            OPERATOR_FEE_CONSTANT,
            DA_FOOTPRINT_GAS_SCALAR,
            ParameterName {
                name: "token_ratio",
                unit: "MNT per ether",
                follows_l1: false,
                meaning: "what turns the L1 fee into MNT",
            },
        ];
        const ARBITRUM: &[ParameterName] = &[
            BASE_FEE,
            wei_per_gas("minimum_base_fee", false, "base fee that the network does not go below"),
            ParameterName {
                name: "price_per_unit",
                unit: "wei per unit",
                follows_l1: true,
                meaning: "price of a sixteenth of a compressed byte",
            },
        ];
        const SCROLL: &[ParameterName] = &[
            BASE_FEE,
            PRIORITY_FEE,
            L1_BASE_FEE,
            BLOB_BASE_FEE,
            ParameterName {
                name: "commit_scalar",
                unit: "billionths",
                follows_l1: false,
                meaning: "weight of the L1 base fee",
            },
            ParameterName {
                name: "blob_scalar",
                unit: "billionths",
                follows_l1: false,
                meaning: "weight of the blob base fee",
            },
            ParameterName {
                name: "penalty_factor",
                unit: "bytes",
                follows_l1: false,
                meaning: "compressed length at which the fee has doubled",
            },
        ];
        const LINEA: &[ParameterName] = &[
            BASE_FEE,
            wei_per_gas("fixed_cost", false, "fixed part of the priority fee"),
            ParameterName {
                name: "variable_cost",
                unit: "wei per byte",
                follows_l1: true,
                meaning: "part of the priority fee by compressed byte",
            },
            ParameterName {
                name: "margin",
                unit: "per cent",
                follows_l1: false,
                meaning: "margin on the priority fee: 120 as linea_estimateGas, 100 the sequencer's least",
            },
        ];
        const PLAIN: &[ParameterName] = &[BASE_FEE, PRIORITY_FEE];
        const ERA: &[ParameterName] = &[
            wei_per_gas("l1_gas_price", true, "gas price of Ethereum"),
            ParameterName {
                name: "l1_pubdata_price",
                unit: "wei per byte",
                follows_l1: true,
                meaning: "price of a byte of public data on Ethereum",
            },
            wei_per_gas("minimum_l2_gas_price", false, "least gas price"),
        ];
        match self {
            Self::Ethereum => ETHEREUM,
            Self::Optimism => OPTIMISM,
            Self::Mantle => MANTLE,
            Self::Arbitrum => ARBITRUM,
            Self::Scroll => SCROLL,
            Self::Linea => LINEA,
            Self::Polygon | Self::Taiko => PLAIN,
            Self::Era => ERA,
        }
    }
}

/// Calls of one precompile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrecompileCount {
    /// Number of calls.
    pub calls: u64,
    /// Gas that the precompile took, without the calls' own cost.
    pub gas: u64,
    /// Length of the largest input in bytes.
    pub largest_input: usize,
}

/// What a verification does, as measured under a network's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage<'a> {
    /// Gas used by the transaction under this network's [`Rules`](hallmark_gas::Rules), with what any
    /// transaction and its calldata cost, without what a network adds for data.
    pub gas_used: u64,
    /// Calldata.
    pub calldata: &'a [u8],
    /// Calls of precompiles, by the last byte of their addresses.
    pub precompiles: BTreeMap<u8, PrecompileCount>,
    /// Gas by opcode, over all frames; empty where it was not measured.
    pub opcode_gas: BTreeMap<u8, u64>,
    /// Executions by opcode, over all frames; empty where they were not counted.
    pub opcode_counts: BTreeMap<u8, u64>,
    /// Largest runtime code of the contracts, in bytes.
    pub runtime_bytes: usize,
}

/// Why a network would not take the transaction or the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Obstacle {
    /// More gas than one transaction may use.
    TransactionGasCap {
        /// Gas used.
        found: u64,
        /// Most gas.
        limit: u64,
    },
    /// More code than a contract may have.
    CodeSize {
        /// Bytes of runtime code.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
    /// More calldata than the network takes.
    CalldataBytes {
        /// Bytes of calldata.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
    /// A longer transaction than the network or its pool takes.
    TransactionBytes {
        /// Bytes of the signed transaction.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
    /// A larger pairing check than the precompile takes.
    PairingInput {
        /// Bytes of the largest input.
        found: u64,
        /// Most bytes.
        limit: u64,
    },
    /// More pairs than a block can be proved with.
    Pairs {
        /// Pairs of all checks.
        found: u64,
        /// Most pairs.
        limit: u64,
    },
    /// More calls of a precompile than a block can be proved with.
    PrecompileCalls {
        /// Last byte of its address.
        precompile: u8,
        /// Calls.
        found: u64,
        /// Most calls.
        limit: u64,
    },
    /// More hashing than a block can be proved with.
    KeccakPermutations {
        /// At least this many.
        found: u64,
        /// Most permutations.
        limit: u64,
    },
    /// More zk gas than a block may have.
    ZkGas {
        /// Zk gas of the transaction.
        found: u64,
        /// Zk gas of a block.
        limit: u64,
    },
}

fn precompile_name(precompile: u8) -> String {
    let name = match precompile {
        1 => "ecRecover",
        2 => "SHA-256",
        3 => "RIPEMD-160",
        4 => "identity",
        5 => "modexp",
        6 => "ecAdd",
        7 => "ecMul",
        8 => "ecPairing",
        9 => "BLAKE2f",
        _ => "precompile",
    };
    format!("{name} (0x{precompile:02x})")
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TransactionGasCap { found, limit } => write!(
                formatter,
                "the transaction uses {found} gas, the cap is {limit}: make the circuit smaller, or verify off-chain"
            ),
            Self::CodeSize { found, limit } => write!(
                formatter,
                "a contract has {found} bytes of code, the limit is {limit}: move the verifying key out of the \
                 verifier, or use fewer columns"
            ),
            Self::CalldataBytes { found, limit } => write!(
                formatter,
                "the calldata has {found} bytes, the limit is {limit}: commit to the instances by a hash, or shorten \
                 the proof"
            ),
            Self::TransactionBytes { found, limit } => write!(
                formatter,
                "the signed transaction has {found} bytes, the limit is {limit}: commit to the instances by a hash, \
                 or shorten the proof"
            ),
            Self::PairingInput { found, limit } => write!(
                formatter,
                "a pairing check has {found} bytes of input, the limit is {limit}: check fewer pairs at once"
            ),
            Self::Pairs { found, limit } => write!(
                formatter,
                "pairing checks have {found} pairs, a block can be proved with {limit}: check fewer pairs"
            ),
            Self::PrecompileCalls { precompile, found, limit } => write!(
                formatter,
                "{} is called {found} times, a block can be proved with {limit}: no gas price gets the transaction \
                 in; use fewer columns, lookups and rotations, or another network",
                precompile_name(*precompile)
            ),
            Self::KeccakPermutations { found, limit } => write!(
                formatter,
                "hashing takes at least {found} permutations of Keccak-f, a block can be proved with {limit}: hash \
                 less"
            ),
            Self::ZkGas { found, limit } => write!(
                formatter,
                "the transaction has at least {found} zk gas, a block has {limit}: no gas price gets it in; use fewer \
                 columns, lookups and rotations, or another network"
            ),
        }
    }
}

/// Amounts as decimal digits in text, since JSON numbers lose what exceeds 53 bits.
mod decimal {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A price, with its parts and its provisos.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Identifier of the network.
    pub network: String,
    /// Symbol of the token: all amounts are in 10^-18 of it.
    pub token: String,
    /// Date of the parameters.
    pub as_of: String,
    /// Names of parameters that nobody saw on the network.
    pub assumed: Vec<String>,
    /// Names of parameters that were set by hand.
    pub overridden: Vec<String>,
    /// Gas on the receipt: on Arbitrum with the gas that pays for data.
    pub gas_used: u64,
    /// Price of a unit of gas in wei.
    #[serde(with = "decimal")]
    pub effective_gas_price_wei: u128,
    /// Fee for execution in wei.
    #[serde(with = "decimal")]
    pub execution_wei: u128,
    /// Fee for data in wei.
    #[serde(with = "decimal")]
    pub data_wei: u128,
    /// Operator fee in wei.
    #[serde(with = "decimal")]
    pub operator_wei: u128,
    /// The sum of the three.
    #[serde(with = "decimal")]
    pub total_wei: u128,
    /// Length of the signed transaction.
    pub signed_bytes: u64,
    /// Its length as the network compresses it, where it does and the length is known.
    pub compressed_bytes: Option<u64>,
    /// What a reader should know about the figures.
    pub notes: Vec<String>,
    /// What would keep the transaction or the contract out; empty where nothing is known to.
    pub feasibility: Vec<Obstacle>,
}

/// The parts of a price before they are added up.
#[derive(Default)]
struct Parts {
    gas_used: u64,
    price: u128,
    execution: u128,
    data: u128,
    operator: u128,
    compressed: Option<u64>,
    notes: Vec<String>,
}

/// The price of a transaction that uses `usage` on `network`, at `parameters`.
pub fn quote(network: &Network, usage: &Usage<'_>, parameters: &Parameters) -> Result<Quote, Error> {
    if parameters.network != network.id || parameters.model != network.fee_model {
        return Err(Error::OtherNetwork { found: parameters.network.clone(), expected: network.id.clone() });
    }
    if network.status == Status::Unsupported || network.fee_model == FeeModel::Era {
        return Err(Error::Unsupported {
            name: network.name.clone(),
            reason: network
                .status_reason
                .clone()
                .unwrap_or_else(|| "its gas is not that of an EVM".to_owned()),
            calldata_bytes: usage.calldata.len(),
        });
    }
    let base_fee = parameters.need("base_fee")?;
    // For the length of the transaction, the fixed part of Linea's priority fee is near enough.
    let priority_fee = match network.fee_model {
        FeeModel::Linea => parameters.need("fixed_cost")?,
        _ => parameters.get("priority_fee").unwrap_or(0),
    };
    let signed =
        Envelope::priced(network.chain_id, usage.gas_used, base_fee, priority_fee).encode(usage.calldata);
    let mut parts = match network.fee_model {
        FeeModel::Arbitrum => arbitrum_parts(usage, parameters, &signed)?,
        FeeModel::Linea => linea_parts(usage, parameters, &signed)?,
        FeeModel::Ethereum
        | FeeModel::Optimism
        | FeeModel::Mantle
        | FeeModel::Scroll
        | FeeModel::Polygon
        | FeeModel::Taiko
        | FeeModel::Era => {
            let price = base_fee
                .checked_add(priority_fee)
                .ok_or(Error::Overflow { formula: "effective gas price" })?;
            let execution = ethereum::execution_fee(usage.gas_used, price)?;
            Parts { gas_used: usage.gas_used, price, execution, ..Parts::default() }
        }
    };
    match network.fee_model {
        FeeModel::Optimism | FeeModel::Mantle => {
            optimism_parts(&mut parts, network, usage, parameters, &signed)?
        }
        FeeModel::Scroll => scroll_parts(&mut parts, parameters, &signed)?,
        _ => {}
    }
    if network.status == Status::WhatIf {
        parts.notes.push(format!(
            "not a network: {}",
            network.status_reason.as_deref().unwrap_or("rules that may come")
        ));
    }
    let feasibility = obstacles(network, usage, &signed, &mut parts.notes)?;
    let total = parts.execution.checked_add(parts.data).and_then(|sum| sum.checked_add(parts.operator));
    Ok(Quote {
        network: network.id.clone(),
        token: network.token.clone(),
        as_of: parameters.as_of.clone(),
        assumed: parameters.assumed().map(str::to_owned).collect(),
        overridden: parameters.overridden().map(str::to_owned).collect(),
        gas_used: parts.gas_used,
        effective_gas_price_wei: parts.price,
        execution_wei: parts.execution,
        data_wei: parts.data,
        operator_wei: parts.operator,
        total_wei: total.ok_or(Error::Overflow { formula: "sum of the fees" })?,
        signed_bytes: length(&signed),
        compressed_bytes: parts.compressed,
        notes: parts.notes,
        feasibility,
    })
}

fn optimism_parts(
    parts: &mut Parts,
    network: &Network,
    usage: &Usage<'_>,
    parameters: &Parameters,
    signed: &[u8],
) -> Result<(), Error> {
    let price = optimism::DataPrice {
        l1_base_fee: parameters.need("l1_base_fee")?,
        blob_base_fee: parameters.need("blob_base_fee")?,
        base_fee_scalar: parameters.need("base_fee_scalar")?,
        blob_base_fee_scalar: parameters.need("blob_base_fee_scalar")?,
    };
    let fastlz = compress::fastlz(signed);
    parts.compressed = Some(fastlz.into());
    parts.data = match network.fee_model {
        FeeModel::Mantle => mantle::l1_fee(fastlz, &price, parameters.need("token_ratio")?)?,
        _ => optimism::fjord_fee(fastlz, &price)?,
    };
    parts.operator = optimism::operator_fee(
        usage.gas_used,
        parameters.need("operator_fee_scalar")?,
        parameters.need("operator_fee_constant")?,
        optimism::OperatorFee::Jovian,
    )?;
    let footprint = optimism::da_footprint(fastlz, parameters.need("da_footprint_gas_scalar")?)?;
    if footprint > u128::from(usage.gas_used) {
        parts.notes.push(format!(
            "counts as {footprint} gas against the block for its data, more than the {} gas it uses; that is not \
             charged, but moves the base fee",
            usage.gas_used
        ));
    }
    Ok(())
}

fn scroll_parts(parts: &mut Parts, parameters: &Parameters, signed: &[u8]) -> Result<(), Error> {
    let price = scroll::DataPrice {
        l1_base_fee: parameters.need("l1_base_fee")?,
        blob_base_fee: parameters.need("blob_base_fee")?,
        commit_scalar: parameters.need("commit_scalar")?,
        blob_scalar: parameters.need("blob_scalar")?,
    };
    let compressed = compress::zstandard(signed)?.min(signed.len());
    let compressed = u64::try_from(compressed).unwrap_or(u64::MAX);
    parts.compressed = Some(compressed);
    parts.data = scroll::galileo_fee(compressed, &price, parameters.need("penalty_factor")?)?;
    Ok(())
}

fn arbitrum_parts(usage: &Usage<'_>, parameters: &Parameters, signed: &[u8]) -> Result<Parts, Error> {
    let price = parameters.need("base_fee")?;
    let minimum = parameters.need("minimum_base_fee")?;
    let price_per_unit = parameters.need("price_per_unit")?;
    let compressed = u64::try_from(compress::brotli(signed)?).unwrap_or(u64::MAX);
    let poster = arbitrum::poster_fee(compressed, price_per_unit, price)?;
    let overflow = || Error::Overflow { formula: "gas with the gas for L1 (Nitro)" };
    let poster_gas = u64::try_from(poster.gas).map_err(|_| overflow())?;
    let mut notes = Vec::new();
    let estimate = arbitrum::estimation_gas(compressed, price_per_unit, price, minimum)?;
    notes.push(format!(
        "{poster_gas} of the gas pay for data; the gas limit must cover them, and wallets estimate {estimate}"
    ));
    if (16_500..33_000).contains(&signed.len()) {
        notes.push("the compressed length may be off by 0.5 % for transactions of 17 to 33 kB".to_owned());
    }
    Ok(Parts {
        gas_used: usage.gas_used.checked_add(poster_gas).ok_or_else(overflow)?,
        price,
        execution: ethereum::execution_fee(usage.gas_used, price)?,
        data: poster.wei,
        compressed: Some(compressed),
        notes,
        ..Parts::default()
    })
}

fn linea_parts(usage: &Usage<'_>, parameters: &Parameters, signed: &[u8]) -> Result<Parts, Error> {
    let overflow = || Error::Overflow { formula: "effective gas price (Linea)" };
    let base_fee = parameters.need("base_fee")?;
    let fixed = parameters.need("fixed_cost")?;
    let variable = parameters.need("variable_cost")?;
    let margin = parameters.need("margin")?;
    let gas = usage.gas_used;
    let priority = linea::priority_fee(length(signed), gas, fixed, variable, margin)?;
    let without_data = linea::priority_fee(0, gas, fixed, variable, margin)?;
    let price = base_fee.checked_add(priority).ok_or_else(overflow)?;
    let data_price = priority.checked_sub(without_data).ok_or_else(overflow)?;
    let data = ethereum::execution_fee(gas, data_price)?;
    let total = ethereum::execution_fee(gas, price)?;
    Ok(Parts {
        gas_used: gas,
        price,
        execution: total.checked_sub(data).ok_or_else(overflow)?,
        data,
        notes: vec![
            "the length under Linea's compressor is not known; the raw length stands in, an upper bound that is near \
             for proofs"
                .to_owned(),
        ],
        ..Parts::default()
    })
}

/// Pairs of all pairing checks, from their gas (EIP-1108).
fn pairs(count: &PrecompileCount) -> u64 {
    count.gas.saturating_sub(count.calls.saturating_mul(45_000)) / 34_000
}

fn obstacles(
    network: &Network,
    usage: &Usage<'_>,
    signed: &[u8],
    notes: &mut Vec<String>,
) -> Result<Vec<Obstacle>, Error> {
    const PAIRING: u8 = 8;
    const KECCAK: u8 = 0x20;
    let limits = &network.limits;
    let mut found = Vec::new();
    let mut above = |value: u64, limit: Option<u64>, obstacle: fn(u64, u64) -> Obstacle| {
        if let Some(limit) = limit.filter(|limit| value > *limit) {
            found.push(obstacle(value, limit));
        }
    };
    let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    above(usage.gas_used, network.transaction_gas_cap, |found, limit| Obstacle::TransactionGasCap {
        found,
        limit,
    });
    above(size(usage.runtime_bytes), Some(size(network.code_size_limit)), |found, limit| {
        Obstacle::CodeSize { found, limit }
    });
    above(length(usage.calldata), limits.calldata_bytes, |found, limit| Obstacle::CalldataBytes {
        found,
        limit,
    });
    above(length(signed), limits.transaction_bytes, |found, limit| Obstacle::TransactionBytes {
        found,
        limit,
    });
    if let Some(pairing) = usage.precompiles.get(&PAIRING) {
        above(size(pairing.largest_input), limits.pairing_input_bytes, |found, limit| {
            Obstacle::PairingInput { found, limit }
        });
        above(pairs(pairing), limits.pairs, |found, limit| Obstacle::Pairs { found, limit });
    }
    // Every hash takes at least one permutation.
    let hashes = usage.opcode_counts.get(&KECCAK).copied().unwrap_or(0);
    above(hashes, limits.keccak_permutations, |found, limit| Obstacle::KeccakPermutations { found, limit });
    for (precompile, limit) in &limits.precompile_calls {
        let calls = usage.precompiles.get(precompile).map_or(0, |count| count.calls);
        if calls > *limit {
            found.push(Obstacle::PrecompileCalls { precompile: *precompile, found: calls, limit: *limit });
        }
    }
    if let Some(schedule) = &limits.zk_gas {
        let gas = usage.precompiles.iter().map(|(precompile, count)| (*precompile, count.gas));
        let zk_gas = taiko::zk_gas(schedule, &usage.opcode_gas, &usage.opcode_counts, gas)?;
        let measured = !usage.opcode_gas.is_empty() && !usage.opcode_counts.is_empty();
        notes.push(format!(
            "{}{zk_gas} zk gas of the {} of a block",
            if measured { "" } else { "opcodes were not measured: at least " },
            schedule.block_limit
        ));
        if zk_gas > schedule.block_limit {
            found.push(Obstacle::ZkGas { found: zk_gas, limit: schedule.block_limit });
        }
    }
    Ok(found)
}
