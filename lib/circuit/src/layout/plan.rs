//! The compiler proper: exponents for constraints, coefficients for values, rows for both.

use super::{
    Definition, FreeValue, Junk, Layout, Limbs, Mode, Step, TableRows,
    blocks::{Block, Slot, polynomial_slots, windows},
    correlation::{Geometry, Shape},
};
use crate::{
    error::CompileError,
    field::{Field, Fr, from_i128, power_of_two},
};
use hallmark_graph::ir::{Element, Function, IntegerGraph, Operation, Table, TensorId, Term, Value};
use std::collections::HashMap;

/// `p` has 254 bits; sums below `2^253` cannot wrap.
const FIELD_BITS: u32 = 253;

/// Correlations with more products than this are never spelled out value by value.
const SPARSE_LIMIT: usize = 1 << 22;

/// The constraints that define one linear tensor.
#[derive(Clone, Debug)]
struct Equations {
    /// Exponent per element.
    exponent: Vec<u32>,
    /// Place in the packed cell per element.
    place: Vec<u32>,
    /// `log₂` of the packing base `B`.
    base_bits: u32,
    /// Outputs per packed cell.
    pack: usize,
    /// Factor of the whole equation.
    factor: Fr,
}

impl Equations {
    /// `factor · B^place`.
    fn scale(&self, element: usize) -> Fr {
        self.factor * power_of_two(self.base_bits * self.place[element])
    }
}

/// A slot and where its value comes from.
#[derive(Clone, Debug)]
struct Placed {
    slot: Slot,
    /// Exponent of the constraint that ties a copy to its original.
    copy: Option<u32>,
    /// Several inputs in this row, and the exponent step between them.
    packed: Option<(Vec<Value>, u32)>,
}

/// Who reads a linear tensor.
#[derive(Clone, Debug, Default)]
struct Readers {
    activations: Vec<usize>,
    direct: bool,
}

struct Planner<'g> {
    graph: &'g IntegerGraph,
    width: usize,
    /// First value number of each tensor.
    base: Vec<usize>,
    next_exponent: u32,
    sparse: Vec<Vec<(u32, Fr)>>,
    blocks: Vec<Block>,
    equations: Vec<Option<Equations>>,
    /// Constraints of an activation that reads a shared accumulator.
    identity: HashMap<usize, Equations>,
    members: HashMap<Value, Vec<Value>>,
    readers: Vec<Readers>,
    live: Vec<bool>,
    correlations: Vec<Geometry>,
    /// First exponent of each correlation.
    correlation_exponent: Vec<u32>,
}

/// Arranges `graph` with `weight_columns` weight columns.
pub(crate) fn plan(graph: &IntegerGraph, weight_columns: usize) -> Result<Layout, CompileError> {
    let mut base = Vec::with_capacity(graph.tensors.len());
    let mut total = 0;
    for tensor in &graph.tensors {
        base.push(total);
        total += tensor.len();
    }
    let mut planner = Planner {
        graph,
        width: weight_columns,
        base,
        next_exponent: 0,
        sparse: vec![Vec::new(); total],
        blocks: Vec::new(),
        equations: vec![None; graph.nodes.len()],
        identity: HashMap::new(),
        members: HashMap::new(),
        readers: vec![Readers::default(); graph.nodes.len()],
        live: vec![false; graph.nodes.len()],
        correlations: Vec::new(),
        correlation_exponent: Vec::new(),
    };
    planner.find_live()?;
    planner.fuse_sums();
    planner.write_equations()?;
    planner.emit()
}

impl<'g> Planner<'g> {
    fn number(&self, value: Value) -> usize {
        self.base[value.tensor.0 as usize] + value.index as usize
    }

    fn fail(&self, node: usize, reason: impl Into<String>) -> CompileError {
        CompileError::Graph { node: self.graph.nodes[node].name.clone(), reason: reason.into() }
    }

    /// Marks nodes that an output depends on, and collects the readers of accumulators.
    fn find_live(&mut self) -> Result<(), CompileError> {
        let graph = self.graph;
        for output in &graph.outputs {
            for value in output.elements.iter().flatten() {
                let node = value.tensor.0 as usize;
                if matches!(graph.nodes[node].operation, Operation::Linear { .. }) {
                    return Err(
                        self.fail(node, "a graph output reads an accumulator that is not requantised")
                    );
                }
                self.live[node] = true;
            }
        }
        for node in (0..graph.nodes.len()).rev() {
            if !self.live[node] {
                continue;
            }
            match &graph.nodes[node].operation {
                Operation::Input { .. } => {}
                Operation::Activate { source, .. } => {
                    let source = source.0 as usize;
                    if source >= node || !matches!(graph.nodes[source].operation, Operation::Linear { .. }) {
                        return Err(self.fail(node, "it does not read an earlier linear node"));
                    }
                    if graph.tensors[source].len() != graph.tensors[node].len() {
                        return Err(
                            self.fail(node, "it has another number of elements than the node it reads")
                        );
                    }
                    self.live[source] = true;
                    self.readers[source].activations.push(node);
                }
                Operation::Linear { terms, .. } => {
                    let mut reads = Vec::new();
                    for term in terms {
                        for_each_read(term, &mut |value| reads.push(value.tensor.0 as usize));
                    }
                    for read in reads {
                        if read >= node {
                            return Err(self.fail(node, "it reads a later node"));
                        }
                        self.live[read] = true;
                        self.readers[read].direct = true;
                    }
                }
            }
        }
        Ok(())
    }

