//! A circuit in our own words: columns, challenges, gates, lookups and copies.
//!
//! Proving backends, both verifiers (native and Solidity), the cost model and the row checker are
//! derived from a [`Description`]; none of them knows the gadgets it came from.

use crate::field::{Field, Fr};
use serde::{Deserialize, Serialize};
use std::ops::{Add, Mul, Neg, Sub};

/// When an advice column is filled: before or after the challenges are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Committed before any challenge is known.
    First,
    /// Committed after the circuit's challenges are drawn.
    Second,
}

/// A column of witness values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdviceColumn {
    /// Name, for messages.
    pub name: String,
    /// Phase in which it is committed.
    pub phase: Phase,
}

/// Kind and index of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Column {
    /// Witness column.
    Advice(usize),
    /// Column of the verifying key.
    Fixed(usize),
    /// The column of public inputs.
    Instance,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Its column.
    pub column: Column,
    /// Its row.
    pub row: usize,
}

/// Reads `column` at `row + rotation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Query {
    /// The column read.
    pub column: Column,
    /// Offset in rows, 0 or 1.
    pub rotation: i32,
}

/// A polynomial expression over queries and challenges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expression {
    /// A constant.
    Constant(Fr),
    /// A cell relative to the current row.
    Query(Query),
    /// Challenge by index in [`Description::challenges`]; degree 0.
    Challenge(usize),
    /// Sum.
    Sum(Box<Expression>, Box<Expression>),
    /// Product.
    Product(Box<Expression>, Box<Expression>),
    /// Product with a constant.
    Scaled(Box<Expression>, Fr),
}

impl Expression {
    /// The constant zero.
    pub fn zero() -> Self {
        Self::Constant(Fr::ZERO)
    }
    /// The constant one.
    pub fn one() -> Self {
        Self::Constant(Fr::ONE)
    }
    /// `column` at the current row.
    pub fn current(column: Column) -> Self {
        Self::Query(Query { column, rotation: 0 })
    }
    /// `column` at the next row.
    pub fn next(column: Column) -> Self {
        Self::Query(Query { column, rotation: 1 })
    }
    /// Degree in the committed polynomials (challenges count 0).
    pub fn degree(&self) -> usize {
        match self {
            Self::Constant(_) | Self::Challenge(_) => 0,
            Self::Query(_) => 1,
            Self::Sum(a, b) => a.degree().max(b.degree()),
            Self::Product(a, b) => a.degree() + b.degree(),
            Self::Scaled(a, _) => a.degree(),
        }
    }
    /// Value under an assignment of queries and challenges.
    pub fn evaluate(&self, query: &dyn Fn(Query) -> Fr, challenge: &dyn Fn(usize) -> Fr) -> Fr {
        match self {
            Self::Constant(c) => *c,
            Self::Query(q) => query(*q),
            Self::Challenge(i) => challenge(*i),
            Self::Sum(a, b) => a.evaluate(query, challenge) + b.evaluate(query, challenge),
            Self::Product(a, b) => {
                let left = a.evaluate(query, challenge);
                if bool::from(left.is_zero()) {
                    return Fr::ZERO;
                }
                left * b.evaluate(query, challenge)
            }
            Self::Scaled(a, c) => a.evaluate(query, challenge) * c,
        }
    }
    /// Calls `visit` for every query, in order of appearance (repeats included).
    pub fn for_each_query(&self, visit: &mut dyn FnMut(Query)) {
        match self {
            Self::Constant(_) | Self::Challenge(_) => {}
            Self::Query(q) => visit(*q),
            Self::Sum(a, b) | Self::Product(a, b) => {
                a.for_each_query(visit);
                b.for_each_query(visit);
            }
            Self::Scaled(a, _) => a.for_each_query(visit),
        }
    }
}

