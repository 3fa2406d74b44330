//! The typed consumer: an abstract contract that calls the verifier and turns field elements into
//! signed fixed-point numbers.

use crate::error::Error;
use crate::names;
use hallmark_circuit::{CONTEXT_INDEX, FIRST_OUTPUT_INDEX};

/// Elements up to which a tensor is returned as one array.
const ARRAY_LIMIT: usize = 256;

/// A public tensor: its elements are consecutive public inputs of the circuit, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInterface {
    /// Name in the model.
    pub name: String,
    /// Shape; a scalar has none.
    pub shape: Vec<usize>,
    /// Fraction bits: real value = integer / 2^fraction_bits.
    pub fraction_bits: u32,
}

/// What a consumer must know of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInterface {
    /// Name of the model.
    pub model_name: String,
    /// Identity of model and circuit, exposed as `MODEL_ID`.
    pub model_id: [u8; 32],
    /// Public input tensors; their elements are the first public inputs after the context. Private
    /// inputs are left out.
    pub inputs: Vec<TensorInterface>,
    /// Output tensors; their elements follow.
    pub outputs: Vec<TensorInterface>,
    /// Contract name of the verifier (for documentation).
    pub verifier_contract_name: String,
}

/// Choices of the consumer generator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerOptions {
    /// Name of the abstract contract.
    pub contract_name: String,
    /// Import path of a file that defines `IInferenceVerifier`; the interface is written inline
    /// when absent.
    pub interface_import: Option<String>,
    /// Verifying key that the verifier must have.
    pub verifying_key_id: [u8; 32],
    /// SRS that the verifier must have.
    pub srs_id: [u8; 32],
}

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
        out.insert_str(0, "Tensor");
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

fn elements(tensor: &TensorInterface) -> Result<usize, Error> {
    let fail = |reason: &str| Error::Interface { tensor: tensor.name.clone(), reason: reason.to_owned() };
    let count = tensor
        .shape
        .iter()
        .try_fold(1usize, |product, size| product.checked_mul(*size))
        .ok_or_else(|| fail("its shape has too many elements"))?;
    if count == 0 {
        return Err(fail("it has no elements"));
    }
    if tensor.fraction_bits > 127 {
        return Err(fail("it has more than 127 fraction bits"));
    }
    Ok(count)
}

/// Writes the typed consumer of a model: an abstract contract that users inherit.
///
/// # Errors
/// When a name cannot be written in Solidity, or a shape is empty or too large.
pub fn generate_consumer(interface: &ModelInterface, options: &ConsumerOptions) -> Result<String, Error> {
    names::check(&options.contract_name)?;
    let mut used = std::collections::BTreeSet::new();
    let mut next = FIRST_OUTPUT_INDEX;
    let mut tensors = Vec::new();
    let all =
        interface.inputs.iter().map(|t| (t, "input")).chain(interface.outputs.iter().map(|t| (t, "output")));
    for (index, (tensor, kind)) in all.enumerate() {
        let count = elements(tensor)?;
        let mut name = capitalised(&tensor.name);
        if !used.insert(name.clone()) {
            name = format!("{name}{index}");
            used.insert(name.clone());
        }
        let field: String = {
            let mut letters = name.chars();
            letters.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(letters).collect()
        };
        tensors.push(minijinja::context! {
            kind => kind,
            title => names::one_line(&tensor.name),
            name => name,
            field => format!("{field}_"),
            upper => constant_case(&name),
            shape => tensor.shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x "),
            first => next,
            count => count,
            fraction_bits => tensor.fraction_bits,
            array => count > 1 && count <= ARRAY_LIMIT,
            scalar => count == 1,
        });
        next = next.checked_add(count).ok_or_else(|| Error::Interface {
            tensor: tensor.name.clone(),
            reason: "the tensors have too many elements".into(),
        })?;
    }
    let context = minijinja::context! {
        contract_name => options.contract_name,
        model_name => names::one_line(&interface.model_name),
        verifier_contract_name => names::one_line(&interface.verifier_contract_name),
        interface_import => options.interface_import.as_deref().map(names::one_line),
        model_id => hex::encode(interface.model_id),
        verifying_key_id => hex::encode(options.verifying_key_id),
        srs_id => hex::encode(options.srs_id),
        context_index => CONTEXT_INDEX,
        instance_count => next,
        tensors => tensors,
    };
    names::render("consumer", include_str!("../../../templates/consumer/consumer.sol.jinja"), context)
}
