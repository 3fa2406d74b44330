//! From a layout to a [`Description`]: columns, gates, fixed values and copies.
//!
//! ```text
//! phase 1 | l0 … ln | c | m | (A) (B)            limbs, value, multiplicity, table outputs
//! phase 2 | (h) φ | U | V | F | R | T             logUp, coefficient, production, factor, powers, sum
//! fixed   | table index (tag) (A) (B) | (row tag) | q | sy | cy | kinds … | modes … | w0 … wn
//! ```
//!
//! Gates of row `i` (`⁺` is row `i + 1`; `c⁺` is `c` when no sum is fused):
//!
//! * `q·U⁺ = F·(Σ r^t w_t + [walk]·U + [value]·c⁺) + [accumulate]·U`
//! * `q·(R⁺ − r·R) = 0`
//! * `q·(T⁺ − T) = [consume]·U⁺·c⁺ + [packed]·U⁺·Σ r^(i·step) x_i
//!                 − V·(sy·lin + cy + [produce]·c⁺ − [boundary]·c⁺ + I)`
//! * `[defined]·(c⁺ − [keep]·c − expression of limbs) = 0`
//! * logUp over all limbs, one table, with `χ`, `θ`
//! * on the two boundary rows (the first and the one after the last): `q·(R − 1) = 0`, `T = 0`, `φ = 0`.
//!
//! `− [boundary]·c⁺` is the context: on the first row the production is `I − c⁺`. On the row after
//! the last, where every other term is zero, it asks `V·c⁺ = 0` of cells that nothing reads, and
//! honest ones are zero.
//!
//! Why each cell is unique: limbs, `A`, `B` by the lookup and the production; `c` by its definition or,
//! when free, by its production (the context: by the first public value); `m` by the lookup sum (only its total matters); `R` by its walk;
//! `V`, `F` are copies of `R`; `U`, `T`, `h`, `φ` follow from the rest.

use crate::{
    description::{AdviceColumn, Cell, Column, Description, Expression, Gate, Lookup, Phase},
    field::{Field, Fr, power_of_two},
    layout::{Definition, Layout, Limbs, Mode, Step},
};
use std::collections::BTreeSet;

/// Challenge `r`.
pub(crate) const POWER: usize = 0;
/// Challenge `χ`.
pub(crate) const SHIFT: usize = 1;
/// Challenge `θ`.
pub(crate) const COMBINE: usize = 2;

/// Indices of the columns.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) limbs: Vec<usize>,
    pub(crate) value: usize,
    pub(crate) multiplicity: usize,
    pub(crate) table_base: Option<usize>,
    pub(crate) table_slope: Option<usize>,
    pub(crate) helpers: Vec<usize>,
    pub(crate) running: usize,
    pub(crate) coefficient: usize,
    pub(crate) production: usize,
    pub(crate) factor: usize,
    pub(crate) powers: usize,
    pub(crate) total: usize,
    /// Rows by which a value cell lies behind its step: 1 when sums are fused.
    pub(crate) value_offset: usize,
}

/// What a row does besides its coefficient: one entry of the kind columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    definition: Definition,
    keep: bool,
    consume: bool,
    packed: Option<(u32, u32, u32)>,
    produce_value: bool,
}

/// Entries of the mode columns: how the coefficient is made, or the two boundary rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ModeEntry {
    /// The first row and the row after the last; neither has a mode of its own.
    Boundary,
    /// A mode other than [`Mode::Start`].
    Mode(Mode),
}

/// Entries of the kind columns per column: Lagrange selectors of degree 3.
const KINDS_PER_COLUMN: usize = 3;

/// Boolean functions of the row, packed several to a fixed column.
struct Selectors {
    /// First fixed column.
    first_column: usize,
    count: usize,
}

