//! Functions of one real variable, put together from the pointwise operators of a model.
//!
//! `x·(erf(x/√2)+1)·0.5` is five ONNX nodes and one [`Expression`]: it becomes one table.

use std::sync::Arc;

/// Functions of one argument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    Neg,
    Abs,
    Exp,
    Ln,
    Square,
    Sqrt,
    Recip,
    Rsqrt,
    Ceil,
    Floor,
    Round,
    RoundEven,
    Cos,
    Sin,
    Tan,
    Acos,
    Asin,
    Atan,
    Cosh,
    Sinh,
    Tanh,
    Acosh,
    Asinh,
    Atanh,
    Erf,
    Sign,
    Sigmoid,
    HardSwish,
    Silu,
    GeluExact,
    GeluApproximate,
    Not,
    LeakyRelu(f64),
    Power(f64),
    Truncate,
}

/// Functions of two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Min,
    Max,
    Power,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Xor,
}

/// A function of one variable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expression {
    X,
    Constant(f64),
    Unary(Unary, Arc<Expression>),
    Binary(Binary, Arc<Expression>, Arc<Expression>),
    Select(Arc<Expression>, Arc<Expression>, Arc<Expression>),
}

impl Unary {
    pub(crate) fn apply(self, x: f64) -> f64 {
        match self {
            Unary::Neg => -x,
            Unary::Abs => x.abs(),
            Unary::Exp => x.exp(),
            Unary::Ln => x.ln(),
            Unary::Square => x * x,
            Unary::Sqrt => x.sqrt(),
            Unary::Recip => 1.0 / x,
            Unary::Rsqrt => 1.0 / x.sqrt(),
            Unary::Ceil => x.ceil(),
            Unary::Floor => x.floor(),
            Unary::Round => x.round(),
            Unary::RoundEven => x.round_ties_even(),
            Unary::Cos => x.cos(),
            Unary::Sin => x.sin(),
            Unary::Tan => x.tan(),
            Unary::Acos => x.acos(),
            Unary::Asin => x.asin(),
            Unary::Atan => x.atan(),
            Unary::Cosh => x.cosh(),
            Unary::Sinh => x.sinh(),
            Unary::Tanh => x.tanh(),
            Unary::Acosh => x.acosh(),
            Unary::Asinh => x.asinh(),
            Unary::Atanh => x.atanh(),
            Unary::Erf => libm::erf(x),
            Unary::Sign => {
                if x > 0.0 {
                    1.0
                } else if x < 0.0 {
                    -1.0
                } else {
                    0.0
                }
            }
            Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Unary::HardSwish => x * ((x / 6.0 + 0.5).clamp(0.0, 1.0)),
            Unary::Silu => x / (1.0 + (-x).exp()),
            Unary::GeluExact => 0.5 * x * (1.0 + libm::erf(x * std::f64::consts::FRAC_1_SQRT_2)),
            Unary::GeluApproximate => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
            Unary::Not => {
                if x == 0.0 {
                    1.0
                } else {
                    0.0
                }
            }
            Unary::LeakyRelu(a) => {
                if x < 0.0 {
                    a * x
                } else {
                    x
                }
            }
            Unary::Power(e) => x.powf(e),
            Unary::Truncate => x.trunc(),
        }
    }
}

impl Binary {
    pub(crate) fn apply(self, a: f64, b: f64) -> f64 {
        let flag = |b: bool| if b { 1.0 } else { 0.0 };
        match self {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div => a / b,
            Binary::Min => a.min(b),
            Binary::Max => a.max(b),
            Binary::Power => a.powf(b),
            Binary::Less => flag(a < b),
            Binary::LessEqual => flag(a <= b),
            Binary::Greater => flag(a > b),
            Binary::GreaterEqual => flag(a >= b),
            Binary::Equal => flag(a == b),
            Binary::NotEqual => flag(a != b),
            Binary::And => flag(a != 0.0 && b != 0.0),
            Binary::Or => flag(a != 0.0 || b != 0.0),
            Binary::Xor => flag((a != 0.0) != (b != 0.0)),
        }
    }

    /// True when the result is 0 or 1.
    pub(crate) fn is_logical(self) -> bool {
        !matches!(
            self,
            Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Min | Binary::Max | Binary::Power
        )
    }
}

impl Expression {
    pub(crate) fn unary(f: Unary, a: Expression) -> Expression {
        Expression::Unary(f, Arc::new(a))
    }

    pub(crate) fn binary(f: Binary, a: Expression, b: Expression) -> Expression {
        Expression::Binary(f, Arc::new(a), Arc::new(b))
    }

    /// Value at `x`.
    pub(crate) fn evaluate(&self, x: f64) -> f64 {
        match self {
            Expression::X => x,
            Expression::Constant(c) => *c,
            Expression::Unary(f, a) => f.apply(a.evaluate(x)),
            Expression::Binary(f, a, b) => f.apply(a.evaluate(x), b.evaluate(x)),
            Expression::Select(c, a, b) => {
                if c.evaluate(x) != 0.0 {
                    a.evaluate(x)
                } else {
                    b.evaluate(x)
                }
            }
        }
    }

