//! From tract's typed graph to the [`Plan`].
//!
//! Every float tensor is an array of [`Element`]s, each a short affine form of plan values, so that
//! reshape, transpose, slice, concat, pad, tile and gather only move elements around, and sums and
//! constant factors cost nothing until a value is needed. Chains of pointwise operators on one
//! tensor stay symbolic ([`Lowered::Pointwise`]) until somebody reads them.

mod activate;
mod arrange;
mod elementwise;
mod emit;
mod linear;
mod normalise;
mod order;
mod pool;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::TypedOp;
use tract_onnx::tract_core::ops;

use crate::error::{Error, UnsupportedNode};
use crate::expression::Expression;
use crate::guard;
use crate::load::{Kind, Model, to_f64};
use crate::plan::{Plan, PlanInput, PlanNode, PlanOperation, PlanOutput, Source};

/// `constant + Σ coefficient · value`, a real number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    pub(crate) terms: Vec<(Source, f64)>,
    pub(crate) constant: f64,
}

impl Element {
    pub(crate) fn constant(constant: f64) -> Element {
        Element { terms: vec![], constant }
    }
    pub(crate) fn source(source: Source) -> Element {
        Element { terms: vec![(source, 1.0)], constant: 0.0 }
    }
    /// `scale · self + offset`.
    pub(crate) fn scaled(&self, scale: f64, offset: f64) -> Element {
        if scale == 0.0 {
            return Element::constant(offset);
        }
        Element {
            terms: self.terms.iter().map(|(s, c)| (*s, c * scale)).collect(),
            constant: self.constant * scale + offset,
        }
    }
    /// `self + factor · other`.
    pub(crate) fn plus(&self, other: &Element, factor: f64) -> Element {
        let mut terms = self.terms.clone();
        for (source, c) in &other.terms {
            match terms.iter_mut().find(|t| t.0 == *source) {
                Some(t) => t.1 += c * factor,
                None => terms.push((*source, c * factor)),
            }
        }
        terms.retain(|t| t.1 != 0.0);
        Element { terms, constant: self.constant + other.constant * factor }
    }
}

/// A tensor of elements.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Values {
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Vec<Element>,
}

/// What an outlet of the typed graph has become.
#[derive(Clone, Debug)]
pub(crate) enum Lowered {
    /// Known numbers.
    Constant(Arc<Tensor>),
    /// Elements: index into the arena.
    Values(usize),
    /// A function of the tensor `base`, not computed yet; `size` is that of the expression.
    Pointwise { base: usize, expression: Expression, size: usize },
    /// The output of a node that is not supported.
    Poison,
}

/// Why a node cannot be lowered.
pub(crate) enum Refusal {
    Unsupported(String),
    Fatal(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Fatal(error)
    }
}

impl From<TractError> for Refusal {
    fn from(error: TractError) -> Self {
        Refusal::Unsupported(crate::load::reason(&error))
    }
}

pub(crate) fn unsupported<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(reason.into()))
}

pub(crate) type Step<T> = Result<T, Refusal>;

/// Where a message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) operator: String,
}

pub(crate) struct Lowering<'a> {
    model: &'a TypedModel,
    plan: Plan,
    /// Per plan node: a linear node whose scale is still open and that only activations may read.
    pending: Vec<bool>,
    arena: Vec<Rc<Values>>,
    outlets: HashMap<OutletId, Lowered>,
    /// Per pending node: its requantised copy.
    identity: HashMap<u32, u32>,
    memo: emit::Memo,
    label: Label,
}

/// Largest pointwise expression kept symbolic.
const MAX_EXPRESSION: usize = 64;

/// Elements a single tensor may have.
const MAX_ELEMENTS: usize = 1 << 26;

/// Lowers a model.
pub(crate) fn lower(model: &Model) -> Result<Plan, Error> {
    match guard::catch(|| {
        let mut lowering = Lowering {
            model: &model.typed,
            plan: Plan::default(),
            pending: vec![],
            arena: vec![],
            outlets: HashMap::new(),
            identity: HashMap::new(),
            memo: emit::Memo::default(),
            label: Label { name: String::new(), operator: String::new() },
        };
        lowering.inputs(model)?;
        let mut refused = lowering.nodes()?;
        lowering.outputs(model, &mut refused)?;
        if !refused.is_empty() {
            return Err(Error::Unsupported(refused));
        }
        lowering.plan.prune();
        Ok(lowering.plan)
    }) {
        Ok(result) => result,
        Err(reason) => Err(Error::Parse { reason }),
    }
}

