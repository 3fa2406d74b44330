//! From the plan to the integer graph: scales, integer weights, tables and bounds for one choice of
//! settings.

use crate::error::Error;
use crate::expression::Expression;
use crate::ir::{
    Bounds, Element, Function, GraphInput, GraphOutput, IntegerGraph, Node, Operation, QuantisationSettings,
    Table, Tensor, TensorId, Term, Value,
};
use crate::load::{Kind, Model};
use crate::plan::{Operand, Plan, PlanNode, PlanOperation, Range, RealFunction, RealTerm, Scale, Source};
use crate::table;

/// No accumulator may reach this magnitude.
const MAX_MAGNITUDE: u128 = 1 << 118;

/// Ranges of a plan on calibration samples.
pub(crate) struct Calibrated {
    pub(crate) plan: Plan,
    pub(crate) ranges: Vec<Range>,
}

/// Lowers a model and learns its ranges.
pub(crate) fn prepare(model: &Model, samples: &[Vec<Vec<f64>>]) -> Result<Calibrated, Error> {
    if samples.is_empty() {
        return Err(Error::NoSamples);
    }
    for sample in samples {
        model.check_inputs(sample)?;
    }
    let plan = crate::lower::lower(model)?;
    let ranges = plan.ranges(samples)?;
    Ok(Calibrated { plan, ranges })
}

/// Quantises a model with explicit settings. `samples` give the ranges of all values; values up to
/// `headroom` times the largest seen can still be proven.
///
/// # Errors
/// [`Error::Unsupported`] with all nodes that have no integer form, [`Error::Settings`],
/// [`Error::NoSamples`], and [`Error::Overflow`] when a number does not fit under these settings.
pub fn quantise(
    model: &Model,
    samples: &[Vec<Vec<f64>>],
    settings: QuantisationSettings,
    headroom: f64,
) -> Result<IntegerGraph, Error> {
    quantise_prepared(&prepare(model, samples)?, settings, headroom)
}

/// As [`quantise`], for a model that is lowered already.
pub(crate) fn quantise_prepared(
    calibrated: &Calibrated,
    settings: QuantisationSettings,
    headroom: f64,
) -> Result<IntegerGraph, Error> {
    check_settings(&settings, headroom)?;
    let mut scaling = Scaling {
        plan: &calibrated.plan,
        ranges: &calibrated.ranges,
        settings,
        headroom,
        limit: vec![f64::INFINITY; calibrated.plan.nodes.len()],
        bits: vec![0; calibrated.plan.nodes.len()],
        hard: vec![i32::MAX; calibrated.plan.nodes.len()],
        z_limit: vec![f64::INFINITY; calibrated.plan.nodes.len()],
        z_bits: vec![0; calibrated.plan.nodes.len()],
        limbs: vec![0; calibrated.plan.nodes.len()],
    };
    scaling.limits();
    scaling.scales()?;
    scaling.emit()
}

fn check_settings(settings: &QuantisationSettings, headroom: f64) -> Result<(), Error> {
    let bad = |reason: &str| Err(Error::Settings { reason: reason.into() });
    if !(4..=16).contains(&settings.limb_bits) {
        return bad("limb_bits must be 4 to 16");
    }
    if !(1..=4).contains(&settings.low_limbs) {
        return bad("low_limbs must be 1 to 4");
    }
    if !(1..=2).contains(&settings.high_limbs) {
        return bad("high_limbs must be 1 or 2");
    }
    if settings.fraction_bits > 48 {
        return bad("fraction_bits must be at most 48");
    }
    if !(1.0..=1e6).contains(&headroom) {
        return bad("headroom must be 1 to 1000000");
    }
    Ok(())
}

/// No range is taken smaller than this, however small the samples are.
const SMALLEST_RANGE: f64 = 1.0 / 1024.0;

struct Scaling<'a> {
    plan: &'a Plan,
    ranges: &'a [Range],
    settings: QuantisationSettings,
    headroom: f64,
    /// Per node, the fraction bits beyond which its consumers lose more in their weights than
    /// they gain.
    limit: Vec<f64>,
    /// Per node, fraction bits beyond which a consumer cannot be computed at all.
    hard: Vec<i32>,
    /// Per accumulator node, `limit` for its requantised values.
    z_limit: Vec<f64>,
    /// Per node, fraction bits of its values.
    bits: Vec<i32>,
    /// Per accumulator node, fraction bits after requantising.
    z_bits: Vec<i32>,
    /// Per input node, limbs.
    limbs: Vec<u32>,
}

