//! Blocks: runs of coefficient slots that belong together, before they get rows.

use super::Mode;
use crate::field::{Field, Fr};
use hallmark_graph::ir::Value;

/// One coefficient step, with the value that reads it.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) mode: Mode,
    pub(crate) factor: Option<u32>,
    pub(crate) weights: Vec<Fr>,
    pub(crate) value: Option<Value>,
    /// The value is multiplied with the coefficient (it is not only a factor of it).
    pub(crate) consume: bool,
}

/// Slots in order; the first one does not depend on the slot before it.
pub(crate) type Block = Vec<Slot>;

/// Cuts a sparse polynomial into windows of `width` consecutive exponents:
/// `(first exponent, coefficients)`, in increasing order. Equal exponents are added up.
pub(crate) fn windows(mut polynomial: Vec<(u32, Fr)>, width: usize) -> Vec<(u32, Vec<Fr>)> {
    polynomial.sort_by_key(|(exponent, _)| *exponent);
    let mut merged: Vec<(u32, Fr)> = Vec::with_capacity(polynomial.len());
    for (exponent, coefficient) in polynomial {
        match merged.last_mut() {
            Some((last, sum)) if *last == exponent => *sum += coefficient,
            _ => merged.push((exponent, coefficient)),
        }
    }
    let mut result: Vec<(u32, Vec<Fr>)> = Vec::new();
    for (exponent, coefficient) in merged {
        if bool::from(coefficient.is_zero()) {
            continue;
        }
        match result.last_mut() {
            Some((first, window)) if ((exponent - *first) as usize) < width => {
                window.resize((exponent - *first) as usize, Fr::ZERO);
                window.push(coefficient);
            }
            _ => result.push((exponent, vec![coefficient])),
        }
    }
    result
}

/// Slots that build a polynomial from its windows; the value sits on the last.
pub(crate) fn polynomial_slots(polynomial: Vec<(u32, Fr)>, width: usize, value: Option<Value>) -> Block {
    let mut slots: Block = windows(polynomial, width)
        .into_iter()
        .enumerate()
        .map(|(i, (factor, weights))| Slot {
            mode: if i == 0 { Mode::Start } else { Mode::Accumulate },
            factor: Some(factor),
            weights,
            value: None,
            consume: false,
        })
        .collect();
    if slots.is_empty() {
        slots.push(Slot { mode: Mode::Start, factor: None, weights: vec![], value: None, consume: false });
    }
    if let Some(last) = slots.last_mut() {
        last.value = value;
        last.consume = value.is_some();
    }
    slots
}
