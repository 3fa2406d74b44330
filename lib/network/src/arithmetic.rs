//! Checked arithmetic on 256 bits for amounts of wei.

use crate::error::Error;
use alloy_primitives::U256;

/// `value` in 256 bits: no product of two 128-bit numbers overflows.
pub(crate) fn wide(value: impl Into<u128>) -> U256 {
    U256::from(value.into())
}

/// The result of `compute`, or an error that names the formula where a step left 256 bits or the
/// result 128.
pub(crate) fn checked(formula: &'static str, compute: impl FnOnce() -> Option<U256>) -> Result<u128, Error> {
    compute().and_then(|value| u128::try_from(value).ok()).ok_or(Error::Overflow { formula })
}

/// `value` where it may divide.
pub(crate) fn divisor(formula: &'static str, name: &'static str, value: u128) -> Result<U256, Error> {
    if value == 0 { Err(Error::ZeroDivisor { formula, name }) } else { Ok(U256::from(value)) }
}

/// Length in 64 bits; a slice never holds more.
pub(crate) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A 256-bit word as 128 bits, where it fits.
#[cfg(feature = "rpc")]
pub(crate) fn narrow(value: U256) -> Option<u128> {
    u128::try_from(value).ok()
}
