//! Turning elements into plan nodes: accumulators for activations, exact sums for other layers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::rc::Rc;

use crate::plan::{Operand, PlanOperation, RealFunction, RealTerm, Scale, Source, Window};

use super::{Element, Lowering, Step, Values};

/// What has been emitted already.
#[derive(Default)]
pub(super) struct Memo {
    operands: HashMap<usize, usize>,
    requantised: HashMap<usize, usize>,
    accumulators: HashMap<(usize, u64, u64, String), Emitted>,
    pub(super) functions: HashMap<(usize, String), usize>,
    activations: HashMap<(u32, String), u32>,
}

/// A linear node and, per element of the tensor, its row (`None` for constants).
#[derive(Clone)]
pub(super) struct Emitted {
    pub(super) node: u32,
    pub(super) rows: Rc<Vec<Option<u32>>>,
}

/// Terms redirected to new rows, and what to add to the bias of which row.
type Moved = (Vec<RealTerm>, Vec<(u32, f64)>);

/// Exact key of an element.
type Key = (Vec<(Source, u64)>, u64);

fn key(element: &Element) -> Key {
    let mut terms: Vec<_> = element.terms.iter().map(|(s, c)| (*s, c.to_bits())).collect();
    terms.sort_unstable();
    (terms, element.constant.to_bits())
}

