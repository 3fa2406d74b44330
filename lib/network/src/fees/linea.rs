//! Linea: no data fee in the protocol, but a priority fee that the sequencer demands.
//!
//! Source: linea-monorepo, `TransactionProfitabilityCalculator` and `LineaExtraData` (June 2026). The
//! node computes the margin in floating point; here it is per cent, and the result rounded down.

use crate::{
    arithmetic::{checked, divisor, wide},
    error::Error,
};

/// Priority fee per gas, in wei, from which a transaction is profitable for the sequencer.
///
/// `fixed_cost` and `variable_cost` are those of the latest header's extra data, in wei (per gas and
/// per byte); `margin` is in per cent: 120 for `linea_estimateGas`, 100 for the sequencer, 80 for the
/// transaction pool. `compressed_bytes` is the length under Linea's own compressor, for which no
/// implementation outside Go is known: the raw length is an upper bound, and near it for proofs.
pub fn priority_fee(
    compressed_bytes: u64,
    gas: u64,
    fixed_cost: u128,
    variable_cost: u128,
    margin: u128,
) -> Result<u128, Error> {
    const FORMULA: &str = "profitable priority fee (Linea)";
    let gas = divisor(FORMULA, "gas used", u128::from(gas))?;
    checked(FORMULA, || {
        let variable = wide(variable_cost).checked_mul(wide(compressed_bytes))?.checked_div(gas)?;
        variable.checked_add(wide(fixed_cost))?.checked_mul(wide(margin))?.checked_div(wide(100_u8))
    })
}

/// Prices in a header's extra data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraData {
    /// Fixed cost per gas in wei.
    pub fixed_cost: u128,
    /// Variable cost per byte in wei.
    pub variable_cost: u128,
    /// Gas price of Ethereum that they were computed at, in wei.
    pub l1_gas_price: u128,
}

impl ExtraData {
    /// Reads `0x01`, then three big-endian 32-bit numbers of thousands of wei; none where the bytes
    /// do not begin so.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let word = |index: usize| -> Option<u128> {
            let start = index.checked_mul(4)?;
            let bytes: [u8; 4] = rest.get(start..start.checked_add(4)?)?.try_into().ok()?;
            Some(u128::from(u32::from_be_bytes(bytes)) * 1_000)
        };
        if *version != 1 {
            return None;
        }
        Some(Self { fixed_cost: word(0)?, variable_cost: word(1)?, l1_gas_price: word(2)? })
    }
}
