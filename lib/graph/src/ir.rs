//! The integer graph: what a model becomes once it is quantised, and the only thing that the
//! circuit compiler sees.
//!
//! There are few kinds of node so that soundness is argued few times:
//!
//! * **Input**: integers that the prover supplies, range-checked.
//! * **Linear**: `y[o] = bias[o] + Σ terms`, exact, in accumulator scale. A term multiplies
//!   elements of earlier tensors by constants ([`Term::Sparse`], [`Term::Dense`],
//!   [`Term::Correlation`]) or by elements of other tensors ([`Term::Bilinear`]).
//! * **Activate**: `z = ⌊(y + 2^(S−1)) / 2^S⌋`, range-checked, then `c = f(z)` for a
//!   [`Function`].
//!
//! Reshape, transpose, slice, concat, pad, tile and constant gather cost nothing: every place
//! that reads a value says which element of which tensor it reads ([`Element`]).
//!
//! A real number `v` with `fraction_bits = f` is represented by the integer `v · 2^f`.

use serde::{Deserialize, Serialize};

/// Index of a tensor in [`IntegerGraph::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TensorId(pub u32);

/// One value: element `index` (row-major) of tensor `tensor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Value {
    /// The tensor that holds it.
    pub tensor: TensorId,
    /// Row-major position inside the tensor.
    pub index: u32,
}

/// What an operand position reads: a value, or the constant zero (padding).
pub type Element = Option<Value>;

/// Numbers that hold for the whole graph. `S = limb_bits · low_limbs` is the one requantise
/// shift; every limb is looked up in `[0, 2^limb_bits)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuantisationSettings {
    /// Bits `t` of one limb, 4 to 16.
    pub limb_bits: u32,
    /// Limbs dropped by requantising (1 to 4); `S = limb_bits · low_limbs`.
    pub low_limbs: u32,
    /// Limbs kept, that is the width of an activation's integer (1 or 2).
    pub high_limbs: u32,
    /// Fraction bits aimed at for activations that no other rule fixes.
    pub fraction_bits: u32,
}

impl QuantisationSettings {
    /// The requantise shift `S` in bits.
    pub fn shift(&self) -> u32 {
        self.limb_bits * self.low_limbs
    }
    /// Bits of `z`: `−2^(b−1) ≤ z < 2^(b−1)`.
    pub fn activation_bits(&self) -> u32 {
        self.limb_bits * self.high_limbs
    }
    /// All limbs of a row.
    pub fn limbs(&self) -> u32 {
        self.low_limbs + self.high_limbs
    }
    /// The constant added to an accumulator before it is cut into limbs:
    /// `2^(S−1)` rounds to nearest (ties towards +∞), `2^(S+b−1)` makes it non-negative.
    pub fn accumulator_offset(&self) -> i128 {
        (1i128 << (self.shift() + self.activation_bits() - 1)) + (1i128 << (self.shift() - 1))
    }
}

/// Inclusive integer bounds that hold for every witness that satisfies the circuit (not only
/// for honest inputs): packing several outputs into one field element is sound because of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Smallest value.
    pub min: i128,
    /// Largest value.
    pub max: i128,
}

impl Bounds {
    /// The larger of `|min|` and `|max|`.
    pub fn magnitude(&self) -> u128 {
        self.min.unsigned_abs().max(self.max.unsigned_abs())
    }
}

/// Shape, scale and bounds of one tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tensor {
    /// Name of the ONNX node or input it comes from (for messages).
    pub name: String,
    /// Row-major shape; an empty shape is a scalar.
    pub shape: Vec<usize>,
    /// `real = integer / 2^fraction_bits`.
    pub fraction_bits: i32,
    /// Bounds that hold for every element.
    pub bounds: Bounds,
}

impl Tensor {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
    /// True when it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One summand of a [`Operation::Linear`] node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Term {
    /// `y[output] += weight · x` for each entry. For anything without more structure: sums,
    /// sub-sampled pooling, elementwise scaling, residual additions.
    Sparse {
        /// `(output element, input value, weight)`, any order, no duplicate `(output, input)`.
        entries: Vec<(u32, Value, i64)>,
    },
    /// `y[output_index[p·O + o]] += Σ_i weights[o·I + i] · x[input_index[p·I + i]]` for each
    /// position `p < P` (the batch): dense layers, matrix products with a constant.
    Dense {
        /// Number of positions `P`.
        positions: usize,
        /// Inputs per position `I`.
        inputs: usize,
        /// Outputs per position `O`.
        outputs: usize,
        /// `O × I`, row-major.
        weights: Vec<i64>,
        /// `P × I` operands.
        input_index: Vec<Element>,
        /// `P × O` output elements.
        output_index: Vec<u32>,
    },
    /// Multi-channel correlation ("convolution" of neural networks) over `D` spatial axes:
    /// `y[o, u] += Σ_{c,a} weights[o,c,a] · x[c, u·stride + a·dilation − padding]`, operands out of
    /// range being zero. One convolution group of one batch item; groups and batch items are
    /// terms of their own.
    Correlation {
        /// Input channels `C`.
        channels: usize,
        /// Output channels `O`.
        outputs: usize,
        /// Spatial shape of the input (`D` axes).
        input_shape: Vec<usize>,
        /// Spatial shape of the kernel.
        kernel_shape: Vec<usize>,
        /// Spatial shape of the output.
        output_shape: Vec<usize>,
        /// Stride per axis.
        stride: Vec<usize>,
        /// Dilation per axis.
        dilation: Vec<usize>,
        /// Zeros in front of the input per axis (those behind follow from `output_shape`).
        padding: Vec<usize>,
        /// `O × C × kernel`, row-major.
        weights: Vec<i64>,
        /// `C × input` operands, row-major.
        input_index: Vec<Element>,
        /// `O × output` output elements, row-major.
        output_index: Vec<u32>,
    },
    /// `y[output_index[(b·M + m)·N + n]] += multiplier · Σ_k left[(b·M + m)·K + k] ·
    /// right[(b·N + n)·K + k]`: matrix products of two activations (`M×K` by `N×K`, the right one
    /// transposed), elementwise products (`M = N = K = 1`, `B` elements), squares.
    Bilinear {
        /// Independent products `B`.
        batch: usize,
        /// Rows of the left operand `M`.
        rows: usize,
        /// Rows of the (transposed) right operand `N`.
        columns: usize,
        /// Length of the sums `K`.
        inner: usize,
        /// Constant factor.
        multiplier: i64,
        /// `B × M × K` operands.
        left: Vec<Element>,
        /// `B × N × K` operands.
        right: Vec<Element>,
        /// `B × M × N` output elements.
        output_index: Vec<u32>,
    },
}

