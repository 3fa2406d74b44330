//! Computing a pointwise function: exact forms first, tables for the rest.

use crate::expression::{Binary, Expression, Unary};
use crate::plan::{RealFunction, Scale};

use super::{Element, Lowered, Lowering, Step, Values, unsupported};

impl Lowering<'_> {
    /// Arena index of anything that is not a constant.
    pub(super) fn materialise(&mut self, lowered: &Lowered) -> Step<usize> {
        match lowered {
            Lowered::Values(id) => Ok(*id),
            Lowered::Pointwise { base, expression, .. } => self.pointwise(*base, expression),
            Lowered::Constant(_) => {
                let values = self.values(lowered)?;
                Ok(self.store(values.shape.clone(), values.elements.clone()))
            }
            Lowered::Poison => unsupported("it reads a value that is not supported"),
        }
    }

    /// `expression` of every element of tensor `base`.
    pub(super) fn pointwise(&mut self, base: usize, expression: &Expression) -> Step<usize> {
        if *expression == Expression::X {
            return Ok(base);
        }
        let key = (base, format!("{expression:?}"));
        if let Some(known) = self.memo.functions.get(&key) {
            return Ok(*known);
        }
        let result = self.compute(base, expression)?;
        self.memo.functions.insert(key, result);
        Ok(result)
    }

    fn map(&mut self, id: usize, scale: f64, offset: f64) -> usize {
        let values = self.arena[id].clone();
        let elements = values.elements.iter().map(|e| e.scaled(scale, offset)).collect();
        self.store(values.shape.clone(), elements)
    }

    fn compute(&mut self, base: usize, expression: &Expression) -> Step<usize> {
        if self.arena[base].elements.iter().all(|e| e.terms.is_empty()) {
            let values = self.arena[base].clone();
            let elements =
                values.elements.iter().map(|e| Element::constant(expression.evaluate(e.constant))).collect();
            return Ok(self.store(values.shape.clone(), elements));
        }
        if let Some([c0, c1, c2]) = expression.quadratic() {
            if c2 == 0.0 {
                return Ok(self.map(base, c1, c0));
            }
            let function = RealFunction::Square { linear: c1 / c2 };
            let square = self.activation(base, &function, 1.0, 0.0, Scale::Accumulator)?;
            return Ok(self.map(square, c2, c0));
        }
        // Outer scale and offset cost nothing.
        let (core, scale, offset) = strip(expression);
        if let Some(id) = self.exact(base, core)? {
            return Ok(if (scale, offset) == (1.0, 0.0) { id } else { self.map(id, scale, offset) });
        }
        if jumps(expression) {
            return unsupported(format!(
                "the function {} jumps between values; only comparisons are exact",
                expression.name()
            ));
        }
        self.smooth(base, expression)
    }

    /// Functions that have an exact form.
    fn exact(&mut self, base: usize, core: &Expression) -> Step<Option<usize>> {
        let relu = RealFunction::Relu;
        match core {
            Expression::Binary(f @ (Binary::Max | Binary::Min), a, b) => {
                let (inner, limit) = match (&**a, &**b) {
                    (inner, Expression::Constant(c)) | (Expression::Constant(c), inner) => (inner, *c),
                    _ => return self.extreme_of(base, *f, a, b),
                };
                if let Some((scale, offset)) = inner.affine() {
                    // max(i, c) = c + relu(i − c), min(i, c) = c − relu(c − i)
                    let sign = if *f == Binary::Max { 1.0 } else { -1.0 };
                    let id = self.activation(
                        base,
                        &relu,
                        sign * scale,
                        sign * (offset - limit),
                        Scale::Accumulator,
                    )?;
                    return Ok(Some(if (sign, limit) == (1.0, 0.0) {
                        id
                    } else {
                        self.map(id, sign, limit)
                    }));
                }
                self.clamp(base, *f, inner, limit)
            }
            Expression::Unary(Unary::Not, inner) => {
                let id = self.pointwise(base, inner)?;
                Ok(Some(self.map(id, -1.0, 1.0)))
            }
            Expression::Unary(Unary::Sign, inner) => {
                let zero = Expression::Constant(0.0);
                let greater = Expression::binary(Binary::Greater, (**inner).clone(), zero.clone());
                let less = Expression::binary(Binary::Less, (**inner).clone(), zero);
                let (p, q) = (self.pointwise(base, &greater)?, self.pointwise(base, &less)?);
                let (p, q) = (self.arena[p].clone(), self.arena[q].clone());
                let elements = p.elements.iter().zip(&q.elements).map(|(a, b)| a.plus(b, -1.0)).collect();
                Ok(Some(self.store(p.shape.clone(), elements)))
            }
            Expression::Unary(f @ (Unary::Floor | Unary::Ceil), inner) => {
                let Some((scale, offset)) = inner.affine() else {
                    return Ok(None);
                };
                // ⌊x⌋ is x − ½ rounded to whole numbers, ⌈x⌉ = −⌊−x⌋.
                let sign = if *f == Unary::Floor { 1.0 } else { -1.0 };
                let id = self.operands(base).map(|v| (*v).clone())?;
                let id = self.store(id.shape, id.elements);
                let id = self.activation(
                    id,
                    &RealFunction::Identity,
                    sign * scale,
                    sign * offset - 0.5,
                    Scale::Whole,
                )?;
                Ok(Some(self.map(id, sign, 0.0)))
            }
            Expression::Unary(Unary::Truncate, inner) => {
                // Towards zero: ⌊max(x, 0)⌋ − ⌊max(−x, 0)⌋.
                let zero = Expression::Constant(0.0);
                let negated = Expression::unary(Unary::Neg, (**inner).clone());
                let mut parts = vec![];
                for side in [(**inner).clone(), negated] {
                    let positive = Expression::binary(Binary::Max, side, zero.clone());
                    let id = self.pointwise(base, &positive)?;
                    let floor = Expression::unary(Unary::Floor, Expression::X);
                    let id = self.pointwise(id, &floor)?;
                    parts.push(self.arena[id].clone());
                }
                let elements =
                    parts[0].elements.iter().zip(&parts[1].elements).map(|(a, b)| a.plus(b, -1.0)).collect();
                Ok(Some(self.store(parts[0].shape.clone(), elements)))
            }
            Expression::Select(condition, a, b) if jumps(core) => {
                let condition = self.side(base, condition)?;
                let a = self.side(base, a)?;
                let b = self.side(base, b)?;
                let difference = Values {
                    shape: a.shape.clone(),
                    elements: a.elements.iter().zip(&b.elements).map(|(x, y)| x.plus(y, -1.0)).collect(),
                };
                let product = self.multiply(&condition, &difference)?;
                let elements = self.arena[product]
                    .elements
                    .iter()
                    .zip(&b.elements)
                    .map(|(p, y)| y.plus(p, 1.0))
                    .collect();
                Ok(Some(self.store(b.shape, elements)))
            }
            Expression::Binary(f, a, b) if f.is_logical() => {
                let left = self.side(base, a)?;
                let right = self.side(base, b)?;
                Ok(Some(self.combine_values(*f, left, right)?))
            }
            _ => Ok(None),
        }
    }

    fn side(&mut self, base: usize, expression: &Expression) -> Step<Values> {
        if let Expression::Constant(c) = expression {
            let shape = self.arena[base].shape.clone();
            let count = self.arena[base].elements.len();
            return Ok(Values { shape, elements: vec![Element::constant(*c); count] });
        }
        let id = self.pointwise(base, expression)?;
        Ok((*self.arena[id]).clone())
    }

    /// Maximum or minimum of two affine functions of one tensor.
    fn extreme_of(
        &mut self,
        base: usize,
        function: Binary,
        a: &Expression,
        b: &Expression,
    ) -> Step<Option<usize>> {
        let (Some((a1, a0)), Some((b1, b0))) = (a.affine(), b.affine()) else {
            return Ok(None);
        };
        // max(a, b) = b + relu(a − b), min(a, b) = a − relu(a − b)
        let id = self.activation(base, &RealFunction::Relu, a1 - b1, a0 - b0, Scale::Accumulator)?;
        let relu = self.arena[id].clone();
        let operand = self.operands(base)?;
        let elements = operand
            .elements
            .iter()
            .zip(&relu.elements)
            .map(|(x, r)| {
                if function == Binary::Max {
                    x.scaled(b1, b0).plus(r, 1.0)
                } else {
                    x.scaled(a1, a0).plus(r, -1.0)
                }
            })
            .collect();
        Ok(Some(self.store(relu.shape.clone(), elements)))
    }

    /// `min(max(i, low), high)` or the other way round: one table, exact because both bends fall
    /// on the borders of pieces.
    fn clamp(&mut self, base: usize, outer: Binary, inner: &Expression, limit: f64) -> Step<Option<usize>> {
        let Expression::Binary(f @ (Binary::Max | Binary::Min), a, b) = inner else {
            return Ok(None);
        };
        if *f == outer {
            return Ok(None);
        }
        let (core, other) = match (&**a, &**b) {
            (core, Expression::Constant(c)) | (Expression::Constant(c), core) => (core, *c),
            _ => return Ok(None),
        };
        let Some((scale, offset)) = core.affine() else {
            return Ok(None);
        };
        let (low, high) = if *f == Binary::Max { (other, limit) } else { (limit, other) };
        if high <= low || !low.is_finite() || !high.is_finite() {
            return Ok(None);
        }
        let width = high - low;
        let unit = Expression::binary(
            Binary::Min,
            Expression::binary(Binary::Max, Expression::X, Expression::Constant(0.0)),
            Expression::Constant(1.0),
        );
        let id = self.activation(
            base,
            &RealFunction::Smooth(unit),
            scale / width,
            (offset - low) / width,
            Scale::Accumulator,
        )?;
        Ok(Some(self.map(id, width, low)))
    }

    /// Any function by table. Its bends, if evenly spaced, are moved to whole numbers, which are
    /// borders of pieces.
    fn smooth(&mut self, base: usize, expression: &Expression) -> Step<usize> {
        let kinks = expression.kinks();
        let (scale, offset) = match kinks.as_slice() {
            [] => (1.0, 0.0),
            [k] => (1.0, -k),
            [first, second, ..] => {
                let width = second - first;
                let even = kinks.iter().all(|k| {
                    let steps = (k - first) / width;
                    (steps - steps.round()).abs() < 1e-9 && steps.abs() < 64.0
                });
                if even { (1.0 / width, -first / width) } else { (1.0, -first) }
            }
        };
        // expression(x) with x = (u − offset) / scale
        let function = if (scale, offset) == (1.0, 0.0) {
            expression.clone()
        } else {
            expression.substitute(1.0 / scale, -offset / scale)
        };
        self.activation(base, &RealFunction::Smooth(function), scale, offset, Scale::Accumulator)
    }
}

