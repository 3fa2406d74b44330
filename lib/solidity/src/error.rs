//! Errors of this crate.

use std::path::PathBuf;

/// What can go wrong between verifier parameters and compiled contracts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The same value would be opened twice: two claimed evaluations for one opening.
    #[error(
        "{kind} column {column} is queried twice at rotation {rotation}; \
         list each (column, rotation) once in the circuit description"
    )]
    DuplicateQuery {
        /// `advice` or `fixed`.
        kind: &'static str,
        /// Index of the column.
        column: usize,
        /// Rotation in rows.
        rotation: i32,
    },
    /// Two rotations of one column fall on the same row.
    #[error(
        "a column is opened twice at rotation {rotation} (rotations are taken modulo the number \
         of rows); use a larger k"
    )]
    QueryCollision {
        /// Rotation in rows.
        rotation: i64,
    },
    /// A gate reads a cell that has no evaluation in the proof.
    #[error(
        "gate `{gate}` reads {column} at rotation {rotation}, which is not among the queries of \
         the verifying key; make the key again from this circuit"
    )]
    MissingQuery {
        /// Name of the gate.
        gate: String,
        /// The column.
        column: String,
        /// Rotation in rows.
        rotation: i32,
    },
    /// A gate uses a challenge that is not drawn.
    #[error("gate `{gate}` uses challenge {index}, but only {count} are drawn")]
    MissingChallenge {
        /// Name of the gate.
        gate: String,
        /// Index of the challenge.
        index: usize,
        /// Number of challenges.
        count: usize,
    },
    /// A query names a column that does not exist.
    #[error("a query names {kind} column {column}, which the verifying key does not have")]
    UnknownColumn {
        /// `advice` or `fixed`.
        kind: &'static str,
        /// Index of the column.
        column: usize,
    },
    /// The number of σ commitments differs from the number of permutation columns.
    #[error("{columns} permutation columns but {commitments} commitments of σ")]
    PermutationCommitments {
        /// Columns of the permutation argument.
        columns: usize,
        /// Commitments given.
        commitments: usize,
    },
    /// The quotient has no pieces.
    #[error("the verifying key says that the quotient has no pieces; a circuit needs a gate")]
    NoQuotient,
    /// The layout of the proof disagrees with the parameters.
    #[error("the proof has {layout} bytes by the order of its parts and {parameters} by the key")]
    ProofLength {
        /// Bytes by the layout.
        layout: usize,
        /// Bytes by the parameters.
        parameters: usize,
    },
    /// More public inputs than rows.
    #[error("{instances} public inputs do not fit 2^{k} rows")]
    TooManyInstances {
        /// Number of public inputs.
        instances: usize,
        /// Binary logarithm of the number of rows.
        k: u32,
    },
    /// A name that Solidity does not take.
    #[error("`{name}` is not a Solidity identifier; use letters, digits and `_`")]
    BadName {
        /// The name.
        name: String,
    },
    /// A template did not render.
    #[error("template `{template}`: {message}")]
    Template {
        /// Name of the template.
        template: &'static str,
        /// What the engine says.
        message: String,
    },
    /// Calldata that is not a call of `verifyProof`.
    #[error("calldata is not a call of verifyProof(bytes,uint256[]): {reason}")]
    Calldata {
        /// What is wrong.
        reason: String,
    },
    /// No Solidity compiler was found.
    #[error(
        "no Solidity compiler {version} was found; tried:\n{}\nRemedies: install Foundry and run \
         `forge build` once, or set `solc` in foundry.toml, or set HALLMARK_SOLC to a solc \
         executable, or run `npm install --save-dev solc@{version}` in the project",
        .tried.iter().map(|t| format!("  - {t}")).collect::<Vec<_>>().join("\n")
    )]
    NoSolc {
        /// Version wanted.
        version: String,
        /// Places looked at, each with the reason it did not serve.
        tried: Vec<String>,
    },
    /// The compiler did not start or its answer cannot be read.
    #[error("running {}: {message}", .path.display())]
    SolcRun {
        /// The compiler.
        path: PathBuf,
        /// What happened.
        message: String,
    },
    /// The sources do not compile.
    #[error("solc reports errors:\n{}", .messages.join("\n"))]
    Compile {
        /// The compiler's messages.
        messages: Vec<String>,
    },
    /// Contracts that call external libraries, whose addresses are not known.
    #[error("contracts need libraries at addresses of their own, which is not supported: {}", .contracts.join("; "))]
    Unlinked {
        /// Each contract with the library it calls.
        contracts: Vec<String>,
    },
    /// The imports of a file cannot be followed.
    #[error("cannot follow the imports of {}: {message}", .path.display())]
    Imports {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The runtime code is larger than a contract may be.
    #[error(
        "contract {contract} has {bytes} bytes of runtime code, the limit is {limit}; largest \
         parts: {}. Use fewer columns (objective = \"gas\"), fewer gates, or compile with the \
         optimiser on",
        .parts.iter().map(|(p, b)| format!("{p} {b}")).collect::<Vec<_>>().join(", ")
    )]
    CodeTooLarge {
        /// Name of the contract.
        contract: String,
        /// Its runtime code in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
        /// Bytes by part of the code, largest first.
        parts: Vec<(String, usize)>,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// An output that contracts cannot decode.
    #[error("output `{tensor}`: {reason}")]
    Output {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong.
        reason: String,
    },
}
