//! Errors of this crate.

use std::path::PathBuf;

/// What can go wrong between a plan and a transaction in a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The node cannot be reached, or answers nonsense.
    #[error(transparent)]
    Network(#[from] hallmark_network::Error),
    /// The node answered with an error.
    #[error("{url} refused `{call}`: {reason}")]
    Refused {
        /// The address, without credentials and path.
        url: String,
        /// Method of the request.
        call: &'static str,
        /// What the node says.
        reason: String,
    },
    /// No key is to be had from an environment variable. What is in it is never shown.
    #[error("the environment variable `{variable}` {reason}")]
    Key {
        /// Name of the variable.
        variable: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The node holds no key of the account asked for.
    #[error("{url} holds no key of {wanted}")]
    NoAccount {
        /// The address of the node, without credentials and path.
        url: String,
        /// The account, or words for any.
        wanted: String,
    },
    /// A transaction could not be signed.
    #[error("the transaction could not be signed: {reason}")]
    Signature {
        /// What the signer says.
        reason: String,
    },
    /// A transaction was sent, and no receipt was seen in time.
    #[error("transaction {transaction} was sent, but no receipt came within {seconds} s{reason}")]
    NotMined {
        /// Its hash.
        transaction: String,
        /// The time allowed.
        seconds: u64,
        /// The last failure of the node, as a clause, or nothing.
        reason: String,
    },
    /// What forge wrote about a script is not what is expected of it.
    #[error("cannot read what forge says of the deployment script: {reason}")]
    Script {
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// An address book that is none, or of another chain.
    #[error("`{}` is not an address book of chain {chain_id}: {reason}", path.display())]
    Book {
        /// The file.
        path: PathBuf,
        /// The chain.
        chain_id: u64,
        /// What is wrong.
        reason: String,
    },
}
