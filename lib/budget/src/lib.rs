//! What a transaction costs on every network, kept within limits.
//!
//! | module | what |
//! |---|---|
//! | [`report`] | gas by phase under the rules of each network, and its price there |
//! | [`snapshot`] | the gas of a commit, as a file to compare the next one with |
//! | [`check`] | a report against a snapshot and against budgets |
//! | [`render`] | the results as markdown, JUnit and HTML |
//! | [`amount`] | amounts of tokens and dollars, without floats |

pub mod amount;
pub mod check;
mod error;
pub mod render;
pub mod report;
pub mod snapshot;

pub use check::{Budget, Budgets, Change, Finding, Item, Rule, Tolerance, Verdict};
pub use error::Error;
pub use report::{NetworkReport, Report, Subject, measure};
pub use snapshot::{NetworkSnapshot, Snapshot};
