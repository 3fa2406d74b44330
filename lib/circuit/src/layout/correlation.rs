//! A convolution as a product of polynomials in `r`.
//!
//! An input at (strided) position `i` and a kernel tap at offset `q` meet at output position
//! `i − q`. With positions numbered row-major inside the box of all reachable positions, the input
//! polynomial `Σ x_i r^(g·i)` times the kernel polynomial `Σ w_q r^(−g·q)` has the convolution as
//! coefficients. Positions that are reached but are no output are *junk*: a free cell each, forced by
//! the identity, read by nobody. Rows of positions overlap in junk, which makes it fewer.

use super::blocks::windows;
use crate::field::Fr;
use hallmark_graph::ir::Element;

/// Geometry of one correlation term.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    /// Smallest output coordinate per axis.
    low: Vec<i64>,
    /// Number of flat positions.
    count: usize,
    /// Flat distance between neighbours per axis.
    strides: Vec<i64>,
    /// Phases (residues modulo the stride) with their taps.
    pub(crate) phases: Vec<Phase>,
    /// Flat positions that are reached but are no output.
    pub(crate) junk: Vec<usize>,
    pub(crate) channels: usize,
    pub(crate) outputs: usize,
    pub(crate) weights: Vec<i64>,
    pub(crate) kernel: usize,
    pub(crate) inputs: Vec<Element>,
    pub(crate) pixels: usize,
    /// Outputs packed in one cell, and bits of the base.
    pub(crate) pack: usize,
    pub(crate) base_bits: u32,
}

/// The inputs of one residue class, and the taps that meet them.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    /// `(flat index of the input pixel, position relative to the box origin)`, increasing position.
    pub(crate) pixels: Vec<(usize, i64)>,
    /// `(flat index of the tap, its offset `q` as flat position difference)`.
    pub(crate) taps: Vec<(usize, i64)>,
}

/// Row-major multi-indices of a shape.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    let total: usize = shape.iter().product();
    (0..total).map(move |mut flat| {
        let mut index = vec![0; shape.len()];
        for (axis, size) in shape.iter().enumerate().rev() {
            index[axis] = flat % size;
            flat /= size;
        }
        index
    })
}

/// Shape parameters of a correlation, as in the IR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) input: &'a [usize],
    pub(crate) kernel: &'a [usize],
    pub(crate) output: &'a [usize],
    pub(crate) stride: &'a [usize],
    pub(crate) dilation: &'a [usize],
    pub(crate) padding: &'a [usize],
}

impl Geometry {
    /// Works out positions, phases and junk.
    pub(crate) fn new(
        shape: Shape<'_>,
        channels: usize,
        outputs: usize,
        weights: &[i64],
        inputs: &[Element],
        pack: usize,
        base_bits: u32,
    ) -> Self {
        let axes = shape.input.len();
        let offset = |tap: &[usize], axis: usize| {
            (tap[axis] * shape.dilation[axis]) as i64 - shape.padding[axis] as i64
        };
        let split = |value: i64, axis: usize| {
            let stride = shape.stride[axis] as i64;
            (value.div_euclid(stride), value.rem_euclid(stride))
        };
        // Box of reachable output coordinates, outputs included.
        let mut low = vec![0i64; axes];
        let mut high: Vec<i64> = shape.output.iter().map(|s| *s as i64 - 1).collect();
        for axis in 0..axes {
            for tap in 0..shape.kernel[axis] {
                let mut index = vec![0; axes];
                index[axis] = tap;
                let (q, phase) = split(offset(&index, axis), axis);
                // Inputs of this phase: i = stride·i' + phase, 0 ≤ i < input.
                let last = (shape.input[axis] as i64 - 1 - phase).div_euclid(shape.stride[axis] as i64);
                if last >= 0 {
                    low[axis] = low[axis].min(-q);
                    high[axis] = high[axis].max(last - q);
                }
            }
        }
        // A row of positions may run into the next as long as only junk meets junk: coordinate
        // `x` outside the output must stay outside it modulo the row length.
        let length: Vec<i64> = (0..axes)
            .map(|axis| {
                (shape.output[axis] as i64 - low[axis]).max(high[axis] + 1).min(high[axis] - low[axis] + 1)
            })
            .collect();
        let mut strides = vec![1i64; axes];
        for axis in (0..axes.saturating_sub(1)).rev() {
            strides[axis] = strides[axis + 1] * length[axis + 1];
        }
        let flat =
            |coordinates: &[i64]| -> i64 { coordinates.iter().zip(&strides).map(|(c, s)| c * s).sum() };
        let origin = flat(&low);

        let mut phases = Vec::new();
        let count = (flat(&high) - origin + 1) as usize;
        let mut reached = vec![false; count];
        for residue in indices(shape.stride) {
            let mut taps = Vec::new();
            for (index, tap) in indices(shape.kernel).enumerate() {
                let parts: Vec<(i64, i64)> = (0..axes).map(|axis| split(offset(&tap, axis), axis)).collect();
                if parts.iter().zip(&residue).all(|((_, phase), wanted)| *phase == *wanted as i64) {
                    let q: Vec<i64> = parts.iter().map(|(q, _)| *q).collect();
                    taps.push((index, flat(&q), q));
                }
            }
            if taps.is_empty() {
                continue;
            }
            let mut pixels = Vec::new();
            for (index, pixel) in indices(shape.input).enumerate() {
                if pixel.iter().zip(&residue).zip(shape.stride).any(|((p, r), s)| p % s != *r) {
                    continue;
                }
                let coordinates: Vec<i64> =
                    pixel.iter().zip(shape.stride).map(|(p, s)| (p / s) as i64).collect();
                // An input that meets no output need not take part.
                let useful = taps.iter().any(|(_, _, q)| {
                    coordinates
                        .iter()
                        .zip(q)
                        .zip(shape.output)
                        .all(|((c, q), out)| c - q >= 0 && c - q < *out as i64)
                });
                if useful {
                    pixels.push((index, flat(&coordinates) - origin, coordinates));
                }
            }
            for (_, _, coordinates) in &pixels {
                for (_, _, q) in &taps {
                    let position: Vec<i64> = coordinates.iter().zip(q).map(|(c, q)| c - q).collect();
                    reached[(flat(&position) - origin) as usize] = true;
                }
            }
            pixels.sort_by_key(|(_, position, _)| *position);
            if !pixels.is_empty() {
                phases.push(Phase {
                    pixels: pixels.into_iter().map(|(index, position, _)| (index, position)).collect(),
                    taps: taps.into_iter().map(|(index, q, _)| (index, q)).collect(),
                });
            }
        }
        for position in Self::output_positions(shape.output, &low, &strides) {
            reached[position] = false;
        }
        let junk = reached.iter().enumerate().filter_map(|(i, r)| r.then_some(i)).collect();
        Self {
            low,
            count,
            strides,
            phases,
            junk,
            channels,
            outputs,
            weights: weights.to_vec(),
            kernel: shape.kernel.iter().product(),
            inputs: inputs.to_vec(),
            pixels: shape.input.iter().product(),
            pack,
            base_bits,
        }
    }

