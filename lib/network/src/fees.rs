//! Fee formulas, one module per family of networks.
//!
//! All are integer formulas on wei, gas and bytes, with the roundings of their sources. Amounts are
//! `u128`, intermediate results 256 bits; nothing wraps, what does not fit is an error.

pub mod arbitrum;
pub mod era;
pub mod ethereum;
pub mod linea;
pub mod mantle;
pub mod optimism;
pub mod polygon;
pub mod scroll;
pub mod taiko;
