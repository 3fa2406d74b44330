//! Errors of the circuit compiler and of the witness generator.

use thiserror::Error;

/// Why a graph cannot become a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompileError {
    /// An accumulator's bounds leave no room in the field.
    #[error(
        "node `{node}`: its accumulator needs {bits} bits, at most {maximum} fit; use fewer fraction bits or smaller weights"
    )]
    TooWide {
        /// The node.
        node: String,
        /// Bits needed.
        bits: u32,
        /// Bits available.
        maximum: u32,
    },
    /// More rows than the largest supported circuit has.
    #[error(
        "the model needs {rows} rows, at most {maximum} are possible; split the model or quantise it more coarsely"
    )]
    TooManyRows {
        /// Rows needed.
        rows: usize,
        /// Rows available.
        maximum: usize,
    },
    /// The graph breaks a rule of the IR.
    #[error("node `{node}`: {reason}")]
    Graph {
        /// The node.
        node: String,
        /// What is wrong.
        reason: String,
    },
    /// Limbs outside what the gates can hold.
    #[error("{limbs} limbs of {bits} bits cannot be laid out; use 2 to 6 limbs of 4 to 16 bits")]
    Limbs {
        /// Limbs per row.
        limbs: u32,
        /// Bits per limb.
        bits: u32,
    },
}

/// Why a witness cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WitnessError {
    /// The execution is of another graph.
    #[error(
        "the execution does not belong to this circuit: tensor {tensor} has {found} values, not {expected}"
    )]
    Shape {
        /// Tensor number.
        tensor: usize,
        /// Values expected.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A value is outside the range that its limbs or its table allow.
    #[error("node `{node}`, element {index}: {value} is outside the range that can be proven")]
    OutOfRange {
        /// The node.
        node: String,
        /// Row-major element.
        index: usize,
        /// The integer.
        value: i128,
    },
}