/// Number of fraction bits of a number that is a small multiple of a power of two.
fn dyadic(weight: f64) -> Option<i32> {
    (0..=8).find(|j| {
        let scaled = weight * f64::from(1 << j);
        scaled == scaled.round() && scaled.abs() <= 1024.0
    })
}

/// `Some(bits)` when all weights are dyadic.
fn all_dyadic(weights: impl Iterator<Item = f64>) -> Option<i32> {
    let mut bits = 0;
    for weight in weights {
        bits = bits.max(dyadic(weight)?);
    }
    Some(bits)
}

fn rms(weights: impl Iterator<Item = f64>) -> f64 {
    let (mut squares, mut count) = (0.0, 0usize);
    for weight in weights {
        squares += weight * weight;
        count += 1;
    }
    if count == 0 { 0.0 } else { (squares / count as f64).sqrt() }
}

impl Scaling<'_> {
    fn overflow<T>(&self, node: &PlanNode, what: impl Into<String>) -> Result<T, Error> {
        Err(Error::Overflow { node: node.name.clone(), operator: node.operator.clone(), what: what.into() })
    }

    /// Largest fraction bits at which `magnitude` with headroom fits `bits` bits.
    fn fitting(&self, magnitude: f64, bits: u32) -> i32 {
        let largest = f64::from(bits - 1).exp2() - 1.0;
        let needed = (magnitude * self.headroom).max(SMALLEST_RANGE);
        (largest / needed).log2().floor() as i32
    }

    /// Largest fraction bits of the requantised values of a linear node.
    fn z_fitting(&self, node: usize) -> i32 {
        self.fitting(self.ranges[node].magnitude(), self.settings.activation_bits())
    }

    /// Reverse pass: what scale consumers would like their operands to have. An operand at `f`
    /// fraction bits is read with weights at `shift + f_z − f`: rounding of the operand and of
    /// the weights are balanced.
    fn limits(&mut self) {
        let shift = f64::from(self.settings.shift());
        let cap = f64::from(self.settings.fraction_bits);
        for n in (0..self.plan.nodes.len()).rev() {
            match &self.plan.nodes[n].operation {
                PlanOperation::Input { .. } => {}
                PlanOperation::Activate { source, function } => {
                    let limit = match function {
                        RealFunction::Identity | RealFunction::Relu => self.limit[n],
                        RealFunction::Square { linear } => {
                            let slope = 2.0 * self.ranges[*source as usize].rms() + linear.abs();
                            let hard = f64::from(self.hard[n].div_euclid(2));
                            ((2.0 * self.limit[n] + slope.max(1e-6).log2()) / 3.0).min(hard)
                        }
                        RealFunction::Step | RealFunction::Smooth(_) => f64::INFINITY,
                    };
                    let z = &mut self.z_limit[*source as usize];
                    *z = z.min(limit);
                }
                PlanOperation::Linear { terms, scale, .. } => {
                    if *scale == Scale::Free {
                        let (own, hard) = (self.limit[n], self.hard[n]);
                        self.wish(terms, own, hard);
                        continue;
                    }
                    let z = f64::from(self.z_fitting(n)).min(cap).min(self.z_limit[n]);
                    if *scale == Scale::Whole {
                        self.wish(terms, shift, self.settings.shift() as i32);
                        continue;
                    }
                    if let Scale::Exact { bits, .. } = scale {
                        let most = self.z_fitting(n) - bits;
                        self.wish(terms, f64::from(most), most);
                        continue;
                    }
                    let most = self.z_fitting(n) + self.settings.shift() as i32;
                    for term in terms {
                        self.limit_term(term, shift, z);
                        if matches!(term, RealTerm::Bilinear { .. }) {
                            self.wish(std::slice::from_ref(term), f64::INFINITY, most / 2);
                        }
                    }
                }
            }
        }
    }

    /// Lowers the limits of all operands.
    fn wish(&mut self, terms: &[RealTerm], limit: f64, hard: i32) {
        for term in terms {
            term.for_each_source(|s| {
                let own = &mut self.limit[s.node as usize];
                *own = own.min(limit).min(f64::from(hard));
                let own = &mut self.hard[s.node as usize];
                *own = (*own).min(hard);
            });
        }
    }

    fn limit_term(&mut self, term: &RealTerm, shift: f64, z: f64) {
        let mut wish = |source: u32, value: f64| {
            let limit = &mut self.limit[source as usize];
            *limit = limit.min(value);
        };
        let balanced = |weight: f64, node: u32, ranges: &[Range]| {
            let x = ranges[node as usize].rms().max(1e-9);
            (shift + z + (weight.max(1e-9) / x).log2()) / 2.0
        };
        match term {
            RealTerm::Sparse { entries } => {
                let mut nodes: Vec<u32> = entries.iter().map(|e| e.1.node).collect();
                nodes.sort_unstable();
                nodes.dedup();
                for node in nodes {
                    let own = || entries.iter().filter(|e| e.1.node == node).map(|e| e.2);
                    match all_dyadic(own()) {
                        Some(_) => wish(node, z.max(0.0)),
                        None => wish(node, balanced(rms(own()), node, self.ranges)),
                    }
                }
            }
            RealTerm::Dense { weights, .. } | RealTerm::Correlation { weights, .. } => {
                let exact = all_dyadic(weights.iter().copied()).is_some();
                let weight = rms(weights.iter().copied());
                let mut nodes = vec![];
                term.for_each_source(|s| {
                    if nodes.last() != Some(&s.node) {
                        nodes.push(s.node);
                    }
                });
                nodes.sort_unstable();
                nodes.dedup();
                for node in nodes {
                    let value = if exact { shift + z } else { balanced(weight, node, self.ranges) };
                    wish(node, value);
                }
            }
            RealTerm::Bilinear { multiplier, .. } => {
                let guard = if dyadic(*multiplier).is_some() { 0.0 } else { 12.0 };
                let value = (shift + z - guard + multiplier.abs().max(1e-9).log2()) / 2.0;
                term.for_each_source(|s| wish(s.node, value));
            }
        }
    }

    /// Forward pass: scales of all values.
    fn scales(&mut self) -> Result<(), Error> {
        for n in 0..self.plan.nodes.len() {
            let node = &self.plan.nodes[n];
            match &node.operation {
                PlanOperation::Input { input } => self.scale_input(n, *input)?,
                PlanOperation::Linear { terms, scale, .. } => match scale {
                    Scale::Free => {
                        let mut bits = i32::MIN;
                        for term in terms {
                            term.for_each_source(|s| bits = bits.max(self.bits[s.node as usize]));
                        }
                        self.bits[n] = bits;
                    }
                    _ => self.scale_accumulator(n, terms, *scale)?,
                },
                PlanOperation::Activate { source, function } => {
                    let z = self.z_bits[*source as usize];
                    self.bits[n] = match function {
                        RealFunction::Identity | RealFunction::Relu => z,
                        RealFunction::Square { .. } => 2 * z,
                        RealFunction::Step => 0,
                        RealFunction::Smooth(_) => self.table_bits(n, z),
                    };
                }
            }
        }
        Ok(())
    }

    fn scale_input(&mut self, n: usize, input: usize) -> Result<(), Error> {
        let node = &self.plan.nodes[n];
        let magnitude = self.ranges[n].magnitude();
        let settings = self.settings;
        if self.plan.inputs[input].kind != Kind::Float {
            let magnitude =
                if self.plan.inputs[input].kind == Kind::Boolean { 1.0 } else { magnitude.max(1.0) };
            // Whole numbers keep their value; headroom shrinks before the number of limbs grows
            // beyond what there is.
            for headroom in [self.headroom, 1.0] {
                for limbs in 1..=settings.high_limbs {
                    let largest = f64::from(settings.limb_bits * limbs - 1).exp2() - 1.0;
                    if magnitude * headroom <= largest {
                        self.limbs[n] = limbs;
                        self.bits[n] = 0;
                        return Ok(());
                    }
                }
            }
            return self.overflow(
                node,
                format!(
                    "whole numbers up to {magnitude} do not fit {} bits; use more limb bits or high limbs",
                    settings.activation_bits()
                ),
            );
        }
        let wanted = self.limit[n].min(f64::from(settings.fraction_bits)).floor();
        let wanted = (wanted as i32).max(1);
        for limbs in 1..=settings.high_limbs {
            let fitting = self.fitting(magnitude, settings.limb_bits * limbs);
            if fitting >= wanted || limbs == settings.high_limbs {
                self.limbs[n] = limbs;
                self.bits[n] = wanted.min(fitting);
                return Ok(());
            }
        }
        Ok(())
    }

    fn scale_accumulator(&mut self, n: usize, terms: &[RealTerm], scale: Scale) -> Result<(), Error> {
        let node = &self.plan.nodes[n];
        let fitting = self.z_fitting(n);
        let mut finest = i32::MIN;
        let mut floor = i32::MIN;
        let mut lossless = Some(i32::MIN);
        for term in terms {
            let (operand, extra) = match term {
                RealTerm::Sparse { entries } => {
                    let mut operand = i32::MIN;
                    term.for_each_source(|s| operand = operand.max(self.bits[s.node as usize]));
                    (operand, all_dyadic(entries.iter().map(|e| e.2)))
                }
                RealTerm::Dense { weights, .. } | RealTerm::Correlation { weights, .. } => {
                    let mut operand = i32::MIN;
                    term.for_each_source(|s| operand = operand.max(self.bits[s.node as usize]));
                    (operand, all_dyadic(weights.iter().copied()))
                }
                RealTerm::Bilinear { left, right, multiplier, .. } => {
                    let operand = self.side_bits(left) + self.side_bits(right);
                    let extra = dyadic(*multiplier);
                    // The multiplier must be a whole number of at least one.
                    let room = match extra {
                        Some(bits) => bits,
                        None => (1.0 / multiplier.abs().max(1e-12)).log2().ceil() as i32 + 8,
                    };
                    floor = floor.max(operand + room - self.settings.shift() as i32);
                    (operand, extra)
                }
            };
            finest = finest.max(operand);
            lossless = match (lossless, extra) {
                (Some(bits), Some(extra)) if operand > i32::MIN => Some(bits.max(operand + extra)),
                (bits, Some(_)) => bits,
                _ => None,
            };
        }
        let limit = self.z_limit[n].clamp(-64.0, 64.0).floor() as i32;
        let mut bits = fitting.min(self.settings.fraction_bits as i32).min(limit);
        if let Some(exact) = lossless
            && exact > i32::MIN
            && self.plan_bias_is_dyadic(n, exact)
        {
            bits = bits.min(exact);
        }
        if let Scale::Exact { bits: extra, .. } = scale {
            if finest > i32::MIN {
                bits = finest + extra;
            }
            if bits
                > self.fitting(self.ranges[n].magnitude() / self.headroom, self.settings.activation_bits())
            {
                return self.overflow(
                    node,
                    "the difference to compare does not fit; use more limb bits or high limbs",
                );
            }
        }
        if scale == Scale::Whole {
            bits = 0;
            if fitting < 0 {
                return self.overflow(node, "its whole numbers do not fit; use more limb bits");
            }
        }
        if bits < floor {
            bits = floor;
            if bits > fitting {
                return self
                    .overflow(node, "the product of two activations does not fit; use more low limbs");
            }
        }
        if bits < -40 {
            return self.overflow(node, "its values are too large");
        }
        self.z_bits[n] = bits;
        self.bits[n] = bits + self.settings.shift() as i32;
        Ok(())
    }

    fn plan_bias_is_dyadic(&self, n: usize, bits: i32) -> bool {
        let PlanOperation::Linear { bias, .. } = &self.plan.nodes[n].operation else {
            return false;
        };
        bias.iter().all(|b| {
            let scaled = b * f64::from(bits).exp2();
            scaled == scaled.round()
        })
    }

    fn side_bits(&self, side: &[Operand]) -> i32 {
        side.iter().flatten().map(|s| self.bits[s.node as usize]).max().unwrap_or(0)
    }

    /// Fraction bits of the output of a fitted table.
    fn table_bits(&self, n: usize, z: i32) -> i32 {
        let width = (self.settings.limb_bits * (self.settings.high_limbs - 1)) as i32;
        let most = (z + width).max(16) + 2;
        let wanted = if self.limit[n].is_finite() { self.limit[n].floor() as i32 } else { most };
        let magnitude = self.ranges[n].magnitude().max(1e-6);
        let room = 40 - magnitude.log2().ceil() as i32;
        wanted.clamp((z + width / 2).min(most), most).min(room).min(self.hard[n])
    }

    /// Largest absolute value of linear node `n`, with headroom.
    fn reach(&self, n: usize) -> f64 {
        (self.ranges[n].magnitude() * self.headroom).max(SMALLEST_RANGE)
    }

    /// Integers that `z` of linear node `n` takes with headroom, on both sides of zero: few
    /// samples may show one sign only.
    fn z_range(&self, n: usize) -> (i128, i128) {
        let largest = (self.reach(n) * f64::from(self.z_bits[n]).exp2()).ceil() as i128 + 2;
        (-largest, largest)
    }

    /// The same for a fitted function: the side without samples is left out where the function
    /// grows much larger there.
    fn z_range_of(&self, n: usize, function: &Expression) -> (i128, i128) {
        let range = &self.ranges[n];
        let reach = self.reach(n);
        let unit = f64::from(self.z_bits[n]).exp2();
        let (mut low, mut high) = (-reach, reach);
        if !function.evaluate(0.0).is_finite() {
            // A singular function is kept on its side of zero.
            if range.min > 0.0 {
                low = range.min / self.headroom;
            } else if range.max < 0.0 {
                high = range.max / self.headroom;
            }
        } else {
            let usual = function
                .evaluate(range.min)
                .abs()
                .max(function.evaluate(range.max).abs())
                .max(function.evaluate(0.0).abs());
            let tame = |x: f64| function.evaluate(x).abs() <= 64.0 * usual.max(1e-3);
            if range.min >= 0.0 && !tame(-reach) {
                low = -range.magnitude() / 8.0;
            }
            if range.max <= 0.0 && !tame(reach) {
                high = range.magnitude() / 8.0;
            }
        }
        ((low * unit).floor() as i128 - 2, (high * unit).ceil() as i128 + 2)
    }

    /// Builds the integer graph.
    fn emit(&self) -> Result<IntegerGraph, Error> {
        let (tables, functions) = self.tables()?;
        let mut tensors: Vec<Tensor> = Vec::with_capacity(self.plan.nodes.len());
        let mut nodes = Vec::with_capacity(self.plan.nodes.len());
        let half = 1i128 << (self.settings.activation_bits() - 1);
        for (n, node) in self.plan.nodes.iter().enumerate() {
            let (operation, bounds) = match &node.operation {
                PlanOperation::Input { input } => {
                    let limbs = self.limbs[n];
                    let half = 1i128 << (self.settings.limb_bits * limbs - 1);
                    (Operation::Input { input: *input as u32, limbs }, Bounds { min: -half, max: half - 1 })
                }
                PlanOperation::Linear { terms, bias, scale } => {
                    let operation = self.linear(n, node, terms, bias, *scale)?;
                    let bounds = linear_bounds(&operation, &tensors, node)?;
                    (operation, bounds)
                }
                PlanOperation::Activate { source, .. } => {
                    let function = functions[n].clone().unwrap_or(Function::Identity);
                    let bounds = match &function {
                        Function::Identity => Bounds { min: -half, max: half - 1 },
                        Function::Square { linear } => square_bounds(half, *linear),
                        Function::Table(t) => table::bounds(&self.settings, &tables[*t as usize]),
                    };
                    (Operation::Activate { source: TensorId(*source), function }, bounds)
                }
            };
            tensors.push(Tensor {
                name: node.name.clone(),
                shape: node.shape.clone(),
                fraction_bits: self.bits[n],
                bounds,
            });
            nodes.push(Node { name: node.name.clone(), operator: node.operator.clone(), operation });
        }
        let inputs = self
            .plan
            .inputs
            .iter()
            .map(|input| GraphInput {
                name: input.name.clone(),
                shape: input.shape.clone(),
                tensor: input.node.map(TensorId),
                fraction_bits: input.node.map_or(0, |n| self.bits[n as usize]),
            })
            .collect();
        let mut outputs = vec![];
        for output in &self.plan.outputs {
            let node = output.elements.iter().flatten().next().map(|s| s.node);
            let bits = node.map_or(16, |n| self.bits[n as usize] - output.exponent);
            let unit = f64::from(bits).exp2();
            outputs.push(GraphOutput {
                name: output.name.clone(),
                shape: output.shape.clone(),
                fraction_bits: bits,
                elements: output
                    .elements
                    .iter()
                    .map(|e| match e {
                        Ok(source) => Ok(value(*source)),
                        Err(constant) => Err((constant * unit).round() as i128),
                    })
                    .collect(),
            });
        }
        Ok(IntegerGraph { settings: self.settings, tensors, nodes, tables, inputs, outputs })
    }

    /// Tables, and the function of every activation.
    fn tables(&self) -> Result<(Vec<Table>, Vec<Option<Function>>), Error> {
        let settings = &self.settings;
        let mut functions: Vec<Option<Function>> = vec![None; self.plan.nodes.len()];
        // Exact tables do not depend on scales: one of each, over the union of the ranges.
        let mut exact: [Option<(i128, i128)>; 2] = [None, None];
        for node in &self.plan.nodes {
            if let PlanOperation::Activate { source, function } = &node.operation {
                let kind = match function {
                    RealFunction::Relu => 0,
                    RealFunction::Step => 1,
                    _ => continue,
                };
                let (low, high) = self.z_range(*source as usize);
                let range = exact[kind].get_or_insert((low, high));
                *range = (range.0.min(low), range.1.max(high));
            }
        }
        let mut tables = vec![];
        let mut exact_index = [0u32; 2];
        for (kind, range) in exact.iter().enumerate() {
            if let Some((low, high)) = range {
                exact_index[kind] = tables.len() as u32;
                let (first, count) = table::pieces(settings, *low, *high);
                tables.push(if kind == 0 {
                    table::relu(settings, first, count)
                } else {
                    table::step(settings, first, count)
                });
            }
        }
        for (n, node) in self.plan.nodes.iter().enumerate() {
            let PlanOperation::Activate { source, function } = &node.operation else {
                continue;
            };
            let from = self.z_bits[*source as usize];
            functions[n] = Some(match function {
                RealFunction::Identity => Function::Identity,
                RealFunction::Square { linear } => {
                    let scaled = (linear * f64::from(from).exp2()).round();
                    if scaled.abs() > f64::from(60).exp2() {
                        return self.overflow(node, "its linear coefficient is too large");
                    }
                    Function::Square { linear: scaled as i64 }
                }
                RealFunction::Relu => Function::Table(exact_index[0]),
                RealFunction::Step => Function::Table(exact_index[1]),
                RealFunction::Smooth(expression) => {
                    let range = &self.ranges[*source as usize];
                    let (low, high) = self.z_range_of(*source as usize, expression);
                    let unit = f64::from(from).exp2();
                    let (first, count) = table::pieces(settings, low, high);
                    let center = ((range.min + range.max) / 2.0 * unit).round() as i128;
                    let fitted = table::fit(settings, expression, from, self.bits[n], first, count, center);
                    let seen = ((range.min * unit).round() as i128, (range.max * unit).round() as i128);
                    match fitted {
                        Some(fitted) if covers(settings, &fitted, seen) => {
                            let known = tables.iter().position(|t| *t == fitted);
                            let index = known.unwrap_or_else(|| {
                                tables.push(fitted);
                                tables.len() - 1
                            });
                            Function::Table(index as u32)
                        }
                        _ => {
                            return self.overflow(
                                node,
                                format!(
                                    "{} is not finite, or too large, on the calibrated range {} to {}",
                                    expression.name(),
                                    range.min,
                                    range.max
                                ),
                            );
                        }
                    }
                }
            });
        }
        Ok((tables, functions))
    }

    fn linear(
        &self,
        n: usize,
        node: &PlanNode,
        terms: &[RealTerm],
        bias: &[f64],
        scale: Scale,
    ) -> Result<Operation, Error> {
        let target = self.bits[n];
        let mut result = vec![];
        for term in terms {
            self.term(node, term, target, &mut result)?;
        }
        let unit = f64::from(target).exp2();
        let mut integers = Vec::with_capacity(bias.len());
        for b in bias {
            let scaled = (b * unit).round();
            if scaled.abs() >= f64::from(110).exp2() {
                return self.overflow(node, "its bias is too large");
            }
            integers.push(scaled as i128);
        }
        if let Scale::Exact { offset, .. } = scale
            && offset != 0
        {
            integers.resize(node.len(), 0);
            let offset = i128::from(offset) << self.settings.shift();
            integers.iter_mut().for_each(|b| *b += offset);
        }
        Ok(Operation::Linear { terms: result, bias: integers })
    }

    /// A weight at `target` fraction bits for an operand at `operand` fraction bits.
    fn weight(&self, node: &PlanNode, w: f64, target: i32, operand: i32) -> Result<i64, Error> {
        let scaled = (w * f64::from(target - operand).exp2()).round();
        if scaled.abs() >= f64::from(62).exp2() {
            return self.overflow(node, "its weights do not fit 62 bits; use fewer limb bits");
        }
        Ok(scaled as i64)
    }

    fn operand_bits(&self, operand: Operand) -> Option<i32> {
        operand.map(|s| self.bits[s.node as usize])
    }

    fn term(
        &self,
        node: &PlanNode,
        term: &RealTerm,
        target: i32,
        result: &mut Vec<Term>,
    ) -> Result<(), Error> {
        match term {
            RealTerm::Sparse { entries } => {
                let mut integers = Vec::with_capacity(entries.len());
                for (o, source, w) in entries {
                    let w = self.weight(node, *w, target, self.bits[source.node as usize])?;
                    if w != 0 {
                        integers.push((*o, value(*source), w));
                    }
                }
                if !integers.is_empty() {
                    result.push(Term::Sparse { entries: integers });
                }
            }
            RealTerm::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
                for (bits, operands) in self.by_scale(input_index, *inputs, 1) {
                    let mut integers = Vec::with_capacity(weights.len());
                    for (k, w) in weights.iter().enumerate() {
                        integers.push(self.weight(node, *w, target, bits[k % inputs])?);
                    }
                    result.push(Term::Dense {
                        positions: *positions,
                        inputs: *inputs,
                        outputs: *outputs,
                        weights: integers,
                        input_index: operands,
                        output_index: output_index.clone(),
                    });
                }
            }
            RealTerm::Correlation { window, weights, input_index, output_index } => {
                let kernel = window.kernel_len();
                let size = window.input_len();
                for (bits, operands) in self.by_scale(input_index, window.channels, size) {
                    let mut integers = Vec::with_capacity(weights.len());
                    for (k, w) in weights.iter().enumerate() {
                        let channel = k / kernel % window.channels;
                        integers.push(self.weight(node, *w, target, bits[channel])?);
                    }
                    result.push(Term::Correlation {
                        channels: window.channels,
                        outputs: window.outputs,
                        input_shape: window.input_shape.clone(),
                        kernel_shape: window.kernel_shape.clone(),
                        output_shape: window.output_shape.clone(),
                        stride: window.stride.clone(),
                        dilation: window.dilation.clone(),
                        padding: window.padding.clone(),
                        weights: integers,
                        input_index: operands,
                        output_index: output_index.clone(),
                    });
                }
            }
            RealTerm::Bilinear { batch, rows, columns, inner, multiplier, left, right, output_index } => {
                let operand = self.side_bits(left) + self.side_bits(right);
                result.push(Term::Bilinear {
                    batch: *batch,
                    rows: *rows,
                    columns: *columns,
                    inner: *inner,
                    multiplier: self.weight(node, *multiplier, target, operand)?,
                    left: left.iter().map(|o| o.map(value)).collect(),
                    right: right.iter().map(|o| o.map(value)).collect(),
                    output_index: output_index.clone(),
                });
            }
        }
        Ok(())
    }

    /// Operands in rows of `columns × size`. When every column has one scale: that scale per
    /// column and all operands. Else one copy per scale, with the other operands left out.
    fn by_scale(&self, operands: &[Operand], columns: usize, size: usize) -> Vec<(Vec<i32>, Vec<Element>)> {
        let mut bits: Vec<Option<i32>> = vec![None; columns];
        let mut even = true;
        let mut all: Vec<i32> = vec![];
        for (i, operand) in operands.iter().enumerate() {
            if let Some(b) = self.operand_bits(*operand) {
                even &= *bits[i / size % columns].get_or_insert(b) == b;
                if !all.contains(&b) {
                    all.push(b);
                }
            }
        }
        if even {
            let fallback = all.first().copied().unwrap_or(0);
            let bits = bits.into_iter().map(|b| b.unwrap_or(fallback)).collect();
            return vec![(bits, operands.iter().map(|o| o.map(value)).collect())];
        }
        all.sort_unstable();
        all.into_iter()
            .map(|b| {
                let own = operands
                    .iter()
                    .map(|o| o.filter(|_| self.operand_bits(*o) == Some(b)).map(value))
                    .collect();
                (vec![b; columns], own)
            })
            .collect()
    }
}

