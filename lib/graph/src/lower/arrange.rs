//! Operators that only move values: evaluated once on positions instead of numbers.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::{EvalOp, TypedOp};
use tract_onnx::tract_core::ops;
use tract_onnx::tract_core::ops::array::{Pad, PadMode};

use super::{Element, Lowered, Lowering, Step, to_f64, unsupported};

/// True for operators that [`Lowering::arrange`] handles.
pub(super) fn is_arrangement(op: &dyn TypedOp) -> bool {
    op.is::<ops::change_axes::AxisOp>()
        || op.is::<ops::array::Slice>()
        || op.is::<ops::array::StridedSlice>()
        || op.is::<ops::array::TypedConcat>()
        || op.is::<ops::array::MultiBroadcastTo>()
        || op.is::<ops::array::Tile>()
        || op.is::<ops::array::Pad>()
        || op.is::<ops::array::Gather>()
        || op.is::<ops::array::GatherElements>()
        || op.is::<ops::array::GatherNd>()
        || op.is::<ops::array::Trilu>()
        || op.is::<ops::Downsample>()
        || op.is::<ops::nn::resize::NearestUpsample>()
}

impl Lowering<'_> {
    pub(super) fn arrange(&mut self, node: &TypedNode, inputs: &[Lowered]) -> Step<Lowered> {
        // Data inputs become positions (0 is "no value"); index inputs must be known.
        let op: &dyn TypedOp = node.op.as_ref();
        let data_inputs = if op.is::<ops::array::TypedConcat>() { inputs.len() } else { 1 };
        let mut pool: Vec<Element> = vec![Element::constant(0.0)];
        let mut arguments = tvec!();
        for (i, input) in inputs.iter().enumerate() {
            if i < data_inputs {
                let values = self.values(input)?;
                let start = pool.len() as i64;
                let positions: Vec<i64> = (start..start + values.elements.len() as i64).collect();
                pool.extend(values.elements.iter().cloned());
                arguments.push(Tensor::from_shape(&values.shape, &positions)?.into_tvalue());
            } else if let Lowered::Constant(tensor) = input {
                arguments.push(tensor.clone().into_tvalue());
            } else {
                return unsupported(super::requirement("Gather"));
            }
        }
        let result = match op.downcast_ref::<Pad>() {
            Some(pad) => {
                let mode = match &pad.mode {
                    PadMode::Constant(value) => {
                        pool[0] = Element::constant(to_f64(value.as_ref())?.first().copied().unwrap_or(0.0));
                        PadMode::Constant(Arc::new(tensor0(0i64)))
                    }
                    other => other.clone(),
                };
                Pad::new(pad.pads.clone(), mode).eval_out_of_plan(arguments)?
            }
            None => match op.downcast_ref::<ops::array::Gather>() {
                Some(gather) => ops::array::Gather::new(gather.axis).eval_out_of_plan(arguments)?,
                None => op.eval_out_of_plan(arguments)?,
            },
        };
        let Some(result) = result.and_then(|r| r.into_iter().next()) else {
            return unsupported("its positions cannot be computed ahead of time");
        };
        let shape = result.shape().to_vec();
        let view = result.try_as_plain_ram()?;
        let mut elements = Vec::with_capacity(pool.len());
        for position in view.as_slice::<i64>()? {
            match usize::try_from(*position).ok().and_then(|p| pool.get(p)) {
                Some(element) => elements.push(element.clone()),
                None => return unsupported("its positions are out of range"),
            }
        }
        Ok(Lowered::Values(self.store(shape, elements)))
    }

    /// Repeats elements along axes of length one to reach `shape`.
    pub(super) fn broadcast(&mut self, values: &super::Values, shape: &[usize]) -> Step<Vec<Element>> {
        if values.shape == shape {
            return Ok(values.elements.clone());
        }
        let positions = broadcast_positions(&values.shape, shape)
            .ok_or_else(|| super::Refusal::Unsupported("shapes do not broadcast".into()))?;
        Ok(positions.into_iter().map(|p| values.elements[p].clone()).collect())
    }
}

/// For every position of `to`, the position of `from` that broadcasting reads.
pub(super) fn broadcast_positions(from: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    if from.len() > to.len() {
        return None;
    }
    let lead = to.len() - from.len();
    let mut strides = vec![0usize; to.len()];
    let mut stride = 1;
    for axis in (0..from.len()).rev() {
        if from[axis] == to[lead + axis] {
            strides[lead + axis] = stride;
        } else if from[axis] != 1 {
            return None;
        }
        stride *= from[axis];
    }
    let total: usize = to.iter().product();
    let mut positions = Vec::with_capacity(total);
    let mut at = vec![0usize; to.len()];
    for _ in 0..total {
        positions.push(at.iter().zip(&strides).map(|(a, s)| a * s).sum());
        crate::plan::advance(&mut at, to);
    }
    Some(positions)
}