    /// The same function of `scale·x + offset`.
    pub(crate) fn substitute(&self, scale: f64, offset: f64) -> Expression {
        match self {
            Expression::X => Expression::binary(
                Binary::Add,
                Expression::binary(Binary::Mul, Expression::Constant(scale), Expression::X),
                Expression::Constant(offset),
            ),
            Expression::Constant(c) => Expression::Constant(*c),
            Expression::Unary(f, a) => Expression::unary(*f, a.substitute(scale, offset)),
            Expression::Binary(f, a, b) => {
                Expression::binary(*f, a.substitute(scale, offset), b.substitute(scale, offset))
            }
            Expression::Select(c, a, b) => Expression::Select(
                Arc::new(c.substitute(scale, offset)),
                Arc::new(a.substitute(scale, offset)),
                Arc::new(b.substitute(scale, offset)),
            ),
        }
    }

    /// `[c0, c1, c2]` when the function is the polynomial `c0 + c1·x + c2·x²`.
    pub(crate) fn quadratic(&self) -> Option<[f64; 3]> {
        match self {
            Expression::X => Some([0.0, 1.0, 0.0]),
            Expression::Constant(c) => Some([*c, 0.0, 0.0]),
            Expression::Unary(Unary::Neg, a) => a.quadratic().map(|p| p.map(|c| -c)),
            Expression::Unary(Unary::Square, a) => {
                let p = a.quadratic()?;
                multiply(p, p)
            }
            Expression::Binary(f, a, b) => {
                let (p, q) = (a.quadratic()?, b.quadratic()?);
                match f {
                    Binary::Add => Some([p[0] + q[0], p[1] + q[1], p[2] + q[2]]),
                    Binary::Sub => Some([p[0] - q[0], p[1] - q[1], p[2] - q[2]]),
                    Binary::Mul => multiply(p, q),
                    Binary::Div if q[1] == 0.0 && q[2] == 0.0 && q[0] != 0.0 => Some(p.map(|c| c / q[0])),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `(scale, offset)` when the function is `scale·x + offset`.
    pub(crate) fn affine(&self) -> Option<(f64, f64)> {
        let [c0, c1, c2] = self.quadratic()?;
        (c2 == 0.0).then_some((c1, c0))
    }

    /// Points where the function may bend or jump, in ascending order.
    pub(crate) fn kinks(&self) -> Vec<f64> {
        let mut found = vec![];
        self.collect_kinks(&mut found);
        found.retain(|k| k.is_finite());
        found.sort_by(f64::total_cmp);
        found.dedup_by(|a, b| (*a - *b).abs() <= 1e-12 * b.abs().max(1.0));
        found
    }

    fn collect_kinks(&self, found: &mut Vec<f64>) {
        let mut roots = |inner: &Expression, values: &[f64]| {
            if let Some((scale, offset)) = inner.affine()
                && scale != 0.0
            {
                found.extend(values.iter().map(|v| (v - offset) / scale));
            }
        };
        match self {
            Expression::X | Expression::Constant(_) => {}
            Expression::Unary(f, a) => {
                match f {
                    Unary::Abs | Unary::Sign | Unary::LeakyRelu(_) => roots(a, &[0.0]),
                    Unary::HardSwish => roots(a, &[-3.0, 3.0]),
                    _ => {}
                }
                a.collect_kinks(found);
            }
            Expression::Binary(f, a, b) => {
                if f.is_logical() || matches!(f, Binary::Min | Binary::Max) {
                    let difference = Expression::Binary(Binary::Sub, a.clone(), b.clone());
                    roots(&difference, &[0.0]);
                    // A clamp of a clamp: the inner expression is not affine, but its pieces are.
                    for (inner, other) in [(a, b), (b, a)] {
                        if let (
                            Expression::Binary(Binary::Min | Binary::Max, p, q),
                            Expression::Constant(limit),
                        ) = (&**inner, &**other)
                        {
                            roots(p, &[*limit]);
                            roots(q, &[*limit]);
                        }
                    }
                }
                a.collect_kinks(found);
                b.collect_kinks(found);
            }
            Expression::Select(c, a, b) => {
                c.collect_kinks(found);
                a.collect_kinks(found);
                b.collect_kinks(found);
            }
        }
    }

    /// A short name for tables and messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Expression::X => "x".into(),
            Expression::Constant(c) => format!("{c}"),
            Expression::Unary(f, a) => {
                let name = format!("{f:?}").to_lowercase();
                format!("{name}({})", a.name())
            }
            Expression::Binary(f, a, b) => {
                let symbol = match f {
                    Binary::Add => "+",
                    Binary::Sub => "-",
                    Binary::Mul => "*",
                    Binary::Div => "/",
                    Binary::Power => "^",
                    Binary::Less => "<",
                    Binary::LessEqual => "<=",
                    Binary::Greater => ">",
                    Binary::GreaterEqual => ">=",
                    Binary::Equal => "==",
                    Binary::NotEqual => "!=",
                    Binary::And => "&",
                    Binary::Or => "|",
                    Binary::Xor => "^^",
                    Binary::Min => return format!("min({}, {})", a.name(), b.name()),
                    Binary::Max => return format!("max({}, {})", a.name(), b.name()),
                };
                format!("({}{symbol}{})", a.name(), b.name())
            }
            Expression::Select(c, a, b) => {
                format!("if({}, {}, {})", c.name(), a.name(), b.name())
            }
        }
    }
}

fn multiply(p: [f64; 3], q: [f64; 3]) -> Option<[f64; 3]> {
    let cubic = p[1] * q[2] + p[2] * q[1];
    let quartic = p[2] * q[2];
    (cubic == 0.0 && quartic == 0.0)
        .then(|| [p[0] * q[0], p[0] * q[1] + p[1] * q[0], p[0] * q[2] + p[1] * q[1] + p[2] * q[0]])
}
