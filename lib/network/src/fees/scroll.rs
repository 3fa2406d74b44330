//! Scroll: a rollup fee on top of the gas.
//!
//! Source: scroll-tech/go-ethereum `rollup/fees` with its tests, scroll-contracts
//! `L1GasPriceOracle.sol`, scroll-revm. Results are clamped to 64 bits as the node does.
//!
//! On chain, `getL1Fee(bytes)` takes the Zstandard-compressed transaction since Galileo; given the raw
//! one it overcharges.

use crate::{arithmetic::wide, error::Error};
use alloy_primitives::U256;

const PRECISION: u32 = 1_000_000_000;

/// Prices that the L1GasPriceOracle predeploy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPrice {
    /// Base fee of L1 in wei per gas.
    pub l1_base_fee: u128,
    /// Blob base fee of L1 in wei per blob gas.
    pub blob_base_fee: u128,
    /// `commitScalar`, in billionths.
    pub commit_scalar: u128,
    /// `blobScalar`, in billionths.
    pub blob_scalar: u128,
}

fn clamped(formula: &'static str, compute: impl FnOnce() -> Option<U256>) -> Result<u128, Error> {
    let billionths = compute().ok_or(Error::Overflow { formula })?;
    Ok(u64::try_from(billionths / wide(PRECISION)).unwrap_or(u64::MAX).into())
}

/// Rollup fee in wei before Curie: `(4z + 16nz + 64 + overhead) * l1BaseFee * scalar / 1e9`.
pub fn precurie_fee(
    zeros: u64,
    nonzeros: u64,
    l1_base_fee: u128,
    overhead: u128,
    scalar: u128,
) -> Result<u128, Error> {
    let gas = crate::fees::ethereum::calldata_gas(zeros, nonzeros)?;
    clamped("rollup fee (before Curie)", || {
        let gas = wide(gas).checked_add(wide(64_u8))?.checked_add(wide(overhead))?;
        gas.checked_mul(wide(l1_base_fee))?.checked_mul(wide(scalar))
    })
}

/// Rollup fee in wei under Curie: `(commitScalar * l1BaseFee + blobScalar * length * blobBaseFee) / 1e9`.
pub fn curie_fee(length: u64, price: &DataPrice) -> Result<u128, Error> {
    clamped("rollup fee (Curie)", || {
        let commit = wide(price.commit_scalar).checked_mul(wide(price.l1_base_fee))?;
        let blob = wide(price.blob_scalar).checked_mul(wide(price.blob_base_fee))?;
        commit.checked_add(blob.checked_mul(wide(length))?)
    })
}

/// Rollup fee in wei under Feynman, with a penalty in billionths for what compresses badly.
pub fn feynman_fee(length: u64, price: &DataPrice, penalty: u128) -> Result<u128, Error> {
    clamped("rollup fee (Feynman)", || {
        price.per_byte()?.checked_mul(wide(length))?.checked_mul(wide(penalty))?.checked_div(wide(PRECISION))
    })
}

/// Rollup fee in wei since Galileo, for the smaller of the lengths of the signed transaction raw and
/// under Zstandard: a fee per byte, and a penalty that grows with the square of the length. A
/// `penalty_factor` of 0 means 1.
pub fn galileo_fee(compressed_bytes: u64, price: &DataPrice, penalty_factor: u128) -> Result<u128, Error> {
    clamped("rollup fee (Galileo)", || {
        let length = wide(compressed_bytes);
        let base = price.per_byte()?.checked_mul(length)?;
        base.checked_add(base.checked_mul(length)?.checked_div(wide(penalty_factor.max(1)))?)
    })
}

impl DataPrice {
    fn per_byte(&self) -> Option<U256> {
        let commit = wide(self.commit_scalar).checked_mul(wide(self.l1_base_fee))?;
        commit.checked_add(wide(self.blob_scalar).checked_mul(wide(self.blob_base_fee))?)
    }
}
