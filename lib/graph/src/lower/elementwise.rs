//! Pointwise operators of one or two tensors.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;

use crate::expression::{Binary, Expression, Unary};
use crate::load::Kind;
use crate::plan::{Operand, RealFunction, RealTerm, Scale, Source};

use super::{Element, Lowered, Lowering, MAX_EXPRESSION, Step, Values, kind_of, uniform, unsupported};

/// The function of a unary operator.
fn unary_function(op: &ElementWiseOp) -> Option<Unary> {
    if let Some(leaky) = op.0.downcast_ref::<ops::nn::LeakyRelu>() {
        return Some(Unary::LeakyRelu(f64::from(leaky.alpha)));
    }
    if let Some(power) = op.0.downcast_ref::<ops::math::PowConst>() {
        return Some(Unary::Power(f64::from(power.exponent)));
    }
    Some(match op.0.name().as_str() {
        "Neg" => Unary::Neg,
        "Abs" => Unary::Abs,
        "Exp" => Unary::Exp,
        "Ln" => Unary::Ln,
        "Square" => Unary::Square,
        "Sqrt" => Unary::Sqrt,
        "Recip" => Unary::Recip,
        "Rsqrt" => Unary::Rsqrt,
        "Ceil" => Unary::Ceil,
        "Floor" => Unary::Floor,
        "Round" => Unary::Round,
        "RoundHalfToEven" => Unary::RoundEven,
        "Cos" => Unary::Cos,
        "Sin" => Unary::Sin,
        "Tan" => Unary::Tan,
        "Acos" => Unary::Acos,
        "Asin" => Unary::Asin,
        "Atan" => Unary::Atan,
        "Cosh" => Unary::Cosh,
        "Sinh" => Unary::Sinh,
        "Tanh" => Unary::Tanh,
        "Acosh" => Unary::Acosh,
        "Asinh" => Unary::Asinh,
        "Atanh" => Unary::Atanh,
        "Erf" => Unary::Erf,
        "Sign" => Unary::Sign,
        "Sigmoid" => Unary::Sigmoid,
        "HardSwish" => Unary::HardSwish,
        "Silu" => Unary::Silu,
        "GeluExact" => Unary::GeluExact,
        "GeluApproximate" => Unary::GeluApproximate,
        "Not" => Unary::Not,
        _ => return None,
    })
}

fn binary_function(op: &TypedBinOp) -> Option<(Binary, bool)> {
    Some(match op.0.name() {
        "Add" => (Binary::Add, false),
        "Sub" => (Binary::Sub, false),
        "SubF" => (Binary::Sub, true),
        "Mul" => (Binary::Mul, false),
        "Div" => (Binary::Div, false),
        "Min" => (Binary::Min, false),
        "Max" => (Binary::Max, false),
        "Pow" => (Binary::Power, false),
        "Eq" => (Binary::Equal, false),
        "NE" => (Binary::NotEqual, false),
        "LT" => (Binary::Less, false),
        "GT" => (Binary::Greater, false),
        "LTE" => (Binary::LessEqual, false),
        "GTE" => (Binary::GreaterEqual, false),
        "And" => (Binary::And, false),
        "Or" => (Binary::Or, false),
        "Xor" => (Binary::Xor, false),
        _ => return None,
    })
}