    fn output_positions(output: &[usize], low: &[i64], strides: &[i64]) -> Vec<usize> {
        indices(output)
            .map(|index| {
                index.iter().zip(low).zip(strides).map(|((i, l), s)| (*i as i64 - l) * s).sum::<i64>()
                    as usize
            })
            .collect()
    }

    /// Flat positions of the outputs, row-major.
    pub(crate) fn outputs_at(&self, output: &[usize]) -> Vec<usize> {
        Self::output_positions(output, &self.low, &self.strides)
    }

    /// Number of flat positions.
    pub(crate) fn positions(&self) -> usize {
        self.count
    }

    /// Packed groups of output channels.
    pub(crate) fn groups(&self) -> usize {
        self.outputs.div_ceil(self.pack)
    }

    /// Rows that walking costs: kernels, inputs and junk.
    pub(crate) fn walk_rows(&self, width: usize) -> usize {
        let groups = self.groups();
        let per_channel: usize = self
            .phases
            .iter()
            .map(|phase| {
                let exponents = phase
                    .taps
                    .iter()
                    .flat_map(|(_, q)| (0..groups).map(move |g| (1 << 24) - q * groups as i64 + g as i64))
                    .map(|e| (e as u32, Fr::one()))
                    .collect();
                windows(exponents, width).len() + phase.pixels.len() - 1
            })
            .sum();
        per_channel * self.channels + self.junk.len() * groups
    }

    /// Rows that spelling out every input's coefficient costs.
    pub(crate) fn sparse_rows(&self, width: usize) -> usize {
        let groups = self.groups();
        let mut reached = vec![true; self.positions()];
        for position in &self.junk {
            reached[*position] = false;
        }
        let mut rows = 0;
        for phase in &self.phases {
            for (_, position) in &phase.pixels {
                let exponents = phase
                    .taps
                    .iter()
                    .map(|(_, q)| (position - q) as usize)
                    .filter(|p| reached[*p])
                    .flat_map(|p| (0..groups).map(move |g| ((p * groups + g) as u32, Fr::one())))
                    .collect();
                rows += windows(exponents, width).len();
            }
        }
        rows * self.channels
    }

    /// The coefficients of the product polynomial at the junk positions, unpacked:
    /// `result[junk][output channel]`.
    pub(crate) fn junk_values(&self, read: &dyn Fn(Element) -> i128) -> Vec<Vec<i128>> {
        let mut slot = vec![usize::MAX; self.positions()];
        for (i, position) in self.junk.iter().enumerate() {
            slot[*position] = i;
        }
        let mut values = vec![vec![0i128; self.outputs]; self.junk.len()];
        for channel in 0..self.channels {
            for phase in &self.phases {
                for (pixel, position) in &phase.pixels {
                    let mut x = None;
                    for (tap, q) in &phase.taps {
                        let target = slot[(position - q) as usize];
                        if target == usize::MAX {
                            continue;
                        }
                        let x = *x.get_or_insert_with(|| read(self.inputs[channel * self.pixels + pixel]));
                        if x == 0 {
                            continue;
                        }
                        for (output, value) in values[target].iter_mut().enumerate() {
                            *value += x * i128::from(
                                self.weights[(output * self.channels + channel) * self.kernel + tap],
                            );
                        }
                    }
                }
            }
        }
        values
    }
}
