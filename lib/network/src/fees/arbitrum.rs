//! Arbitrum One and Nova (Nitro).
//!
//! The bytes of a transaction are paid for as gas: the sequencer charges a price per unit, 16 units
//! per compressed byte, and the sum is divided by the gas price and added to the gas used. A
//! transaction's gas limit must cover that part as well. Priority fees are not collected.
//!
//! Source: OffchainLabs/nitro, `arbos/l1pricing`, `arbos/tx_processor.go`, `arbos/l2pricing`,
//! `util/arbmath` (state of April 2026).

use crate::{
    arithmetic::{checked, divisor, wide},
    error::Error,
};
use alloy_primitives::U256;

/// Units of L1 data of a transaction of this length under Brotli.
pub fn units(compressed_bytes: u64) -> u128 {
    u128::from(compressed_bytes) * 16
}

/// What a transaction's bytes cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PosterFee {
    /// Gas that is added to the gas used (`gasUsedForL1` of the receipt).
    pub gas: u128,
    /// What that gas costs, in wei.
    pub wei: u128,
}

/// Fee for posting a transaction of this length under Brotli.
///
/// `price_per_unit` is in wei (`ArbGasInfo.getL1BaseFeeEstimate()`, which despite its name is this
/// price), `gas_price` the base fee of the block in wei.
pub fn poster_fee(compressed_bytes: u64, price_per_unit: u128, gas_price: u128) -> Result<PosterFee, Error> {
    const FORMULA: &str = "poster fee (Nitro)";
    let price = divisor(FORMULA, "base_fee", gas_price)?;
    let gas = checked(FORMULA, || {
        wide(units(compressed_bytes)).checked_mul(wide(price_per_unit))?.checked_div(price)
    })?;
    let wei = checked(FORMULA, || wide(gas).checked_mul(price))?;
    Ok(PosterFee { gas, wei })
}

/// Units that gas estimation pads a transaction to: 256 more (of a random signature and the like),
/// then 1 %.
pub fn estimation_units(compressed_bytes: u64) -> u128 {
    (units(compressed_bytes) + 256) * 10_100 / 10_000
}

/// Gas for L1 data as `eth_estimateGas` includes it: padded units, 10 % on the cost, and seven eighths
/// of the base fee. Not what is charged; that is [`poster_fee`].
pub fn estimation_gas(
    compressed_bytes: u64,
    price_per_unit: u128,
    base_fee: u128,
    minimum_base_fee: u128,
) -> Result<u128, Error> {
    const FORMULA: &str = "estimated gas for L1 (Nitro)";
    let price = (base_fee / 8).saturating_mul(7).saturating_add(base_fee % 8 * 7 / 8).max(minimum_base_fee);
    let price = divisor(FORMULA, "base_fee", price)?;
    checked(FORMULA, || {
        let cost = wide(estimation_units(compressed_bytes)).checked_mul(wide(price_per_unit))?;
        cost.checked_mul(wide(11_000_u16))?.checked_div(wide(10_000_u16))?.checked_div(price)
    })
}

/// A gas target and the window over which it holds (single-gas constraint, ArbOS 51).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Target in millions of gas per second.
    pub target: u64,
    /// Adjustment window in seconds.
    pub window: u64,
}

/// Constraints of One and Nova (Arbitrum documentation, chain parameters).
pub const CONSTRAINTS: [Constraint; 6] = [
    Constraint { target: 60, window: 9 },
    Constraint { target: 41, window: 52 },
    Constraint { target: 29, window: 329 },
    Constraint { target: 20, window: 2_105 },
    Constraint { target: 14, window: 13_485 },
    Constraint { target: 10, window: 86_400 },
];

/// `10,000 * e^(value / 10,000)` by four terms (`ApproxExpBasisPoints` of nitro).
pub fn exponential_basis_points(value: u128) -> Result<u128, Error> {
    const TERMS: u8 = 4;
    checked("ApproxExpBasisPoints (Nitro)", || {
        let value = wide(value);
        let one = wide(10_000_u16);
        let mut result = one.checked_add(value.checked_div(wide(TERMS))?)?;
        for term in (1..TERMS).rev() {
            let scaled = result.checked_mul(value)?.checked_div(wide(term).checked_mul(one)?)?;
            result = one.checked_add(scaled)?;
        }
        Some(result)
    })
}

/// A base fee and what it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFee {
    /// Base fee in wei.
    pub wei: u128,
    /// Sum of the constraints' backlogs over their capacities, in basis points.
    pub exponent: u128,
}

/// Base fee at these backlogs of gas, one per constraint.
pub fn base_fee(backlogs: &[u64], minimum: u128, constraints: &[Constraint]) -> Result<BaseFee, Error> {
    const FORMULA: &str = "base fee (ArbOS 51)";
    let mut sum = U256::ZERO;
    for (backlog, constraint) in backlogs.iter().zip(constraints) {
        let capacity = u128::from(constraint.target) * u128::from(constraint.window);
        let capacity = divisor(FORMULA, "target times window", capacity)?;
        // The factor of 1,000,000 of the target cannot overflow 256 bits.
        sum += wide(*backlog) * wide(10_000_u16) / (capacity * wide(1_000_000_u32));
    }
    let exponent = checked(FORMULA, || Some(sum))?;
    let factor = exponential_basis_points(exponent)?;
    let wei = checked(FORMULA, || wide(minimum).checked_mul(wide(factor))?.checked_div(wide(10_000_u16)))?;
    Ok(BaseFee { wei, exponent })
}
