//! Ethereum: gas of a transaction, base fee, blob base fee.
//!
//! Sources: EIP-1559, EIP-2565, EIP-1108, EIP-4844, EIP-7623, EIP-7691, EIP-7840, EIP-7883, EIP-7918,
//! EIP-7976, and EIP-8134 and EIP-8135 for the blob parameters of 2025 and 2026.

use crate::{
    arithmetic::{checked, divisor, wide},
    error::Error,
};
use alloy_primitives::U256;

/// Gas of a blob (EIP-4844): 2^17.
pub const GAS_PER_BLOB: u64 = 1 << 17;
/// `BLOB_BASE_COST` of EIP-7918: 2^13.
pub const BLOB_BASE_COST: u64 = 1 << 13;
/// Gas of any transaction before what it does, up to Osaka.
pub const TRANSACTION_GAS: u64 = 21_000;

/// Targets and limits of blobs per block, and how fast their price moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobSchedule {
    /// Lower-case name of the fork.
    pub name: &'static str,
    /// Blobs per block at which the price stands still.
    pub target: u64,
    /// Most blobs per block.
    pub most: u64,
    /// `BLOB_BASE_FEE_UPDATE_FRACTION`.
    pub fraction: u64,
}

impl BlobSchedule {
    /// March 2024, EIP-4844.
    pub const CANCUN: Self = Self { name: "cancun", target: 3, most: 6, fraction: 3_338_477 };
    /// May 2025, EIP-7691; unchanged by Osaka.
    pub const PRAGUE: Self = Self { name: "prague", target: 6, most: 9, fraction: 5_007_716 };
    /// 2025-12-09, EIP-8134.
    pub const BPO1: Self = Self { name: "bpo1", target: 10, most: 15, fraction: 8_346_193 };
    /// 2026-01-07, EIP-8135: current on mainnet.
    pub const BPO2: Self = Self { name: "bpo2", target: 14, most: 21, fraction: 11_684_671 };
    /// All, oldest first.
    pub const ALL: [Self; 4] = [Self::CANCUN, Self::PRAGUE, Self::BPO1, Self::BPO2];

    /// Base fee per blob gas in wei at this excess (EIP-4844).
    pub fn base_fee(self, excess_blob_gas: u64) -> Result<u128, Error> {
        fake_exponential(1, u128::from(excess_blob_gas), u128::from(self.fraction))
    }

    /// Excess blob gas of the next block under EIP-7918 (Osaka).
    ///
    /// `base_fee` is the parent's, in wei. While blobs are so cheap against it that EIP-7918's
    /// reserve price holds, the excess does not fall: the blob base fee tracks a sixteenth of the
    /// base fee.
    pub fn next_excess(self, excess: u64, used: u64, base_fee: u128) -> Result<u64, Error> {
        const FORMULA: &str = "excess blob gas (EIP-7918)";
        let overflow = || Error::Overflow { formula: FORMULA };
        let target = self.target.checked_mul(GAS_PER_BLOB).ok_or_else(overflow)?;
        let total = excess.checked_add(used).ok_or_else(overflow)?;
        if total < target {
            return Ok(0);
        }
        let reserve = wide(BLOB_BASE_COST) * wide(base_fee);
        if reserve > wide(GAS_PER_BLOB) * wide(self.base_fee(excess)?) {
            let above = self.most.checked_sub(self.target).ok_or_else(overflow)?;
            let added = used.checked_mul(above).and_then(|product| product.checked_div(self.most));
            return added.and_then(|added| excess.checked_add(added)).ok_or_else(overflow);
        }
        Ok(total - target)
    }
}

/// `factor * e^(numerator / denominator)` by the integer Taylor series of EIP-4844.
pub fn fake_exponential(factor: u128, numerator: u128, denominator: u128) -> Result<u128, Error> {
    const FORMULA: &str = "fake_exponential (EIP-4844)";
    let divisor = divisor(FORMULA, "denominator", denominator)?;
    checked(FORMULA, || {
        let mut output = U256::ZERO;
        let mut term = wide(factor).checked_mul(divisor)?;
        let mut step = 1_u128;
        // Ends: a series that does not shrink leaves 256 bits after a few hundred terms.
        while !term.is_zero() {
            output = output.checked_add(term)?;
            term = term.checked_mul(wide(numerator))?.checked_div(divisor.checked_mul(wide(step))?)?;
            step = step.checked_add(1)?;
        }
        output.checked_div(divisor)
    })
}