fn covers(settings: &QuantisationSettings, table: &Table, seen: (i128, i128)) -> bool {
    let (low, high) = table::domain(settings, table);
    low <= seen.0 && seen.1 <= high
}

fn value(source: Source) -> Value {
    Value { tensor: TensorId(source.node), index: source.index }
}

/// Extremes of `z·(z + linear)` for `−half ≤ z < half`.
fn square_bounds(half: i128, linear: i64) -> Bounds {
    let at = |z: i128| z * (z + i128::from(linear));
    let bottom = (-i128::from(linear) / 2).clamp(-half, half - 1);
    let candidates =
        [at(-half), at(half - 1), at(bottom), at((bottom - 1).max(-half)), at((bottom + 1).min(half - 1))];
    Bounds {
        min: candidates.iter().copied().min().unwrap_or(0),
        max: candidates.iter().copied().max().unwrap_or(0),
    }
}

/// Interval arithmetic over a linear node: the union over all its elements.
fn linear_bounds(operation: &Operation, tensors: &[Tensor], node: &PlanNode) -> Result<Bounds, Error> {
    let overflow = || Error::Overflow {
        node: node.name.clone(),
        operator: node.operator.clone(),
        what: "its sums may grow beyond 2^118; use fewer limb bits".into(),
    };
    let Operation::Linear { terms, bias } = operation else {
        return Err(Error::Malformed { reason: "not a linear node".into() });
    };
    let mut sums: Vec<(i128, i128)> =
        if bias.is_empty() { vec![(0, 0); node.len()] } else { bias.iter().map(|b| (*b, *b)).collect() };
    for term in terms {
        add_bounds(term, tensors, &mut sums).ok_or_else(overflow)?;
    }
    let mut bounds = Bounds { min: 0, max: 0 };
    for (i, (low, high)) in sums.into_iter().enumerate() {
        if i == 0 {
            bounds = Bounds { min: low, max: high };
        }
        bounds.min = bounds.min.min(low);
        bounds.max = bounds.max.max(high);
    }
    if bounds.magnitude() >= MAX_MAGNITUDE {
        return Err(overflow());
    }
    Ok(bounds)
}

