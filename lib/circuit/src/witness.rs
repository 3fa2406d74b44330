//! From an execution of the integer graph to the cells of the circuit.
//!
//! Every value that the prover is free to choose passes through one function, a [`HintFunction`]: tests
//! override it to see that the circuit rejects what is not honest. The second phase is computed from
//! the first-phase cells as they are, so that a changed cell is carried through everything below it.

use crate::{
    context::Context,
    description::{Description, Witness},
    error::WitnessError,
    field::{Field, Fr, from_i128, power_of_two},
    gates::{Columns, tag_of},
    layout::{Definition, FreeValue, Layout, Limbs, Mode},
};
use ff::BatchInvert;
use hallmark_graph::ir::{IntegerGraph, Operation, Value};
use std::sync::Arc;

/// Names a first-phase cell that the prover chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hint {
    /// Limb `limb` (lowest first) of a row.
    Limb {
        /// Row.
        row: usize,
        /// Limb.
        limb: usize,
    },
    /// The value cell that belongs to a step.
    Value {
        /// Row of the step.
        row: usize,
    },
    /// Start of the table piece that a row looks up.
    TableBase {
        /// Row.
        row: usize,
    },
    /// Slope of the table piece that a row looks up.
    TableSlope {
        /// Row.
        row: usize,
    },
    /// How often a table row is looked up.
    Multiplicity {
        /// Row of the table.
        row: usize,
    },
    /// A public value; the context is the first.
    Instance {
        /// Its index.
        index: usize,
    },
}

/// Decides what goes into a cell: `(which, honest value) -> value`.
pub type HintFunction<'f> = &'f mut dyn FnMut(Hint, Fr) -> Fr;

/// Cells of one proof.
#[derive(Clone, Debug)]
pub struct CircuitWitness {
    layout: Arc<Layout>,
    columns: Columns,
    description: Arc<Description>,
    limbs: Vec<Vec<Fr>>,
    values: Vec<Fr>,
    bases: Vec<Fr>,
    slopes: Vec<Fr>,
    multiplicities: Vec<Fr>,
    instances: Vec<Fr>,
}

