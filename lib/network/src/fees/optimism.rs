//! OP Stack: OP Mainnet, Base, Unichain, World Chain and relatives.
//!
//! A transaction pays for its gas, an L1 fee for its bytes, and since Isthmus an operator fee. The L1
//! fee is a function of the signed transaction, and due in full even where the transaction reverts.
//!
//! Sources: OP Stack specifications (Fjord, Isthmus, Jovian, Karst), op-geth
//! `core/types/rollup_cost.go`, op-revm `l1block.rs`, `L1Block.sol` and `GasPriceOracle.sol`.

use crate::{
    arithmetic::{checked, wide},
    error::Error,
    fees::ethereum,
};

/// Prices of L1 data that the L1Block predeploy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPrice {
    /// Base fee of L1 in wei per gas.
    pub l1_base_fee: u128,
    /// Blob base fee of L1 in wei per blob gas.
    pub blob_base_fee: u128,
    /// `baseFeeScalar`, in millionths.
    pub base_fee_scalar: u128,
    /// `blobBaseFeeScalar`, in millionths.
    pub blob_base_fee_scalar: u128,
}

impl DataPrice {
    /// `16 * baseFeeScalar * l1BaseFee + blobBaseFeeScalar * blobBaseFee`, in millionths of wei.
    fn weighted(&self) -> Option<alloy_primitives::U256> {
        let base =
            wide(self.l1_base_fee).checked_mul(wide(self.base_fee_scalar))?.checked_mul(wide(16_u8))?;
        base.checked_add(wide(self.blob_base_fee).checked_mul(wide(self.blob_base_fee_scalar))?)
    }
}

/// Gas that the bytes of a signed transaction count for before Fjord; before Regolith with 68 bytes
/// for a signature on top.
pub fn data_gas(zeros: u64, nonzeros: u64, before_regolith: bool) -> Result<u64, Error> {
    let gas = ethereum::calldata_gas(zeros, nonzeros)?;
    let signature = if before_regolith { 68 * 16 } else { 0 };
    gas.checked_add(signature).ok_or(Error::Overflow { formula: "data gas (Bedrock)" })
}

/// L1 fee in wei from Bedrock to before Ecotone: `(dataGas + overhead) * l1BaseFee * scalar / 1e6`.
pub fn bedrock_fee(data_gas: u64, l1_base_fee: u128, overhead: u128, scalar: u128) -> Result<u128, Error> {
    checked("L1 fee (Bedrock)", || {
        let gas = wide(data_gas).checked_add(wide(overhead))?;
        gas.checked_mul(wide(l1_base_fee))?.checked_mul(wide(scalar))?.checked_div(wide(1_000_000_u32))
    })
}

/// L1 fee in wei under Ecotone: `dataGas * weighted / 16e6`.
pub fn ecotone_fee(data_gas: u64, price: &DataPrice) -> Result<u128, Error> {
    checked("L1 fee (Ecotone)", || {
        wide(data_gas).checked_mul(price.weighted()?)?.checked_div(wide(16_000_000_u32))
    })
}

/// Size that Fjord estimates for a transaction of this length under FastLZ, in millionths of bytes.
///
/// At least 100 bytes, which holds for lengths up to 170.
pub fn fjord_size(fastlz: u32) -> u64 {
    (u64::from(fastlz) * 836_500).saturating_sub(42_585_600).max(100_000_000)
}

/// L1 fee in wei since Fjord, one division at the end: `size * weighted / 1e12`.
pub fn fjord_fee(fastlz: u32, price: &DataPrice) -> Result<u128, Error> {
    checked("L1 fee (Fjord)", || {
        wide(fjord_size(fastlz)).checked_mul(price.weighted()?)?.checked_div(wide(1_000_000_000_000_u64))
    })
}

/// `l1GasUsed` of a receipt since Fjord: 16 gas for each estimated byte.
pub fn l1_gas_used(fastlz: u32) -> u64 {
    u64::try_from(u128::from(fjord_size(fastlz)) * 16 / 1_000_000).unwrap_or(u64::MAX)
}

/// Which rule of the operator fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorFee {
    /// `gas * scalar / 1e6 + constant`.
    Isthmus,
    /// `gas * scalar * 100 + constant`.
    Jovian,
}

/// Operator fee in wei for this much gas used.
pub fn operator_fee(gas: u64, scalar: u128, constant: u128, rule: OperatorFee) -> Result<u128, Error> {
    checked("operator fee", || {
        let product = wide(gas).checked_mul(wide(scalar))?;
        let variable = match rule {
            OperatorFee::Isthmus => product.checked_div(wide(1_000_000_u32))?,
            OperatorFee::Jovian => product.checked_mul(wide(100_u8))?,
        };
        variable.checked_add(wide(constant))
    })
}

/// Data availability footprint since Jovian, in gas: counts against the block's gas limit and moves
/// the base fee, but is not paid for. A scalar of 0 means 400.
pub fn da_footprint(fastlz: u32, scalar: u128) -> Result<u128, Error> {
    let scalar = if scalar == 0 { 400 } else { scalar };
    checked("data availability footprint (Jovian)", || {
        wide(fjord_size(fastlz) / 1_000_000).checked_mul(wide(scalar))
    })
}
