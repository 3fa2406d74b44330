//! Hard forks.

use crate::error::Error;
use revm::primitives::hardfork::SpecId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A hard fork of Ethereum: the gas schedule and the precompiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum HardFork {
    /// September 2022; the oldest that generated verifiers are compiled for.
    Paris,
    /// April 2023.
    Shanghai,
    /// March 2024.
    Cancun,
    /// May 2025: floor price of calldata.
    Prague,
    /// December 2025: dearer modular exponentiation, cap of 2^24 gas per transaction.
    #[default]
    Osaka,
}

impl HardFork {
    /// All, oldest first.
    pub const ALL: [Self; 5] = [Self::Paris, Self::Shanghai, Self::Cancun, Self::Prague, Self::Osaka];

    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paris => "paris",
            Self::Shanghai => "shanghai",
            Self::Cancun => "cancun",
            Self::Prague => "prague",
            Self::Osaka => "osaka",
        }
    }

    pub(crate) const fn spec(self) -> SpecId {
        match self {
            Self::Paris => SpecId::MERGE,
            Self::Shanghai => SpecId::SHANGHAI,
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
        }
    }

    /// Most gas that one transaction may use, where there is such a cap (EIP-7825).
    pub const fn transaction_gas_cap(self) -> Option<u64> {
        match self {
            Self::Osaka => Some(1 << 24),
            Self::Paris | Self::Shanghai | Self::Cancun | Self::Prague => None,
        }
    }
}

impl FromStr for HardFork {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|fork| fork.name().eq_ignore_ascii_case(name)).ok_or_else(|| {
            Error::UnknownFork { name: name.to_owned(), known: Self::ALL.map(Self::name).join(", ") }
        })
    }
}
