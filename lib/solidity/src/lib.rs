//! Solidity: the generators of verifiers and of libraries that read outputs, the calldata codec,
//! and the compiler.
//!
//! A verifier is generated from [`hallmark_proof::parameters::VerifierParameters`] alone, so that
//! what the contract checks is exactly what the native verifier of the same key checks.

pub mod calldata;
mod dag;
mod error;
mod layout;
mod names;
mod outputs;
pub mod solc;
pub mod sources;
mod verifier;
mod yul;

pub use error::Error;
pub use outputs::{OutputTensor, generate_outputs};
pub use verifier::{
    DEV_CHAIN_ID, VERIFIER_ERRORS, VerifierOptions, VerifierSource, generate_verifier, selector,
};
