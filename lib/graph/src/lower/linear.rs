//! Matrix products, einsum and convolution.

use std::collections::HashMap;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, KernelFormat};
use tract_onnx::tract_core::ops::einsum::EinSum;

use crate::plan::{Operand, RealTerm, Source, Window, advance};

use super::{Element, Lowered, Lowering, Step, Values, to_f64, uniform, unsupported};

/// Row-major strides.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    strides
}

/// An axis of an einsum: its length and its stride in the operands and the result.
#[derive(Clone, Copy)]
struct EinsumAxis {
    length: usize,
    left: usize,
    right: usize,
    output: usize,
}

/// All offsets that a group of axes reaches, in row-major order.
fn offsets(axes: &[EinsumAxis], stride: impl Fn(&EinsumAxis) -> usize) -> Vec<usize> {
    let shape: Vec<usize> = axes.iter().map(|a| a.length).collect();
    let total: usize = shape.iter().product();
    let mut at = vec![0; axes.len()];
    let mut result = Vec::with_capacity(total);
    for _ in 0..total {
        result.push(at.iter().zip(axes).map(|(i, a)| i * stride(a)).sum());
        advance(&mut at, &shape);
    }
    result
}

impl Lowering<'_> {
    pub(super) fn einsum(
        &mut self,
        op: &EinSum,
        _node: &TypedNode,
        inputs: &[Lowered],
        shape: &[usize],
    ) -> Step<Lowered> {
        if op.q_params.is_some() {
            return unsupported("needs quantised arithmetic; export the float model");
        }
        if inputs.len() == 1 {
            return self.einsum_single(op, &inputs[0], shape);
        }
        let [left, right] = inputs else {
            return unsupported("needs at most two operands; split the einsum");
        };
        let (left, right) = (self.values(left)?, self.values(right)?);
        let known = |v: &Values| v.elements.iter().all(|e| e.terms.is_empty());
        let (left_strides, right_strides, output_strides) =
            (strides(&left.shape), strides(&right.shape), strides(shape));
        let (mut batch, mut rows, mut columns, mut inner) = (vec![], vec![], vec![], vec![]);
        for axis in op.axes.iter_all_axes() {
            if axis.inputs.iter().any(|p| p.len() > 1) || axis.outputs[0].len() > 1 {
                return unsupported("needs diagonals of a tensor");
            }
            let l = axis.inputs[0].first().copied();
            let r = axis.inputs[1].first().copied();
            let o = axis.outputs[0].first().copied();
            let left_length = l.map_or(1, |a| left.shape[a]);
            let right_length = r.map_or(1, |a| right.shape[a]);
            let length = left_length.max(right_length);
            if length == 1 {
                continue;
            }
            let this = EinsumAxis {
                length,
                left: l.filter(|_| left_length > 1).map_or(0, |a| left_strides[a]),
                right: r.filter(|_| right_length > 1).map_or(0, |a| right_strides[a]),
                output: o.map_or(0, |a| output_strides[a]),
            };
            match (left_length > 1, right_length > 1, o.is_some()) {
                (true, true, true) => batch.push(this),
                (true, false, true) => rows.push(this),
                (false, true, true) => columns.push(this),
                _ => inner.push(this),
            }
        }
        if known(&right) {
            return self.dense(&left, &right, [&batch, &rows, &columns, &inner], shape, false);
        }
        if known(&left) {
            return self.dense(&right, &left, [&batch, &columns, &rows, &inner], shape, true);
        }
        self.product(&left, &right, [&batch, &rows, &columns, &inner], shape)
    }

    /// Sum over axes and transposition of one operand.
    fn einsum_single(&mut self, op: &EinSum, input: &Lowered, shape: &[usize]) -> Step<Lowered> {
        let values = self.values(input)?;
        let input_strides = strides(&values.shape);
        let (mut kept, mut summed) = (vec![], vec![]);
        for axis in op.axes.iter_all_axes() {
            if axis.inputs[0].len() > 1 || axis.outputs[0].len() > 1 {
                return unsupported("needs diagonals of a tensor");
            }
            let Some(position) = axis.inputs[0].first() else {
                continue;
            };
            let this = EinsumAxis {
                length: values.shape[*position],
                left: input_strides[*position],
                right: 0,
                output: axis.outputs[0].first().map_or(0, |a| strides(shape)[*a]),
            };
            if axis.outputs[0].is_empty() { summed.push(this) } else { kept.push(this) }
        }
        let inner = offsets(&summed, |a| a.left);
        let mut elements = vec![Element::constant(0.0); shape.iter().product()];
        for (from, to) in offsets(&kept, |a| a.left).iter().zip(offsets(&kept, |a| a.output)) {
            let picked: Vec<&Element> = inner.iter().map(|i| &values.elements[from + i]).collect();
            elements[to] = sum(&picked);
        }
        Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
    }

    /// Product of a tensor and a constant. `axes` are batch, positions, outputs and summed.
    fn dense(
        &mut self,
        input: &Values,
        weights: &Values,
        axes: [&[EinsumAxis]; 4],
        shape: &[usize],
        weights_left: bool,
    ) -> Step<Lowered> {
        let [batch, rows, columns, inner] = axes;
        let x = |a: &EinsumAxis| if weights_left { a.right } else { a.left };
        let w = |a: &EinsumAxis| if weights_left { a.left } else { a.right };
        let id = self.store(input.shape.clone(), input.elements.clone());
        let mut values = self.operands(id)?;
        let (row_x, row_o) = (offsets(rows, x), offsets(rows, |a| a.output));
        let (column_w, column_o) = (offsets(columns, w), offsets(columns, |a| a.output));
        let (inner_x, inner_w) = (offsets(inner, x), offsets(inner, w));
        let (batch_x, batch_w, batch_o) =
            (offsets(batch, x), offsets(batch, w), offsets(batch, |a| a.output));
        // One factor per summed index, whatever the position.
        let uneven = |values: &Values| {
            batch_x.iter().any(|b| {
                inner_x.iter().any(|i| {
                    let mut factors =
                        row_x.iter().filter_map(|r| values.elements[b + r + i].terms.first().map(|t| t.1));
                    let first = factors.next();
                    factors.any(|f| Some(f) != first)
                })
            })
        };
        if uneven(&values) {
            let id = self.store(values.shape.clone(), values.elements.clone());
            let id = self.requantise(id)?;
            values = self.arena[id].clone();
        }
        let mut terms = vec![];
        let mut bias = vec![];
        let mut result: Vec<Option<u32>> = vec![None; shape.iter().product()];
        let outputs = column_w.len();
        for b in 0..batch_x.len() {
            let mut matrix = Vec::with_capacity(outputs * inner_w.len());
            for column in &column_w {
                matrix.extend(inner_w.iter().map(|i| weights.elements[batch_w[b] + column + i].constant));
            }
            // Positions with equal operands are computed once.
            let mut known: HashMap<Vec<(Operand, u64)>, usize> = HashMap::new();
            let mut input_index: Vec<Operand> = vec![];
            let mut factors = vec![1.0; inner_x.len()];
            let mut starts = vec![];
            for (position, row) in row_x.iter().enumerate() {
                let elements: Vec<&Element> =
                    inner_x.iter().map(|i| &values.elements[batch_x[b] + row + i]).collect();
                let key: Vec<(Operand, u64)> =
                    elements.iter().map(|e| (e.terms.first().map(|t| t.0), e.constant.to_bits())).collect();
                let start = match known.get(&key) {
                    Some(start) => *start,
                    None => {
                        let start = bias.len();
                        known.insert(key, start);
                        starts.push(start);
                        for (i, element) in elements.iter().enumerate() {
                            if let Some(term) = element.terms.first() {
                                factors[i] = term.1;
                            }
                            input_index.push(element.terms.first().map(|t| t.0));
                        }
                        for o in 0..outputs {
                            let weights = &matrix[o * inner_x.len()..(o + 1) * inner_x.len()];
                            bias.push(weights.iter().zip(&elements).map(|(w, e)| w * e.constant).sum());
                        }
                        start
                    }
                };
                for (o, column) in column_o.iter().enumerate() {
                    result[batch_o[b] + row_o[position] + column] = Some((start + o) as u32);
                }
            }
            for row in matrix.chunks_mut(inner_x.len().max(1)) {
                row.iter_mut().zip(&factors).for_each(|(w, f)| *w *= f);
            }
            let output_index =
                starts.iter().flat_map(|s| (0..outputs).map(move |o| (s + o) as u32)).collect();
            terms.push(RealTerm::Dense {
                positions: starts.len(),
                inputs: inner_x.len(),
                outputs,
                weights: matrix,
                input_index,
                output_index,
            });
        }
        let rows = bias.len();
        self.pending_values(shape, rows, terms, bias, &result)
    }

    /// A pending node and the tensor that reads row `result[i]` at position `i`.
    fn pending_values(
        &mut self,
        shape: &[usize],
        rows: usize,
        terms: Vec<RealTerm>,
        mut bias: Vec<f64>,
        result: &[Option<u32>],
    ) -> Step<Lowered> {
        if bias.iter().all(|b: &f64| *b == 0.0) {
            bias.clear();
        }
        let whole = (rows == result.len()).then(|| shape.to_vec());
        let node = self.pending_node(rows, terms, bias, whole);
        let elements = result
            .iter()
            .map(|row| match row {
                Some(index) => Element::source(Source { node, index: *index }),
                None => Element::constant(0.0),
            })
            .collect();
        Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
    }

    /// Product of two tensors of which neither is known.
    fn product(
        &mut self,
        left: &Values,
        right: &Values,
        axes: [&[EinsumAxis]; 4],
        shape: &[usize],
    ) -> Step<Lowered> {
        let [batch, rows, columns, inner] = axes;
        let (left_factor, left) = self.factors(left)?;
        let (right_factor, right) = self.factors(right)?;
        let pick = |side: &[Operand], outer: &[EinsumAxis], left: bool| -> Vec<Operand> {
            let stride = |a: &EinsumAxis| if left { a.left } else { a.right };
            let (b, m, k) = (offsets(batch, stride), offsets(outer, stride), offsets(inner, stride));
            let mut picked = Vec::with_capacity(b.len() * m.len() * k.len());
            for b in &b {
                for m in &m {
                    picked.extend(k.iter().map(|k| side[b + m + k]));
                }
            }
            picked
        };
        let output = |a: &EinsumAxis| a.output;
        let (b, m, n) = (offsets(batch, output), offsets(rows, output), offsets(columns, output));
        let mut result = vec![None; shape.iter().product()];
        let mut row = 0u32;
        for b in &b {
            for m in &m {
                for n in &n {
                    result[b + m + n] = Some(row);
                    row += 1;
                }
            }
        }
        let term = RealTerm::Bilinear {
            batch: b.len(),
            rows: m.len(),
            columns: n.len(),
            inner: inner.iter().map(|a| a.length).product(),
            multiplier: left_factor * right_factor,
            left: pick(&left, rows, true),
            right: pick(&right, columns, false),
            output_index: (0..row).collect(),
        };
        self.pending_values(shape, row as usize, vec![term], vec![], &result)
    }

    pub(super) fn convolution(
        &mut self,
        op: &Conv,
        node: &TypedNode,
        inputs: &[Lowered],
        shape: &[usize],
    ) -> Step<Lowered> {
        if op.q_params.is_some() {
            return unsupported("needs quantised arithmetic; export the float model");
        }
        let [input, kernel, rest @ ..] = inputs else {
            return unsupported("it needs a kernel");
        };
        let Lowered::Constant(kernel) = kernel else {
            return unsupported("needs a kernel that is known");
        };
        let bias = match rest.first() {
            None => vec![],
            Some(Lowered::Constant(tensor)) => to_f64(tensor)?,
            Some(_) => return unsupported("needs a bias that is known"),
        };
        let group = op.group.max(1);
        let (channels, outputs) = (op.pool_spec.input_channels / group, op.pool_spec.output_channels / group);
        if op.kernel_fmt != KernelFormat::OIHW && group > 1 {
            return unsupported("needs a grouped kernel in OIHW order");
        }
        let spatial = op.kernel_fmt.hw(kernel.shape()).to_vec();
        let kernel_strides = strides(kernel.shape());
        let (o_axis, i_axis, h_axis) = match op.kernel_fmt {
            KernelFormat::OIHW => (0, 1, 2),
            KernelFormat::HWIO => (spatial.len() + 1, spatial.len(), 0),
            KernelFormat::OHWI => (0, spatial.len() + 1, 1),
        };
        let data = to_f64(kernel)?;
        let size: usize = spatial.iter().product();
        let mut weights = Vec::with_capacity(data.len());
        for o in 0..outputs * group {
            for c in 0..channels {
                let mut at = vec![0; spatial.len()];
                for _ in 0..size {
                    let offset: usize =
                        at.iter().enumerate().map(|(axis, i)| i * kernel_strides[h_axis + axis]).sum();
                    weights.push(data[o * kernel_strides[o_axis] + c * kernel_strides[i_axis] + offset]);
                    advance(&mut at, &spatial);
                }
            }
        }
        let _ = node;
        let layout = Layout::new(op.pool_spec.data_format, &self.values(input)?.shape, shape);
        let padding = op.pool_spec.computed_padding(&layout.input_spatial);
        let window = Window {
            channels,
            outputs,
            input_shape: layout.input_spatial.clone(),
            kernel_shape: spatial,
            output_shape: layout.output_spatial.clone(),
            stride: op.pool_spec.strides().to_vec(),
            dilation: op.pool_spec.dilations().to_vec(),
            padding: padding.iter().map(|p| p.pad_before).collect(),
        };
        let bias: Vec<f64> = match bias.len() {
            0 => vec![0.0; outputs * group],
            1 => vec![bias[0]; outputs * group],
            n if n == outputs * group => bias,
            _ => return unsupported("needs one bias per output channel"),
        };
        self.correlate(input, &layout, &window, group, &weights, &bias, shape)
    }

    /// Grouped correlation of every batch item.
    #[allow(clippy::too_many_arguments)]
    fn correlate(
        &mut self,
        input: &Lowered,
        layout: &Layout,
        window: &Window,
        group: usize,
        weights: &[f64],
        bias: &[f64],
        shape: &[usize],
    ) -> Step<Lowered> {
        let id = self.materialise(input)?;
        let mut values = self.operands(id)?;
        let (inputs, outputs) = (window.input_len(), window.output_len());
        let uneven = |values: &Values| {
            (0..layout.batch).any(|n| {
                (0..window.channels * group).any(|c| {
                    let mut factors = (0..inputs)
                        .filter_map(|i| values.elements[layout.input(n, c, i)].terms.first().map(|t| t.1));
                    let first = factors.next();
                    factors.any(|f| Some(f) != first)
                })
            })
        };
        if uneven(&values) {
            let id = self.store(values.shape.clone(), values.elements.clone());
            let id = self.requantise(id)?;
            values = self.arena[id].clone();
        }
        let row_weights = window.channels * window.kernel_len();
        let mut terms = vec![];
        let mut all_bias = vec![];
        let mut result = vec![None; shape.iter().product()];
        for n in 0..layout.batch {
            for g in 0..group {
                let start = all_bias.len();
                let mut input_index = Vec::with_capacity(window.channels * inputs);
                let mut factors = vec![1.0; window.channels];
                let mut constants = vec![];
                for (c, factor) in factors.iter_mut().enumerate() {
                    for i in 0..inputs {
                        let element = &values.elements[layout.input(n, g * window.channels + c, i)];
                        if let Some(term) = element.terms.first() {
                            *factor = term.1;
                        }
                        if element.constant != 0.0 {
                            constants.push((c, i, element.constant));
                        }
                        input_index.push(element.terms.first().map(|t| t.0));
                    }
                }
                let own = &weights[g * window.outputs * row_weights..][..window.outputs * row_weights];
                let mut scaled = own.to_vec();
                for (i, w) in scaled.iter_mut().enumerate() {
                    *w *= factors[i / window.kernel_len() % window.channels];
                }
                for o in 0..window.outputs {
                    all_bias.extend(std::iter::repeat_n(bias[g * window.outputs + o], outputs));
                }
                if !constants.is_empty() {
                    let mut x = vec![0.0; window.channels * inputs];
                    constants.iter().for_each(|(c, i, v)| x[c * inputs + i] = *v);
                    let y = crate::plan::correlate(window, own, &x);
                    all_bias[start..].iter_mut().zip(y).for_each(|(b, y)| *b += y);
                }
                for o in 0..window.outputs {
                    for u in 0..outputs {
                        result[layout.output(n, g * window.outputs + o, u)] =
                            Some((start + o * outputs + u) as u32);
                    }
                }
                let rows = (window.outputs * outputs) as u32;
                terms.push(RealTerm::Correlation {
                    window: window.clone(),
                    weights: scaled,
                    input_index,
                    output_index: (start as u32..start as u32 + rows).collect(),
                });
            }
        }
        let rows = all_bias.len();
        self.pending_values(shape, rows, terms, all_bias, &result)
    }

    /// Transposed convolution: every output element is a short sum, written out.
    pub(super) fn deconvolution(
        &mut self,
        op: &Deconv,
        _node: &TypedNode,
        inputs: &[Lowered],
        shape: &[usize],
    ) -> Step<Lowered> {
        let [input, Lowered::Constant(kernel), rest @ ..] = inputs else {
            return unsupported("needs a kernel that is known");
        };
        if op.group != 1 || op.kernel_format != KernelFormat::OIHW {
            return unsupported("needs an ungrouped kernel in OIHW order");
        }
        let bias = match rest.first() {
            None => None,
            Some(Lowered::Constant(tensor)) => Some((uniform(tensor), to_f64(tensor)?)),
            Some(_) => return unsupported("needs a bias that is known"),
        };
        let id = self.materialise(input)?;
        let values = self.operands(id)?;
        let layout = Layout::new(op.pool_spec.data_format, &values.shape, shape);
        let kernel_shape = op.pool_spec.kernel_shape.to_vec();
        let padding = op.pool_spec.padding.compute_for_deconv(
            &layout.input_spatial,
            &kernel_shape,
            &op.pool_spec.dilations(),
            &op.pool_spec.strides(),
            &op.adjustments,
        )?;
        let data = to_f64(kernel)?;
        let size: usize = kernel_shape.iter().product();
        let (channels, outputs) = (op.pool_spec.input_channels, op.pool_spec.output_channels);
        let (stride, dilation) = (op.pool_spec.strides(), op.pool_spec.dilations());
        let total: usize = shape.iter().product();
        let mut rows: Vec<HashMap<Source, f64>> = vec![HashMap::new(); total];
        let mut offsets = vec![0.0; total];
        let positions: usize = layout.input_spatial.iter().product();
        for n in 0..layout.batch {
            let mut at = vec![0; kernel_shape.len()];
            for i in 0..positions {
                let mut tap = vec![0; kernel_shape.len()];
                for k in 0..size {
                    let mut u = 0;
                    let mut inside = true;
                    for axis in 0..kernel_shape.len() {
                        let y = at[axis] * stride[axis] + tap[axis] * dilation[axis];
                        let before = padding[axis].pad_before;
                        if y < before || y - before >= layout.output_spatial[axis] {
                            inside = false;
                            break;
                        }
                        u = u * layout.output_spatial[axis] + y - before;
                    }
                    advance(&mut tap, &kernel_shape);
                    if !inside {
                        continue;
                    }
                    for c in 0..channels {
                        let element = &values.elements[layout.input(n, c, i)];
                        for o in 0..outputs {
                            let weight = data[(o * channels + c) * size + k];
                            let target = layout.output(n, o, u);
                            offsets[target] += weight * element.constant;
                            if let Some((source, factor)) = element.terms.first() {
                                *rows[target].entry(*source).or_default() += weight * factor;
                            }
                        }
                    }
                }
                advance(&mut at, &layout.input_spatial);
            }
        }
        if let Some((same, each)) = bias {
            for n in 0..layout.batch {
                for o in 0..outputs {
                    let value = same.unwrap_or_else(|| each.get(o).copied().unwrap_or(0.0));
                    for u in 0..layout.output_spatial.iter().product() {
                        offsets[layout.output(n, o, u)] += value;
                    }
                }
            }
        }
        let mut entries = vec![];
        for (o, row) in rows.into_iter().enumerate() {
            let mut row: Vec<_> = row.into_iter().filter(|e| e.1 != 0.0).collect();
            row.sort_by_key(|e| e.0);
            entries.extend(row.into_iter().map(|(s, w)| (o as u32, s, w)));
        }
        let result: Vec<_> = (0..total as u32).map(Some).collect();
        self.pending_values(shape, total, vec![RealTerm::Sparse { entries }], offsets, &result)
    }
}

