//! Proving backends: SRS, keys, proofs, native verification, verifier parameters.

pub mod parameters;
pub mod srs;
