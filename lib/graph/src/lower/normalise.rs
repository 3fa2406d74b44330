//! Softmax and root-mean-square normalisation, put together from exponentials, reciprocals and
//! products.

use tract_onnx::tract_core::ops::nn::{RmsNorm, Softmax, SoftmaxKind};

use crate::expression::{Binary, Expression, Unary};

use super::linear::sum;
use super::pool::groups;
use super::{Element, Lowered, Lowering, Step, Values, to_f64, unsupported};

impl Lowering<'_> {
    /// `exp(x − max) / Σ exp(x − max)`; the logarithm is `x − max − ln Σ exp(x − max)`.
    pub(super) fn softmax(&mut self, op: &Softmax, input: &Lowered) -> Step<Lowered> {
        if op.quant_output_dt.is_some() {
            return unsupported("needs quantised arithmetic; export the float model");
        }
        let id = self.materialise(input)?;
        let values = self.operands(id)?;
        let shape = values.shape.clone();
        let members = groups(&values, &op.axes);
        let largest = self.extremes(members, true)?;
        let largest = self.spread_groups(&largest, &shape, &op.axes)?;
        let shifted: Vec<Element> =
            values.elements.iter().zip(&largest).map(|(x, m)| x.plus(m, -1.0)).collect();
        let shifted = self.store(shape.clone(), shifted);
        // Below −30 the exponential is smaller than any fraction kept: a floor keeps the table
        // meaningful for mild inputs.
        let exponential = Expression::unary(Unary::Exp, Expression::X);
        let powers = self.pointwise(shifted, &exponential)?;
        let powers = self.arena[powers].clone();
        let totals: Vec<Element> =
            groups(&powers, &op.axes).iter().map(|g| sum(&g.iter().collect::<Vec<_>>())).collect();
        let count = totals.len();
        let totals = self.store(vec![count], totals);
        if matches!(op.kind, SoftmaxKind::LogSoftmax) {
            let log = self.pointwise(totals, &Expression::unary(Unary::Ln, Expression::X))?;
            let log = self.arena[log].clone();
            let log = self.spread_groups(&log.elements, &shape, &op.axes)?;
            let elements =
                self.arena[shifted].elements.iter().zip(&log).map(|(x, l)| x.plus(l, -1.0)).collect();
            return Ok(Lowered::Values(self.store(shape, elements)));
        }
        let inverse = self.pointwise(totals, &Expression::unary(Unary::Recip, Expression::X))?;
        let inverse = self.arena[inverse].clone();
        let inverse = self.spread_groups(&inverse.elements, &shape, &op.axes)?;
        let right = Values { shape: shape.clone(), elements: inverse };
        let product = self.multiply(&powers, &right)?;
        Ok(Lowered::Values(product))
    }

    /// `x / √(mean(x²) + ε)`.
    pub(super) fn rms_norm(&mut self, op: &RmsNorm, input: &Lowered) -> Step<Lowered> {
        let epsilon = to_f64(&op.eps)?.first().copied().unwrap_or(0.0);
        let id = self.materialise(input)?;
        let id = self.requantise_if_pending(id)?;
        let values = self.arena[id].clone();
        let square = self.pointwise(id, &Expression::unary(Unary::Square, Expression::X))?;
        let square = self.arena[square].clone();
        let axes = [op.axis];
        let means: Vec<Element> = groups(&square, &axes)
            .iter()
            .map(|g| sum(&g.iter().collect::<Vec<_>>()).scaled(1.0 / g.len().max(1) as f64, 0.0))
            .collect();
        let count = means.len();
        let means = self.store(vec![count], means);
        let inverse = Expression::unary(
            Unary::Rsqrt,
            Expression::binary(Binary::Add, Expression::X, Expression::Constant(epsilon)),
        );
        let inverse = self.pointwise(means, &inverse)?;
        let inverse = self.arena[inverse].clone();
        let inverse = self.spread_groups(&inverse.elements, &values.shape, &axes)?;
        let right = Values { shape: values.shape.clone(), elements: inverse };
        let product = self.multiply(&values, &right)?;
        Ok(Lowered::Values(product))
    }

    fn requantise_if_pending(&mut self, id: usize) -> Step<usize> {
        if self.has_pending(id) { self.requantise(id) } else { Ok(id) }
    }

    /// One element per group back to every member of the group.
    fn spread_groups(
        &mut self,
        per_group: &[Element],
        shape: &[usize],
        axes: &[usize],
    ) -> Step<Vec<Element>> {
        let reduced: Vec<usize> =
            shape.iter().enumerate().map(|(axis, d)| if axes.contains(&axis) { 1 } else { *d }).collect();
        let values = Values { shape: reduced, elements: per_group.to_vec() };
        self.broadcast(&values, shape)
    }
}