impl Lowering<'_> {
    fn inputs(&mut self, model: &Model) -> Result<(), Error> {
        let outlets = self
            .model
            .input_outlets()
            .map_err(|e| Error::Parse { reason: crate::load::reason(&e) })?
            .to_vec();
        for (i, (outlet, spec)) in outlets.iter().zip(model.inputs()).enumerate() {
            if spec.len() > MAX_ELEMENTS {
                return Err(Error::Parse { reason: format!("input `{}` is too large", spec.name) });
            }
            self.label = Label { name: spec.name.clone(), operator: "Input".into() };
            let node = self.push(spec.shape.clone(), PlanOperation::Input { input: i });
            self.plan.inputs.push(PlanInput {
                name: spec.name.clone(),
                shape: spec.shape.clone(),
                kind: spec.kind,
                node: Some(node),
            });
            let elements =
                (0..spec.len() as u32).map(|index| Element::source(Source { node, index })).collect();
            let id = self.store(spec.shape.clone(), elements);
            self.outlets.insert(*outlet, Lowered::Values(id));
        }
        Ok(())
    }

    fn nodes(&mut self) -> Result<Vec<UnsupportedNode>, Error> {
        let order = self.model.eval_order().map_err(|e| Error::Parse { reason: crate::load::reason(&e) })?;
        let mut refused = vec![];
        for id in order {
            let node = &self.model.nodes[id];
            if node.op_is::<ops::source::TypedSource>() {
                continue;
            }
            let constants: Option<Vec<_>> = node.outputs.iter().map(|o| o.fact.konst.clone()).collect();
            if let Some(constants) = constants {
                for (slot, value) in constants.into_iter().enumerate() {
                    self.outlets.insert(OutletId::new(id, slot), Lowered::Constant(value));
                }
                continue;
            }
            self.label = Label { name: node.name.clone(), operator: node.op.name().into_owned() };
            let inputs: Vec<Lowered> =
                node.inputs.iter().map(|o| self.outlets.get(o).cloned().unwrap_or(Lowered::Poison)).collect();
            let poisoned = inputs.iter().any(|i| matches!(i, Lowered::Poison));
            let result = if poisoned { Ok(vec![]) } else { self.node(node, &inputs) };
            match result {
                Ok(results) => {
                    let found = results.len();
                    for (slot, result) in results.into_iter().enumerate() {
                        self.outlets.insert(OutletId::new(id, slot), result);
                    }
                    for slot in found..node.outputs.len() {
                        self.outlets.insert(OutletId::new(id, slot), Lowered::Poison);
                    }
                }
                Err(Refusal::Fatal(error)) => return Err(error),
                Err(Refusal::Unsupported(reason)) => {
                    refused.push(UnsupportedNode {
                        name: node.name.clone(),
                        operator: node.op.name().into_owned(),
                        reason,
                    });
                    for slot in 0..node.outputs.len() {
                        self.outlets.insert(OutletId::new(id, slot), Lowered::Poison);
                    }
                }
            }
        }
        Ok(refused)
    }

    /// Lowers one node.
    fn node(&mut self, node: &TypedNode, inputs: &[Lowered]) -> Step<Vec<Lowered>> {
        for output in &node.outputs {
            let Some(shape) = output.fact.shape.as_concrete() else {
                return unsupported("its output shape depends on data; use fixed shapes");
            };
            if shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).is_none_or(|n| n > MAX_ELEMENTS) {
                return unsupported("its output is too large");
            }
        }
        if inputs.iter().all(|i| matches!(i, Lowered::Constant(_))) && !inputs.is_empty() {
            return self.fold(node, inputs);
        }
        let op: &dyn TypedOp = node.op.as_ref();
        let shape = concrete(node, 0);
        if op.is::<ops::identity::Identity>() {
            return Ok(vec![inputs[0].clone()]);
        }
        if let Some(op) = op.downcast_ref::<ops::element_wise::ElementWiseOp>() {
            return Ok(vec![self.unary(op, &inputs[0])?]);
        }
        if let Some(op) = op.downcast_ref::<ops::binary::TypedBinOp>() {
            let result = self.binary(op, inputs, &shape)?;
            return Ok(vec![self.share(node, result)?]);
        }
        if let Some(op) = op.downcast_ref::<ops::cast::Cast>() {
            let from = self.model.outlet_fact(node.inputs[0])?.datum_type;
            return Ok(vec![self.cast(from, op.to, &inputs[0])?]);
        }
        if let Some(op) = op.downcast_ref::<ops::einsum::EinSum>() {
            let result = self.einsum(op, node, inputs, &shape)?;
            return Ok(vec![self.share(node, result)?]);
        }
        if let Some(op) = op.downcast_ref::<ops::cnn::Conv>() {
            let result = self.convolution(op, node, inputs, &shape)?;
            return Ok(vec![self.share(node, result)?]);
        }
        if let Some(op) = op.downcast_ref::<ops::cnn::Deconv>() {
            let result = self.deconvolution(op, node, inputs, &shape)?;
            return Ok(vec![self.share(node, result)?]);
        }
        if let Some(op) = op.downcast_ref::<ops::cnn::SumPool>() {
            return Ok(vec![self.sum_pool(op, node, &inputs[0])?]);
        }
        if let Some(op) = op.downcast_ref::<ops::cnn::MaxPool>() {
            return Ok(vec![self.max_pool(op, node, &inputs[0])?]);
        }
        if let Some(op) = op.downcast_ref::<ops::nn::Reduce>() {
            return Ok(vec![self.reduce(op, &inputs[0], &shape)?]);
        }
        if let Some(op) = op.downcast_ref::<ops::nn::Softmax>() {
            return Ok(vec![self.softmax(op, &inputs[0])?]);
        }
        if let Some(op) = op.downcast_ref::<ops::nn::RmsNorm>() {
            return Ok(vec![self.rms_norm(op, &inputs[0])?]);
        }
        if op.is::<ops::logic::Iff>() {
            let result = self.choose(inputs, &shape)?;
            return Ok(vec![self.share(node, result)?]);
        }
        if arrange::is_arrangement(op) {
            return Ok(vec![self.arrange(node, inputs)?]);
        }
        unsupported(requirement(&op.name()))
    }

    /// Evaluates a node whose inputs are all known.
    fn fold(&mut self, node: &TypedNode, inputs: &[Lowered]) -> Step<Vec<Lowered>> {
        let values = inputs
            .iter()
            .filter_map(|i| match i {
                Lowered::Constant(t) => Some(t.clone().into_tvalue()),
                _ => None,
            })
            .collect();
        match node.op.eval_out_of_plan(values)? {
            Some(outputs) => {
                Ok(outputs.into_iter().map(|t| Lowered::Constant(t.into_arc_tensor())).collect())
            }
            None => unsupported("it cannot be computed ahead of time"),
        }
    }

    fn outputs(&mut self, model: &Model, refused: &mut Vec<UnsupportedNode>) -> Result<(), Error> {
        let outlets = self
            .model
            .output_outlets()
            .map_err(|e| Error::Parse { reason: crate::load::reason(&e) })?
            .to_vec();
        for (outlet, spec) in outlets.iter().zip(model.outputs()) {
            let node = &self.model.nodes[outlet.node];
            self.label = Label { name: node.name.clone(), operator: node.op.name().into_owned() };
            let lowered = self.outlets.get(outlet).cloned().unwrap_or(Lowered::Poison);
            if matches!(lowered, Lowered::Poison) {
                continue;
            }
            match self.output(&lowered) {
                Ok((exponent, elements)) => self.plan.outputs.push(PlanOutput {
                    name: spec.name.clone(),
                    shape: spec.shape.clone(),
                    exponent,
                    elements,
                }),
                Err(Refusal::Fatal(error)) => return Err(error),
                Err(Refusal::Unsupported(reason)) => refused.push(UnsupportedNode {
                    name: self.label.name.clone(),
                    operator: self.label.operator.clone(),
                    reason,
                }),
            }
        }
        Ok(())
    }

    /// Output elements: values of one activation or input, all with one power of two.
    fn output(&mut self, lowered: &Lowered) -> Step<(i32, Vec<Result<Source, f64>>)> {
        if let Lowered::Constant(tensor) = lowered {
            return Ok((0, to_f64(tensor)?.into_iter().map(Err).collect()));
        }
        let values = self.values(lowered)?;
        if let Some(direct) = self.direct_output(&values) {
            return Ok(direct);
        }
        let id = self.store(values.shape.clone(), values.elements.clone());
        let requantised = self.requantise(id)?;
        let values = self.arena[requantised].clone();
        match self.direct_output(&values) {
            Some(direct) => Ok(direct),
            None => unsupported("the output cannot be put together from values of one scale"),
        }
    }

    fn direct_output(&self, values: &Values) -> Option<(i32, Vec<Result<Source, f64>>)> {
        let mut common: Option<(u32, f64)> = None;
        for element in &values.elements {
            match element.terms.as_slice() {
                [] => {}
                [(source, factor)] if element.constant == 0.0 => {
                    let this = (source.node, *factor);
                    if *common.get_or_insert(this) != this {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        let mut exponent = 0;
        if let Some((node, factor)) = common {
            let operation = &self.plan.nodes[node as usize].operation;
            if matches!(operation, PlanOperation::Linear { .. }) {
                return None;
            }
            let log = factor.log2();
            if factor <= 0.0 || log.fract() != 0.0 || log.abs() > 30.0 {
                return None;
            }
            exponent = log as i32;
        }
        let elements =
            values.elements.iter().map(|e| e.terms.first().map_or(Err(e.constant), |t| Ok(t.0))).collect();
        Some((exponent, elements))
    }

    /// Elements with pending values read by several consumers are requantised once, unless the
    /// consumers are pointwise functions of this very tensor.
    fn share(&mut self, node: &TypedNode, lowered: Lowered) -> Step<Lowered> {
        let Lowered::Values(id) = lowered else {
            return Ok(lowered);
        };
        let consumers = &node.outputs[0].successors;
        let is_output = self.model.output_outlets()?.iter().any(|o| o.node == node.id);
        if consumers.len() + usize::from(is_output) < 2 || !self.has_pending(id) {
            return Ok(lowered);
        }
        let outlet = OutletId::new(node.id, 0);
        let pointwise =
            |successor: usize| self.pointwise_base(OutletId::new(successor, 0), 8) == Some(outlet);
        if !is_output && consumers.iter().all(|c| pointwise(c.node)) {
            return Ok(lowered);
        }
        Ok(Lowered::Values(self.requantise(id)?))
    }

    /// The outlet that a chain of pointwise nodes starts from.
    fn pointwise_base(&self, outlet: OutletId, depth: usize) -> Option<OutletId> {
        let node = &self.model.nodes[outlet.node];
        if depth == 0 {
            return Some(outlet);
        }
        let op: &dyn TypedOp = node.op.as_ref();
        if op.is::<ops::element_wise::ElementWiseOp>() {
            return self.pointwise_base(node.inputs[0], depth - 1);
        }
        if op.is::<ops::binary::TypedBinOp>() {
            let mut base = None;
            for input in &node.inputs {
                let fact = self.model.outlet_fact(*input).ok()?;
                if fact.konst.as_ref().is_some_and(|k| uniform(k).is_some()) {
                    continue;
                }
                let this = self.pointwise_base(*input, depth - 1)?;
                if *base.get_or_insert(this) != this {
                    return Some(outlet);
                }
            }
            return base.or(Some(outlet));
        }
        Some(outlet)
    }

    /// Adds a plan node.
    fn push(&mut self, shape: Vec<usize>, operation: PlanOperation) -> u32 {
        self.plan.nodes.push(PlanNode {
            name: self.label.name.clone(),
            operator: self.label.operator.clone(),
            shape,
            operation,
        });
        self.pending.push(false);
        (self.plan.nodes.len() - 1) as u32
    }

    /// Puts a tensor into the arena.
    fn store(&mut self, shape: Vec<usize>, elements: Vec<Element>) -> usize {
        self.arena.push(Rc::new(Values { shape, elements }));
        self.arena.len() - 1
    }

    /// Elements of anything that is lowered.
    fn values(&mut self, lowered: &Lowered) -> Step<Rc<Values>> {
        match lowered {
            Lowered::Constant(tensor) => Ok(Rc::new(Values {
                shape: tensor.shape().to_vec(),
                elements: to_f64(tensor)?.into_iter().map(Element::constant).collect(),
            })),
            _ => {
                let id = self.materialise(lowered)?;
                Ok(self.arena[id].clone())
            }
        }
    }

    fn has_pending(&self, id: usize) -> bool {
        self.arena[id].elements.iter().any(|e| e.terms.iter().any(|t| self.pending[t.0.node as usize]))
    }
}

/// Concrete shape of an output (checked before).
fn concrete(node: &TypedNode, slot: usize) -> Vec<usize> {
    node.outputs[slot].fact.shape.as_concrete().map(<[usize]>::to_vec).unwrap_or_default()
}

/// The one value of a tensor whose elements are all equal.
fn uniform(tensor: &Tensor) -> Option<f64> {
    let data = to_f64(tensor).ok()?;
    let first = *data.first()?;
    data.iter().all(|v| *v == first).then_some(first)
}

/// What an operator without an integer form would need.
fn requirement(operator: &str) -> String {
    let what = match operator {
        "Scan" | "Loop" => "recurrent bodies must be unrolled to a fixed number of steps",
        "Topk" | "Sort" => "a sorting argument (top-k)",
        "OneHot" | "GatherNd" | "ScatterNd" | "ScatterElements" | "GatherElements" | "Gather" => {
            "a lookup with an index that is computed (only constant indices are supported)"
        }
        "Resize" => "resampling; export with nearest-neighbour and whole factors",
        _ => "an integer form that is not there yet; rewrite it with supported operators",
    };
    format!("needs {what}")
}

/// Kind of a datum type.
pub(crate) fn kind_of(datum_type: DatumType) -> Kind {
    if datum_type == DatumType::Bool {
        Kind::Boolean
    } else if datum_type.is_float() {
        Kind::Float
    } else {
        Kind::Integer
    }
}
