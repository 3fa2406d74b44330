//! Mantle: OP Stack formulas, paid in MNT.
//!
//! Since Arsia (2026-04-22) the L1 fee is Fjord's and the operator fee Jovian's; the L1 fee is turned
//! into MNT by the GasPriceOracle's `tokenRatio`. That the ratio multiplies the finished Fjord fee is
//! an assumption: it gives the 0.0000734 MNT that was seen for a transaction of the smallest size to
//! within the movement of the prices, but no contract code with it was found.

use crate::{
    arithmetic::{checked, wide},
    error::Error,
    fees::optimism::{DataPrice, fjord_fee},
};

/// L1 fee in wei of MNT.
pub fn l1_fee(fastlz: u32, price: &DataPrice, token_ratio: u128) -> Result<u128, Error> {
    let ether = fjord_fee(fastlz, price)?;
    checked("L1 fee (Mantle)", || wide(ether).checked_mul(wide(token_ratio)))
}
