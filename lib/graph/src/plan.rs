//! The plan: the integer graph before any scale is chosen. It has the nodes of [`crate::ir`] with
//! real weights, so that it is made once per model, evaluated once per sample to learn ranges, and
//! turned into integers for as many settings as calibration likes to try.

use crate::error::Error;
use crate::expression::Expression;
use crate::load::Kind;

/// Element `index` of plan node `node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Source {
    pub(crate) node: u32,
    pub(crate) index: u32,
}

/// An operand position: a value or zero.
pub(crate) type Operand = Option<Source>;

/// Geometry of a correlation, see [`crate::ir::Term::Correlation`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) channels: usize,
    pub(crate) outputs: usize,
    pub(crate) input_shape: Vec<usize>,
    pub(crate) kernel_shape: Vec<usize>,
    pub(crate) output_shape: Vec<usize>,
    pub(crate) stride: Vec<usize>,
    pub(crate) dilation: Vec<usize>,
    pub(crate) padding: Vec<usize>,
}

impl Window {
    pub(crate) fn input_len(&self) -> usize {
        self.input_shape.iter().product()
    }
    pub(crate) fn kernel_len(&self) -> usize {
        self.kernel_shape.iter().product()
    }
    pub(crate) fn output_len(&self) -> usize {
        self.output_shape.iter().product()
    }

    /// For each output position the list of (kernel position, input position) in range, flattened:
    /// `taps[starts[u]..starts[u + 1]]`.
    pub(crate) fn taps(&self) -> (Vec<u32>, Vec<(u32, u32)>) {
        let rank = self.input_shape.len();
        let mut starts = Vec::with_capacity(self.output_len() + 1);
        let mut taps = Vec::with_capacity(self.output_len() * self.kernel_len());
        starts.push(0);
        let mut position = vec![0usize; rank];
        for _ in 0..self.output_len() {
            let mut offset = vec![0usize; rank];
            for kernel in 0..self.kernel_len() {
                let mut input = 0usize;
                let mut inside = true;
                for axis in 0..rank {
                    let at = position[axis] * self.stride[axis] + offset[axis] * self.dilation[axis];
                    if at < self.padding[axis] || at - self.padding[axis] >= self.input_shape[axis] {
                        inside = false;
                        break;
                    }
                    input = input * self.input_shape[axis] + at - self.padding[axis];
                }
                if inside {
                    taps.push((kernel as u32, input as u32));
                }
                advance(&mut offset, &self.kernel_shape);
            }
            starts.push(taps.len() as u32);
            advance(&mut position, &self.output_shape);
        }
        (starts, taps)
    }
}

/// Next multi-index in row-major order (wraps around).
pub(crate) fn advance(position: &mut [usize], shape: &[usize]) {
    for axis in (0..shape.len()).rev() {
        position[axis] += 1;
        if position[axis] < shape[axis] {
            return;
        }
        position[axis] = 0;
    }
}

/// Summand of a linear node with real weights; fields as in [`crate::ir::Term`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RealTerm {
    Sparse {
        entries: Vec<(u32, Source, f64)>,
    },
    Dense {
        positions: usize,
        inputs: usize,
        outputs: usize,
        weights: Vec<f64>,
        input_index: Vec<Operand>,
        output_index: Vec<u32>,
    },
    Correlation {
        window: Window,
        weights: Vec<f64>,
        input_index: Vec<Operand>,
        output_index: Vec<u32>,
    },
    Bilinear {
        batch: usize,
        rows: usize,
        columns: usize,
        inner: usize,
        multiplier: f64,
        left: Vec<Operand>,
        right: Vec<Operand>,
        output_index: Vec<u32>,
    },
}

impl RealTerm {
    /// Every operand, in storage order.
    pub(crate) fn for_each_source(&self, mut f: impl FnMut(Source)) {
        match self {
            RealTerm::Sparse { entries } => entries.iter().for_each(|e| f(e.1)),
            RealTerm::Dense { input_index, .. } | RealTerm::Correlation { input_index, .. } => {
                input_index.iter().flatten().for_each(|s| f(*s));
            }
            RealTerm::Bilinear { left, right, .. } => {
                left.iter().chain(right).flatten().for_each(|s| f(*s));
            }
        }
    }