impl Lowering<'_> {
    /// Base, function and size of the function of an operand.
    pub(super) fn as_pointwise(&mut self, lowered: &Lowered) -> Step<(usize, Expression, usize)> {
        match lowered {
            Lowered::Pointwise { base, expression, size } if *size < MAX_EXPRESSION => {
                Ok((*base, expression.clone(), *size))
            }
            Lowered::Pointwise { .. } | Lowered::Values(_) => {
                Ok((self.materialise(lowered)?, Expression::X, 1))
            }
            _ => unsupported("its operand is a constant"),
        }
    }

    pub(super) fn unary(&mut self, op: &ElementWiseOp, input: &Lowered) -> Step<Lowered> {
        let Some(function) = unary_function(op) else {
            return unsupported(super::requirement(&op.0.name()));
        };
        if matches!(function, Unary::Round | Unary::RoundEven) {
            return unsupported("needs rounding with ties; use floor(x + 0.5)");
        }
        let (base, inner, size) = self.as_pointwise(input)?;
        let expression = match (function, inner.quadratic()) {
            // A power of a whole exponent is a product, not a table.
            (Unary::Power(2.0), _) => Expression::unary(Unary::Square, inner),
            (Unary::Power(1.0), _) => inner,
            _ => Expression::unary(function, inner),
        };
        Ok(Lowered::Pointwise { base, expression, size: size + 1 })
    }

    pub(super) fn binary(&mut self, op: &TypedBinOp, inputs: &[Lowered], shape: &[usize]) -> Step<Lowered> {
        let Some((function, flip)) = binary_function(op) else {
            return unsupported(super::requirement(op.0.name()));
        };
        let (a, b) = if flip { (&inputs[1], &inputs[0]) } else { (&inputs[0], &inputs[1]) };
        self.combine(function, a, b, shape)
    }

    pub(super) fn combine(
        &mut self,
        function: Binary,
        a: &Lowered,
        b: &Lowered,
        shape: &[usize],
    ) -> Step<Lowered> {
        // One known number for all elements: stays a function of the other operand.
        if let Lowered::Constant(tensor) = b
            && let Some(value) = uniform(tensor)
        {
            let a = self.spread(a, shape)?;
            let (base, inner, size) = self.as_pointwise(&a)?;
            let constant = Expression::Constant(value);
            let expression = match function {
                Binary::Power if value == 2.0 => Expression::unary(Unary::Square, inner),
                Binary::Power => Expression::unary(Unary::Power(value), inner),
                _ => Expression::binary(function, inner, constant),
            };
            return Ok(Lowered::Pointwise { base, expression, size: size + 2 });
        }
        if let Lowered::Constant(tensor) = a
            && let Some(value) = uniform(tensor)
        {
            let b = self.spread(b, shape)?;
            let (base, inner, size) = self.as_pointwise(&b)?;
            let expression = Expression::binary(function, Expression::Constant(value), inner);
            return Ok(Lowered::Pointwise { base, expression, size: size + 2 });
        }
        // Two functions of one tensor: a function of that tensor.
        if !matches!(a, Lowered::Constant(_)) && !matches!(b, Lowered::Constant(_)) {
            let (base, left, p) = self.as_pointwise(a)?;
            let (other, right, q) = self.as_pointwise(b)?;
            if base == other && p + q < MAX_EXPRESSION {
                let expression = Expression::binary(function, left, right);
                return Ok(Lowered::Pointwise { base, expression, size: p + q + 1 });
            }
        }
        let (left, right) = (self.values(a)?, self.values(b)?);
        let left = Values { shape: shape.to_vec(), elements: self.broadcast(&left, shape)? };
        let right = Values { shape: shape.to_vec(), elements: self.broadcast(&right, shape)? };
        let id = self.combine_values(function, left, right)?;
        Ok(Lowered::Values(id))
    }

    /// The operand repeated to `shape`; unchanged when it has that shape.
    fn spread(&mut self, lowered: &Lowered, shape: &[usize]) -> Step<Lowered> {
        if let Lowered::Pointwise { base, .. } = lowered
            && self.arena[*base].shape == shape
        {
            return Ok(lowered.clone());
        }
        let id = self.materialise(lowered)?;
        if self.arena[id].shape == shape {
            return Ok(Lowered::Values(id));
        }
        let values = self.arena[id].clone();
        let elements = self.broadcast(&values, shape)?;
        Ok(Lowered::Values(self.store(shape.to_vec(), elements)))
    }

    /// Two tensors of one shape.
    pub(super) fn combine_values(&mut self, function: Binary, left: Values, right: Values) -> Step<usize> {
        let shape = left.shape.clone();
        let zip = |f: &dyn Fn(&Element, &Element) -> Element| -> Vec<Element> {
            left.elements.iter().zip(&right.elements).map(|(a, b)| f(a, b)).collect()
        };
        match function {
            Binary::Add => {
                let sum = zip(&|a, b| a.plus(b, 1.0));
                Ok(self.store(shape, sum))
            }
            Binary::Sub => {
                let difference = zip(&|a, b| a.plus(b, -1.0));
                Ok(self.store(shape, difference))
            }
            Binary::Mul => self.multiply(&left, &right),
            Binary::Div => {
                let known = right.elements.iter().all(|e| e.terms.is_empty());
                if known {
                    if right.elements.iter().any(|e| e.constant == 0.0) {
                        return unsupported("division by zero");
                    }
                    let quotient = zip(&|a, b| a.scaled(1.0 / b.constant, 0.0));
                    return Ok(self.store(shape, quotient));
                }
                let divisor = self.store(shape, right.elements);
                let expression = Expression::unary(Unary::Recip, Expression::X);
                let inverse = self.pointwise(divisor, &expression)?;
                let inverse = self.arena[inverse].clone();
                self.multiply(&left, &inverse)
            }
            Binary::Max | Binary::Min => self.extreme(&left, &right, function == Binary::Max),
            Binary::GreaterEqual
            | Binary::Greater
            | Binary::Less
            | Binary::LessEqual
            | Binary::Equal
            | Binary::NotEqual => {
                // Comparisons are made on requantised values, where they are exact.
                let a = self.compared(left)?;
                let b = self.compared(right)?;
                self.compare(function, &a, &b)
            }
            Binary::And => {
                let sum = zip(&|a, b| a.plus(b, 1.0).scaled(1.0, -1.0));
                let id = self.store(shape, sum);
                self.activation(id, &RealFunction::Relu, 1.0, 0.0, Scale::Accumulator)
            }
            Binary::Or | Binary::Xor => {
                let id = self.combine_values(Binary::And, left.clone(), right.clone())?;
                let both = self.arena[id].clone();
                let factor = if function == Binary::Or { -1.0 } else { -2.0 };
                let elements = left
                    .elements
                    .iter()
                    .zip(&right.elements)
                    .zip(&both.elements)
                    .map(|((a, b), c)| a.plus(b, 1.0).plus(c, factor))
                    .collect();
                Ok(self.store(shape, elements))
            }
            Binary::Power => unsupported("needs an exponent that is one known number"),
        }
    }

    fn compared(&mut self, values: Values) -> Step<Values> {
        let id = self.store(values.shape, values.elements);
        Ok((*self.operands(id)?).clone())
    }

    /// 0 or 1 per element, exact on the integers that are compared.
    pub(super) fn compare(&mut self, function: Binary, a: &Values, b: &Values) -> Step<usize> {
        let shape = a.shape.clone();
        let difference: Vec<Element> =
            a.elements.iter().zip(&b.elements).map(|(x, y)| x.plus(y, -1.0)).collect();
        let id = self.store(shape.clone(), difference);
        let at_least = |this: &mut Self| {
            this.activation(id, &RealFunction::Step, 1.0, 0.0, Scale::Exact { bits: 0, offset: 0 })
        };
        let above = |this: &mut Self| {
            this.activation(id, &RealFunction::Step, 1.0, 0.0, Scale::Exact { bits: 0, offset: -1 })
        };
        let negate = |this: &mut Self, id: usize| {
            let values = this.arena[id].clone();
            let elements = values.elements.iter().map(|e| e.scaled(-1.0, 1.0)).collect();
            this.store(values.shape.clone(), elements)
        };
        Ok(match function {
            Binary::GreaterEqual => at_least(self)?,
            Binary::Greater => above(self)?,
            Binary::Less => {
                let id = at_least(self)?;
                negate(self, id)
            }
            Binary::LessEqual => {
                let id = above(self)?;
                negate(self, id)
            }
            _ => {
                let (p, q) = (at_least(self)?, above(self)?);
                let (p, q) = (self.arena[p].clone(), self.arena[q].clone());
                let equal: Vec<Element> =
                    p.elements.iter().zip(&q.elements).map(|(x, y)| x.plus(y, -1.0)).collect();
                let id = self.store(shape, equal);
                if function == Binary::Equal { id } else { negate(self, id) }
            }
        })
    }

    /// `max(a, b) = b + relu(a − b)`, `min(a, b) = a − relu(a − b)`.
    pub(super) fn extreme(&mut self, a: &Values, b: &Values, maximum: bool) -> Step<usize> {
        let a = self.compared(a.clone())?;
        let b = self.compared(b.clone())?;
        let difference: Vec<Element> =
            a.elements.iter().zip(&b.elements).map(|(x, y)| x.plus(y, -1.0)).collect();
        let id = self.store(a.shape.clone(), difference);
        let relu = self.activation(id, &RealFunction::Relu, 1.0, 0.0, Scale::Accumulator)?;
        let relu = self.arena[relu].clone();
        let elements = if maximum {
            b.elements.iter().zip(&relu.elements).map(|(y, r)| y.plus(r, 1.0)).collect()
        } else {
            a.elements.iter().zip(&relu.elements).map(|(x, r)| x.plus(r, -1.0)).collect()
        };
        Ok(self.store(a.shape, elements))
    }

    /// Elementwise product.
    pub(super) fn multiply(&mut self, left: &Values, right: &Values) -> Step<usize> {
        let shape = left.shape.clone();
        let known = |v: &Values| v.elements.iter().all(|e| e.terms.is_empty());
        for (constant, other) in [(left, right), (right, left)] {
            if known(constant) {
                let elements = other
                    .elements
                    .iter()
                    .zip(&constant.elements)
                    .map(|(e, c)| e.scaled(c.constant, 0.0))
                    .collect();
                return Ok(self.store(shape, elements));
            }
        }
        let (a, b) = (self.factors(left)?, self.factors(right)?);
        let (a_scale, a) = a;
        let (b_scale, b) = b;
        let mut known = std::collections::HashMap::new();
        let mut pairs: Vec<(Source, Source)> = vec![];
        let mut elements = Vec::with_capacity(a.len());
        for (x, y) in a.iter().zip(&b) {
            let (Some(x), Some(y)) = (x, y) else {
                elements.push(None);
                continue;
            };
            let row = *known.entry((*x, *y)).or_insert_with(|| {
                pairs.push((*x, *y));
                (pairs.len() - 1) as u32
            });
            elements.push(Some(row));
        }
        let rows = pairs.len();
        let term = RealTerm::Bilinear {
            batch: rows,
            rows: 1,
            columns: 1,
            inner: 1,
            multiplier: 1.0,
            left: pairs.iter().map(|p| Some(p.0)).collect(),
            right: pairs.iter().map(|p| Some(p.1)).collect(),
            output_index: (0..rows as u32).collect(),
        };
        let whole = (rows == elements.len()).then(|| shape.clone());
        let node = self.pending_node(rows, vec![term], vec![], whole);
        let factor = a_scale * b_scale;
        let elements = elements
            .into_iter()
            .map(|row| match row {
                Some(index) => Element { terms: vec![(Source { node, index }, factor)], constant: 0.0 },
                None => Element::constant(0.0),
            })
            .collect();
        Ok(self.store(shape, elements))
    }

    /// Operands of a product with their common factor.
    pub(super) fn factors(&mut self, values: &Values) -> Step<(f64, Vec<Operand>)> {
        let id = self.store(values.shape.clone(), values.elements.clone());
        let simple = self.operands(id)?;
        let mut factor = None;
        let mut common = true;
        for element in &simple.elements {
            if let [(_, f)] = element.terms.as_slice() {
                common &= *factor.get_or_insert(*f) == *f;
            }
        }
        let factor = factor.unwrap_or(1.0);
        let id = if common && factor != 1.0 {
            let elements = simple.elements.iter().map(|e| e.scaled(1.0 / factor, 0.0)).collect();
            self.store(values.shape.clone(), elements)
        } else {
            id
        };
        let factor = if common { factor } else { 1.0 };
        // Dividing by the factor may leave 1 ± ε: such factors are one.
        let cleaned: Vec<Element> = self.arena[id]
            .elements
            .iter()
            .map(|e| {
                let mut e = e.clone();
                for term in &mut e.terms {
                    if (term.1 - 1.0).abs() < 1e-12 {
                        term.1 = 1.0;
                    }
                }
                e
            })
            .collect();
        let id = self.store(values.shape.clone(), cleaned);
        let plain = self.plain_operands(id)?;
        Ok((factor, plain.elements.iter().map(|e| e.terms.first().map(|t| t.0)).collect()))
    }

    pub(super) fn cast(&mut self, from: DatumType, to: DatumType, input: &Lowered) -> Step<Lowered> {
        match (kind_of(from), kind_of(to)) {
            (Kind::Boolean, _) | (Kind::Integer, Kind::Integer | Kind::Float) => Ok(input.clone()),
            (Kind::Float, Kind::Float) => Ok(input.clone()),
            (Kind::Integer | Kind::Float, Kind::Boolean) => {
                let (base, inner, size) = self.as_pointwise(input)?;
                let expression = Expression::binary(Binary::NotEqual, inner, Expression::Constant(0.0));
                Ok(Lowered::Pointwise { base, expression, size: size + 2 })
            }
            (Kind::Float, Kind::Integer) => {
                let (base, inner, size) = self.as_pointwise(input)?;
                let expression = Expression::unary(Unary::Truncate, inner);
                Ok(Lowered::Pointwise { base, expression, size: size + 1 })
            }
        }
    }

    /// `condition ? a : b`.
    pub(super) fn choose(&mut self, inputs: &[Lowered], shape: &[usize]) -> Step<Lowered> {
        let [condition, a, b] = inputs else {
            return unsupported("it needs three inputs");
        };
        if let Some(result) = self.choose_pointwise(condition, a, b, shape)? {
            return Ok(result);
        }
        let condition = self.values(condition)?;
        let (a, b) = (self.values(a)?, self.values(b)?);
        let condition = self.broadcast(&condition, shape)?;
        let a = self.broadcast(&a, shape)?;
        let b = self.broadcast(&b, shape)?;
        if condition.iter().all(|c| c.terms.is_empty()) {
            let elements = condition
                .iter()
                .zip(a.iter().zip(&b))
                .map(|(c, (x, y))| if c.constant != 0.0 { x.clone() } else { y.clone() })
                .collect();
            return Ok(Lowered::Values(self.store(shape.to_vec(), elements)));
        }
        let difference = Values {
            shape: shape.to_vec(),
            elements: a.iter().zip(&b).map(|(x, y)| x.plus(y, -1.0)).collect(),
        };
        let condition = Values { shape: shape.to_vec(), elements: condition };
        let product = self.multiply(&condition, &difference)?;
        let sum = self.arena[product].elements.iter().zip(&b).map(|(p, y)| y.plus(p, 1.0)).collect();
        Ok(Lowered::Values(self.store(shape.to_vec(), sum)))
    }

    /// When condition and branches are functions of one tensor.
    fn choose_pointwise(
        &mut self,
        condition: &Lowered,
        a: &Lowered,
        b: &Lowered,
        shape: &[usize],
    ) -> Step<Option<Lowered>> {
        let Lowered::Pointwise { base, expression, size } = condition else {
            return Ok(None);
        };
        if self.arena[*base].shape != shape {
            return Ok(None);
        }
        let mut branches = vec![];
        let mut total = *size + 1;
        for branch in [a, b] {
            match branch {
                Lowered::Constant(tensor) => match uniform(tensor) {
                    Some(value) => branches.push(Expression::Constant(value)),
                    None => return Ok(None),
                },
                Lowered::Poison => return Ok(None),
                _ => {
                    let (other, inner, more) = self.as_pointwise(branch)?;
                    if other != *base {
                        return Ok(None);
                    }
                    total += more;
                    branches.push(inner);
                }
            }
        }
        if total >= MAX_EXPRESSION {
            return Ok(None);
        }
        let (Some(right), Some(left)) = (branches.pop(), branches.pop()) else {
            return Ok(None);
        };
        Ok(Some(Lowered::Pointwise {
            base: *base,
            expression: Expression::Select(
                std::sync::Arc::new(expression.clone()),
                std::sync::Arc::new(left),
                std::sync::Arc::new(right),
            ),
            size: total,
        }))
    }
}
