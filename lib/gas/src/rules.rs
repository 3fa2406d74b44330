//! What a network's EVM does differently from Ethereum's under the same hard fork.

use crate::fork::HardFork;
use serde::{Deserialize, Serialize};

/// The rules that one EVM executes transactions by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rules {
    /// Gas schedule and precompiles.
    pub hard_fork: HardFork,
    /// Whether calldata has a floor price where the hard fork has one (EIP-7623, EIP-7976).
    pub calldata_floor: bool,
    /// Most gas that one transaction may use, where there is a cap.
    pub transaction_gas_cap: Option<u64>,
    /// Most bytes of runtime code of a contract.
    pub code_size_limit: usize,
}

impl Rules {
    /// Ethereum's own under `hard_fork`.
    pub const fn ethereum(hard_fork: HardFork) -> Self {
        Self {
            hard_fork,
            calldata_floor: true,
            transaction_gas_cap: hard_fork.transaction_gas_cap(),
            code_size_limit: hard_fork.code_size_limit(),
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::ethereum(HardFork::default())
    }
}
