//! Errors of this crate.

/// What can go wrong when contracts are run or profiled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The deployment failed.
    #[error("deployment failed after {gas} gas: {reason}")]
    Deploy {
        /// Why, with a remedy where there is one.
        reason: String,
        /// Gas used.
        gas: u64,
    },
    /// The transaction was not valid, so that nothing ran.
    #[error("the transaction is not valid under {fork}: {reason}")]
    Transaction {
        /// Hard fork.
        fork: &'static str,
        /// What the EVM says.
        reason: String,
    },
    /// There is no code at the address: calls to it succeed and do nothing.
    #[error("no contract at {address}: a call there succeeds and verifies nothing; deploy first")]
    NoCode {
        /// The address.
        address: String,
    },
    /// The source map cannot be read.
    #[error("source map of {contract}: {reason}; compile with evm.deployedBytecode.sourceMap")]
    SourceMap {
        /// Name of the contract.
        contract: String,
        /// What is wrong.
        reason: String,
    },
    /// The artifact is not what is deployed.
    #[error("the code at {address} is not that of {contract}; deploy the artifact first")]
    OtherCode {
        /// Name of the contract.
        contract: String,
        /// The address.
        address: String,
    },
    /// A hard fork's name is not known.
    #[error("unknown hard fork `{name}`; known: {known}")]
    UnknownFork {
        /// The name given.
        name: String,
        /// Names that are known.
        known: String,
    },
    /// The phases do not add up to the total (a bug of the profiler).
    #[error("phases add up to {sum} gas, the transaction used {total}; please report this")]
    Sum {
        /// Sum of the phases.
        sum: u64,
        /// Gas of the transaction.
        total: u64,
    },
}
