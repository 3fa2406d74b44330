//! What a verification costs on the networks it may be deployed to.

mod arithmetic;
pub mod compress;
pub mod envelope;
pub mod error;
pub mod fees;

pub use error::Error;
