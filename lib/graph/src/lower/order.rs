//! Positions of extremes.

use crate::plan::{RealFunction, Scale};

use super::{Element, Lowered, Lowering, Step, Values, unsupported};

impl Lowering<'_> {
    /// Position of the largest (smallest) element along one axis, exact. For candidates in order,
    /// `first(i) = [x_i ≥ best so far]` chooses; ties go to the first unless `last`.
    pub(super) fn arg_extreme(
        &mut self,
        input: &Lowered,
        axes: &[usize],
        shape: &[usize],
        maximum: bool,
        last: bool,
    ) -> Step<Lowered> {
        if axes.len() != 1 {
            return unsupported("needs one axis");
        }
        let id = self.materialise(input)?;
        let values = self.operands(id)?;
        let groups = super::pool::groups(&values, axes);
        let extremes = self.extremes(groups.clone(), maximum)?;
        let count = groups.first().map_or(0, Vec::len);
        // reached[i]: element i equals the extreme. The position is the number of elements before
        // the first that reached it: Σ_i Π_{j ≤ i} (1 − reached[j]).
        let mut candidates = vec![];
        let mut bests = vec![];
        for (group, best) in groups.iter().zip(&extremes) {
            for element in group {
                candidates.push(element.clone());
                bests.push(best.clone());
            }
        }
        let total = candidates.len();
        let difference: Vec<Element> = candidates
            .iter()
            .zip(&bests)
            .map(|(x, b)| if maximum { x.plus(b, -1.0) } else { b.plus(x, -1.0) })
            .collect();
        let id = self.store(vec![total], difference);
        let reached =
            self.activation(id, &RealFunction::Step, 1.0, 0.0, Scale::Exact { bits: 0, offset: 0 })?;
        let reached = self.arena[reached].clone();
        // seen[i] = 1 when some element up to i (from i on, for `last`) has reached the extreme:
        // the step of a sum, so that all are found in one layer.
        let mut prefix = Vec::with_capacity(total);
        for g in 0..groups.len() {
            let own = &reached.elements[g * count..(g + 1) * count];
            for i in 0..count {
                let range = if last { i..count } else { 0..i + 1 };
                let picked: Vec<&Element> = own[range].iter().collect();
                prefix.push(super::linear::sum(&picked));
            }
        }
        let prefix = Values { shape: vec![total], elements: prefix };
        let id = self.store(prefix.shape, prefix.elements);
        let seen =
            self.activation(id, &RealFunction::Step, 1.0, 0.0, Scale::Exact { bits: 0, offset: -1 })?;
        let seen = self.arena[seen].clone();
        let elements = (0..groups.len())
            .map(|g| {
                let own: Vec<&Element> = seen.elements[g * count..(g + 1) * count].iter().collect();
                let sum = super::linear::sum(&own);
                // first: count − Σ seen; last: Σ seen − 1.
                if last { sum.scaled(1.0, -1.0) } else { sum.scaled(-1.0, count as f64) }
            })
            .collect();
        Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
    }
}