impl Selectors {
    fn columns(count: usize) -> usize {
        count.div_ceil(KINDS_PER_COLUMN)
    }
    /// `(column, value)` that stands for entry `index`.
    fn code(&self, index: usize) -> (usize, u64) {
        (self.first_column + index / KINDS_PER_COLUMN, (index % KINDS_PER_COLUMN + 1) as u64)
    }
    /// 1 on rows of entry `index`, 0 on the others.
    fn expression(&self, index: usize) -> Expression {
        let (column, value) = self.code(index);
        let in_column =
            (self.count - (index / KINDS_PER_COLUMN) * KINDS_PER_COLUMN).min(KINDS_PER_COLUMN) as u64;
        let cell = Expression::current(Column::Fixed(column));
        let mut product = Expression::one();
        let mut denominator = Fr::ONE;
        for other in (0..=in_column).filter(|o| *o != value) {
            product = product * (cell.clone() - Expression::Constant(Fr::from(other)));
            denominator *= Fr::from(value) - Fr::from(other);
        }
        product * denominator.invert().unwrap_or(Fr::ONE)
    }
    /// Sum of the entries for which `wanted` holds; `None` when there is none.
    fn any<T>(&self, entries: &[T], wanted: impl Fn(&T) -> bool) -> Option<Expression> {
        entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| wanted(entry))
            .map(|(index, _)| self.expression(index))
            .reduce(|a, b| a + b)
    }
}

fn kind_of(step: &Step) -> Kind {
    let packed = match (&step.limbs, step.packed) {
        (Limbs::Inputs { limbs, .. }, Some((count, stride))) => Some((count, stride, *limbs)),
        _ => None,
    };
    Kind {
        definition: step.definition,
        keep: step.keep,
        consume: step.consume,
        packed,
        produce_value: step.produce_value,
    }
}

/// `challenge^exponent` by repeated squaring (equal parts are equal expressions).
fn challenge_power(challenge: usize, exponent: u32) -> Expression {
    match exponent {
        0 => Expression::one(),
        1 => Expression::Challenge(challenge),
        _ => {
            let half = challenge_power(challenge, exponent / 2);
            let square = half.clone() * half;
            if exponent % 2 == 1 { square * Expression::Challenge(challenge) } else { square }
        }
    }
}

