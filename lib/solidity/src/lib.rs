//! Solidity: the verifier generator, the typed consumer generator, the calldata codec, and the
//! compiler.
//!
//! A verifier is generated from [`hallmark_proof::parameters::VerifierParameters`] alone, so that
//! what the contract checks is exactly what the native verifier of the same key checks.

pub mod calldata;
mod consumer;
mod dag;
mod error;
mod layout;
mod names;
pub mod solc;
pub mod sources;
mod verifier;
mod yul;

pub use consumer::{ConsumerOptions, ModelInterface, TensorInterface, generate_consumer};
pub use error::Error;
pub use verifier::{
    DEV_CHAIN_ID, VERIFIER_ERRORS, VerifierOptions, VerifierSource, generate_verifier, selector,
};