    /// A sum of values that nobody else reads needs no cells when a linear node reads it: the
    /// running sum is kept in the value cells of its members.
    fn fuse_sums(&mut self) {
        let mut reads: HashMap<Value, usize> = HashMap::new();
        for (node, live) in self.graph.nodes.iter().zip(&self.live) {
            if let (true, Operation::Linear { terms, .. }) = (*live, &node.operation) {
                for term in terms {
                    for_each_read(term, &mut |value| *reads.entry(value).or_default() += 1);
                }
            }
        }
        for output in &self.graph.outputs {
            for value in output.elements.iter().flatten() {
                *reads.entry(*value).or_default() += 2;
            }
        }
        for (index, node) in self.graph.nodes.iter().enumerate() {
            let readers = &self.readers[index];
            let Operation::Linear { terms, bias } = &node.operation else { continue };
            let ([Term::Sparse { entries }], true) = (&terms[..], self.live[index]) else { continue };
            if !readers.activations.is_empty() || bias.iter().any(|b| *b != 0) {
                continue;
            }
            let fits = entries.iter().all(|(_, value, weight)| {
                *weight == 1
                    && reads.get(value) == Some(&1)
                    && !matches!(self.graph.node(value.tensor).operation, Operation::Linear { .. })
            });
            let tensor = TensorId(index as u32);
            // A sum that is itself read more than once would have to keep its members' rows apart
            // from several blocks: leave it alone.
            let once = (0..self.graph.tensors[index].len())
                .all(|i| reads.get(&Value { tensor, index: i as u32 }).copied().unwrap_or(0) <= 1);
            let mut members: Vec<Vec<Value>> = vec![Vec::new(); self.graph.tensors[index].len()];
            for (output, value, _) in entries {
                members[*output as usize].push(*value);
            }
            if fits && once && members.iter().all(|m| !m.is_empty()) {
                for (i, list) in members.into_iter().enumerate() {
                    self.members.insert(Value { tensor, index: i as u32 }, list);
                }
            }
        }
    }

    fn is_fused(&self, node: usize) -> bool {
        self.members.contains_key(&Value { tensor: TensorId(node as u32), index: 0 })
    }

    /// The packing base of a linear tensor: more than the largest difference between what the limbs
    /// can hold and what the right-hand side can be.
    fn packing(&self, node: usize, packable: bool) -> Result<(u32, usize), CompileError> {
        let bound = self.graph.tensors[node].bounds.magnitude();
        let settings = &self.graph.settings;
        let limbs = 1u128.checked_shl(settings.limb_bits * settings.limbs()).unwrap_or(u128::MAX);
        let difference = bound.saturating_add(limbs);
        let bits = 128 - difference.leading_zeros();
        if bits >= 127 {
            return Err(CompileError::TooWide {
                node: self.graph.nodes[node].name.clone(),
                bits,
                maximum: 126,
            });
        }
        Ok((bits, if packable { (FIELD_BITS / bits) as usize } else { 1 }))
    }

    fn add(&mut self, element: Element, exponent: u32, coefficient: Fr) {
        if let Some(value) = element {
            let number = self.number(value);
            self.sparse[number].push((exponent, coefficient));
        }
    }

    fn take_exponents(&mut self, count: usize) -> Result<u32, CompileError> {
        let first = self.next_exponent;
        let next = first as usize + count;
        if next > 1 << 24 {
            return Err(CompileError::TooManyRows { rows: next, maximum: 1 << 24 });
        }
        self.next_exponent = next as u32;
        Ok(first)
    }

