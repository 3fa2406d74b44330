//! What a verification costs on the networks it may be deployed to, and whether they take it.
//!
//! | module | what |
//! |---|---|
//! | [`network`] | networks as data files: rules of their EVM, limits, evidence, default parameters |
//! | [`parameters`] | dated prices and settings, changed by hand or scaled |
//! | [`quote`] | the price of one transaction on one network, with its parts and obstacles |
//! | [`fees`] | the integer formulas, one module per family of networks |
//! | [`compress`] | lengths of compressed transactions as the networks measure them |
//! | [`envelope`] | the signed transaction that stands in for a real one |
//! | [`rpc`] | parameters read from a node (feature `rpc`, on by default) |
//!
//! Amounts are whole numbers of wei; nothing here is a float, and nothing wraps.
//!
//! ```
//! use hallmark_network::{Networks, Usage, quote};
//!
//! let networks = Networks::shipped()?;
//! let network = networks.get("op")?;
//! let usage = Usage { gas_used: 496_104, calldata: &[1; 5_156], ..Usage::default() };
//! let quote = quote(network, &usage, &network.parameters)?;
//! assert_eq!(quote.total_wei, quote.execution_wei + quote.data_wei + quote.operator_wei);
//! # Ok::<(), hallmark_network::Error>(())
//! ```

mod arithmetic;
pub mod compress;
mod date;
pub mod envelope;
mod error;
pub mod fees;
pub mod network;
pub mod parameters;
pub mod quote;
#[cfg(feature = "rpc")]
pub mod rpc;

pub use error::Error;
pub use network::{Confidence, EndedNetwork, Evidence, Limits, Network, Networks, Status};
pub use parameters::{ParameterName, Parameters};
pub use quote::{FeeModel, Obstacle, PrecompileCount, Quote, Usage, quote};