impl CircuitWitness {
    /// Fills the first phase. `values[t][i]` is element `i` of tensor `t`.
    pub(crate) fn new(
        layout: Arc<Layout>,
        columns: Columns,
        description: Arc<Description>,
        graph: &IntegerGraph,
        values: &[Vec<i128>],
        context: Context,
        hint: HintFunction<'_>,
    ) -> Result<Self, WitnessError> {
        for (tensor, info) in graph.tensors.iter().enumerate() {
            let found = values.get(tensor).map_or(0, Vec::len);
            if found != info.len() {
                return Err(WitnessError::Shape { tensor, expected: info.len(), found });
            }
        }
        let read = |value: Value| values[value.tensor.0 as usize][value.index as usize];
        let settings = &layout.settings;
        let t = settings.limb_bits;
        let mask = (1i128 << t) - 1;
        let limbs_per_row = settings.limbs() as usize;
        let active = layout.active_rows();
        let out_of_range = |value: Value, integer: i128| WitnessError::OutOfRange {
            node: graph.node(value.tensor).name.clone(),
            index: value.index as usize,
            value: integer,
        };

        let junk: Vec<Vec<Vec<i128>>> = layout
            .correlations
            .iter()
            .map(|geometry| geometry.junk_values(&|element| element.map_or(0, read)))
            .collect();
        let mut limbs = vec![vec![Fr::ZERO; active]; limbs_per_row];
        let mut cells = vec![Fr::ZERO; active + columns.value_offset];
        let mut bases = vec![Fr::ZERO; active];
        let mut slopes = vec![Fr::ZERO; active];
        let mut counts = vec![0u64; active];
        let mut running: i128 = 0;
        for row in 0..active {
            let mut parts = vec![0i128; limbs_per_row];
            let mut table_row = None;
            let mut defined: Option<i128> = None;
            let step = layout.steps.get(row);
            match step.map(|s| &s.limbs) {
                None | Some(Limbs::Idle) => {}
                Some(Limbs::Inputs { values, limbs }) => {
                    let width = *limbs as usize;
                    for (i, value) in values.iter().enumerate() {
                        let shifted = read(*value) + (1i128 << (t * limbs - 1));
                        if shifted < 0 || shifted >> (t * limbs) != 0 {
                            return Err(out_of_range(*value, read(*value)));
                        }
                        for (j, part) in parts[i * width..(i + 1) * width].iter_mut().enumerate() {
                            *part = (shifted >> (t * j as u32)) & mask;
                        }
                    }
                    defined = values.first().map(|value| read(*value));
                }
                Some(Limbs::Activation { value, table }) => {
                    let source = match &graph.node(value.tensor).operation {
                        Operation::Activate { source, .. } => Value { tensor: *source, index: value.index },
                        _ => *value,
                    };
                    let accumulator = read(source);
                    let shifted = accumulator + settings.accumulator_offset();
                    if shifted < 0 || shifted >> (t * limbs_per_row as u32) != 0 {
                        return Err(out_of_range(*value, accumulator));
                    }
                    for (j, part) in parts.iter_mut().enumerate() {
                        *part = (shifted >> (t * j as u32)) & mask;
                    }
                    if let Some(table) = table {
                        let function = &layout.table_functions[*table as usize];
                        let piece = parts[limbs_per_row - 1] - i128::from(function.first);
                        if piece < 0 || piece as usize >= function.base.len() {
                            return Err(out_of_range(*value, accumulator >> settings.shift()));
                        }
                        let piece = piece as usize;
                        table_row = Some(layout.tables.first_row[*table as usize] + piece);
                        bases[row] = from_i128(i128::from(function.base[piece]));
                        slopes[row] = from_i128(i128::from(function.slope.get(piece).copied().unwrap_or(0)));
                    }
                    defined = Some(read(*value));
                }
            }
            for (j, part) in parts.iter().enumerate() {
                limbs[j][row] = hint(Hint::Limb { row, limb: j }, Fr::from(*part as u64));
                match table_row {
                    Some(table_row) if j + 1 == limbs_per_row => counts[table_row] += 1,
                    _ => counts[*part as usize] += 1,
                }
            }
            bases[row] = hint(Hint::TableBase { row }, bases[row]);
            slopes[row] = hint(Hint::TableSlope { row }, slopes[row]);
            let Some(step) = step else { continue };
            let honest = match (step.definition, &step.free) {
                (Definition::Free, None) => {
                    running = 0;
                    continue;
                }
                (Definition::Free, Some(FreeValue::Accumulator(value) | FreeValue::Copy(value))) => {
                    from_i128(read(*value))
                }
                (Definition::Free, Some(FreeValue::Context)) => context.value(),
                (Definition::Free, Some(FreeValue::Junk(index))) => {
                    let place = &layout.junk[*index];
                    let geometry = &layout.correlations[place.correlation];
                    let position = geometry.junk.binary_search(&place.position).unwrap_or(0);
                    let outputs = &junk[place.correlation][position];
                    let base = power_of_two(geometry.base_bits);
                    let last = outputs.len().min((place.group + 1) * geometry.pack);
                    (place.group * geometry.pack..last)
                        .rev()
                        .fold(Fr::ZERO, |sum, o| sum * base + from_i128(outputs[o]))
                }
                _ => {
                    let own = defined.unwrap_or(0);
                    running = if step.keep { running + own } else { own };
                    from_i128(running)
                }
            };
            cells[row + columns.value_offset] = hint(Hint::Value { row }, honest);
        }
        let multiplicities = counts
            .into_iter()
            .enumerate()
            .map(|(row, count)| hint(Hint::Multiplicity { row }, Fr::from(count)))
            .collect();
        let outputs = graph.outputs.iter().flat_map(|output| &output.elements).map(|element| match element {
            Ok(value) => from_i128(read(*value)),
            Err(constant) => from_i128(*constant),
        });
        let instances = std::iter::once(context.value())
            .chain(outputs)
            .enumerate()
            .map(|(index, honest)| hint(Hint::Instance { index }, honest))
            .collect();
        Ok(Self {
            layout,
            columns,
            description,
            limbs,
            values: cells,
            bases,
            slopes,
            multiplicities,
            instances,
        })
    }

    /// The circuit it belongs to.
    pub fn description(&self) -> &Description {
        &self.description
    }

    fn limb_sum(&self, row: usize, range: std::ops::Range<usize>) -> Fr {
        let base = power_of_two(self.layout.settings.limb_bits);
        range.rev().fold(Fr::ZERO, |sum, i| sum * base + self.limbs[i][row])
    }
}

impl Witness for CircuitWitness {
    fn first_phase(&self) -> Vec<(usize, Vec<Fr>)> {
        let mut result: Vec<(usize, Vec<Fr>)> =
            self.columns.limbs.iter().copied().zip(self.limbs.iter().cloned()).collect();
        result.push((self.columns.value, self.values.clone()));
        result.push((self.columns.multiplicity, self.multiplicities.clone()));
        if let Some(column) = self.columns.table_base {
            result.push((column, self.bases.clone()));
        }
        if let Some(column) = self.columns.table_slope {
            result.push((column, self.slopes.clone()));
        }
        result
    }

