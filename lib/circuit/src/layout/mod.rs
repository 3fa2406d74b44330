//! Which value sits in which row: from the integer graph to a list of [`Step`]s.
//!
//! # How a circuit is arranged
//!
//! All linear constraints of the model are checked by one random linear combination. Constraint
//! number `e` (its *exponent*) is multiplied by `r^e`, `r` being a challenge drawn after every
//! value is committed; the sum `T` over all of them must be zero. A wrong constraint is missed with
//! probability at most (number of exponents) / p (Schwartz–Zippel).
//!
//! Row by row, a step does up to three things, independent of each other:
//!
//! 1. **Coefficient** (`U⁺`): the polynomial in `r` by which a value enters all constraints that read
//!    it. It is built from constants in the weight columns, or walked: the next position of a
//!    convolution multiplies it by a power of `r`.
//! 2. **Value** (`c⁺`): decoded from range-checked limbs, or free.
//! 3. **Production**: subtracts `r^e · y` for the constraint that defines the step's value.
//!
//! The first row also holds the context, which no constraint of the model reads: its value cell is
//! free and its production is `instance − c`.
//!
//! The powers of `r` themselves sit in column `R`; the cells `F` (factor of the coefficient) and `V`
//! (factor of the production) are copies of cells of `R`. They are the only copies.

mod blocks;
mod correlation;
mod plan;

pub(crate) use plan::plan;

use crate::field::Fr;
use hallmark_graph::ir::{QuantisationSettings, Value};

/// How `U⁺` follows from `U`, with `w = Σ_t r^t · weight_t`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// `U⁺ = F · w`.
    Start,
    /// `U⁺ = U + F · w`.
    Accumulate,
    /// `U⁺ = F · U`.
    Walk,
    /// `U⁺ = F · c⁺`.
    StartValue,
    /// `U⁺ = U + F · c⁺`.
    AccumulateValue,
}

/// What defines `c⁺`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Definition {
    /// Nothing: the cell is free, the linear identity alone decides it.
    Free,
    /// An input of so many limbs: `Σ 2^(t·i) l_i − 2^(t·limbs−1)`.
    Input(u32),
    /// The requantised integer `z`.
    Requantised,
    /// `z · (z + linear)`.
    Square(i64),
    /// Piecewise linear function by table.
    Table,
}

/// The value in a free cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FreeValue {
    /// An accumulator that other linear nodes read.
    Accumulator(Value),
    /// A second place of a value.
    Copy(Value),
    /// A coefficient of a product polynomial that is no output: index in [`Layout::junk`].
    Junk(usize),
    /// The context: only in the first row.
    Context,
}

/// What the limbs of a row hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Limbs {
    /// Nothing (all zero).
    Idle,
    /// The accumulator of an activation.
    Activation {
        /// The activation's value.
        value: Value,
        /// Function table, if any.
        table: Option<u32>,
    },
    /// One or more inputs, `limbs` limbs each, from the lowest limb upwards.
    Inputs {
        /// The inputs.
        values: Vec<Value>,
        /// Limbs of each.
        limbs: u32,
    },
}

/// One row of the layout; `⁺` is the next row.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// How `U⁺` is made.
    pub(crate) mode: Mode,
    /// Exponent of the power of `r` in `F`; `None` when `F` multiplies nothing.
    pub(crate) factor: Option<u32>,
    /// Weight columns.
    pub(crate) weights: Vec<Fr>,
    /// Contents of the limbs.
    pub(crate) limbs: Limbs,
    /// What defines `c⁺`.
    pub(crate) definition: Definition,
    /// `c⁺` also adds `c`.
    pub(crate) keep: bool,
    /// Contents of a free `c⁺`.
    pub(crate) free: Option<FreeValue>,
    /// `T⁺` adds `U⁺ · c⁺`.
    pub(crate) consume: bool,
    /// `T⁺` adds `U⁺ · Σ_i r^(i·step) x_i` over this many inputs in the limbs: `(count, step)`.
    pub(crate) packed: Option<(u32, u32)>,
    /// Exponent of the power of `r` in `V`; `None` when nothing is produced.
    pub(crate) production: Option<u32>,
    /// Factor of `Σ 2^(t·i) l_i` in the production.
    pub(crate) scale: Fr,
    /// Constant in the production.
    pub(crate) constant: Fr,
    /// The production adds `c⁺`.
    pub(crate) produce_value: bool,
    /// The production adds the public input of this row.
    pub(crate) produce_instance: bool,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            mode: Mode::Start,
            factor: None,
            weights: Vec::new(),
            limbs: Limbs::Idle,
            definition: Definition::Free,
            keep: false,
            free: None,
            consume: false,
            packed: None,
            production: None,
            scale: Fr::zero(),
            constant: Fr::zero(),
            produce_value: false,
            produce_instance: false,
        }
    }
}

/// A coefficient of a convolution's product polynomial at a position that is no output.
#[derive(Clone, Debug)]
pub(crate) struct Junk {
    /// Index in [`Layout::correlations`].
    pub(crate) correlation: usize,
    /// Flat position in the box of positions.
    pub(crate) position: usize,
    /// Packed group of output channels.
    pub(crate) group: usize,
}

/// Where the function tables sit in the table columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableRows {
    /// First row of each function.
    pub(crate) first_row: Vec<usize>,
    /// Rows of the table columns in all.
    pub(crate) rows: usize,
    /// All functions are `slope · z`, so that the base column is not needed.
    pub(crate) slope_only: bool,
    /// Some function has a slope.
    pub(crate) has_slope: bool,
}

/// A whole arrangement.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) settings: QuantisationSettings,
    pub(crate) weight_columns: usize,
    pub(crate) steps: Vec<Step>,
    /// Powers of `r` used: `0 .. exponents`.
    pub(crate) exponents: u32,
    pub(crate) instances: usize,
    pub(crate) tables: TableRows,
    pub(crate) junk: Vec<Junk>,
    pub(crate) correlations: Vec<correlation::Geometry>,
    /// The functions in the tables.
    pub(crate) table_functions: Vec<hallmark_graph::ir::Table>,
}

impl Layout {
    /// Active rows: steps, and as many as the powers of `r` and the tables need.
    pub(crate) fn active_rows(&self) -> usize {
        self.steps.len().max(self.exponents as usize).max(self.tables.rows).max(1)
    }
}
