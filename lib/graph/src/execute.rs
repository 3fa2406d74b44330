//! The integer reference executor: the specification of the circuit.

use crate::error::Error;
use crate::ir::{Element, Function, IntegerGraph, Node, Operation, Term};
use crate::load::check_inputs;
use crate::plan::Window;
use crate::table;

/// All integers of one inference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// Per tensor of the graph, row-major.
    pub values: Vec<Vec<i128>>,
}

/// Quantises inputs and computes every tensor, with the range checks of the circuit.
///
/// `inputs` are flat row-major lists in the order of [`IntegerGraph::inputs`].
///
/// # Errors
/// [`Error::InputCount`], [`Error::InputLength`], [`Error::InputNotFinite`] for bad inputs;
/// [`Error::OutOfRange`] when a value leaves the range that can be proven; [`Error::Malformed`]
/// when the graph was not made by this crate and breaks its rules.
pub fn execute(graph: &IntegerGraph, inputs: &[Vec<f64>]) -> Result<Execution, Error> {
    let shapes: Vec<_> = graph.inputs.iter().map(|i| (i.name.as_str(), i.shape.as_slice())).collect();
    check_inputs(&shapes, inputs)?;
    let settings = &graph.settings;
    let shift = settings.shift();
    let half = 1i128 << (settings.activation_bits() - 1);
    let round = 1i128 << (shift - 1);
    let mut values: Vec<Vec<i128>> = Vec::with_capacity(graph.nodes.len());
    for (n, node) in graph.nodes.iter().enumerate() {
        let tensor = graph.tensors.get(n).ok_or_else(|| malformed(node, "a node without a tensor"))?;
        let computed = match &node.operation {
            Operation::Input { input, limbs } => {
                let data = inputs
                    .get(*input as usize)
                    .ok_or_else(|| malformed(node, "an input that does not exist"))?;
                let half = 1i128 << (settings.limb_bits * limbs - 1);
                let unit = f64::from(tensor.fraction_bits).exp2();
                let mut integers = Vec::with_capacity(data.len());
                for (index, v) in data.iter().enumerate() {
                    let scaled = (v * unit).round();
                    let limit = half as f64;
                    if scaled < -limit || scaled >= limit {
                        return Err(out_of_range(node, index, *v, -half, half - 1, unit));
                    }
                    integers.push(scaled as i128);
                }
                integers
            }
            Operation::Linear { terms, bias } => linear(node, tensor.len(), terms, bias, &values)?,
            Operation::Activate { source, function } => {
                let y = values
                    .get(source.0 as usize)
                    .ok_or_else(|| malformed(node, "it reads a later tensor"))?;
                let unit = f64::from(graph.tensor(*source).fraction_bits - shift as i32).exp2();
                let (low, high) = match function {
                    Function::Table(t) => {
                        let table = graph
                            .tables
                            .get(*t as usize)
                            .ok_or_else(|| malformed(node, "a table that does not exist"))?;
                        table::domain(settings, table)
                    }
                    _ => (-half, half - 1),
                };
                let mut integers = Vec::with_capacity(y.len());
                for (index, y) in y.iter().enumerate() {
                    let z =
                        y.checked_add(round).ok_or_else(|| malformed(node, "an accumulator overflows"))?
                            >> shift;
                    if z < low || z > high {
                        return Err(out_of_range(node, index, z as f64 / unit, low, high, unit));
                    }
                    integers.push(
                        apply(graph, function, z)
                            .ok_or_else(|| out_of_range(node, index, z as f64 / unit, low, high, unit))?,
                    );
                }
                integers
            }
        };
        values.push(computed);
    }
    Ok(Execution { values })
}

/// Dequantised outputs of an execution, one flat row-major list per output.
pub fn outputs(graph: &IntegerGraph, execution: &Execution) -> Vec<Vec<f64>> {
    graph
        .outputs
        .iter()
        .map(|output| {
            let unit = f64::from(output.fraction_bits).exp2();
            output
                .elements
                .iter()
                .map(|element| {
                    let integer = match element {
                        Ok(v) => execution
                            .values
                            .get(v.tensor.0 as usize)
                            .and_then(|t| t.get(v.index as usize))
                            .copied()
                            .unwrap_or(0),
                        Err(constant) => *constant,
                    };
                    integer as f64 / unit
                })
                .collect()
        })
        .collect()
}

fn malformed(node: &Node, reason: &str) -> Error {
    Error::Malformed { reason: format!("node `{}` ({}): {reason}", node.name, node.operator) }
}

fn out_of_range(node: &Node, index: usize, value: f64, low: i128, high: i128, unit: f64) -> Error {
    Error::OutOfRange {
        node: node.name.clone(),
        operator: node.operator.clone(),
        index,
        value,
        min: low as f64 / unit,
        max: high as f64 / unit,
    }
}

fn apply(graph: &IntegerGraph, function: &Function, z: i128) -> Option<i128> {
    match function {
        Function::Identity => Some(z),
        Function::Square { linear } => z.checked_mul(z.checked_add(i128::from(*linear))?),
        Function::Table(t) => table::evaluate(&graph.settings, graph.tables.get(*t as usize)?, z),
    }
}