impl Lowering<'_> {
    /// A linear node that computes `scale · element + offset` for every distinct element that is
    /// not constant. `None` when all are constant.
    pub(super) fn accumulator(
        &mut self,
        id: usize,
        scale: f64,
        offset: f64,
        rule: Scale,
    ) -> Step<Option<Emitted>> {
        let memo = (id, scale.to_bits(), offset.to_bits(), format!("{rule:?}"));
        if let Some(emitted) = self.memo.accumulators.get(&memo) {
            return Ok(Some(emitted.clone()));
        }
        let values = self.arena[id].clone();
        let mut known: HashMap<Key, u32> = HashMap::new();
        let mut distinct: Vec<Element> = vec![];
        let mut rows = Vec::with_capacity(values.elements.len());
        for element in &values.elements {
            if element.terms.is_empty() {
                rows.push(None);
                continue;
            }
            let row = match known.entry(key(element)) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    let row = distinct.len() as u32;
                    entry.insert(row);
                    distinct.push(element.scaled(scale, offset));
                    row
                }
            };
            rows.push(Some(row));
        }
        if distinct.is_empty() {
            return Ok(None);
        }
        let shape =
            if distinct.len() == values.elements.len() { values.shape.clone() } else { vec![distinct.len()] };
        let emitted = match self.whole(&distinct) {
            Some((node, order)) if rule == Scale::Accumulator => {
                let rows = rows.into_iter().map(|r| r.map(|r| order[r as usize])).collect();
                Emitted { node, rows: Rc::new(rows) }
            }
            _ => {
                let node = self.linear(shape, distinct, rule)?;
                Emitted { node, rows: Rc::new(rows) }
            }
        };
        self.memo.accumulators.insert(memo, emitted.clone());
        Ok(Some(emitted))
    }

    /// When the elements are exactly the rows of one pending node: that node and the order.
    fn whole(&self, elements: &[Element]) -> Option<(u32, Vec<u32>)> {
        let node = elements.first()?.terms.first()?.0.node;
        if !self.pending[node as usize] || self.plan.nodes[node as usize].len() != elements.len() {
            return None;
        }
        let mut order = Vec::with_capacity(elements.len());
        for element in elements {
            match element.terms.as_slice() {
                [(source, 1.0)] if source.node == node && element.constant == 0.0 => {
                    order.push(source.index);
                }
                _ => return None,
            }
        }
        Some((node, order))
    }

    /// A linear node with one row per element. Pending nodes are taken over (their terms move into
    /// the new node) where the structure allows, else requantised first.
    fn linear(&mut self, shape: Vec<usize>, mut elements: Vec<Element>, rule: Scale) -> Step<u32> {
        let mut terms: Vec<RealTerm> = vec![];
        let mut bias: Vec<f64> = elements.iter().map(|e| e.constant).collect();
        let mut pending: Vec<u32> = vec![];
        for element in &elements {
            for (source, _) in &element.terms {
                if self.pending[source.node as usize] && !pending.contains(&source.node) {
                    pending.push(source.node);
                }
            }
        }
        for node in pending {
            let taken = if self.identity.contains_key(&node) || rule == Scale::Free {
                None
            } else {
                self.take_over(node, &elements)
            };
            if let Some((moved, offsets)) = taken {
                terms.extend(moved);
                for (row, offset) in offsets {
                    bias[row as usize] += offset;
                }
                for element in &mut elements {
                    element.terms.retain(|t| t.0.node != node);
                }
            } else {
                let copy = self.identity(node);
                for element in &mut elements {
                    for term in &mut element.terms {
                        if term.0.node == node {
                            term.0.node = copy;
                        }
                    }
                }
            }
        }
        let entries: Vec<(u32, Source, f64)> = elements
            .iter()
            .enumerate()
            .flat_map(|(row, e)| e.terms.iter().map(move |(s, c)| (row as u32, *s, *c)))
            .collect();
        if !entries.is_empty() {
            terms.push(RealTerm::Sparse { entries });
        }
        if bias.iter().all(|b| *b == 0.0) {
            bias.clear();
        }
        Ok(self.push(shape, PlanOperation::Linear { terms, bias, scale: rule }))
    }

    /// The terms of pending `node` with their outputs redirected to the rows that read them.
    fn take_over(&self, node: u32, elements: &[Element]) -> Option<Moved> {
        let plan = &self.plan.nodes[node as usize];
        let PlanOperation::Linear { terms, bias, .. } = &plan.operation else {
            return None;
        };
        let mut map: Vec<Option<(u32, f64)>> = vec![None; plan.len()];
        for (row, element) in elements.iter().enumerate() {
            for (source, coefficient) in &element.terms {
                if source.node == node
                    && map[source.index as usize].replace((row as u32, *coefficient)).is_some()
                {
                    return None;
                }
            }
        }
        let moved = terms.iter().map(|t| redirect(t, &map)).collect::<Option<Vec<_>>>()?;
        let offsets = bias.iter().zip(&map).filter_map(|(b, m)| m.map(|(row, c)| (row, b * c))).collect();
        Some((moved, offsets))
    }

    /// The requantised copy of a pending node.
    pub(super) fn identity(&mut self, node: u32) -> u32 {
        if let Some(copy) = self.identity.get(&node) {
            return *copy;
        }
        let copy = self.activate_node(node, &RealFunction::Identity);
        self.identity.insert(node, copy);
        copy
    }

    fn activate_node(&mut self, source: u32, function: &RealFunction) -> u32 {
        let key = (source, format!("{function:?}"));
        if let Some(node) = self.memo.activations.get(&key) {
            return *node;
        }
        let (shape, name, operator) = {
            let from = &self.plan.nodes[source as usize];
            (from.shape.clone(), from.name.clone(), from.operator.clone())
        };
        let own = self.label.clone();
        if own.name != name {
            self.label.name = own.name.clone();
            if operator != own.operator {
                self.label.operator = format!("{operator}+{}", own.operator);
            }
        }
        let node = self.push(shape, PlanOperation::Activate { source, function: function.clone() });
        self.label = own;
        self.memo.activations.insert(key, node);
        node
    }

    /// `function(scale · element + offset)` for every element of a tensor.
    pub(super) fn activation(
        &mut self,
        id: usize,
        function: &RealFunction,
        scale: f64,
        offset: f64,
        rule: Scale,
    ) -> Step<usize> {
        let values = self.arena[id].clone();
        let emitted = self.accumulator(id, scale, offset, rule)?;
        let node = match &emitted {
            Some(emitted) => self.activate_node(emitted.node, function),
            None => 0,
        };
        let elements = values
            .elements
            .iter()
            .enumerate()
            .map(|(i, element)| match emitted.as_ref().and_then(|e| e.rows[i]) {
                Some(index) => Element::source(Source { node, index }),
                None => {
                    let z = element.constant * scale + offset;
                    Element::constant(function.evaluate(z))
                }
            })
            .collect();
        Ok(self.store(values.shape.clone(), elements))
    }

    /// The same tensor, every element a requantised value of one node.
    pub(super) fn requantise(&mut self, id: usize) -> Step<usize> {
        if let Some(known) = self.memo.requantised.get(&id) {
            return Ok(*known);
        }
        let result = self.activation(id, &RealFunction::Identity, 1.0, 0.0, Scale::Accumulator)?;
        self.memo.requantised.insert(id, result);
        self.memo.requantised.insert(result, result);
        Ok(result)
    }

    /// The same tensor with at most one value per element, none of them pending: what layers read.
    pub(super) fn operands(&mut self, id: usize) -> Step<Rc<Values>> {
        if let Some(known) = self.memo.operands.get(&id) {
            return Ok(self.arena[*known].clone());
        }
        let values = self.arena[id].clone();
        let simple = |this: &Self, e: &Element| {
            e.terms.len() <= 1 && e.terms.iter().all(|t| !this.pending[t.0.node as usize])
        };
        if values.elements.iter().all(|e| simple(self, e)) {
            self.memo.operands.insert(id, id);
            return Ok(values);
        }
        let mut elements = values.elements.clone();
        // Single pending values: the whole node is requantised.
        for element in &mut elements {
            if let [(source, _)] = element.terms.as_mut_slice()
                && self.pending[source.node as usize]
            {
                source.node = self.identity(source.node);
            }
        }
        // Sums.
        let positions: Vec<usize> = (0..elements.len()).filter(|i| elements[*i].terms.len() > 1).collect();
        if !positions.is_empty() {
            let sums: Vec<Element> = positions
                .iter()
                .map(|i| Element { terms: elements[*i].terms.clone(), constant: 0.0 })
                .collect();
            let unit = self.common_unit(&sums);
            let length = sums.len();
            let sub = self.store(vec![length], sums);
            let (node, rows, factor) = if let Some(unit) = unit {
                match self.accumulator(sub, 1.0 / unit, 0.0, Scale::Free)? {
                    Some(e) => (e.node, e.rows, unit),
                    None => return Ok(values),
                }
            } else {
                match self.accumulator(sub, 1.0, 0.0, Scale::Accumulator)? {
                    Some(e) => (self.activate_node(e.node, &RealFunction::Identity), e.rows, 1.0),
                    None => return Ok(values),
                }
            };
            for (row, position) in rows.iter().zip(positions) {
                if let Some(index) = row {
                    elements[position].terms = vec![(Source { node, index: *index }, factor)];
                }
            }
        }
        let result = self.store(values.shape.clone(), elements);
        self.memo.operands.insert(id, result);
        self.memo.operands.insert(result, result);
        Ok(self.arena[result].clone())
    }

    /// The largest number of which all coefficients are small whole multiples, if there is one and
    /// nothing is pending.
    fn common_unit(&self, elements: &[Element]) -> Option<f64> {
        let mut unit = f64::INFINITY;
        for element in elements {
            for (source, c) in &element.terms {
                if self.pending[source.node as usize] {
                    return None;
                }
                unit = unit.min(c.abs());
            }
        }
        let whole = elements.iter().all(|e| {
            e.terms.iter().all(|(_, c)| {
                let ratio = c / unit;
                (ratio - ratio.round()).abs() < 1e-12 && ratio.abs() <= 64.0
            })
        });
        (whole && unit.is_finite() && unit > 0.0).then_some(unit)
    }

    /// Operands whose factor is one and whose constant is zero, from inputs or activations only:
    /// what products of two activations read.
    pub(super) fn plain_operands(&mut self, id: usize) -> Step<Rc<Values>> {
        let values = self.operands(id)?;
        let plain = values.elements.iter().all(|e| match e.terms.as_slice() {
            [] => e.constant == 0.0,
            [(source, factor)] => {
                *factor == 1.0
                    && e.constant == 0.0
                    && !matches!(
                        self.plan.nodes[source.node as usize].operation,
                        PlanOperation::Linear { .. }
                    )
            }
            _ => false,
        });
        if plain && !self.mixed_nodes(&values) {
            return Ok(values);
        }
        let constants = values.elements.iter().any(|e| e.terms.is_empty() && e.constant != 0.0);
        if constants {
            return super::unsupported("a product with a tensor that is partly constant");
        }
        let id = self.store(values.shape.clone(), values.elements.clone());
        let id = self.requantise(id)?;
        Ok(self.arena[id].clone())
    }

    fn mixed_nodes(&self, values: &Values) -> bool {
        let mut nodes = values.elements.iter().flat_map(|e| e.terms.iter().map(|t| t.0.node));
        let first = nodes.next();
        nodes.any(|n| Some(n) != first)
    }

    /// A new pending node with these terms; elements of a tensor refer to its rows.
    pub(super) fn pending_node(
        &mut self,
        rows: usize,
        terms: Vec<RealTerm>,
        bias: Vec<f64>,
        shape: Option<Vec<usize>>,
    ) -> u32 {
        let shape = shape.unwrap_or_else(|| vec![rows]);
        let operation = PlanOperation::Linear { terms, bias, scale: Scale::Accumulator };
        let node = self.push(shape, operation);
        self.pending[node as usize] = true;
        node
    }
}