/// Builds the description; `k` is the smallest that holds all rows.
pub(crate) fn describe(layout: &Layout, blinding_rows: usize) -> (Description, Columns) {
    let settings = &layout.settings;
    let limbs = settings.limbs() as usize;
    let active = layout.active_rows();
    let rows = active + 1;
    let k = usize::BITS - (rows + blinding_rows - 1).leading_zeros();
    let fused = layout.steps.iter().any(|s| s.keep);

    // ---- columns
    let mut advice = Vec::new();
    let mut column = |name: String, phase| {
        advice.push(AdviceColumn { name, phase });
        advice.len() - 1
    };
    let has_tables = !layout.tables.first_row.is_empty();
    let with_base = has_tables && !layout.tables.slope_only;
    let with_slope = has_tables && layout.tables.has_slope;
    let limb_columns: Vec<usize> = (0..limbs).map(|i| column(format!("limb {i}"), Phase::First)).collect();
    let value = column("value".into(), Phase::First);
    let multiplicity = column("multiplicity".into(), Phase::First);
    let table_base = with_base.then(|| column("table base".into(), Phase::First));
    let table_slope = with_slope.then(|| column("table slope".into(), Phase::First));
    // The running sum takes two fractions and the table, a helper up to three.
    let helper_sizes: Vec<usize> = {
        let rest = limbs.saturating_sub(2);
        let count = rest.div_ceil(3);
        (0..count).map(|i| rest / count + usize::from(i < rest % count)).collect()
    };
    let helpers: Vec<usize> =
        (0..helper_sizes.len()).map(|i| column(format!("helper {i}"), Phase::Second)).collect();
    let running = column("running sum".into(), Phase::Second);
    let coefficient = column("coefficient".into(), Phase::Second);
    let production = column("production".into(), Phase::Second);
    let factor = column("factor".into(), Phase::Second);
    let powers = column("powers".into(), Phase::Second);
    let total = column("total".into(), Phase::Second);
    let columns = Columns {
        limbs: limb_columns,
        value,
        multiplicity,
        table_base,
        table_slope,
        helpers,
        running,
        coefficient,
        production,
        factor,
        powers,
        total,
        value_offset: usize::from(fused),
    };

    // ---- kinds and modes that occur
    let idle = kind_of(&Step::default());
    let kinds: Vec<Kind> = layout
        .steps
        .iter()
        .map(kind_of)
        .filter(|k| *k != idle)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let modes: Vec<ModeEntry> = layout
        .steps
        .iter()
        .map(|s| s.mode)
        .filter(|m| *m != Mode::Start)
        .map(ModeEntry::Mode)
        .chain([ModeEntry::Boundary])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();

    // ---- fixed columns
    let mut fixed: Vec<String> = Vec::new();
    let mut fixed_values: Vec<Vec<Fr>> = Vec::new();
    let mut fixed_column = |name: String, mut values: Vec<Fr>| -> Option<usize> {
        while values.last().is_some_and(|v| bool::from(v.is_zero())) {
            values.pop();
        }
        // A column of zeros would commit to the point at infinity, which the contract rejects.
        if values.is_empty() {
            return None;
        }
        fixed.push(name);
        fixed_values.push(values);
        Some(fixed.len() - 1)
    };
    let q = fixed_column("active".into(), vec![Fr::ONE; active]);
    let tables = table_columns(layout);
    let table_index = fixed_column("table index".into(), tables.index);
    let table_tag = fixed_column("table tag".into(), tables.tag);
    let fixed_base = with_base.then(|| fixed_column("table base".into(), tables.base)).flatten();
    let fixed_slope = with_slope.then(|| fixed_column("table slope".into(), tables.slope)).flatten();
    let row_tag = fixed_column("row tag".into(), layout.steps.iter().map(|s| Fr::from(tag_of(s))).collect());
    let scale = fixed_column("scale".into(), layout.steps.iter().map(|s| s.scale).collect());
    let constant = fixed_column("constant".into(), layout.steps.iter().map(|s| s.constant).collect());
    let weights: Vec<Option<usize>> = (0..layout.weight_columns)
        .map(|t| {
            fixed_column(
                format!("weight {t}"),
                layout.steps.iter().map(|s| s.weights.get(t).copied().unwrap_or(Fr::ZERO)).collect(),
            )
        })
        .collect();
    let code_column =
        |selectors: &Selectors, wanted: usize, entry: &dyn Fn(usize) -> Option<usize>| -> Vec<Fr> {
            (0..rows)
                .map(|row| match entry(row).map(|index| selectors.code(index)) {
                    Some((column, value)) if column == wanted => Fr::from(value),
                    _ => Fr::ZERO,
                })
                .collect()
        };
    let kind_selectors = Selectors { first_column: 0, count: kinds.len() };
    let kind_entry =
        |row: usize| layout.steps.get(row).and_then(|step| kinds.binary_search(&kind_of(step)).ok());
    let kind_columns: Vec<Vec<Fr>> =
        (0..Selectors::columns(kinds.len())).map(|c| code_column(&kind_selectors, c, &kind_entry)).collect();
    let mode_selectors = Selectors { first_column: 0, count: modes.len() };
    let mode_entry = |row: usize| {
        let entry = if row == 0 || row == active {
            ModeEntry::Boundary
        } else {
            ModeEntry::Mode(layout.steps.get(row)?.mode)
        };
        modes.binary_search(&entry).ok()
    };
    let mode_columns: Vec<Vec<Fr>> =
        (0..Selectors::columns(modes.len())).map(|c| code_column(&mode_selectors, c, &mode_entry)).collect();
    let mut first_kind = None;
    for (c, values) in kind_columns.into_iter().enumerate() {
        let column = fixed_column(format!("kinds {c}"), values);
        first_kind = first_kind.or(column);
    }
    let mut first_mode = None;
    for (c, values) in mode_columns.into_iter().enumerate() {
        let column = fixed_column(format!("modes {c}"), values);
        first_mode = first_mode.or(column);
    }
    let kind_selectors = Selectors { first_column: first_kind.unwrap_or(0), ..kind_selectors };
    let mode_selectors = Selectors { first_column: first_mode.unwrap_or(0), ..mode_selectors };

    // ---- expressions
    let now = |column: usize| Expression::current(Column::Advice(column));
    let next = |column: usize| Expression::next(Column::Advice(column));
    let fixed_cell = |column: Option<usize>| column.map(|c| Expression::current(Column::Fixed(c)));
    let active_cell = fixed_cell(q).unwrap_or_else(Expression::zero);
    let stepped_value = || if fused { next(columns.value) } else { now(columns.value) };
    let two = |exponent: u32| power_of_two(exponent);
    let t = settings.limb_bits;
    let limb = |i: usize| now(columns.limbs[i]);
    let sum_limbs = |range: std::ops::Range<usize>| {
        let start = range.start;
        range
            .map(|i| limb(i) * two(t * (i - start) as u32))
            .reduce(|a, b| a + b)
            .unwrap_or_else(Expression::zero)
    };
    let constant_of = |value: Fr| Expression::Constant(value);
    let half = two(settings.activation_bits() - 1);
    let low = settings.low_limbs as usize;
    let requantised = || sum_limbs(low..limbs) - constant_of(half);
    let challenge = Expression::Challenge;

    let mut gates = Vec::new();
    let mut gate = |name: &str, polynomial: Expression| gates.push(Gate { name: name.into(), polynomial });

    // U
    let mut by_factor = weights
        .iter()
        .enumerate()
        .filter_map(|(t, column)| fixed_cell(*column).map(|cell| cell * challenge_power(POWER, t as u32)))
        .reduce(|a, b| a + b);
    let added = |expression: Option<Expression>, into: &mut Option<Expression>| {
        if let Some(expression) = expression {
            *into = Some(match into.take() {
                Some(sum) => sum + expression,
                None => expression,
            });
        }
    };
    let walk = mode_selectors
        .any(&modes, |m| *m == ModeEntry::Mode(Mode::Walk))
        .map(|s| s * now(columns.coefficient));
    added(walk, &mut by_factor);
    let by_value = mode_selectors
        .any(&modes, |m| matches!(m, ModeEntry::Mode(Mode::StartValue | Mode::AccumulateValue)))
        .map(|s| s * stepped_value());
    added(by_value, &mut by_factor);
    let mut right = by_factor.map(|e| e * now(columns.factor));
    let kept = mode_selectors
        .any(&modes, |m| matches!(m, ModeEntry::Mode(Mode::Accumulate | Mode::AccumulateValue)))
        .map(|s| s * now(columns.coefficient));
    added(kept, &mut right);
    gate(
        "coefficient",
        active_cell.clone() * next(columns.coefficient) - right.unwrap_or_else(Expression::zero),
    );

    // R
    gate("powers", active_cell.clone() * (next(columns.powers) - challenge(POWER) * now(columns.powers)));

    // T
    let mut change =
        kind_selectors.any(&kinds, |k| k.consume).map(|s| s * next(columns.coefficient) * stepped_value());
    let packings: BTreeSet<(u32, u32, u32)> = kinds.iter().filter_map(|k| k.packed).collect();
    for packing in packings {
        let (count, stride, width) = packing;
        let inputs = (0..count)
            .map(|i| {
                let first = (i * width) as usize;
                let input = sum_limbs(first..first + width as usize) - constant_of(two(t * width - 1));
                input * challenge_power(POWER, i * stride)
            })
            .reduce(|a, b| a + b)
            .unwrap_or_else(Expression::zero);
        let selected = kind_selectors
            .any(&kinds, |k| k.packed == Some(packing))
            .map(|s| s * next(columns.coefficient) * inputs);
        added(selected, &mut change);
    }
    let mut produced = fixed_cell(scale).map(|s| s * sum_limbs(0..limbs));
    added(fixed_cell(constant), &mut produced);
    added(kind_selectors.any(&kinds, |k| k.produce_value).map(|s| s * stepped_value()), &mut produced);
    // Beyond the public values the instance column is zero, so that no selector is needed.
    added(Some(Expression::current(Column::Instance)), &mut produced);
    // The context. The selector of the boundary rows exists anyway; a kind of its own could cost a
    // fixed column.
    let boundary = mode_selectors.any(&modes, |m| *m == ModeEntry::Boundary).unwrap_or_else(Expression::zero);
    added(Some(-(boundary.clone() * stepped_value())), &mut produced);
    let change = change.unwrap_or_else(Expression::zero)
        - produced.map_or_else(Expression::zero, |p| p * now(columns.production));
    gate("total", active_cell.clone() * (next(columns.total) - now(columns.total)) - change);

    // c
    let definitions: BTreeSet<(Definition, bool)> =
        kinds.iter().filter(|k| k.definition != Definition::Free).map(|k| (k.definition, k.keep)).collect();
    let mut defined: Option<Expression> = None;
    for (definition, keep) in definitions {
        let expression = match definition {
            Definition::Free => continue,
            Definition::Input(width) => sum_limbs(0..width as usize) - constant_of(two(t * width - 1)),
            Definition::Requantised => requantised(),
            Definition::Square(linear) => {
                let z = requantised();
                z.clone() * (z + constant_of(crate::field::from_i128(i128::from(linear))))
            }
            Definition::Table => {
                if layout.tables.slope_only {
                    now(table_slope.unwrap_or(0)) * requantised()
                } else {
                    let base = table_base.map_or_else(Expression::zero, now);
                    match table_slope {
                        Some(slope) => base + now(slope) * sum_limbs(low..limbs - 1),
                        None => base,
                    }
                }
            }
        };
        let expression = if keep { expression + now(columns.value) } else { expression };
        let selected = kind_selectors
            .any(&kinds, |k| k.definition == definition && k.keep == keep)
            .map(|s| s * (stepped_value() - expression));
        added(selected, &mut defined);
    }
    if let Some(defined) = defined {
        gate("value", defined);
    }

    // logUp
    let combine = |parts: Vec<Expression>| {
        parts
            .into_iter()
            .enumerate()
            .fold(challenge(SHIFT), |sum, (power, part)| sum + part * challenge_power(COMBINE, power as u32))
    };
    let mut fractions: Vec<Expression> = (0..limbs - 1).map(|i| combine(vec![limb(i)])).collect();
    // The tag keeps the entries of the range and of each function apart.
    let cell_or_zero = |column: Option<usize>| fixed_cell(column).unwrap_or_else(Expression::zero);
    let mut top_tuple = vec![limb(limbs - 1)];
    let mut table_tuple = vec![cell_or_zero(table_index)];
    if has_tables {
        top_tuple.push(cell_or_zero(row_tag));
        table_tuple.push(cell_or_zero(table_tag));
    }
    for (advice, fixed) in [(table_base, fixed_base), (table_slope, fixed_slope)] {
        if let Some(advice) = advice {
            top_tuple.push(now(advice));
            table_tuple.push(cell_or_zero(fixed));
        }
    }
    fractions.push(combine(top_tuple.clone()));
    let table = combine(table_tuple.clone());
    let product =
        |factors: &[Expression]| factors.iter().cloned().reduce(|a, b| a * b).unwrap_or_else(Expression::one);
    let reciprocal_sum = |factors: &[Expression]| {
        (0..factors.len())
            .map(|skip| {
                let others: Vec<Expression> =
                    factors.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, f)| f.clone()).collect();
                product(&others)
            })
            .reduce(|a, b| a + b)
            .unwrap_or_else(Expression::zero)
    };
    let mut start = 0;
    for (helper, size) in columns.helpers.iter().zip(&helper_sizes) {
        let part = &fractions[start..start + size];
        gate("lookup helper", active_cell.clone() * (now(*helper) * product(part) - reciprocal_sum(part)));
        start += size;
    }
    let part = &fractions[start..];
    let mut change = next(columns.running) - now(columns.running);
    for helper in &columns.helpers {
        change = change - now(*helper);
    }
    gate(
        "lookup sum",
        active_cell.clone()
            * (change * product(part) * table.clone() - reciprocal_sum(part) * table
                + now(columns.multiplicity) * product(part)),
    );

    // Boundaries
    gate("powers start", active_cell.clone() * boundary.clone() * (now(columns.powers) - Expression::one()));
    gate("total boundary", boundary.clone() * now(columns.total));
    gate("lookup boundary", boundary * now(columns.running));

    // ---- lookups said directly, for the checker
    let lookups = (0..limbs)
        .map(|i| {
            let mut input = top_tuple.clone();
            if i + 1 < limbs {
                input.fill(Expression::zero());
                input[0] = limb(i);
            }
            Lookup {
                name: format!("limb {i}"),
                input,
                table: table_tuple.clone(),
                selector: active_cell.clone(),
            }
        })
        .collect();

    // ---- copies
    let mut copies = Vec::new();
    let cell = |column: usize, row: usize| Cell { column: Column::Advice(column), row };
    for (row, step) in layout.steps.iter().enumerate() {
        if let Some(exponent) = step.factor {
            copies.push((cell(columns.factor, row), cell(columns.powers, exponent as usize)));
        }
        if let Some(exponent) = step.production {
            copies.push((cell(columns.production, row), cell(columns.powers, exponent as usize)));
        }
    }
    let description = Description {
        k,
        rows,
        advice,
        fixed,
        fixed_values,
        challenges: vec!["r".into(), "χ".into(), "θ".into()],
        gates,
        lookups,
        permutation: vec![
            Column::Advice(columns.powers),
            Column::Advice(columns.production),
            Column::Advice(columns.factor),
        ],
        copies,
        instances: layout.instances,
    };
    (description, columns)
}

