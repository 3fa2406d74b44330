//! Integer graph to circuit: the description of circuits, the layout compiler and the witness.

pub mod check;
pub mod context;
pub mod cost;
pub mod description;
pub mod error;
pub mod field;
mod gates;
mod layout;
mod witness;

pub use context::{CONTEXT_INDEX, Context, FIRST_OUTPUT_INDEX};
pub use error::{CompileError, WitnessError};
pub use witness::{CircuitWitness, Hint, HintFunction};

use cost::{Estimate, Statistics};
use description::Description;
use gates::Columns;
use hallmark_graph::{Execution, ir::IntegerGraph};
use layout::Layout;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Largest `k`: `2^22` rows.
pub const MAXIMUM_K: u32 = 22;

/// Most weight columns that the search tries.
const MAXIMUM_WEIGHT_COLUMNS: usize = 12;

/// Gas that one CPU second of proving is worth to [`Objective::Balanced`].
const BALANCED_GAS_PER_SECOND: f64 = 100_000.0;

/// What the layout search minimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// Gas of a verification; proving time decides ties.
    Gas,
    /// CPU seconds of a proof; gas decides ties.
    Prover,
    /// Gas plus 100,000 for every CPU second of proving.
    #[default]
    Balanced,
}

impl Objective {
    /// The figure that is minimised, in gas or gas-like units.
    pub fn score(self, estimate: &Estimate) -> f64 {
        let (gas, seconds) = (estimate.verify_gas as f64, estimate.prove_cpu_seconds);
        match self {
            Self::Gas => gas + seconds,
            Self::Prover => seconds * 1e6 + gas * 1e-3,
            Self::Balanced => gas + BALANCED_GAS_PER_SECOND * seconds,
        }
    }
}

/// A compiled circuit.
#[derive(Clone, Debug)]
pub struct Circuit {
    layout: Arc<Layout>,
    columns: Columns,
    description: Arc<Description>,
}

impl Circuit {
    /// Lays out a graph: searches the number of weight columns for the best by `objective`.
    /// Deterministic: the same graph and objective give the same circuit.
    ///
    /// # Errors
    /// When accumulators do not fit the field, the rows exceed `2^22`, or the graph breaks a rule
    /// of the IR.
    pub fn compile(graph: &IntegerGraph, objective: Objective) -> Result<Self, CompileError> {
        let mut best: Option<(f64, Self)> = None;
        for width in 1..=MAXIMUM_WEIGHT_COLUMNS {
            let circuit = Self::compile_with(graph, width)?;
            let narrower = circuit.layout.weight_columns < width;
            let score = objective.score(&cost::estimate(&circuit.statistics()));
            if best.as_ref().is_none_or(|(lowest, _)| score < *lowest) {
                best = Some((score, circuit));
            }
            if narrower {
                break;
            }
        }
        let Some((_, circuit)) = best else { unreachable!("the range of widths is not empty") };
        if circuit.description.k > MAXIMUM_K {
            return Err(CompileError::TooManyRows {
                rows: circuit.description.rows,
                maximum: 1 << MAXIMUM_K,
            });
        }
        Ok(circuit)
    }

    /// Lays out a graph with a given number of weight columns.
    ///
    /// # Errors
    /// As [`Circuit::compile`].
    pub fn compile_with(graph: &IntegerGraph, weight_columns: usize) -> Result<Self, CompileError> {
        let settings = &graph.settings;
        if !(2..=8).contains(&settings.limbs())
            || !(2..=16).contains(&settings.limb_bits)
            || settings.low_limbs == 0
            || !(1..=2).contains(&settings.high_limbs)
        {
            return Err(CompileError::Limbs { limbs: settings.limbs(), bits: settings.limb_bits });
        }
        let layout = layout::plan(graph, weight_columns.max(1))?;
        let (description, columns) = gates::describe(&layout, gates::BLINDING_ROWS);
        Ok(Self { layout: Arc::new(layout), columns, description: Arc::new(description) })
    }

    /// The circuit in backend-independent terms.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Its sizes.
    pub fn statistics(&self) -> Statistics {
        cost::statistics(&self.description)
    }

    /// Predicted costs.
    pub fn estimate(&self) -> Estimate {
        cost::estimate(&self.statistics())
    }

    /// Fills the cells from an execution of the graph it was compiled from, for a proof bound to
    /// `context`.
    ///
    /// # Errors
    /// When the execution is of another graph or a value is outside its provable range.
    pub fn witness(
        &self,
        graph: &IntegerGraph,
        execution: &Execution,
        context: Context,
    ) -> Result<CircuitWitness, WitnessError> {
        self.witness_with(graph, execution, context, &mut |_, honest| honest)
    }

    /// As [`Circuit::witness`], with every choice of the prover passed through `hint`.
    ///
    /// # Errors
    /// As [`Circuit::witness`].
    pub fn witness_with(
        &self,
        graph: &IntegerGraph,
        execution: &Execution,
        context: Context,
        hint: HintFunction<'_>,
    ) -> Result<CircuitWitness, WitnessError> {
        CircuitWitness::new(
            self.layout.clone(),
            self.columns.clone(),
            self.description.clone(),
            graph,
            &execution.values,
            context,
            hint,
        )
    }
}
