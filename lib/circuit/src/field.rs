//! The scalar field of BN254, in which circuits are written.

pub use ff::{Field, PrimeField};
pub use halo2curves::bn256::Fr;

/// `value` as a field element; negative integers become `p − |value|`.
pub fn from_i128(value: i128) -> Fr {
    let magnitude = Fr::from_u128(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// `2^exponent`.
pub fn power_of_two(exponent: u32) -> Fr {
    Fr::from(2).pow_vartime([u64::from(exponent)])
}
