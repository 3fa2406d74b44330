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
    /// A view of the gas does not add up to the total (a bug of the profiler).
    #[error("{view} add up to {sum} gas, the transaction used {total}; please report this")]
    Sum {
        /// The view.
        view: &'static str,
        /// Its sum.
        sum: i128,
        /// Gas of the transaction.
        total: u64,
    },
    /// A transaction that a Forge test recorded cannot be read.
    #[error(
        "a recorded transaction cannot be read: {reason}; the project's lib/hallmark is of another version"
    )]
    Recorded {
        /// What is wrong.
        reason: String,
    },
    /// The flame graph cannot be drawn.
    #[error("cannot draw the flame graph: {reason}")]
    Flamegraph {
        /// What is wrong.
        reason: String,
    },
    /// More gas than any block has.
    #[error("{gas} gas is more than a transaction can use; set a gas limit below 2^63")]
    TooMuchGas {
        /// The gas.
        gas: u64,
    },
}