    fn renumber(&mut self, map: &[u32]) {
        let fix = |s: &mut Source| s.node = map[s.node as usize];
        match self {
            RealTerm::Sparse { entries } => entries.iter_mut().for_each(|e| fix(&mut e.1)),
            RealTerm::Dense { input_index, .. } | RealTerm::Correlation { input_index, .. } => {
                input_index.iter_mut().flatten().for_each(fix);
            }
            RealTerm::Bilinear { left, right, .. } => {
                left.iter_mut().chain(right).flatten().for_each(fix);
            }
        }
    }
}

/// The function after requantising, with real parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RealFunction {
    Identity,
    /// `z² + linear·z`.
    Square {
        linear: f64,
    },
    /// `max(z, 0)`, exact.
    Relu,
    /// `1` when `z ≥ 0`, else `0`, exact.
    Step,
    /// Any function, approximated piece by piece.
    Smooth(Expression),
}

impl RealFunction {
    pub(crate) fn evaluate(&self, z: f64) -> f64 {
        match self {
            RealFunction::Identity => z,
            RealFunction::Square { linear } => z * (z + linear),
            RealFunction::Relu => z.max(0.0),
            RealFunction::Step => f64::from(u8::from(z >= 0.0)),
            RealFunction::Smooth(e) => e.evaluate(z),
        }
    }
}

/// How a linear node's scale is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Feeds activations only: shift plus the fraction bits of the requantised value.
    Accumulator,
    /// As above, but the requantised value must have exactly the scale of the (only) operand
    /// tensor times `2^bits`: comparisons stay exact.
    Exact {
        /// Extra fraction bits.
        bits: i32,
        /// Integer added to `z`.
        offset: i32,
    },
    /// Requantised to whole numbers.
    Whole,
    /// Small integer weights, read by other linear nodes: the scale of its finest operand.
    Free,
}

/// What a plan node does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PlanOperation {
    Input { input: usize },
    Linear { terms: Vec<RealTerm>, bias: Vec<f64>, scale: Scale },
    Activate { source: u32, function: RealFunction },
}

/// A node of the plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanNode {
    pub(crate) name: String,
    pub(crate) operator: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) operation: PlanOperation,
}

impl PlanNode {
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// An input of the plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanInput {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) kind: Kind,
    pub(crate) node: Option<u32>,
}

/// An output of the plan: each element a value times `2^exponent`, or a constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanOutput {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) exponent: i32,
    pub(crate) elements: Vec<Result<Source, f64>>,
}

/// A model without scales.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<PlanNode>,
    pub(crate) inputs: Vec<PlanInput>,
    pub(crate) outputs: Vec<PlanOutput>,
}

impl Plan {
    /// Drops nodes that no output needs.
    pub(crate) fn prune(&mut self) {
        let mut needed = vec![false; self.nodes.len()];
        for output in &self.outputs {
            for source in output.elements.iter().flatten() {
                needed[source.node as usize] = true;
            }
        }
        for i in (0..self.nodes.len()).rev() {
            if !needed[i] {
                continue;
            }
            match &self.nodes[i].operation {
                PlanOperation::Input { .. } => {}
                PlanOperation::Activate { source, .. } => needed[*source as usize] = true,
                PlanOperation::Linear { terms, .. } => {
                    for term in terms {
                        term.for_each_source(|s| needed[s.node as usize] = true);
                    }
                }
            }
        }
        let mut map = vec![u32::MAX; self.nodes.len()];
        let mut kept = vec![];
        for (i, node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            if needed[i] {
                map[i] = kept.len() as u32;
                kept.push(node);
            }
        }
        for node in &mut kept {
            match &mut node.operation {
                PlanOperation::Input { .. } => {}
                PlanOperation::Activate { source, .. } => *source = map[*source as usize],
                PlanOperation::Linear { terms, .. } => {
                    terms.iter_mut().for_each(|t| t.renumber(&map));
                }
            }
        }
        for input in &mut self.inputs {
            input.node = input.node.map(|n| map[n as usize]).filter(|n| *n != u32::MAX);
        }
        for output in &mut self.outputs {
            for source in output.elements.iter_mut().flatten() {
                source.node = map[source.node as usize];
            }
        }
        self.nodes = kept;
    }

