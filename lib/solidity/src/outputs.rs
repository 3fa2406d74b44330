//! The library of a model's outputs: it reads named fixed-point numbers from public values.

use crate::error::Error;
use crate::names;
use hallmark_circuit::FIRST_OUTPUT_INDEX;
use std::collections::BTreeSet;

/// Fraction bits that `FixedPoint` of the Solidity library decodes (its `MAX_FRACTION_BITS`).
const MAX_FRACTION_BITS: u32 = 120;

/// An output: its elements are consecutive public values of the circuit, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputTensor {
    /// Name in the model.
    pub name: String,
    /// Shape; a scalar has none.
    pub shape: Vec<usize>,
    /// Fraction bits: real value = integer / 2^fraction_bits.
    pub fraction_bits: u32,
}

/// ASCII letters and digits, each word with a capital: `class-scores` is `ClassScores`.
fn capitalised(name: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        } else {
            upper = true;
        }
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "Output");
    }
    out
}

fn constant_case(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// A name that no other output has, whatever is made of it: in Solidity, two may be equal that the
/// model tells apart.
fn unique(name: &str, used: &mut BTreeSet<String>) -> String {
    let name = capitalised(name);
    let mut candidate = name.clone();
    let mut number = 2;
    while !used.insert(constant_case(&candidate).replace('_', "")) {
        candidate = format!("{name}{number}");
        number += 1;
    }
    candidate
}

fn elements(tensor: &OutputTensor) -> Result<usize, Error> {
    let fail = |reason: String| Error::Output { tensor: tensor.name.clone(), reason };
    let count = tensor
        .shape
        .iter()
        .try_fold(1usize, |product, size| product.checked_mul(*size))
        .ok_or_else(|| fail("its shape has too many elements".into()))?;
    if count == 0 {
        return Err(fail("it has no elements".into()));
    }
    if tensor.fraction_bits > MAX_FRACTION_BITS {
        return Err(fail(format!("it has more than {MAX_FRACTION_BITS} fraction bits")));
    }
    Ok(count)
}

/// Writes the library `library_name` with a function for each output of a model; it imports
/// `hallmark/libraries/FixedPoint.sol` and `hallmark/types/Wad.sol`.
///
/// # Errors
/// When the library's name is no identifier, or a shape is empty or too large.
pub fn generate_outputs(
    model_name: &str,
    library_name: &str,
    outputs: &[OutputTensor],
) -> Result<String, Error> {
    names::check(library_name)?;
    let mut used = BTreeSet::new();
    let mut next = FIRST_OUTPUT_INDEX;
    let mut tensors = Vec::new();
    for tensor in outputs {
        let count = elements(tensor)?;
        let name = unique(&tensor.name, &mut used);
        let mut letters = name.chars();
        let first_letter = letters.next().map(|c| c.to_ascii_lowercase());
        tensors.push(minijinja::context! {
            title => names::one_line(&tensor.name),
            // With a suffix: a keyword is no name.
            function => first_letter.into_iter().chain(letters).chain("Of".chars()).collect::<String>(),
            largest => format!("largest{name}Of"),
            upper => constant_case(&name),
            shape => tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x "),
            first => next,
            count => count,
            fraction_bits => tensor.fraction_bits,
        });
        next = next.checked_add(count).ok_or_else(|| Error::Output {
            tensor: tensor.name.clone(),
            reason: "the outputs have too many elements".into(),
        })?;
    }
    let context = minijinja::context! {
        library_name => library_name,
        model_name => names::one_line(model_name),
        instance_count => next,
        tensors => tensors,
    };
    names::render("outputs", include_str!("../../../templates/outputs/outputs.sol.jinja"), context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart() {
        let mut used = BTreeSet::new();
        let names =
            ["x2", "X", "x", "a_b", "aB", "AB", "", "1", "\u{e9}"].map(|name| unique(name, &mut used));
        assert_eq!(names, ["X2", "X", "X3", "AB", "AB2", "AB3", "Output", "Output1", "Output2"]);
        let constants: BTreeSet<_> = names.iter().map(|name| constant_case(name)).collect();
        assert_eq!(constants.len(), names.len());
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        let tensor = |shape: &[usize], fraction_bits| OutputTensor {
            name: "y".into(),
            shape: shape.to_vec(),
            fraction_bits,
        };
        let refused = |outputs: &[OutputTensor]| {
            generate_outputs("m", "Outputs", outputs).expect_err("is refused").to_string()
        };
        assert!(generate_outputs("m", "Outputs", &[tensor(&[2, 3], 120)]).is_ok());
        assert_eq!(refused(&[tensor(&[2, 0], 8)]), "output `y`: it has no elements");
        assert_eq!(refused(&[tensor(&[1], 121)]), "output `y`: it has more than 120 fraction bits");
        let many = tensor(&[usize::MAX], 8);
        assert_eq!(refused(&[tensor(&[usize::MAX, 2], 8)]), "output `y`: its shape has too many elements");
        assert_eq!(refused(&[many.clone(), many]), "output `y`: the outputs have too many elements");
        assert!(generate_outputs("m", "no name", &[]).is_err());
    }
}
