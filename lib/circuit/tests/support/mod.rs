//! Integer graphs built by hand, and a naive executor to compare with.

#![allow(dead_code, missing_docs, unreachable_pub, missing_debug_implementations)]

use hallmark_circuit::{Context, field::Fr};
use hallmark_graph::{
    Execution,
    ir::{
        Bounds, Element, Function, GraphInput, GraphOutput, IntegerGraph, Node, Operation,
        QuantisationSettings, Table, Tensor, TensorId, Term, Value,
    },
};

pub const SETTINGS: QuantisationSettings =
    QuantisationSettings { limb_bits: 6, low_limbs: 2, high_limbs: 2, fraction_bits: 6 };

pub const CHALLENGES: [u64; 3] = [0x1234_5678_9abc_def1, 0xfeed_beef_0bad_cafe, 0x0dd0_2bad_5eed_f00d];

pub fn challenges() -> Vec<Fr> {
    CHALLENGES.iter().map(|c| Fr::from(*c).square() * Fr::from(*c)).collect()
}

/// Some context, of full width.
pub fn context() -> Context {
    Context::from_hash(&std::array::from_fn(|i| (37 * i + 11) as u8))
}

pub struct Builder {
    pub graph: IntegerGraph,
}

impl Builder {
    pub fn new(settings: QuantisationSettings) -> Self {
        Self {
            graph: IntegerGraph {
                settings,
                tensors: vec![],
                nodes: vec![],
                tables: vec![],
                inputs: vec![],
                outputs: vec![],
            },
        }
    }

    fn push(&mut self, name: &str, len: usize, bounds: Bounds, operation: Operation) -> TensorId {
        let id = TensorId(self.graph.nodes.len() as u32);
        self.graph.tensors.push(Tensor { name: name.into(), shape: vec![len], fraction_bits: 0, bounds });
        self.graph.nodes.push(Node { name: name.into(), operator: name.into(), operation });
        id
    }

    pub fn input(&mut self, len: usize, limbs: u32) -> TensorId {
        let half = 1i128 << (self.graph.settings.limb_bits * limbs - 1);
        let input = self.graph.inputs.len() as u32;
        let id =
            self.push("input", len, Bounds { min: -half, max: half - 1 }, Operation::Input { input, limbs });
        self.graph.inputs.push(GraphInput {
            name: format!("input {input}"),
            shape: vec![len],
            tensor: Some(id),
            fraction_bits: 0,
        });
        id
    }

    pub fn linear(&mut self, len: usize, terms: Vec<Term>, bias: Vec<i128>) -> TensorId {
        // Bounds by interval arithmetic with the largest magnitude everywhere.
        let mut magnitude = vec![0i128; len];
        for (i, b) in bias.iter().enumerate() {
            magnitude[i] = b.abs();
        }
        let bound =
            |v: Element| v.map_or(0, |v| self.graph.tensors[v.tensor.0 as usize].bounds.magnitude() as i128);
        for term in &terms {
            for_each_product(term, &mut |output, x, y, weight| {
                let other = match y {
                    None => 1,
                    Some(y) => bound(y),
                };
                magnitude[output as usize] += bound(x) * other * i128::from(weight).abs();
            });
        }
        let max = magnitude.into_iter().max().unwrap_or(0);
        self.push("linear", len, Bounds { min: -max, max }, Operation::Linear { terms, bias })
    }

    pub fn activate(&mut self, source: TensorId, function: Function) -> TensorId {
        let bits = self.graph.settings.activation_bits();
        let half = 1i128 << (bits - 1);
        let bounds = match function {
            Function::Identity => Bounds { min: -half, max: half - 1 },
            Function::Square { linear } => {
                let most = half * half + half * i128::from(linear).abs();
                Bounds { min: -most, max: most }
            }
            Function::Table(table) => {
                let table = &self.graph.tables[table as usize];
                let rest = 1i128 << (bits - self.graph.settings.limb_bits);
                let most = (0..table.base.len())
                    .map(|i| {
                        i128::from(table.base[i]).abs()
                            + i128::from(table.slope.get(i).copied().unwrap_or(0)).abs() * rest
                    })
                    .max()
                    .unwrap_or(0);
                Bounds { min: -most, max: most }
            }
        };
        let len = self.graph.tensors[source.0 as usize].len();
        self.push("activate", len, bounds, Operation::Activate { source, function })
    }

    pub fn relu(&mut self) -> Function {
        let s = self.graph.settings;
        let half = 1i64 << (s.limb_bits - 1);
        let width = s.activation_bits() - s.limb_bits;
        let (base, slope) =
            (0..2 * half).map(|top| if top < half { (0, 0) } else { ((top - half) << width, 1) }).unzip();
        self.table("relu", 0, base, slope)
    }

    /// A bent function with arbitrary pieces over part of the range.
    pub fn bent(&mut self) -> Function {
        let s = self.graph.settings;
        let count = (1i64 << s.limb_bits) - 8;
        let base = (0..count).map(|i| 3 * i * i - 50 * i + 7).collect();
        let slope = if s.high_limbs == 1 { vec![] } else { (0..count).map(|i| i - 11).collect() };
        self.table("bent", 3, base, slope)
    }

    fn table(&mut self, name: &str, first: u32, base: Vec<i64>, slope: Vec<i64>) -> Function {
        self.graph.tables.push(Table { name: name.into(), first, base, slope });
        Function::Table(self.graph.tables.len() as u32 - 1)
    }