/// A function of the requantised integer `z`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Function {
    /// `c = z`.
    Identity,
    /// `c = z · (z + linear)`, exact; fraction bits double.
    Square {
        /// Coefficient of `z` in integer scale.
        linear: i64,
    },
    /// Piecewise linear by table, see [`Table`]; the index is that of
    /// [`IntegerGraph::tables`].
    Table(u32),
}

/// A piecewise linear function of `z`, one piece per value of its top limb.
///
/// With `t = limb_bits`, `h = high_limbs`, `w = t·(h−1)` and `z + 2^(t·h−1) = top · 2^w + rest`
/// (`0 ≤ top < 2^t`, `0 ≤ rest < 2^w`): `c = base[top − first] + slope[top − first] · rest`.
/// ReLU is exact in this form. A `top` outside `first .. first + base.len()` cannot be proven.
/// With one high limb `w = 0`, `rest = 0` and the table is the function itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name of the function, for messages and for the profile.
    pub name: String,
    /// Smallest `top` in the table.
    pub first: u32,
    /// Value at the start of each piece.
    pub base: Vec<i64>,
    /// Slope of each piece; empty when all are zero.
    pub slope: Vec<i64>,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// Values supplied by the prover: graph input number `input`, cut into `limbs` limbs:
    /// `−2^(t·limbs−1) ≤ x < 2^(t·limbs−1)`.
    Input {
        /// Index in [`IntegerGraph::inputs`].
        input: u32,
        /// Limbs per element, 1 to `high_limbs`.
        limbs: u32,
    },
    /// Exact accumulators. Only `Activate` nodes, other `Linear` nodes and graph outputs read them.
    Linear {
        /// Summands.
        terms: Vec<Term>,
        /// Constant per output element; empty means all zero.
        bias: Vec<i128>,
    },
    /// Requantise, then apply a function elementwise.
    Activate {
        /// The accumulators, in the order of this node's elements.
        source: TensorId,
        /// The function.
        function: Function,
    },
}

/// A node; node `i` defines tensor `i`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Name of the ONNX node(s) it stands for.
    pub name: String,
    /// ONNX operator(s) it stands for, for messages ("Conv+Relu").
    pub operator: String,
    /// What it does.
    pub operation: Operation,
}

/// An input of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphInput {
    /// ONNX name.
    pub name: String,
    /// Shape with every dimension known.
    pub shape: Vec<usize>,
    /// The tensor of its `Input` node; `None` when no output depends on it.
    pub tensor: Option<TensorId>,
    /// `integer = round(real · 2^fraction_bits)`.
    pub fraction_bits: i32,
}

/// An output of the model: public inputs of the proof, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphOutput {
    /// ONNX name.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// `real = integer / 2^fraction_bits`.
    pub fraction_bits: i32,
    /// Row-major elements; `Err(c)` is the constant integer `c`.
    pub elements: Vec<Result<Value, i128>>,
}

/// A whole quantised model. Node `i` defines tensor `i`; nodes read earlier tensors only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntegerGraph {
    /// Settings that hold everywhere.
    pub settings: QuantisationSettings,
    /// One per node.
    pub tensors: Vec<Tensor>,
    /// In topological order.
    pub nodes: Vec<Node>,
    /// Distinct piecewise linear functions.
    pub tables: Vec<Table>,
    /// Model inputs in ONNX order.
    pub inputs: Vec<GraphInput>,
    /// Model outputs in ONNX order.
    pub outputs: Vec<GraphOutput>,
}

impl IntegerGraph {
    /// Tensor of a value.
    pub fn tensor(&self, id: TensorId) -> &Tensor {
        &self.tensors[id.0 as usize]
    }
    /// Node that defines a tensor.
    pub fn node(&self, id: TensorId) -> &Node {
        &self.nodes[id.0 as usize]
    }
    /// Number of public values (all output elements).
    pub fn instances(&self) -> usize {
        self.outputs.iter().map(|o| o.elements.len()).sum()
    }
}
