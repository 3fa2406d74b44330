//! The context of a proof: for whom, where and until when it is good.
//!
//! It is the first public value of every circuit. The circuit does not interpret it: it holds the
//! value in a cell and ties the cell to the public value, so that a proof made for one context is no
//! proof for another. What it is a hash of is decided where proofs are made and consumed.

use crate::field::{Field, Fr, PrimeField};

/// Index of the context among the public values of every circuit.
pub const CONTEXT_INDEX: usize = 0;

/// Index of the first output's first element among the public values.
pub const FIRST_OUTPUT_INDEX: usize = CONTEXT_INDEX + 1;

/// The first public value of a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context(Fr);

impl Context {
    /// Zero: a proof for no consumer. Consumers accept none of these, since no hash is zero in
    /// practice.
    pub const UNBOUND: Self = Self(Fr::ZERO);

    /// Any field element.
    pub const fn new(value: Fr) -> Self {
        Self(value)
    }

    /// The upper 248 bits of a hash: always below the field's modulus.
    pub fn from_hash(hash: &[u8; 32]) -> Self {
        // The integer `hash >> 8`, little-endian: 31 bytes, so that it is canonical.
        let mut repr = <Fr as PrimeField>::Repr::default();
        for (to, from) in repr.as_mut().iter_mut().zip(hash[..31].iter().rev()) {
            *to = *from;
        }
        Self(Option::from(Fr::from_repr(repr)).unwrap_or(Fr::ZERO))
    }

    /// As a public value.
    pub const fn value(self) -> Fr {
        self.0
    }

    /// Whether it is [`Context::UNBOUND`].
    pub fn is_unbound(self) -> bool {
        self == Self::UNBOUND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_shifted_by_one_byte() {
        let mut hash = [0u8; 32];
        (hash[30], hash[31]) = (1, 0xff);
        assert_eq!(Context::from_hash(&hash), Context::new(Fr::from(1)));
        let largest = Context::from_hash(&[0xff; 32]).value();
        assert_eq!(largest, crate::field::power_of_two(248) - Fr::ONE);
        assert!(Context::from_hash(&[0; 32]).is_unbound());
    }
}