impl Add for Expression {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(a + b),
            (Self::Constant(a), b) | (b, Self::Constant(a)) if bool::from(a.is_zero()) => b,
            (a, b) => Self::Sum(Box::new(a), Box::new(b)),
        }
    }
}
impl Neg for Expression {
    type Output = Self;
    fn neg(self) -> Self {
        self * -Fr::ONE
    }
}
impl Sub for Expression {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}
impl Mul for Expression {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        match (self, other) {
            (Self::Constant(a), b) | (b, Self::Constant(a)) => b * a,
            (a, b) => Self::Product(Box::new(a), Box::new(b)),
        }
    }
}
impl Mul<Fr> for Expression {
    type Output = Self;
    fn mul(self, factor: Fr) -> Self {
        if bool::from(factor.is_zero()) {
            return Self::zero();
        }
        match self {
            Self::Constant(c) => Self::Constant(c * factor),
            a if factor == Fr::ONE => a,
            Self::Scaled(a, c) => Self::Scaled(a, c * factor),
            a => Self::Scaled(Box::new(a), factor),
        }
    }
}

/// A named polynomial that is zero on every row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Name, for messages.
    pub name: String,
    /// The polynomial.
    pub polynomial: Expression,
}

/// A lookup that the gates implement with a logarithmic derivative: said a second time, directly,
/// so that the row checker can name the row and the value that is not in the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lookup {
    /// Name, for messages.
    pub name: String,
    /// The tuple looked up on each row where `selector` is not zero.
    pub input: Vec<Expression>,
    /// The tuple of table columns, read on each row where `selector` is not zero.
    pub table: Vec<Expression>,
    /// Zero on rows without lookup.
    pub selector: Expression,
}

/// A circuit. Rows `0 .. rows` are used; `rows + blinding` must be at most `2^k`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Description {
    /// `2^k` rows.
    pub k: u32,
    /// Rows used, the last boundary row included.
    pub rows: usize,
    /// Witness columns; those of the first phase need not come first.
    pub advice: Vec<AdviceColumn>,
    /// Names of the fixed columns.
    pub fixed: Vec<String>,
    /// Values of the fixed columns, each at most `rows` long, zero beyond its end.
    pub fixed_values: Vec<Vec<Fr>>,
    /// Names of the challenges, all drawn after the first phase.
    pub challenges: Vec<String>,
    /// Constraints.
    pub gates: Vec<Gate>,
    /// What the gates enforce by logarithmic derivative.
    pub lookups: Vec<Lookup>,
    /// Columns in which cells can be copied, in order.
    pub permutation: Vec<Column>,
    /// Pairs of equal cells.
    pub copies: Vec<(Cell, Cell)>,
    /// Number of public inputs; the instance column exists when it is not 0.
    pub instances: usize,
}

impl Description {
    /// The same circuit without fixed values and copies: what a verifying key keeps.
    pub fn shape(&self) -> Self {
        Self {
            k: self.k,
            rows: self.rows,
            advice: self.advice.clone(),
            fixed: self.fixed.clone(),
            fixed_values: Vec::new(),
            challenges: self.challenges.clone(),
            gates: self.gates.clone(),
            lookups: self.lookups.clone(),
            permutation: self.permutation.clone(),
            copies: Vec::new(),
            instances: self.instances,
        }
    }

    /// The largest degree of a gate (at least 3, as the permutation argument needs).
    pub fn degree(&self) -> usize {
        self.gates.iter().map(|g| g.polynomial.degree()).max().unwrap_or(0).max(3)
    }
}

/// Fills the advice columns of a [`Description`], phase by phase.
pub trait Witness {
    /// Values of the first-phase columns: `(advice column, values)`, zero beyond their end.
    fn first_phase(&self) -> Vec<(usize, Vec<Fr>)>;
    /// Values of the second-phase columns, given the challenges in order.
    fn second_phase(&self, challenges: &[Fr]) -> Vec<(usize, Vec<Fr>)>;
    /// Public inputs.
    fn instances(&self) -> Vec<Fr>;
}
