//! Pooling and reductions: sums of elements, trees of maxima.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cnn::{MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

use crate::expression::{Expression, Unary};
use crate::plan::Window;

use super::linear::{Layout, strides, sum};
use super::{Element, Lowered, Lowering, Step, Values, concrete, unsupported};

/// The window of a pooling operator and, for divisors, the padding behind.
fn window(spec: &PoolSpec, layout: &Layout) -> (Window, Vec<usize>) {
    let padding = spec.computed_padding(&layout.input_spatial);
    let window = Window {
        channels: 1,
        outputs: 1,
        input_shape: layout.input_spatial.clone(),
        kernel_shape: spec.kernel_shape.to_vec(),
        output_shape: layout.output_spatial.clone(),
        stride: spec.strides().to_vec(),
        dilation: spec.dilations().to_vec(),
        padding: padding.iter().map(|p| p.pad_before).collect(),
    };
    let after = match &spec.padding {
        PaddingSpec::ExplicitOnnxPool(_, after, _) | PaddingSpec::Explicit(_, after) => after.to_vec(),
        _ => padding.iter().map(|p| p.pad_after).collect(),
    };
    (window, after)
}

impl Lowering<'_> {
    pub(super) fn sum_pool(&mut self, op: &SumPool, node: &TypedNode, input: &Lowered) -> Step<Lowered> {
        let shape = concrete(node, 0);
        let values = self.summable(input)?;
        let layout = Layout::new(op.pool_spec.data_format, &values.shape, &shape);
        let (window, after) = window(&op.pool_spec, &layout);
        let (starts, taps) = window.taps();
        let divisors = self.divisors(op, &window, &after, &starts);
        let mut elements = vec![Element::constant(0.0); shape.iter().product()];
        for n in 0..layout.batch {
            for c in 0..op.pool_spec.input_channels {
                for u in 0..window.output_len() {
                    let picked: Vec<&Element> = taps[starts[u] as usize..starts[u + 1] as usize]
                        .iter()
                        .map(|(_, i)| &values.elements[layout.input(n, c, *i as usize)])
                        .collect();
                    elements[layout.output(n, c, u)] = sum(&picked).scaled(1.0 / divisors[u], 0.0);
                }
            }
        }
        Ok(Lowered::Values(self.store(shape, elements)))
    }

    /// Per output position, what its sum is divided by.
    fn divisors(&self, op: &SumPool, window: &Window, after: &[usize], starts: &[u32]) -> Vec<f64> {
        let positions = window.output_len();
        if !op.normalize {
            return vec![1.0; positions];
        }
        let mut at = vec![0; window.output_shape.len()];
        let mut divisors = Vec::with_capacity(positions);
        for u in 0..positions {
            let count = if op.count_include_pad {
                // Taps within the padded input; those beyond it exist only by rounding up.
                (0..at.len())
                    .map(|axis| {
                        let end = window.input_shape[axis] + window.padding[axis] + after[axis];
                        (0..window.kernel_shape[axis])
                            .filter(|k| at[axis] * window.stride[axis] + k * window.dilation[axis] < end)
                            .count()
                    })
                    .product()
            } else {
                (starts[u + 1] - starts[u]) as usize
            };
            divisors.push(count.max(1) as f64);
            crate::plan::advance(&mut at, &window.output_shape);
        }
        divisors
    }

    /// Elements that may be summed: pending values are requantised first, since several sums
    /// would otherwise repeat their work.
    pub(super) fn summable(&mut self, input: &Lowered) -> Step<std::rc::Rc<Values>> {
        let id = self.materialise(input)?;
        if self.has_pending(id) { self.operands(id) } else { Ok(self.arena[id].clone()) }
    }

    pub(super) fn max_pool(&mut self, op: &MaxPool, node: &TypedNode, input: &Lowered) -> Step<Lowered> {
        if op.with_index_outputs.is_some() {
            return unsupported("needs the positions of maxima; use only the first output");
        }
        let shape = concrete(node, 0);
        let id = self.materialise(input)?;
        let values = self.operands(id)?;
        let layout = Layout::new(op.pool_spec.data_format, &values.shape, &shape);
        let (window, _) = window(&op.pool_spec, &layout);
        let (starts, taps) = window.taps();
        let mut groups = vec![vec![]; shape.iter().product()];
        for n in 0..layout.batch {
            for c in 0..op.pool_spec.input_channels {
                for u in 0..window.output_len() {
                    groups[layout.output(n, c, u)] = taps[starts[u] as usize..starts[u + 1] as usize]
                        .iter()
                        .map(|(_, i)| values.elements[layout.input(n, c, *i as usize)].clone())
                        .collect();
                }
            }
        }
        let elements = self.extremes(groups, true)?;
        Ok(Lowered::Values(self.store(shape, elements)))
    }

    /// Maximum (or minimum) of each group, pairwise.
    pub(super) fn extremes(&mut self, mut groups: Vec<Vec<Element>>, maximum: bool) -> Step<Vec<Element>> {
        if groups.iter().any(Vec::is_empty) {
            return unsupported("a maximum of nothing (a window lies in the padding)");
        }
        while groups.iter().any(|g| g.len() > 1) {
            let (mut left, mut right, mut places) = (vec![], vec![], vec![]);
            for (g, group) in groups.iter_mut().enumerate() {
                let mut next = vec![];
                for pair in group.chunks(2) {
                    if let [a, b] = pair {
                        left.push(a.clone());
                        right.push(b.clone());
                        places.push((g, next.len()));
                    }
                    next.push(pair[0].clone());
                }
                *group = next;
            }
            let shape = vec![left.len()];
            let left = Values { shape: shape.clone(), elements: left };
            let right = Values { shape, elements: right };
            let id = self.extreme(&left, &right, maximum)?;
            let larger = self.operands(id)?;
            for ((g, i), element) in places.into_iter().zip(&larger.elements) {
                groups[g][i] = element.clone();
            }
        }
        Ok(groups.into_iter().filter_map(|mut g| g.pop()).collect())
    }

    pub(super) fn reduce(&mut self, op: &Reduce, input: &Lowered, shape: &[usize]) -> Step<Lowered> {
        match op.reducer {
            Reducer::Sum => {
                let values = self.summable(input)?;
                let groups = groups(&values, &op.axes);
                let elements = groups.iter().map(|g| sum(&g.iter().collect::<Vec<_>>())).collect();
                Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
            }
            Reducer::MeanOfSquares => {
                let (base, inner, size) = self.as_pointwise(input)?;
                let squared = Lowered::Pointwise {
                    base,
                    expression: Expression::unary(Unary::Square, inner),
                    size: size + 1,
                };
                let values = self.summable(&squared)?;
                let groups = groups(&values, &op.axes);
                let elements = groups
                    .iter()
                    .map(|g| sum(&g.iter().collect::<Vec<_>>()).scaled(1.0 / g.len().max(1) as f64, 0.0))
                    .collect();
                Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
            }
            Reducer::Max | Reducer::Min => {
                let id = self.materialise(input)?;
                let values = self.operands(id)?;
                let groups = groups(&values, &op.axes);
                let elements = self.extremes(groups, op.reducer == Reducer::Max)?;
                Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
            }
            Reducer::ArgMax(last) => self.arg_extreme(input, &op.axes, shape, true, last),
            Reducer::ArgMin(last) => self.arg_extreme(input, &op.axes, shape, false, last),
            Reducer::All | Reducer::Any => {
                let id = self.materialise(input)?;
                let values = self.operands(id)?;
                let groups = groups(&values, &op.axes);
                let elements = self.extremes(groups, op.reducer == Reducer::Any)?;
                Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
            }
            Reducer::Prod => {
                let values = self.values(input)?;
                let mut groups = groups(&values, &op.axes);
                while groups.iter().any(|g| g.len() > 1) {
                    for group in &mut groups {
                        let mut next = vec![];
                        for pair in group.chunks(2) {
                            let one = |e: &Element| Values { shape: vec![1], elements: vec![e.clone()] };
                            next.push(match pair {
                                [a, b] => {
                                    let id = self.multiply(&one(a), &one(b))?;
                                    self.arena[id].elements[0].clone()
                                }
                                _ => pair[0].clone(),
                            });
                        }
                        *group = next;
                    }
                }
                let elements = groups.into_iter().filter_map(|mut g| g.pop()).collect();
                Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
            }
        }
    }
}

/// Elements that fall together when `axes` are reduced, per position of the rest, each group in
/// row-major order.
pub(super) fn groups(values: &Values, axes: &[usize]) -> Vec<Vec<Element>> {
    let reduced: Vec<usize> =
        values.shape.iter().enumerate().map(|(axis, d)| if axes.contains(&axis) { 1 } else { *d }).collect();
    let target = strides(&reduced);
    let mut groups = vec![vec![]; reduced.iter().product()];
    let mut at = vec![0; values.shape.len()];
    for element in &values.elements {
        let place: usize = at
            .iter()
            .enumerate()
            .map(|(axis, i)| if axes.contains(&axis) { 0 } else { i * target[axis] })
            .sum();
        groups[place].push(element.clone());
        crate::plan::advance(&mut at, &values.shape);
    }
    groups
}
