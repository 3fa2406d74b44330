//! Polygon PoS: Ethereum's formula with other constants, paid in POL; no data fee.
//!
//! Sources: bor (September 2025); PIP-35 for the least gas price; the Madhugiri hard fork of
//! 2025-12-09 for EIP-7823, EIP-7883 and EIP-7825 with a cap of 2^25 gas.

use crate::fees::ethereum::BaseFeeRule;

/// How the base fee moves since Bhilai: at most one part in 64 per block.
pub const BASE_FEE: BaseFeeRule = BaseFeeRule { elasticity: 2, denominator: 64, minimum: 0 };

/// Least gas price that nodes accept, in wei of POL (PIP-35).
pub const LEAST_GAS_PRICE: u128 = 25_000_000_000;
