//! The frameworks that a project can be for.

mod flatten;
pub(crate) mod hardhat;
pub(crate) mod remix;

use std::path::Path;

/// What a project is built and tested with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framework {
    /// Foundry: tests in Solidity.
    #[default]
    Foundry,
    /// Hardhat 3: tests in TypeScript.
    Hardhat,
    /// Remix: one file to paste, and what to paste after it.
    Remix,
}

impl Framework {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Foundry, Self::Hardhat, Self::Remix];

    /// Name on the command line and in the lock file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Foundry => "foundry",
            Self::Hardhat => "hardhat",
            Self::Remix => "remix",
        }
    }

    /// The inverse of [`Framework::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|framework| framework.name() == name)
    }

    /// The framework of the existing project in `dir`: Foundry where there is a foundry.toml or no
    /// sign of any other.
    pub fn detect(dir: &Path) -> Self {
        if !dir.join("foundry.toml").is_file() && hardhat::configuration(dir).is_some() {
            return Self::Hardhat;
        }
        Self::Foundry
    }

    /// The shell command that tests a project, from its folder. `own_packages`: its package.json is ours.
    pub fn test_command(self, own_packages: bool) -> Option<&'static str> {
        match self {
            Self::Foundry => Some("forge test"),
            Self::Hardhat if own_packages => Some("npm install && npm test"),
            // Of an existing project, whose package.json need not have a script `test`.
            Self::Hardhat => Some("npx hardhat test"),
            Self::Remix => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_project_is_recognised_by_its_configuration() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Framework::detect(folder.path()), Framework::Foundry);
        std::fs::write(folder.path().join("hardhat.config.ts"), "").unwrap();
        assert_eq!(Framework::detect(folder.path()), Framework::Hardhat);
        std::fs::write(folder.path().join("foundry.toml"), "").unwrap();
        assert_eq!(Framework::detect(folder.path()), Framework::Foundry);
    }

    #[test]
    fn names_are_read_back() {
        for framework in Framework::ALL {
            assert_eq!(Framework::parse(framework.name()), Some(*framework));
        }
        assert_eq!(Framework::parse("truffle"), None);
    }
}
