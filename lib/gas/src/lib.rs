//! Gas: contracts run under revm, with exact totals and a profile by phase of verification.

mod error;
mod evm;
mod fork;
mod phases;
mod profile;
mod rules;

pub use error::Error;
pub use evm::{CallOutcome, Deployment, Evm};
pub use fork::HardFork;
pub use phases::{MARKER, OTHER, check_code_size, code_by_phase, sections};
pub use profile::{PrecompileUse, Profile};
pub use rules::Rules;