/// How a network's base fee moves (EIP-1559 and its relatives).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseFeeRule {
    /// Gas limit over gas target.
    pub elasticity: u64,
    /// Largest change per block is one part in this.
    pub denominator: u64,
    /// Base fee in wei that it does not fall below (OP Stack since Jovian); 0 for none.
    pub minimum: u128,
}

impl BaseFeeRule {
    /// Ethereum's.
    pub const ETHEREUM: Self = Self { elasticity: 2, denominator: 8, minimum: 0 };

    /// Base fee of the next block in wei.
    pub fn next(self, base_fee: u128, gas_used: u64, gas_limit: u64) -> Result<u128, Error> {
        const FORMULA: &str = "next base fee (EIP-1559)";
        divisor(FORMULA, "elasticity", u128::from(self.elasticity))?;
        let denominator = divisor(FORMULA, "denominator", u128::from(self.denominator))?;
        let target = gas_limit / self.elasticity;
        let target_divisor = divisor(FORMULA, "gas target", u128::from(target))?;
        let change = |gas: u64| {
            checked(FORMULA, || {
                wide(base_fee).checked_mul(wide(gas))?.checked_div(target_divisor)?.checked_div(denominator)
            })
        };
        let next = if gas_used > target {
            base_fee
                .checked_add(change(gas_used - target)?.max(1))
                .ok_or(Error::Overflow { formula: FORMULA })?
        } else {
            base_fee.saturating_sub(change(target - gas_used)?)
        };
        Ok(next.max(self.minimum))
    }
}

/// Gas of a transaction's calldata at 4 and 16 gas per zero and other byte (EIP-2028).
pub fn calldata_gas(zeros: u64, nonzeros: u64) -> Result<u64, Error> {
    let formula = "calldata gas (EIP-2028)";
    let sum =
        zeros.checked_mul(4).zip(nonzeros.checked_mul(16)).and_then(|(zero, other)| zero.checked_add(other));
    sum.ok_or(Error::Overflow { formula })
}

/// Gas of a call under Prague and Osaka: the larger of the standard and the floor price (EIP-7623).
///
/// `execution_gas` is what execution took after refunds. With `floor` false there is no floor, as
/// before Prague and on Arbitrum.
pub fn call_gas(zeros: u64, nonzeros: u64, execution_gas: u64, floor: bool) -> Result<u64, Error> {
    let formula = "gas of a call (EIP-7623)";
    let sum = || {
        let tokens = nonzeros.checked_mul(4)?.checked_add(zeros)?;
        let standard = tokens.checked_mul(4)?.checked_add(execution_gas)?;
        let least = if floor { tokens.checked_mul(10)? } else { 0 };
        standard.max(least).checked_add(TRANSACTION_GAS)
    };
    sum().ok_or(Error::Overflow { formula })
}

/// Which price of modular exponentiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModexpPrice {
    /// EIP-2565, Berlin to Prague.
    Berlin,
    /// EIP-7883, from Osaka.
    Osaka,
}

/// Gas of a modular exponentiation with an exponent of at most 32 bytes.
///
/// `base_bytes` and `modulus_bytes` are lengths of operands, `exponent_bits` the position of the
/// exponent's highest set bit (its length in bits less one). Inversion by Fermat in a 254-bit field
/// is `modexp_gas(32, 253, 32, _)`.
pub fn modexp_gas(
    base_bytes: u64,
    exponent_bits: u64,
    modulus_bytes: u64,
    price: ModexpPrice,
) -> Result<u64, Error> {
    let formula = "gas of modexp (EIP-2565, EIP-7883)";
    let largest = base_bytes.max(modulus_bytes);
    let words = largest.div_ceil(8);
    let iterations = exponent_bits.max(1);
    let gas = || {
        let square = words.checked_mul(words)?;
        match price {
            ModexpPrice::Berlin => Some((square.checked_mul(iterations)? / 3).max(200)),
            ModexpPrice::Osaka => {
                let complexity = if largest <= 32 { 16 } else { square.checked_mul(2)? };
                Some(complexity.checked_mul(iterations)?.max(500))
            }
        }
    };
    gas().ok_or(Error::Overflow { formula })
}

/// Gas of a check of `pairs` pairings (EIP-1108).
pub fn pairing_gas(pairs: u64) -> Result<u64, Error> {
    pairs
        .checked_mul(34_000)
        .and_then(|gas| gas.checked_add(45_000))
        .ok_or(Error::Overflow { formula: "gas of a pairing check (EIP-1108)" })
}

/// `gas` units at `price` wei each.
pub fn execution_fee(gas: u64, price: u128) -> Result<u128, Error> {
    checked("gas times its price", || wide(gas).checked_mul(wide(price)))
}
