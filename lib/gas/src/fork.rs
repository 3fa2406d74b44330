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
    /// Not on mainnet yet and still moving (Glamsterdam): for previews only.
    Amsterdam,
}

impl HardFork {
    /// All, oldest first.
    pub const ALL: [Self; 6] =
        [Self::Paris, Self::Shanghai, Self::Cancun, Self::Prague, Self::Osaka, Self::Amsterdam];

    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paris => "paris",
            Self::Shanghai => "shanghai",
            Self::Cancun => "cancun",
            Self::Prague => "prague",
            Self::Osaka => "osaka",
            Self::Amsterdam => "amsterdam",
        }
    }

    pub(crate) const fn spec(self) -> SpecId {
        match self {
            Self::Paris => SpecId::MERGE,
            Self::Shanghai => SpecId::SHANGHAI,
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
            Self::Amsterdam => SpecId::AMSTERDAM,
        }
    }

    /// Most gas that one transaction may use, where there is such a cap (EIP-7825).
    pub const fn transaction_gas_cap(self) -> Option<u64> {
        match self {
            Self::Osaka | Self::Amsterdam => Some(1 << 24),
            Self::Paris | Self::Shanghai | Self::Cancun | Self::Prague => None,
        }
    }
}

impl HardFork {
    /// Most bytes of runtime code on Ethereum: EIP-170, from Amsterdam on EIP-7954.
    pub const fn code_size_limit(self) -> usize {
        match self {
            Self::Amsterdam => 65_536,
            Self::Paris | Self::Shanghai | Self::Cancun | Self::Prague | Self::Osaka => 24_576,
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
