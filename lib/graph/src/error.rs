//! Everything that can go wrong between an ONNX file and an executed integer graph.

use std::fmt;

/// A node that cannot be lowered to the integer graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedNode {
    /// Name of the node in the model.
    pub name: String,
    /// Its operator.
    pub operator: String,
    /// Why it is refused and what would be needed.
    pub reason: String,
}

impl fmt::Display for UnsupportedNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}): {}", self.name, self.operator, self.reason)
    }
}

/// The best that calibration found when no settings meet the bound.
#[derive(Clone, Debug, PartialEq)]
pub struct BestFound {
    /// Its settings.
    pub settings: crate::ir::QuantisationSettings,
    /// Its largest absolute error on the samples.
    pub max_abs_error: f64,
}

/// Errors of this crate. Every message names what the user can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The bytes are not an ONNX model that tract can load.
    #[error("cannot load the model: {reason}")]
    Parse {
        /// The parser's reason.
        reason: String,
    },
    /// An input has a dimension that is neither given nor taken as a batch of one.
    #[error(
        "input `{input}` has the unknown dimension `{symbol}` (axis {axis}); give its size, for example `{symbol}=1`, or export the model with fixed shapes"
    )]
    DynamicDimension {
        /// Input name.
        input: String,
        /// Symbol, or `unk__AXIS` when the model gives none.
        symbol: String,
        /// Axis of the input.
        axis: usize,
    },
    /// Operators that have no integer form here. All of them, not only the first.
    #[error("{} node(s) cannot be proven:\n{}", .0.len(), .0.iter().map(|n| format!("  {n}")).collect::<Vec<_>>().join("\n"))]
    Unsupported(Vec<UnsupportedNode>),
    /// Running the float model failed.
    #[error("the float model cannot be run: {reason}")]
    Run {
        /// The runtime's reason.
        reason: String,
    },
    /// Wrong number of inputs.
    #[error("the model has {expected} input(s) ({names}), {found} given")]
    InputCount {
        /// Inputs of the model.
        expected: usize,
        /// Their names.
        names: String,
        /// Inputs given.
        found: usize,
    },
    /// Wrong number of elements in one input.
    #[error("input `{input}` has shape {shape:?}, that is {expected} element(s); {found} given{hint}")]
    InputLength {
        /// Input name.
        input: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Elements expected.
        expected: usize,
        /// Elements given.
        found: usize,
        /// What may be meant, or empty.
        hint: String,
    },
    /// NaN or infinity among the inputs.
    #[error("element {index} of input `{input}` is {value}, which has no integer form")]
    InputNotFinite {
        /// Input name.
        input: String,
        /// Row-major position.
        index: usize,
        /// The value.
        value: f64,
    },
    /// An input file cannot be understood.
    #[error("cannot use {path} as input: {reason}")]
    InputFile {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Calibration needs at least one sample.
    #[error("calibration needs at least one sample input")]
    NoSamples,
    /// The settings are out of range.
    #[error("bad quantisation settings: {reason}")]
    Settings {
        /// Which rule they break.
        reason: String,
    },
    /// The float model gives NaN or infinity on a calibration sample.
    #[error("node `{node}` ({operator}) is not finite on the calibration data")]
    NotFinite {
        /// Node name.
        node: String,
        /// Its operator.
        operator: String,
    },
    /// A number does not fit where it must fit under these settings.
    #[error("node `{node}` ({operator}): {what}")]
    Overflow {
        /// Node name.
        node: String,
        /// Its operator.
        operator: String,
        /// What does not fit, and what to change.
        what: String,
    },
    /// A value leaves the range that the circuit can prove.
    #[error(
        "node `{node}` ({operator}), element {index}: value {value} is outside the provable range {min} to {max}; calibrate with inputs like this one or with more headroom"
    )]
    OutOfRange {
        /// Node name.
        node: String,
        /// Its operator.
        operator: String,
        /// Row-major position.
        index: usize,
        /// The real value.
        value: f64,
        /// Smallest provable real value.
        min: f64,
        /// Largest provable real value.
        max: f64,
    },
    /// No settings reach the accuracy asked for.
    #[error("no settings reach a maximal error of {bound:.3e}{}", match .best { Some(b) => format!("; the best found is {:.3e} with {:?}", b.max_abs_error, b.settings), None => "; none could be quantised and compiled".into() })]
    AccuracyUnreachable {
        /// The bound as an absolute error.
        bound: f64,
        /// The best found.
        best: Option<BestFound>,
    },
    /// The graph breaks a rule of the integer graph; only possible when it was not made here.
    #[error("malformed integer graph: {reason}")]
    Malformed {
        /// Which rule.
        reason: String,
    },
}