/// Smallest and largest values.
type Intervals = Vec<(i128, i128)>;

/// `w · [low, high]`.
fn scaled(w: i64, low: i128, high: i128) -> Option<(i128, i128)> {
    let (a, b) = (low.checked_mul(i128::from(w))?, high.checked_mul(i128::from(w))?);
    Some((a.min(b), a.max(b)))
}

/// Common bounds of operands; zero is included when an operand is missing or may be.
fn common(elements: &[Element], tensors: &[Tensor], padded: bool) -> (i128, i128) {
    let mut bounds: Option<(i128, i128)> = padded.then_some((0, 0));
    let mut last = None;
    for element in elements {
        let key = element.map(|v| v.tensor);
        if last == Some(key) {
            continue;
        }
        last = Some(key);
        let own = key.map_or((0, 0), |t| {
            let b = tensors[t.0 as usize].bounds;
            (b.min, b.max)
        });
        bounds = Some(match bounds {
            None => own,
            Some(b) => (b.0.min(own.0), b.1.max(own.1)),
        });
    }
    bounds.unwrap_or((0, 0))
}

fn add(sum: &mut (i128, i128), more: (i128, i128)) -> Option<()> {
    sum.0 = sum.0.checked_add(more.0)?;
    sum.1 = sum.1.checked_add(more.1)?;
    Some(())
}