/// Moves the outputs of a term to other rows, scaling them; unused rows are dropped where the
/// structure allows.
fn redirect(term: &RealTerm, map: &[Option<(u32, f64)>]) -> Option<RealTerm> {
    match term {
        RealTerm::Sparse { entries } => Some(RealTerm::Sparse {
            entries: entries
                .iter()
                .filter_map(|(o, s, w)| map[*o as usize].map(|(row, c)| (row, *s, w * c)))
                .collect(),
        }),
        RealTerm::Dense { positions, inputs, outputs, weights, input_index, output_index } => {
            let used: Vec<usize> = (0..*positions)
                .filter(|p| {
                    output_index[p * outputs..(p + 1) * outputs].iter().any(|o| map[*o as usize].is_some())
                })
                .collect();
            let mut new_weights = vec![];
            let mut rows = vec![];
            for o in 0..*outputs {
                let factor =
                    uniform_factor(used.iter().map(|p| map[output_index[p * outputs + o] as usize]))?;
                if let Some(factor) = factor {
                    rows.push(o);
                    new_weights.extend(weights[o * inputs..(o + 1) * inputs].iter().map(|w| w * factor));
                }
            }
            let new_outputs: Vec<u32> = used
                .iter()
                .flat_map(|p| rows.iter().map(move |o| output_index[p * outputs + o]))
                .filter_map(|o| map[o as usize].map(|m| m.0))
                .collect();
            let new_inputs: Vec<Operand> =
                used.iter().flat_map(|p| input_index[p * inputs..(p + 1) * inputs].iter().copied()).collect();
            Some(RealTerm::Dense {
                positions: used.len(),
                inputs: *inputs,
                outputs: rows.len(),
                weights: new_weights,
                input_index: new_inputs,
                output_index: new_outputs,
            })
        }
        RealTerm::Correlation { window, weights, input_index, output_index } => {
            let size = window.output_len();
            let row_weights = window.channels * window.kernel_len();
            let mut new_weights = vec![];
            let mut new_outputs = vec![];
            let mut channels = 0;
            for o in 0..window.outputs {
                let outputs = &output_index[o * size..(o + 1) * size];
                let factor = uniform_factor(outputs.iter().map(|u| map[*u as usize]))?;
                if let Some(factor) = factor {
                    channels += 1;
                    new_weights
                        .extend(weights[o * row_weights..(o + 1) * row_weights].iter().map(|w| w * factor));
                    new_outputs.extend(outputs.iter().filter_map(|u| map[*u as usize].map(|m| m.0)));
                }
            }
            Some(RealTerm::Correlation {
                window: Window { outputs: channels, ..window.clone() },
                weights: new_weights,
                input_index: input_index.clone(),
                output_index: new_outputs,
            })
        }
        RealTerm::Bilinear { batch, rows, columns, inner, multiplier, left, right, output_index } => {
            if *rows == 1 && *columns == 1 {
                let used: Vec<usize> =
                    (0..*batch).filter(|b| map[output_index[*b] as usize].is_some()).collect();
                let factor = uniform_factor(used.iter().map(|b| map[output_index[*b] as usize]))??;
                let pick = |side: &[Operand]| {
                    used.iter()
                        .flat_map(|b| side[b * inner..(b + 1) * inner].iter().copied())
                        .collect::<Vec<_>>()
                };
                return Some(RealTerm::Bilinear {
                    batch: used.len(),
                    rows: 1,
                    columns: 1,
                    inner: *inner,
                    multiplier: multiplier * factor,
                    left: pick(left),
                    right: pick(right),
                    output_index: used
                        .iter()
                        .filter_map(|b| map[output_index[*b] as usize].map(|m| m.0))
                        .collect(),
                });
            }
            let factor = uniform_factor(output_index.iter().map(|o| map[*o as usize]))??;
            Some(RealTerm::Bilinear {
                batch: *batch,
                rows: *rows,
                columns: *columns,
                inner: *inner,
                multiplier: multiplier * factor,
                left: left.clone(),
                right: right.clone(),
                output_index: output_index.iter().filter_map(|o| map[*o as usize].map(|m| m.0)).collect(),
            })
        }
    }
}

/// `Some(Some(factor))` when all are used with one factor, `Some(None)` when none is used, `None`
/// when mixed.
fn uniform_factor(mut uses: impl Iterator<Item = Option<(u32, f64)>>) -> Option<Option<f64>> {
    let Some(first) = uses.next() else {
        return Some(None);
    };
    let first = first.map(|u| u.1);
    uses.all(|u| u.map(|u| u.1) == first).then_some(first)
}