    fn write_equations(&mut self) -> Result<(), CompileError> {
        for node in 0..self.graph.nodes.len() {
            if !self.live[node] {
                continue;
            }
            match &self.graph.nodes[node].operation {
                Operation::Linear { terms, .. } if !self.is_fused(node) => self.write_linear(node, terms)?,
                Operation::Activate { source, .. } if self.is_shared(source.0 as usize) => {
                    // The accumulator has a cell of its own: copy it into the limbs.
                    let elements = self.graph.tensors[node].len();
                    let first = self.take_exponents(elements)?;
                    let equations = Equations {
                        exponent: (0..elements as u32).map(|i| first + i).collect(),
                        place: vec![0; elements],
                        base_bits: 0,
                        pack: 1,
                        factor: Fr::ONE,
                    };
                    for (index, exponent) in equations.exponent.iter().enumerate() {
                        self.add(Some(Value { tensor: *source, index: index as u32 }), *exponent, Fr::ONE);
                    }
                    self.identity.insert(node, equations);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// An accumulator that needs a cell of its own.
    fn is_shared(&self, node: usize) -> bool {
        let readers = &self.readers[node];
        readers.direct || readers.activations.len() != 1
    }

    fn write_linear(&mut self, node: usize, terms: &[Term]) -> Result<(), CompileError> {
        let elements = self.graph.tensors[node].len();
        let shared = self.is_shared(node);
        let multipliers: Vec<i64> = terms
            .iter()
            .filter_map(|term| match term {
                Term::Bilinear { multiplier, .. } => Some(*multiplier),
                _ => None,
            })
            .collect();
        let bilinear = !multipliers.is_empty();
        if multipliers.iter().any(|m| *m == 0 || *m != multipliers[0]) {
            return Err(self.fail(node, "its products of activations have different or zero multipliers"));
        }
        if shared && bilinear && multipliers[0] != 1 {
            return Err(self.fail(node, "a product of activations with a multiplier must be requantised"));
        }
        let (base_bits, pack) = self.packing(node, !shared && !bilinear)?;
        let factor = match multipliers.first() {
            Some(multiplier) => from_i128(i128::from(*multiplier)).invert().unwrap_or(Fr::ONE),
            None => Fr::ONE,
        };
        let unset = u32::MAX;
        let mut equations =
            Equations { exponent: vec![unset; elements], place: vec![0; elements], base_bits, pack, factor };
        // First the terms with structure: they decide the numbering.
        let mut done = vec![false; terms.len()];
        for (index, term) in terms.iter().enumerate() {
            done[index] = self.write_structured(node, term, &mut equations)?;
        }
        // Elements that no structured term numbers.
        let rest: Vec<usize> = (0..elements).filter(|i| equations.exponent[*i] == unset).collect();
        let first = self.take_exponents(rest.len().div_ceil(pack))?;
        for (i, element) in rest.into_iter().enumerate() {
            equations.exponent[element] = first + (i / pack) as u32;
            equations.place[element] = (i % pack) as u32;
        }
        for (term, done) in terms.iter().zip(done) {
            if !done {
                self.write_sparse(node, term, &equations)?;
            }
        }
        self.equations[node] = Some(equations);
        Ok(())
    }

    /// Numbers the outputs of a term with structure and writes its coefficients, when the outputs
    /// are not numbered yet and that is cheaper than spelling them out.
    fn write_structured(
        &mut self,
        node: usize,
        term: &Term,
        equations: &mut Equations,
    ) -> Result<bool, CompileError> {
        let free = |outputs: &[u32], equations: &Equations| {
            outputs.iter().all(|o| equations.exponent.get(*o as usize) == Some(&u32::MAX))
        };
        match term {
            Term::Sparse { .. } => Ok(false),
            Term::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
                self.check_lengths(
                    node,
                    &[
                        (weights.len(), outputs * inputs),
                        (input_index.len(), positions * inputs),
                        (output_index.len(), positions * outputs),
                    ],
                )?;
                if !free(output_index, equations) {
                    return Ok(false);
                }
                let groups = outputs.div_ceil(equations.pack);
                let first = self.take_exponents(positions * groups)?;
                for (i, output) in output_index.iter().enumerate() {
                    let (position, o) = (i / outputs, i % outputs);
                    equations.exponent[*output as usize] =
                        first + (position * groups + o / equations.pack) as u32;
                    equations.place[*output as usize] = (o % equations.pack) as u32;
                }
                for input in 0..*inputs {
                    let polynomial: Vec<(u32, Fr)> = (0..groups)
                        .map(|group| {
                            let mut sum = Fr::ZERO;
                            for o in
                                (group * equations.pack..(*outputs).min((group + 1) * equations.pack)).rev()
                            {
                                sum = sum * power_of_two(equations.base_bits)
                                    + from_i128(i128::from(weights[o * inputs + input]));
                            }
                            (first + group as u32, sum * equations.factor)
                        })
                        .collect();
                    let column: Vec<(usize, Value)> = (0..*positions)
                        .filter_map(|p| input_index[p * inputs + input].map(|value| (p, value)))
                        .collect();
                    let kernel = windows(polynomial.clone(), self.width).len();
                    if kernel == 0 {
                        continue;
                    }
                    if kernel == 1 || column.len() <= 1 {
                        for (position, value) in column {
                            for (exponent, coefficient) in &polynomial {
                                self.add(Some(value), exponent + (position * groups) as u32, *coefficient);
                            }
                        }
                        continue;
                    }
                    let start = column[0].0;
                    let shifted =
                        polynomial.into_iter().map(|(e, c)| (e + (start * groups) as u32, c)).collect();
                    let positions =
                        column.iter().map(|(p, value)| ((p * groups) as u32, *value)).collect::<Vec<_>>();
                    self.push_walk(shifted, &positions);
                }
                Ok(true)
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
                let kernel: usize = kernel_shape.iter().product();
                let pixels: usize = input_shape.iter().product();
                let spatial: usize = output_shape.iter().product();
                let axes = input_shape.len();
                self.check_lengths(
                    node,
                    &[
                        (weights.len(), outputs * channels * kernel),
                        (input_index.len(), channels * pixels),
                        (output_index.len(), outputs * spatial),
                        (kernel_shape.len(), axes),
                        (output_shape.len(), axes),
                        (stride.len(), axes),
                        (dilation.len(), axes),
                        (padding.len(), axes),
                    ],
                )?;
                if stride.contains(&0) || axes == 0 {
                    return Err(self.fail(node, "a convolution has no axis or a stride of zero"));
                }
                if !free(output_index, equations) {
                    return Ok(false);
                }
                let shape = Shape {
                    input: input_shape,
                    kernel: kernel_shape,
                    output: output_shape,
                    stride,
                    dilation,
                    padding,
                };
                let geometry = Geometry::new(
                    shape,
                    *channels,
                    *outputs,
                    weights,
                    input_index,
                    equations.pack,
                    equations.base_bits,
                );
                let groups = geometry.groups();
                let overlapping = kernel_shape.iter().zip(stride).any(|(k, s)| k > s);
                let walked = geometry.walk_rows(self.width);
                let products = channels * kernel * spatial;
                let spelled_out = if products * groups > SPARSE_LIMIT {
                    usize::MAX
                } else if overlapping {
                    // Each tap that meets an input costs at least one row per window of groups.
                    geometry.sparse_rows(self.width)
                } else {
                    channels * pixels * groups.div_ceil(self.width)
                };
                if spelled_out <= walked {
                    // Number outputs so that `write_sparse` finds groups side by side.
                    let first = self.take_exponents(spatial * groups)?;
                    for (i, output) in output_index.iter().enumerate() {
                        let (o, position) = (i / spatial, i % spatial);
                        equations.exponent[*output as usize] =
                            first + (position * groups + o / equations.pack) as u32;
                        equations.place[*output as usize] = (o % equations.pack) as u32;
                    }
                    return Ok(false);
                }
                let first = self.take_exponents(geometry.positions() * groups)?;
                let at = geometry.outputs_at(output_shape);
                for (i, output) in output_index.iter().enumerate() {
                    let (o, position) = (i / spatial, i % spatial);
                    equations.exponent[*output as usize] =
                        first + (at[position] * groups + o / equations.pack) as u32;
                    equations.place[*output as usize] = (o % equations.pack) as u32;
                }
                for channel in 0..*channels {
                    for phase in &geometry.phases {
                        let column: Vec<(i64, Value)> = phase
                            .pixels
                            .iter()
                            .filter_map(|(pixel, position)| {
                                input_index[channel * pixels + pixel].map(|value| (*position, value))
                            })
                            .collect();
                        let Some((start, _)) = column.first() else { continue };
                        let mut polynomial = Vec::with_capacity(phase.taps.len() * groups);
                        for (tap, q) in &phase.taps {
                            for group in 0..groups {
                                let mut sum = Fr::ZERO;
                                for o in (group * equations.pack
                                    ..(*outputs).min((group + 1) * equations.pack))
                                    .rev()
                                {
                                    let weight = weights[(o * channels + channel) * kernel + tap];
                                    sum = sum * power_of_two(equations.base_bits)
                                        + from_i128(i128::from(weight));
                                }
                                let exponent = i64::from(first) + (start - q) * groups as i64 + group as i64;
                                polynomial.push((exponent as u32, sum * equations.factor));
                            }
                        }
                        let positions: Vec<(u32, Value)> =
                            column.iter().map(|(p, value)| ((*p as usize * groups) as u32, *value)).collect();
                        self.push_walk(polynomial, &positions);
                    }
                }
                self.correlations.push(geometry);
                self.correlation_exponent.push(first);
                Ok(true)
            }
            Term::Bilinear { batch, rows, columns, inner, left, right, output_index, .. } => {
                self.check_lengths(
                    node,
                    &[
                        (left.len(), batch * rows * inner),
                        (right.len(), batch * columns * inner),
                        (output_index.len(), batch * rows * columns),
                    ],
                )?;
                let exponents: Vec<u32> = if free(output_index, equations) {
                    let first = self.take_exponents(output_index.len())?;
                    for (i, output) in output_index.iter().enumerate() {
                        equations.exponent[*output as usize] = first + i as u32;
                    }
                    (0..output_index.len() as u32).map(|i| first + i).collect()
                } else if rows * columns == 1 {
                    output_index.iter().map(|o| equations.exponent[*o as usize]).collect()
                } else {
                    return Err(self.fail(node, "two products of activations write the same outputs"));
                };
                for b in 0..*batch {
                    for k in 0..*inner {
                        let mut block: Block = Vec::new();
                        for m in 0..*rows {
                            let Some(value) = left[(b * rows + m) * inner + k] else { continue };
                            block.push(Slot {
                                mode: if block.is_empty() { Mode::StartValue } else { Mode::AccumulateValue },
                                factor: Some(exponents[(b * rows + m) * columns]),
                                weights: vec![],
                                value: Some(value),
                                consume: false,
                            });
                        }
                        if block.is_empty() {
                            continue;
                        }
                        let (mut at, before) = (0, block.len());
                        for n in 0..*columns {
                            let Some(value) = right[(b * columns + n) * inner + k] else { continue };
                            let (mode, factor) = if n == at {
                                (Mode::Accumulate, None)
                            } else {
                                (Mode::Walk, Some((n - at) as u32))
                            };
                            block.push(Slot {
                                mode,
                                factor,
                                weights: vec![],
                                value: Some(value),
                                consume: true,
                            });
                            at = n;
                        }
                        if block.len() > before {
                            self.blocks.push(block);
                        }
                    }
                }
                Ok(true)
            }
        }
    }

    fn check_lengths(&self, node: usize, pairs: &[(usize, usize)]) -> Result<(), CompileError> {
        match pairs.iter().find(|(found, expected)| found != expected) {
            Some((found, expected)) => {
                Err(self.fail(node, format!("a term has {found} entries where {expected} belong")))
            }
            None => Ok(()),
        }
    }

    /// A kernel polynomial that already stands at the first position, walked over the others.
    fn push_walk(&mut self, kernel: Vec<(u32, Fr)>, positions: &[(u32, Value)]) {
        let mut block = polynomial_slots(kernel, self.width, Some(positions[0].1));
        for pair in positions.windows(2) {
            block.push(Slot {
                mode: Mode::Walk,
                factor: Some(pair[1].0 - pair[0].0),
                weights: vec![],
                value: Some(pair[1].1),
                consume: true,
            });
        }
        self.blocks.push(block);
    }

    /// Writes the coefficients of a term value by value.
    fn write_sparse(&mut self, node: usize, term: &Term, equations: &Equations) -> Result<(), CompileError> {
        match term {
            Term::Sparse { entries } => {
                for (output, value, weight) in entries {
                    let output = *output as usize;
                    if output >= equations.exponent.len() {
                        return Err(self.fail(node, "a term writes an element that does not exist"));
                    }
                    let coefficient = equations.scale(output) * from_i128(i128::from(*weight));
                    self.add(Some(*value), equations.exponent[output], coefficient);
                }
            }
            Term::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
                for p in 0..*positions {
                    for o in 0..*outputs {
                        let output = output_index[p * outputs + o] as usize;
                        let scale = equations.scale(output);
                        for i in 0..*inputs {
                            let weight = weights[o * inputs + i];
                            if weight != 0 {
                                let coefficient = scale * from_i128(i128::from(weight));
                                self.add(
                                    input_index[p * inputs + i],
                                    equations.exponent[output],
                                    coefficient,
                                );
                            }
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
                let axes = input_shape.len();
                let kernel: usize = kernel_shape.iter().product();
                let spatial: usize = output_shape.iter().product();
                let pixels: usize = input_shape.iter().product();
                for position in 0..spatial {
                    for tap in 0..kernel {
                        let (mut rest_position, mut rest_tap) = (position, tap);
                        let (mut pixel, mut place, mut inside) = (0usize, 1usize, true);
                        for axis in (0..axes).rev() {
                            let u = rest_position % output_shape[axis];
                            let a = rest_tap % kernel_shape[axis];
                            rest_position /= output_shape[axis];
                            rest_tap /= kernel_shape[axis];
                            let x = (u * stride[axis] + a * dilation[axis]) as i64 - padding[axis] as i64;
                            inside &= x >= 0 && x < input_shape[axis] as i64;
                            pixel += x.max(0) as usize * place;
                            place *= input_shape[axis];
                        }
                        if !inside {
                            continue;
                        }
                        for channel in 0..*channels {
                            let Some(value) = input_index[channel * pixels + pixel] else { continue };
                            for o in 0..*outputs {
                                let weight = weights[(o * channels + channel) * kernel + tap];
                                if weight != 0 {
                                    let output = output_index[o * spatial + position] as usize;
                                    let coefficient = equations.scale(output) * from_i128(i128::from(weight));
                                    self.add(Some(value), equations.exponent[output], coefficient);
                                }
                            }
                        }
                    }
                }
            }
            Term::Bilinear { .. } => {
                return Err(self.fail(node, "two products of activations write the same outputs"));
            }
        }
        Ok(())
    }

    fn emit(mut self) -> Result<Layout, CompileError> {
        let graph = self.graph;
        // Public values: constraint `value − instance = 0`. The first is the context, whose value is
        // in the first row itself.
        let context_exponent = self.take_exponents(1)?;
        let mut instance_steps =
            vec![Step { production: Some(context_exponent), produce_instance: true, ..Step::default() }];
        for output in &graph.outputs {
            for element in &output.elements {
                let exponent = self.take_exponents(1)?;
                let mut step = Step { production: Some(exponent), produce_instance: true, ..Step::default() };
                match element {
                    Ok(value) => self.add(Some(*value), exponent, Fr::ONE),
                    Err(constant) => step.constant = -from_i128(*constant),
                }
                instance_steps.push(step);
            }
        }
        let instances = instance_steps.len();

        // Where does each value live? In its only block, or in rows of its own.
        let mut uses = vec![0usize; self.sparse.len()];
        for slot in self.blocks.iter().flatten() {
            if let Some(value) = slot.value {
                uses[self.number(value)] += 1;
            }
        }
        let fused: Vec<bool> = {
            let mut fused = vec![false; self.sparse.len()];
            for members in self.members.values() {
                for member in members {
                    fused[self.number(*member)] = true;
                }
            }
            fused
        };
        let mut at_home_in_block = vec![false; self.sparse.len()];
        for (number, uses) in uses.iter().enumerate() {
            at_home_in_block[number] = *uses == 1 && self.sparse[number].is_empty();
        }
        // Every further place is a copy, tied by a constraint of its own.
        let blocks = std::mem::take(&mut self.blocks);
        let mut placed: Vec<Vec<Placed>> = Vec::with_capacity(blocks.len());
        for block in blocks {
            let mut list = Vec::with_capacity(block.len());
            for slot in block {
                let mut copy = None;
                if let Some(value) = slot.value {
                    let number = self.number(value);
                    if !at_home_in_block[number] {
                        let exponent = self.take_exponents(1)?;
                        self.add(Some(value), exponent, Fr::ONE);
                        copy = Some(exponent);
                    }
                }
                list.push(Placed { slot, copy, packed: None });
            }
            placed.push(list);
        }

        let tables = self.table_rows()?;
        let mut early: Vec<Step> = Vec::new();
        let mut late: Vec<Step> = Vec::new();
        for block in placed {
            let block = self.pack_inputs(block);
            let inputs_only = block
                .iter()
                .all(|p| p.copy.is_none() && p.slot.value.is_none_or(|value| self.is_input(value)));
            let steps = if inputs_only { &mut early } else { &mut late };
            self.emit_block(block, steps)?;
        }
        for (node, live) in self.live.clone().into_iter().enumerate() {
            if !live {
                continue;
            }
            let linear = matches!(graph.nodes[node].operation, Operation::Linear { .. });
            if linear && !self.is_shared(node) {
                continue;
            }
            let input = matches!(graph.nodes[node].operation, Operation::Input { .. });
            for index in 0..graph.tensors[node].len() {
                let value = Value { tensor: TensorId(node as u32), index: index as u32 };
                let number = self.number(value);
                if at_home_in_block[number] || fused[number] {
                    continue;
                }
                let polynomial = std::mem::take(&mut self.sparse[number]);
                if polynomial.is_empty() && input {
                    continue;
                }
                let block = polynomial_slots(polynomial, self.width, Some(value))
                    .into_iter()
                    .map(|slot| Placed { slot, copy: None, packed: None })
                    .collect();
                self.emit_block(block, if input { &mut early } else { &mut late })?;
            }
        }
        let mut steps = early;
        // The first row is a boundary row: it has no mode of its own. Its value cell holds the
        // context: a row of its own, unless the first block leaves the cell alone.
        if !leaves_first_value_free(&steps) {
            steps.insert(0, Step::default());
        }
        steps[0].free = Some(FreeValue::Context);
        // The first rows carry the public inputs in their production.
        steps.resize_with(steps.len().max(instances), Step::default);
        for (step, instance) in steps.iter_mut().zip(instance_steps) {
            step.production = instance.production;
            step.constant = instance.constant;
            step.produce_instance = true;
        }
        steps.append(&mut late);
        let junk = self.place_junk(&mut steps);
        Ok(Layout {
            settings: graph.settings,
            weight_columns: steps.iter().map(|s| s.weights.len()).max().unwrap_or(0),
            steps,
            exponents: self.next_exponent,
            instances,
            tables,
            junk,
            correlations: self.correlations,
            table_functions: graph.tables.clone(),
        })
    }

    fn is_input(&self, value: Value) -> bool {
        match self.members.get(&value) {
            Some(members) => members.iter().all(|m| self.is_input(*m)),
            None => matches!(self.graph.node(value.tensor).operation, Operation::Input { .. }),
        }
    }

    /// Puts several neighbouring inputs of a walk into one row: their coefficients differ by a fixed
    /// power of `r`.
    fn pack_inputs(&self, block: Vec<Placed>) -> Vec<Placed> {
        let limbs_of = |placed: &Placed| -> Option<(Value, u32)> {
            let value = placed.slot.value?;
            match (&self.graph.node(value.tensor).operation, placed.copy, placed.slot.consume) {
                (Operation::Input { limbs, .. }, None, true) => Some((value, *limbs)),
                _ => None,
            }
        };
        // The step between neighbours: the commonest factor of the walk.
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for placed in &block {
            if let (Mode::Walk, Some(factor)) = (placed.slot.mode, placed.slot.factor) {
                *counts.entry(factor).or_default() += 1;
            }
        }
        let commonest = counts.into_iter().max_by_key(|(factor, count)| (*count, std::cmp::Reverse(*factor)));
        let Some((stride, _)) = commonest else { return block };
        let mut result = Vec::with_capacity(block.len());
        let mut carry = 0;
        let mut i = 0;
        while i < block.len() {
            let mut placed = block[i].clone();
            if placed.slot.mode == Mode::Walk {
                placed.slot.factor = placed.slot.factor.map(|f| f + carry);
                carry = 0;
            }
            let mut taken = 1;
            if let Some((value, limbs)) = limbs_of(&placed) {
                let room = (self.graph.settings.limbs() / limbs) as usize;
                let mut values = vec![value];
                while let Some(next) = block.get(i + values.len()).filter(|_| values.len() < room) {
                    match limbs_of(next) {
                        Some((value, other))
                            if other == limbs
                                && next.slot.mode == Mode::Walk
                                && next.slot.factor == Some(stride) =>
                        {
                            values.push(value);
                        }
                        _ => break,
                    }
                }
                if values.len() == room && room > 1 {
                    carry = stride * (room as u32 - 1);
                    taken = room;
                    placed.slot.consume = false;
                    placed.packed = Some((values, stride));
                }
            }
            result.push(placed);
            i += taken;
        }
        result
    }

    /// Gives rows to a block.
    fn emit_block(&self, block: Vec<Placed>, steps: &mut Vec<Step>) -> Result<(), CompileError> {
        let mut group: Vec<Step> = Vec::new();
        for Placed { slot, copy, packed } in block {
            let mut step = Step {
                mode: slot.mode,
                factor: slot.factor,
                weights: slot.weights,
                consume: slot.consume,
                ..Step::default()
            };
            let Some(value) = slot.value else {
                group.push(step);
                continue;
            };
            if let Some((values, stride)) = packed {
                let Operation::Input { limbs, .. } = self.graph.node(value.tensor).operation else {
                    return Err(self.fail(value.tensor.0 as usize, "only inputs are packed"));
                };
                step.packed = Some((values.len() as u32, stride));
                step.limbs = Limbs::Inputs { values, limbs };
                group.push(step);
            } else if let Some(exponent) = copy {
                step.free = Some(FreeValue::Copy(value));
                step.production = Some(exponent);
                step.produce_value = true;
                group.push(step);
            } else {
                group.push(step);
                let single = [value];
                let members: &[Value] = self.members.get(&value).map_or(&single, |m| m);
                if members.len() > group.len() {
                    // Rows for the first members, in which the coefficient waits.
                    let fresh = matches!(group[0].mode, Mode::Start | Mode::StartValue);
                    let mode = if fresh { Mode::Start } else { Mode::Accumulate };
                    let missing = members.len() - group.len();
                    group.splice(
                        0..0,
                        std::iter::repeat_with(|| Step { mode, ..Step::default() }).take(missing),
                    );
                }
                let first = group.len() - members.len();
                for (i, member) in members.iter().enumerate() {
                    self.fill(*member, &mut group[first + i])?;
                    group[first + i].keep = i > 0;
                }
            }
            steps.append(&mut group);
        }
        steps.append(&mut group);
        Ok(())
    }

    /// Puts the definition and production of `value` into a step.
    fn fill(&self, value: Value, step: &mut Step) -> Result<(), CompileError> {
        let node = value.tensor.0 as usize;
        let index = value.index as usize;
        let settings = &self.graph.settings;
        match &self.graph.nodes[node].operation {
            Operation::Input { limbs, .. } => {
                step.limbs = Limbs::Inputs { values: vec![value], limbs: *limbs };
                step.definition = Definition::Input(*limbs);
            }
            Operation::Linear { bias, .. } => {
                let Some(equations) = &self.equations[node] else {
                    return Err(self.fail(node, "its constraints are missing"));
                };
                step.free = Some(FreeValue::Accumulator(value));
                step.production = Some(equations.exponent[index]);
                step.produce_value = true;
                step.constant = -from_i128(bias.get(index).copied().unwrap_or(0));
            }
            Operation::Activate { source, function } => {
                let source = source.0 as usize;
                let (equations, bias) = match (
                    self.identity.get(&node),
                    &self.equations[source],
                    &self.graph.nodes[source].operation,
                ) {
                    (Some(equations), _, _) => (equations, 0),
                    (None, Some(equations), Operation::Linear { bias, .. }) => {
                        (equations, bias.get(index).copied().unwrap_or(0))
                    }
                    _ => return Err(self.fail(node, "its constraints are missing")),
                };
                let scale = equations.scale(index);
                let table = match function {
                    Function::Table(table) => Some(*table),
                    _ => None,
                };
                step.limbs = Limbs::Activation { value, table };
                step.definition = match function {
                    Function::Identity => Definition::Requantised,
                    Function::Square { linear } => Definition::Square(*linear),
                    Function::Table(_) => Definition::Table,
                };
                step.production = Some(equations.exponent[index]);
                step.scale = scale;
                step.constant = -scale * (from_i128(settings.accumulator_offset()) + from_i128(bias));
            }
        }
        Ok(())
    }

    /// Puts junk cells into rows whose value cell and production are idle, then into rows of
    /// their own.
    fn place_junk(&self, steps: &mut Vec<Step>) -> Vec<Junk> {
        let mut junk = Vec::new();
        let mut exponents = Vec::new();
        for (correlation, (geometry, first)) in
            self.correlations.iter().zip(&self.correlation_exponent).enumerate()
        {
            for position in &geometry.junk {
                for group in 0..geometry.groups() {
                    junk.push(Junk { correlation, position: *position, group });
                    exponents.push(first + (position * geometry.groups() + group) as u32);
                }
            }
        }
        let idle: Vec<usize> = (0..steps.len())
            .filter(|i| {
                let step = &steps[*i];
                step.production.is_none()
                    && step.definition == Definition::Free
                    && step.free.is_none()
                    && !step.consume
                    && !matches!(step.mode, Mode::StartValue | Mode::AccumulateValue)
                    && steps.get(i + 1).is_none_or(|next| !next.keep)
            })
            .collect();
        let missing = junk.len().saturating_sub(idle.len());
        let rows = idle.into_iter().chain(steps.len()..steps.len() + missing);
        let rows: Vec<usize> = rows.collect();
        steps.resize_with(steps.len() + missing, Step::default);
        for ((index, exponent), row) in exponents.iter().enumerate().zip(rows) {
            steps[row].free = Some(FreeValue::Junk(index));
            steps[row].production = Some(*exponent);
            steps[row].produce_value = true;
        }
        junk
    }

    /// Stacks the range table and the functions that are used.
    fn table_rows(&self) -> Result<TableRows, CompileError> {
        let settings = &self.graph.settings;
        let mut rows = 1usize << settings.limb_bits;
        let mut first_row = Vec::with_capacity(self.graph.tables.len());
        for table in &self.graph.tables {
            if table.first as usize + table.base.len() > 1 << settings.limb_bits
                || !(table.slope.is_empty() || table.slope.len() == table.base.len())
            {
                return Err(CompileError::Graph {
                    node: table.name.clone(),
                    reason: "its table does not fit the top limb".into(),
                });
            }
            first_row.push(rows);
            rows += table.base.len();
        }
        let rest_bits = settings.limb_bits * (settings.high_limbs - 1);
        let half = 1i128 << (settings.activation_bits() - 1);
        let through_origin = |table: &Table| {
            !table.slope.is_empty()
                && table.slope.iter().zip(&table.base).enumerate().all(|(i, (slope, base))| {
                    let start = ((i128::from(table.first) + i as i128) << rest_bits) - half;
                    i128::from(*base) == i128::from(*slope) * start
                })
        };
        Ok(TableRows {
            first_row,
            rows,
            slope_only: !self.graph.tables.is_empty() && self.graph.tables.iter().all(through_origin),
            has_slope: self.graph.tables.iter().any(|t| !t.slope.is_empty()),
        })
    }
}

/// Whether nothing decides or reads the value cell of the first row, so that the context can have it.
fn leaves_first_value_free(steps: &[Step]) -> bool {
    steps.first().is_some_and(|step| {
        step.mode == Mode::Start
            && step.production.is_none()
            && step.definition == Definition::Free
            && step.free.is_none()
            && !step.consume
            && steps.get(1).is_none_or(|next| !next.keep)
    })
}

/// Calls `visit` for every value a term reads.
fn for_each_read(term: &Term, visit: &mut dyn FnMut(Value)) {
    match term {
        Term::Sparse { entries } => entries.iter().for_each(|(_, value, _)| visit(*value)),
        Term::Dense { input_index, .. } | Term::Correlation { input_index, .. } => {
            input_index.iter().flatten().for_each(|value| visit(*value));
        }
        Term::Bilinear { left, right, .. } => {
            left.iter().chain(right).flatten().for_each(|value| visit(*value));
        }
    }
}