    pub fn output(&mut self, tensor: TensorId) {
        let shape = self.graph.tensors[tensor.0 as usize].shape.clone();
        let elements = all(tensor, shape[0]).into_iter().flatten().map(Ok).collect();
        self.graph.outputs.push(GraphOutput { name: "output".into(), shape, fraction_bits: 0, elements });
    }
}

pub fn all(tensor: TensorId, len: usize) -> Vec<Element> {
    (0..len as u32).map(|index| Some(Value { tensor, index })).collect()
}

/// Calls `visit(output, left, right, weight)` for every product of a term.
pub fn for_each_product(term: &Term, visit: &mut dyn FnMut(u32, Element, Option<Element>, i64)) {
    match term {
        Term::Sparse { entries } => {
            for (output, value, weight) in entries {
                visit(*output, Some(*value), None, *weight);
            }
        }
        Term::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
            for p in 0..*positions {
                for o in 0..*outputs {
                    for i in 0..*inputs {
                        visit(
                            output_index[p * outputs + o],
                            input_index[p * inputs + i],
                            None,
                            weights[o * inputs + i],
                        );
                    }
                }
            }
        }
        Term::Correlation {
            channels,
            outputs,
            input_shape,
            kernel_shape,
            output_shape,
            stride,
            dilation,
            padding,
            weights,
            input_index,
            output_index,
        } => {
            // Two axes, spelled out.
            let [ih, iw] = input_shape[..] else { panic!("two axes") };
            let [kh, kw] = kernel_shape[..] else { panic!("two axes") };
            let [oh, ow] = output_shape[..] else { panic!("two axes") };
            for o in 0..*outputs {
                for u in 0..oh {
                    for v in 0..ow {
                        for c in 0..*channels {
                            for a in 0..kh {
                                for b in 0..kw {
                                    let i = (u * stride[0] + a * dilation[0]) as i64 - padding[0] as i64;
                                    let j = (v * stride[1] + b * dilation[1]) as i64 - padding[1] as i64;
                                    if i < 0 || j < 0 || i >= ih as i64 || j >= iw as i64 {
                                        continue;
                                    }
                                    let x = input_index[(c * ih + i as usize) * iw + j as usize];
                                    let w = weights[((o * channels + c) * kh + a) * kw + b];
                                    visit(output_index[(o * oh + u) * ow + v], x, None, w);
                                }
                            }
                        }
                    }
                }
            }
        }
        Term::Bilinear { batch, rows, columns, inner, multiplier, left, right, output_index } => {
            for b in 0..*batch {
                for m in 0..*rows {
                    for n in 0..*columns {
                        for k in 0..*inner {
                            visit(
                                output_index[(b * rows + m) * columns + n],
                                left[(b * rows + m) * inner + k],
                                Some(right[(b * columns + n) * inner + k]),
                                *multiplier,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The specification, spelled out.
pub fn execute(graph: &IntegerGraph, inputs: &[Vec<i128>]) -> Execution {
    execute_with(graph, inputs, &mut |_, _, value| value).unwrap()
}

/// As [`execute`], with every value passed through `change(tensor, index, value)` before anything
/// below it is computed; `None` when a value leaves its table.
pub fn execute_with(
    graph: &IntegerGraph,
    inputs: &[Vec<i128>],
    change: &mut dyn FnMut(usize, usize, i128) -> i128,
) -> Option<Execution> {
    let s = graph.settings;
    let mut values: Vec<Vec<i128>> = vec![];
    for (number, (node, tensor)) in graph.nodes.iter().zip(&graph.tensors).enumerate() {
        let read = |e: Element| e.map_or(0, |v| values[v.tensor.0 as usize][v.index as usize]);
        let mut computed = match &node.operation {
            Operation::Input { input, .. } => inputs[*input as usize].clone(),
            Operation::Linear { terms, bias } => {
                let mut y = if bias.is_empty() { vec![0; tensor.len()] } else { bias.clone() };
                for term in terms {
                    for_each_product(term, &mut |o, x, z, w| {
                        y[o as usize] += read(x) * z.map_or(1, read) * i128::from(w);
                    });
                }
                y
            }
            Operation::Activate { source, function } => values[source.0 as usize]
                .iter()
                .map(|y| {
                    let z = (y + (1 << (s.shift() - 1))) >> s.shift();
                    Some(match function {
                        Function::Identity => z,
                        Function::Square { linear } => z * (z + i128::from(*linear)),
                        Function::Table(table) => {
                            let table = &graph.tables[*table as usize];
                            let width = s.activation_bits() - s.limb_bits;
                            let shifted = z + (1 << (s.activation_bits() - 1));
                            let piece = usize::try_from((shifted >> width) - i128::from(table.first)).ok()?;
                            i128::from(*table.base.get(piece)?)
                                + i128::from(table.slope.get(piece).copied().unwrap_or(0))
                                    * (shifted & ((1 << width) - 1))
                        }
                    })
                })
                .collect::<Option<Vec<i128>>>()?,
        };
        for (index, value) in computed.iter_mut().enumerate() {
            *value = change(number, index, *value);
        }
        values.push(computed);
    }
    Some(Execution { values })
}

/// Deterministic small numbers.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn next(&mut self, below: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as i64 % below
    }
    pub fn signed(&mut self, bound: i64) -> i64 {
        self.next(2 * bound + 1) - bound
    }
    pub fn list(&mut self, len: usize, bound: i64) -> Vec<i64> {
        (0..len).map(|_| self.signed(bound)).collect()
    }
    pub fn wide(&mut self, len: usize, bound: i64) -> Vec<i128> {
        self.list(len, bound).into_iter().map(i128::from).collect()
    }
}
