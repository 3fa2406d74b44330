//! Gas: contracts run under revm, with exact totals and a profile of where the gas goes.
//!
//! [`Evm`] deploys and calls under the [`Rules`] of a network; [`Evm::profile`] attributes the gas of
//! one transaction through the source maps of the [`Contract`]s in it; [`flamegraph`] draws it.

mod contract;
mod error;
mod evm;
pub mod flamegraph;
mod fork;
mod opcode;
mod phases;
mod profile;
mod recorded;
mod rules;
pub mod scenario;
mod trace;

pub use contract::{Contract, GENERATED};
pub use error::Error;
pub use evm::{AccountState, Block, CallOutcome, Deployment, Evm};
pub use fork::HardFork;
pub use opcode::{OpcodeClass, opcode_name};
pub use phases::{MARKER, OTHER, check_code_size, code_by_phase, sections};
pub use profile::{
    CALLDATA, FunctionUse, INTRINSIC, LineUse, MemoryUse, OpcodeUse, PrecompileUse, Profile, REFUND,
    precompile_name,
};
pub use recorded::Recorded;
pub use rules::Rules;
pub use trace::Access;