fn add_bounds(term: &Term, tensors: &[Tensor], sums: &mut [(i128, i128)]) -> Option<()> {
    match term {
        Term::Sparse { entries } => {
            for (o, v, w) in entries {
                let b = tensors[v.tensor.0 as usize].bounds;
                add(&mut sums[*o as usize], scaled(*w, b.min, b.max)?)?;
            }
        }
        Term::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
            let mut previous: Option<(Intervals, Intervals)> = None;
            for p in 0..*positions {
                let own: Vec<(i128, i128)> = input_index[p * inputs..(p + 1) * inputs]
                    .iter()
                    .map(|e| common(&[*e], tensors, false))
                    .collect();
                let rows = match &previous {
                    Some((operands, rows)) if *operands == own => rows.clone(),
                    _ => {
                        let mut rows = vec![(0, 0); *outputs];
                        for (o, row) in rows.iter_mut().enumerate() {
                            for (w, b) in weights[o * inputs..(o + 1) * inputs].iter().zip(&own) {
                                add(row, scaled(*w, b.0, b.1)?)?;
                            }
                        }
                        rows
                    }
                };
                for (o, row) in rows.iter().enumerate() {
                    add(&mut sums[output_index[p * outputs + o] as usize], *row)?;
                }
                previous = Some((own, rows));
            }
        }
        Term::Correlation {
            channels,
            outputs,
            input_shape,
            kernel_shape,
            output_shape,
            weights,
            input_index,
            output_index,
            ..
        } => {
            let size: usize = input_shape.iter().product();
            let kernel: usize = kernel_shape.iter().product();
            let positions: usize = output_shape.iter().product();
            let own: Vec<(i128, i128)> = (0..*channels)
                .map(|c| common(&input_index[c * size..(c + 1) * size], tensors, true))
                .collect();
            for o in 0..*outputs {
                let mut row = (0, 0);
                for (c, b) in own.iter().enumerate() {
                    for w in &weights[(o * channels + c) * kernel..][..kernel] {
                        add(&mut row, scaled(*w, b.0, b.1)?)?;
                    }
                }
                for u in &output_index[o * positions..(o + 1) * positions] {
                    add(&mut sums[*u as usize], row)?;
                }
            }
        }
        Term::Bilinear { inner, multiplier, left, right, output_index, .. } => {
            let (a, b) = (common(left, tensors, false), common(right, tensors, false));
            let products =
                [a.0.checked_mul(b.0)?, a.0.checked_mul(b.1)?, a.1.checked_mul(b.0)?, a.1.checked_mul(b.1)?];
            let low = products.iter().min()?.checked_mul(*inner as i128)?;
            let high = products.iter().max()?.checked_mul(*inner as i128)?;
            let own = scaled(*multiplier, low, high)?;
            for o in output_index {
                add(&mut sums[*o as usize], own)?;
            }
        }
    }
    Some(())
}