/// Sum of elements.
pub(super) fn sum(elements: &[&Element]) -> Element {
    let mut terms: Vec<(Source, f64)> = elements.iter().flat_map(|e| e.terms.iter().copied()).collect();
    terms.sort_by_key(|t| t.0);
    let mut merged: Vec<(Source, f64)> = Vec::with_capacity(terms.len());
    for (source, c) in terms {
        match merged.last_mut() {
            Some(last) if last.0 == source => last.1 += c,
            _ => merged.push((source, c)),
        }
    }
    merged.retain(|t| t.1 != 0.0);
    Element { terms: merged, constant: elements.iter().map(|e| e.constant).sum() }
}

/// Positions of batch, channel and spatial indices in row-major tensors.
pub(super) struct Layout {
    pub(super) batch: usize,
    pub(super) input_spatial: Vec<usize>,
    pub(super) output_spatial: Vec<usize>,
    input_strides: [usize; 3],
    output_strides: [usize; 3],
}

impl Layout {
    pub(super) fn new(
        format: tract_onnx::tract_core::ops::nn::DataFormat,
        input: &[usize],
        output: &[usize],
    ) -> Layout {
        let lead = usize::from(format.has_n());
        let h = format.h_axis();
        let rank = input.len() - lead - 1;
        let place = |shape: &[usize]| -> (Vec<usize>, [usize; 3]) {
            let spatial = shape[h..h + rank].to_vec();
            let size: usize = spatial.iter().product();
            let channels = if format.c_is_last() { shape[h + rank] } else { shape[h - 1] };
            let strides =
                if format.c_is_last() { [size * channels, 1, channels] } else { [size * channels, size, 1] };
            (spatial, strides)
        };
        let (input_spatial, input_strides) = place(input);
        let (output_spatial, output_strides) = place(output);
        Layout {
            batch: if lead == 1 { input[0] } else { 1 },
            input_spatial,
            output_spatial,
            input_strides,
            output_strides,
        }
    }
    pub(super) fn input(&self, n: usize, c: usize, i: usize) -> usize {
        n * self.input_strides[0] + c * self.input_strides[1] + i * self.input_strides[2]
    }
    pub(super) fn output(&self, n: usize, c: usize, u: usize) -> usize {
        n * self.output_strides[0] + c * self.output_strides[1] + u * self.output_strides[2]
    }
}