    fn second_phase(&self, challenges: &[Fr]) -> Vec<(usize, Vec<Fr>)> {
        let [r, shift, combine] = challenges else { return Vec::new() };
        let layout = &*self.layout;
        let settings = &layout.settings;
        let active = layout.active_rows();
        let limbs = settings.limbs() as usize;

        let mut powers = Vec::with_capacity(active + 1);
        let mut power = Fr::ONE;
        for _ in 0..=active {
            powers.push(power);
            power *= r;
        }
        let mut factors = vec![Fr::ZERO; active];
        let mut productions = vec![Fr::ZERO; active];
        let mut coefficients = vec![Fr::ZERO; active + 1];
        let mut totals = vec![Fr::ZERO; active + 1];
        for row in 0..active {
            let Some(step) = layout.steps.get(row) else {
                totals[row + 1] = totals[row];
                continue;
            };
            let value = self.values[row + self.columns.value_offset];
            if let Some(exponent) = step.factor {
                factors[row] = powers[exponent as usize];
            }
            let weights = || {
                step.weights.iter().enumerate().fold(Fr::ZERO, |sum, (t, weight)| sum + powers[t] * weight)
            };
            let before = coefficients[row];
            let after = match step.mode {
                Mode::Start if step.weights.is_empty() => Fr::ZERO,
                Mode::Start => factors[row] * weights(),
                Mode::Accumulate if step.weights.is_empty() => before,
                Mode::Accumulate => before + factors[row] * weights(),
                Mode::Walk => factors[row] * before,
                Mode::StartValue => factors[row] * value,
                Mode::AccumulateValue => before + factors[row] * value,
            };
            coefficients[row + 1] = after;
            let mut total = totals[row];
            if step.consume {
                total += after * value;
            }
            if let (Some((count, stride)), Limbs::Inputs { limbs: width, .. }) = (step.packed, &step.limbs) {
                let half = power_of_two(settings.limb_bits * width - 1);
                for i in 0..count {
                    let first = (i * width) as usize;
                    let input = self.limb_sum(row, first..first + *width as usize) - half;
                    total += after * power_of(&powers, r, i * stride) * input;
                }
            }
            if let Some(exponent) = step.production {
                productions[row] = powers[exponent as usize];
                let mut produced = step.constant;
                if !bool::from(step.scale.is_zero()) {
                    produced += step.scale * self.limb_sum(row, 0..limbs);
                }
                if step.produce_value {
                    produced += value;
                }
                if step.free == Some(FreeValue::Context) {
                    produced -= value;
                }
                if step.produce_instance {
                    produced += self.instances[row];
                }
                total -= productions[row] * produced;
            }
            totals[row + 1] = total;
        }

        // logUp: one inverse per lookup and per table row.
        let fixed = |name: &str| {
            self.description.fixed.iter().position(|f| f == name).map(|i| &self.description.fixed_values[i])
        };
        let table_columns =
            [fixed("table index"), fixed("table tag"), fixed("table base"), fixed("table slope")];
        let present = [
            true,
            !layout.tables.first_row.is_empty(),
            self.columns.table_base.is_some(),
            self.columns.table_slope.is_some(),
        ];
        let combined = |tuple: [Fr; 4]| {
            let (mut sum, mut factor) = (*shift, Fr::ONE);
            for (part, _) in tuple.into_iter().zip(present).filter(|(_, present)| *present) {
                sum += factor * part;
                factor *= combine;
            }
            sum
        };
        let mut inverses: Vec<Vec<Fr>> = (0..limbs)
            .map(|i| {
                (0..active)
                    .map(|row| {
                        if i + 1 < limbs {
                            return *shift + self.limbs[i][row];
                        }
                        let tag = layout.steps.get(row).map_or(0, tag_of);
                        combined([self.limbs[i][row], Fr::from(tag), self.bases[row], self.slopes[row]])
                    })
                    .collect()
            })
            .collect();
        let mut table: Vec<Fr> = (0..active)
            .map(|row| {
                combined(
                    table_columns.map(|column| column.and_then(|c| c.get(row)).copied().unwrap_or(Fr::ZERO)),
                )
            })
            .collect();
        for column in &mut inverses {
            column.iter_mut().batch_invert();
        }
        table.iter_mut().batch_invert();
        let helper_count = self.columns.helpers.len();
        let rest = limbs.saturating_sub(2);
        let mut helpers = vec![vec![Fr::ZERO; active]; helper_count];
        let mut running = vec![Fr::ZERO; active + 1];
        for row in 0..active {
            let mut start = 0;
            let mut change = Fr::ZERO;
            for (i, helper) in helpers.iter_mut().enumerate() {
                let size = rest / helper_count + usize::from(i < rest % helper_count);
                helper[row] = (start..start + size).fold(Fr::ZERO, |sum, j| sum + inverses[j][row]);
                change += helper[row];
                start += size;
            }
            for inverse in &inverses[start..] {
                change += inverse[row];
            }
            running[row + 1] = running[row] + change - self.multiplicities[row] * table[row];
        }
        let mut result: Vec<(usize, Vec<Fr>)> = self.columns.helpers.iter().copied().zip(helpers).collect();
        result.push((self.columns.running, running));
        result.push((self.columns.coefficient, coefficients));
        result.push((self.columns.production, productions));
        result.push((self.columns.factor, factors));
        result.push((self.columns.powers, powers));
        result.push((self.columns.total, totals));
        result
    }

    fn instances(&self) -> Vec<Fr> {
        self.instances.clone()
    }
}

fn power_of(powers: &[Fr], r: &Fr, exponent: u32) -> Fr {
    powers.get(exponent as usize).copied().unwrap_or_else(|| r.pow_vartime([u64::from(exponent)]))
}
