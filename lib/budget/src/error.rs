//! Errors of this crate.

use std::path::PathBuf;

/// What can go wrong when costs are measured, stored or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A contract could not be run or profiled.
    #[error(transparent)]
    Gas(#[from] hallmark_gas::Error),
    /// A network could not be priced.
    #[error(transparent)]
    Network(#[from] hallmark_network::Error),
    /// There is no snapshot.
    #[error("there is no gas snapshot at `{}`", .path.display())]
    NoSnapshot {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file is neither a snapshot nor a report.
    #[error("`{}` is not a gas snapshot or report: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Text that is not an amount.
    #[error("`{text}` is not {expected}")]
    Amount {
        /// The text.
        text: String,
        /// What was expected, with an example.
        expected: &'static str,
    },
    /// A report could not be rendered (a bug).
    #[error("the {what} cannot be written: {reason}; please report this")]
    Render {
        /// Which report.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
}