fn linear(
    node: &Node,
    length: usize,
    terms: &[Term],
    bias: &[i128],
    values: &[Vec<i128>],
) -> Result<Vec<i128>, Error> {
    if !bias.is_empty() && bias.len() != length {
        return Err(malformed(node, "its bias has the wrong length"));
    }
    let mut y = if bias.is_empty() { vec![0; length] } else { bias.to_vec() };
    for term in terms {
        add(term, values, &mut y)
            .ok_or_else(|| malformed(node, "an accumulator overflows or an index is out of range"))?;
    }
    Ok(y)
}

fn read(values: &[Vec<i128>], element: Element) -> Option<i128> {
    match element {
        None => Some(0),
        Some(v) => values.get(v.tensor.0 as usize)?.get(v.index as usize).copied(),
    }
}

fn gather(values: &[Vec<i128>], elements: &[Element]) -> Option<Vec<i128>> {
    elements.iter().map(|e| read(values, *e)).collect()
}

/// Operands as 64-bit integers when sums of `count` products with these weights cannot overflow.
fn narrow(operands: &[i128], weights: &[i64], count: usize) -> Option<Vec<i64>> {
    let largest = operands.iter().map(|x| x.unsigned_abs()).max().unwrap_or(0);
    let weight = weights.iter().map(|w| w.unsigned_abs()).max().unwrap_or(0);
    let sum = largest.checked_mul(u128::from(weight))?.checked_mul(count as u128)?;
    (sum < 1 << 62).then(|| operands.iter().map(|x| *x as i64).collect())
}

fn put(y: &mut [i128], o: u32, more: i128) -> Option<()> {
    let y = y.get_mut(o as usize)?;
    *y = y.checked_add(more)?;
    Some(())
}

fn dot(weights: &[i64], x: &[i128]) -> Option<i128> {
    let mut sum = 0i128;
    for (w, x) in weights.iter().zip(x) {
        sum = sum.checked_add(x.checked_mul(i128::from(*w))?)?;
    }
    Some(sum)
}

fn add(term: &Term, values: &[Vec<i128>], y: &mut [i128]) -> Option<()> {
    match term {
        Term::Sparse { entries } => {
            for (o, v, w) in entries {
                let x = read(values, Some(*v))?;
                put(y, *o, x.checked_mul(i128::from(*w))?)?;
            }
        }
        Term::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
            for p in 0..*positions {
                let x = gather(values, input_index.get(p * inputs..(p + 1) * inputs)?)?;
                let small = narrow(&x, weights, *inputs);
                for o in 0..*outputs {
                    let row = weights.get(o * inputs..(o + 1) * inputs)?;
                    let sum = match &small {
                        Some(x) => {
                            i128::from(row.iter().zip(x).map(|(w, x)| w.wrapping_mul(*x)).sum::<i64>())
                        }
                        None => dot(row, &x)?,
                    };
                    put(y, *output_index.get(p * outputs + o)?, sum)?;
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
            let window = Window {
                channels: *channels,
                outputs: *outputs,
                input_shape: input_shape.clone(),
                kernel_shape: kernel_shape.clone(),
                output_shape: output_shape.clone(),
                stride: stride.clone(),
                dilation: dilation.clone(),
                padding: padding.clone(),
            };
            let x = gather(values, input_index)?;
            let small = narrow(&x, weights, channels * window.kernel_len());
            let (starts, taps) = window.taps();
            let (inputs, kernel) = (window.input_len(), window.kernel_len());
            let positions = window.output_len();
            if x.len() != channels * inputs
                || weights.len() != outputs * channels * kernel
                || output_index.len() != outputs * positions
            {
                return None;
            }
            for o in 0..*outputs {
                let mut narrow_sums = vec![0i64; if small.is_some() { positions } else { 0 }];
                let mut wide_sums = vec![0i128; if small.is_some() { 0 } else { positions }];
                for c in 0..*channels {
                    let row = &weights[(o * channels + c) * kernel..][..kernel];
                    for u in 0..positions {
                        let taps = &taps[starts[u] as usize..starts[u + 1] as usize];
                        match &small {
                            Some(x) => {
                                let x = &x[c * inputs..][..inputs];
                                let mut sum = 0i64;
                                for (k, i) in taps {
                                    sum += row[*k as usize] * x[*i as usize];
                                }
                                narrow_sums[u] += sum;
                            }
                            None => {
                                let x = &x[c * inputs..][..inputs];
                                for (k, i) in taps {
                                    let product = x[*i as usize].checked_mul(i128::from(row[*k as usize]))?;
                                    wide_sums[u] = wide_sums[u].checked_add(product)?;
                                }
                            }
                        }
                    }
                }
                for u in 0..positions {
                    let sum = if small.is_some() { i128::from(narrow_sums[u]) } else { wide_sums[u] };
                    put(y, output_index[o * positions + u], sum)?;
                }
            }
        }
        Term::Bilinear { batch, rows, columns, inner, multiplier, left, right, output_index } => {
            let (a, b) = (gather(values, left)?, gather(values, right)?);
            for g in 0..*batch {
                for m in 0..*rows {
                    let row = a.get((g * rows + m) * inner..(g * rows + m + 1) * inner)?;
                    for n in 0..*columns {
                        let column = b.get((g * columns + n) * inner..(g * columns + n + 1) * inner)?;
                        let mut sum = 0i128;
                        for (x, z) in row.iter().zip(column) {
                            sum = sum.checked_add(x.checked_mul(*z)?)?;
                        }
                        let index = *output_index.get((g * rows + m) * columns + n)?;
                        put(y, index, sum.checked_mul(i128::from(*multiplier))?)?;
                    }
                }
            }
        }
    }
    Some(())
}