/// Takes off outer additions and multiplications by constants: `scale · core + offset`.
fn strip(expression: &Expression) -> (&Expression, f64, f64) {
    let (mut core, mut scale, mut offset) = (expression, 1.0, 0.0);
    loop {
        match core {
            Expression::Unary(Unary::Neg, inner) => {
                scale = -scale;
                core = inner;
            }
            Expression::Binary(f, a, b) => match (f, &**a, &**b) {
                (Binary::Add, inner, Expression::Constant(c))
                | (Binary::Add, Expression::Constant(c), inner) => {
                    offset += scale * c;
                    core = inner;
                }
                (Binary::Sub, inner, Expression::Constant(c)) => {
                    offset -= scale * c;
                    core = inner;
                }
                (Binary::Sub, Expression::Constant(c), inner) => {
                    offset += scale * c;
                    scale = -scale;
                    core = inner;
                }
                (Binary::Mul, inner, Expression::Constant(c))
                | (Binary::Mul, Expression::Constant(c), inner) => {
                    scale *= c;
                    core = inner;
                }
                (Binary::Div, inner, Expression::Constant(c)) if *c != 0.0 => {
                    scale /= c;
                    core = inner;
                }
                _ => return (core, scale, offset),
            },
            _ => return (core, scale, offset),
        }
    }
}

/// True when the function is not continuous.
fn jumps(expression: &Expression) -> bool {
    match expression {
        Expression::X | Expression::Constant(_) => false,
        Expression::Unary(f, a) => {
            matches!(
                f,
                Unary::Ceil
                    | Unary::Floor
                    | Unary::Round
                    | Unary::RoundEven
                    | Unary::Truncate
                    | Unary::Sign
                    | Unary::Not
            ) || jumps(a)
        }
        Expression::Binary(f, a, b) => f.is_logical() || jumps(a) || jumps(b),
        // The jump of the condition is a bend at most if the branches meet there.
        Expression::Select(c, a, b) => {
            if jumps(a) || jumps(b) {
                return true;
            }
            let kinks = c.kinks();
            kinks.is_empty()
                || kinks.iter().any(|k| {
                    let (x, y) = (a.evaluate(*k), b.evaluate(*k));
                    (x - y).abs() > 1e-6 * x.abs().max(y.abs()).max(1.0)
                })
        }
    }
}
