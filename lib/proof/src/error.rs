//! Errors of the proving backends.

use std::path::PathBuf;
use thiserror::Error;

/// What can go wrong with setups, keys and proofs.
#[derive(Debug, Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// "read", "write" or "create".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is not what its name says.
    #[error("`{}` is not a valid {kind}: {reason}", path.display())]
    Format {
        /// "proving key", "proof", …
        kind: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The circuit needs more rows than the SRS has.
    #[error("the circuit needs 2^{needed} rows, but the structured reference string has 2^{available}")]
    SrsTooSmall {
        /// `k` of the circuit.
        needed: u32,
        /// `k` of the SRS.
        available: u32,
    },
    /// The description of the circuit cannot be proven by this backend.
    #[error("the circuit cannot be set up: {reason}")]
    Unsupported {
        /// Why.
        reason: String,
    },
    /// The backend failed while making keys or a proof.
    #[error("the halo2 backend failed to {action}: {reason}")]
    Backend {
        /// "generate the verifying key", …
        action: &'static str,
        /// Its message.
        reason: String,
    },
    /// A proof that was just made does not verify: the witness breaks a constraint.
    #[error("the proof that was just made does not verify: the witness breaks a constraint (this is a bug)")]
    Unsatisfied,
    /// A proof does not verify.
    #[error("the proof is not valid for this verifying key and these public values")]
    Rejected,
    /// A proof belongs to another verifying key.
    #[error("the proof was made for verifying key {found}, not for {expected}")]
    WrongKey {
        /// Identity of the key in hand, hex.
        expected: String,
        /// Identity named by the proof, hex.
        found: String,
    },
    /// A key belongs to another SRS.
    #[error("the key was made with SRS {found}, but the SRS given is {expected}")]
    WrongSrs {
        /// Identity of the SRS in hand, hex.
        expected: String,
        /// Identity named by the key, hex.
        found: String,
    },
    /// A proof is bound to another context than the one stated.
    #[error("the proof is bound to context {found}, not to {expected}, the hash of the parts stated")]
    Context {
        /// Hash of the parts stated, hex.
        expected: String,
        /// The proof's first public value, hex.
        found: String,
    },
    /// The number of public values is wrong.
    #[error("the circuit has {expected} public values, but {found} were given")]
    Instances {
        /// Number the circuit has.
        expected: usize,
        /// Number given.
        found: usize,
    },
}