/// Which part of the table the top limb is looked up in: 0 for the range, `1 + function` otherwise.
pub(crate) fn tag_of(step: &Step) -> u64 {
    match &step.limbs {
        Limbs::Activation { table: Some(table), .. } => u64::from(*table) + 1,
        _ => 0,
    }
}

/// The table columns. Rows beyond their end repeat the entry `(0, 0, 0, 0)` of the range.
struct TableColumns {
    index: Vec<Fr>,
    tag: Vec<Fr>,
    base: Vec<Fr>,
    slope: Vec<Fr>,
}

fn table_columns(layout: &Layout) -> TableColumns {
    let limb_values = 1u64 << layout.settings.limb_bits;
    let zeros = vec![Fr::ZERO; limb_values as usize];
    let mut columns = TableColumns {
        index: (0..limb_values).map(Fr::from).collect(),
        tag: zeros.clone(),
        base: zeros.clone(),
        slope: zeros,
    };
    for (number, table) in layout.table_functions.iter().enumerate() {
        for (i, value) in table.base.iter().enumerate() {
            columns.index.push(Fr::from(u64::from(table.first) + i as u64));
            columns.tag.push(Fr::from(number as u64 + 1));
            columns.base.push(crate::field::from_i128(i128::from(*value)));
            columns.slope.push(crate::field::from_i128(i128::from(table.slope.get(i).copied().unwrap_or(0))));
        }
    }
    columns
}

/// Least number of rows at the end that blinding takes.
pub(crate) const BLINDING_ROWS: usize = 6;
