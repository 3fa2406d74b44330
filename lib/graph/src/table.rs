//! Piecewise linear tables: exact ones for ReLU and steps, fitted ones for smooth functions.

use crate::expression::Expression;
use crate::ir::{Bounds, QuantisationSettings, Table};

/// Largest absolute value of a fitted table entry.
const MAX_ENTRY: f64 = 4_611_686_018_427_387_904.0; // 2^62

/// Pieces that cover the integers `low ..= high`, as `(first, count)`.
pub(crate) fn pieces(settings: &QuantisationSettings, low: i128, high: i128) -> (u32, u32) {
    let width = settings.limb_bits * (settings.high_limbs - 1);
    let half = 1i128 << (settings.activation_bits() - 1);
    let top = |z: i128| ((z.clamp(-half, half - 1) + half) >> width) as u32;
    (top(low), top(high) - top(low) + 1)
}

/// Integer at which piece `top` starts, and the number of integers in it.
fn piece(settings: &QuantisationSettings, top: u32) -> (i128, i128) {
    let width = settings.limb_bits * (settings.high_limbs - 1);
    let half = 1i128 << (settings.activation_bits() - 1);
    ((i128::from(top) << width) - half, 1i128 << width)
}

/// `max(z, 0)`, exact.
pub(crate) fn relu(settings: &QuantisationSettings, first: u32, count: u32) -> Table {
    let starts = (first..first + count).map(|top| piece(settings, top).0);
    let base = starts.clone().map(|z| z.max(0) as i64).collect();
    let slope = if settings.high_limbs == 1 { vec![] } else { starts.map(|z| i64::from(z >= 0)).collect() };
    Table { name: "relu".into(), first, base, slope }
}

/// `1` for `z ≥ 0`, else `0`, exact.
pub(crate) fn step(settings: &QuantisationSettings, first: u32, count: u32) -> Table {
    let base = (first..first + count).map(|top| i64::from(piece(settings, top).0 >= 0)).collect();
    Table { name: "step".into(), first, base, slope: vec![] }
}

/// Fits `function` at input scale `from` and output scale `to` bits over the pieces
/// `first .. first + count`. Pieces where the function is not finite or too large are cut off,
/// keeping those around integer `center`. `None` when nothing is left.
pub(crate) fn fit(
    settings: &QuantisationSettings,
    function: &Expression,
    from: i32,
    to: i32,
    first: u32,
    count: u32,
    center: i128,
) -> Option<Table> {
    let unit_in = (-f64::from(from)).exp2();
    let unit_out = f64::from(to).exp2();
    let at = |z: i128| function.evaluate(z as f64 * unit_in) * unit_out;
    let mut fitted = Vec::with_capacity(count as usize);
    for top in first..first + count {
        let (start, length) = piece(settings, top);
        let left = at(start);
        let slope =
            if length > 1 { ((at(start + length - 1) - left) / (length - 1) as f64).round() } else { 0.0 };
        // Given the rounded slope, the base that halves the largest error at sampled points.
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let samples = length.min(17);
        for i in 0..samples {
            let rest = if samples > 1 { i * (length - 1) / (samples - 1) } else { 0 };
            let residual = at(start + rest) - slope * rest as f64;
            low = if residual.is_nan() { f64::NAN } else { low.min(residual) };
            high = high.max(residual);
        }
        let base = ((low + high) / 2.0).round();
        let largest = base.abs() + slope.abs() * length as f64;
        fitted.push((largest < MAX_ENTRY).then_some((base as i64, slope as i64)));
    }
    let (middle, _) = pieces(settings, center, center);
    let middle = (middle.clamp(first, first + count - 1) - first) as usize;
    fitted.get(middle).copied().flatten()?;
    let mut begin = middle;
    while begin > 0 && fitted[begin - 1].is_some() {
        begin -= 1;
    }
    let run: Vec<(i64, i64)> = fitted[begin..].iter().map_while(|p| *p).collect();
    let base = run.iter().map(|p| p.0).collect();
    let mut slope: Vec<i64> = run.iter().map(|p| p.1).collect();
    if slope.iter().all(|s| *s == 0) {
        slope.clear();
    }
    Some(Table { name: function.name(), first: first + begin as u32, base, slope })
}

/// Bounds of what a table gives.
pub(crate) fn bounds(settings: &QuantisationSettings, table: &Table) -> Bounds {
    let last = (1i128 << (settings.limb_bits * (settings.high_limbs - 1))) - 1;
    let mut bounds = Bounds { min: i128::MAX, max: i128::MIN };
    for (i, base) in table.base.iter().enumerate() {
        let slope = table.slope.get(i).copied().unwrap_or(0);
        for value in [i128::from(*base), i128::from(*base) + i128::from(slope) * last] {
            bounds.min = bounds.min.min(value);
            bounds.max = bounds.max.max(value);
        }
    }
    bounds
}

/// Smallest and largest `z` that a table accepts.
pub(crate) fn domain(settings: &QuantisationSettings, table: &Table) -> (i128, i128) {
    let (low, _) = piece(settings, table.first);
    let (start, length) = piece(settings, table.first + (table.base.len().max(1) - 1) as u32);
    (low, start + length - 1)
}

/// Value at `z`; `None` outside the table.
pub(crate) fn evaluate(settings: &QuantisationSettings, table: &Table, z: i128) -> Option<i128> {
    let width = settings.limb_bits * (settings.high_limbs - 1);
    let shifted = z + (1i128 << (settings.activation_bits() - 1));
    let top = shifted >> width;
    let rest = shifted - (top << width);
    let index = usize::try_from(top - i128::from(table.first)).ok()?;
    let base = i128::from(*table.base.get(index)?);
    let slope = table.slope.get(index).copied().unwrap_or(0);
    Some(base + i128::from(slope) * rest)
}
