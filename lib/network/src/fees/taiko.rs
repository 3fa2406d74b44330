//! Taiko: no data fee, but a limit on what a block may cost to prove.
//!
//! Since Unzen (2026-08-06) every opcode and precompile counts its gas times a multiplier as "zk gas",
//! and a transaction that takes a block over the limit is left out of it. Source:
//! `packages/protocol/docs/zk_gas_spec.md` of taikoxyz/taiko-mono and the schedule of
//! taikoxyz/alethia-reth, `crates/evm/src/zk_gas/unzen.rs`; the multipliers are data of the network
//! (`networks/taiko.toml`), since they have been recalibrated before.

use crate::error::Error;
use std::collections::BTreeMap;

/// Opcodes that start another frame and are counted at a fixed estimate of gas instead of what they
/// take, as that would include the gas they pass on.
pub const SPAWNING: [u8; 6] = [0xf0, 0xf1, 0xf2, 0xf4, 0xf5, 0xfa];

/// Multiplier of what no schedule lists: the largest, so that nothing is left out unseen.
pub const UNLISTED: u64 = u16::MAX as u64;

/// Zk gas: limits, estimates and multipliers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Most zk gas of a block.
    pub block_limit: u64,
    /// Zk gas of any transaction, mostly for the recovery of its sender.
    pub transaction: u64,
    /// Gas that an opcode that starts another frame counts for.
    pub spawn_gas: BTreeMap<u8, u64>,
    /// Multiplier of each opcode.
    pub opcodes: BTreeMap<u8, u64>,
    /// Multiplier of each precompile, by the last byte of its address.
    pub precompiles: BTreeMap<u8, u64>,
}

/// Zk gas of a transaction.
///
/// `opcode_gas` and `opcode_counts` are sums over all frames, `precompile_gas` without the calls'
/// own cost. Without opcodes the result is a lower bound.
pub fn zk_gas(
    schedule: &Schedule,
    opcode_gas: &BTreeMap<u8, u64>,
    opcode_counts: &BTreeMap<u8, u64>,
    precompile_gas: impl Iterator<Item = (u8, u64)>,
) -> Result<u64, Error> {
    let sum = || {
        let mut total = schedule.transaction;
        for (opcode, gas) in opcode_gas {
            if !SPAWNING.contains(opcode) {
                let multiplier = schedule.opcodes.get(opcode).copied().unwrap_or(UNLISTED);
                total = total.checked_add(gas.checked_mul(multiplier)?)?;
            }
        }
        for opcode in SPAWNING {
            let count = opcode_counts.get(&opcode).copied().unwrap_or(0);
            let gas = schedule.spawn_gas.get(&opcode).copied().unwrap_or(0);
            let multiplier = schedule.opcodes.get(&opcode).copied().unwrap_or(UNLISTED);
            total = total.checked_add(count.checked_mul(gas)?.checked_mul(multiplier)?)?;
        }
        for (precompile, gas) in precompile_gas {
            let multiplier = schedule.precompiles.get(&precompile).copied().unwrap_or(UNLISTED);
            total = total.checked_add(gas.checked_mul(multiplier)?)?;
        }
        Some(total)
    };
    sum().ok_or(Error::Overflow { formula: "zk gas (Unzen)" })
}