    /// Real values of every node for one set of inputs.
    pub(crate) fn evaluate(&self, inputs: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, Error> {
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let result = match &node.operation {
                PlanOperation::Input { input } => inputs[*input].clone(),
                PlanOperation::Activate { source, function } => {
                    values[*source as usize].iter().map(|z| function.evaluate(*z)).collect()
                }
                PlanOperation::Linear { terms, bias, .. } => {
                    let mut y = if bias.is_empty() { vec![0.0; node.len()] } else { bias.clone() };
                    for term in terms {
                        accumulate(term, &values, &mut y);
                    }
                    y
                }
            };
            if result.iter().any(|v| !v.is_finite()) {
                return Err(Error::NotFinite { node: node.name.clone(), operator: node.operator.clone() });
            }
            values.push(result);
        }
        Ok(values)
    }

    /// Smallest and largest value and root mean square of every node over the samples.
    pub(crate) fn ranges(&self, samples: &[Vec<Vec<f64>>]) -> Result<Vec<Range>, Error> {
        let mut ranges = vec![Range::default(); self.nodes.len()];
        for sample in samples {
            let values = self.evaluate(sample)?;
            for (range, values) in ranges.iter_mut().zip(&values) {
                range.add(values);
            }
        }
        Ok(ranges)
    }
}

/// Observed values of one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
    squares: f64,
    count: f64,
}

impl Default for Range {
    fn default() -> Self {
        Range { min: f64::INFINITY, max: f64::NEG_INFINITY, squares: 0.0, count: 0.0 }
    }
}

impl Range {
    pub(crate) fn add(&mut self, values: &[f64]) {
        for v in values {
            self.min = self.min.min(*v);
            self.max = self.max.max(*v);
            self.squares += v * v;
            self.count += 1.0;
        }
    }
    /// Largest absolute value.
    pub(crate) fn magnitude(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.min.abs().max(self.max.abs()) }
    }
    /// Root mean square.
    pub(crate) fn rms(&self) -> f64 {
        if self.count == 0.0 { 0.0 } else { (self.squares / self.count).sqrt() }
    }
}

fn read(values: &[Vec<f64>], operand: Operand) -> f64 {
    operand.map_or(0.0, |s| values[s.node as usize][s.index as usize])
}

fn accumulate(term: &RealTerm, values: &[Vec<f64>], y: &mut [f64]) {
    match term {
        RealTerm::Sparse { entries } => {
            for (o, s, w) in entries {
                y[*o as usize] += w * values[s.node as usize][s.index as usize];
            }
        }
        RealTerm::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
            for p in 0..*positions {
                let x: Vec<f64> =
                    input_index[p * inputs..(p + 1) * inputs].iter().map(|s| read(values, *s)).collect();
                for o in 0..*outputs {
                    let row = &weights[o * inputs..(o + 1) * inputs];
                    let sum: f64 = row.iter().zip(&x).map(|(w, x)| w * x).sum();
                    y[output_index[p * outputs + o] as usize] += sum;
                }
            }
        }
        RealTerm::Correlation { window, weights, input_index, output_index } => {
            let x: Vec<f64> = input_index.iter().map(|s| read(values, *s)).collect();
            for (o, value) in output_index.iter().zip(correlate(window, weights, &x)) {
                y[*o as usize] += value;
            }
        }
        RealTerm::Bilinear { batch, rows, columns, inner, multiplier, left, right, output_index } => {
            for b in 0..*batch {
                for m in 0..*rows {
                    for n in 0..*columns {
                        let mut sum = 0.0;
                        for k in 0..*inner {
                            sum += read(values, left[(b * rows + m) * inner + k])
                                * read(values, right[(b * columns + n) * inner + k]);
                        }
                        y[output_index[(b * rows + m) * columns + n] as usize] += multiplier * sum;
                    }
                }
            }
        }
    }
}

/// Output of a correlation, `O × output`.
pub(crate) fn correlate(window: &Window, weights: &[f64], x: &[f64]) -> Vec<f64> {
    let (starts, taps) = window.taps();
    let (inputs, kernel) = (window.input_len(), window.kernel_len());
    let positions = window.output_len();
    let mut y = vec![0.0; window.outputs * positions];
    for o in 0..window.outputs {
        for c in 0..window.channels {
            let row = &weights[(o * window.channels + c) * kernel..][..kernel];
            let channel = &x[c * inputs..][..inputs];
            for u in 0..positions {
                let mut sum = 0.0;
                for (k, i) in &taps[starts[u] as usize..starts[u + 1] as usize] {
                    sum += row[*k as usize] * channel[*i as usize];
                }
                y[o * positions + u] += sum;
            }
        }
    }
    y
}
