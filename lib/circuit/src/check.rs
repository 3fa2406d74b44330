//! The row checker: every gate, lookup, copy and public value at every row, in the open.
//!
//! It says which gate fails on which row and what stood in the cells it read: what the mutation
//! tests run on, and the first thing to ask when a proof does not verify.

use crate::{
    description::{Column, Description, Phase, Query, Witness},
    field::{Field, Fr, PrimeField},
};
use std::collections::HashSet;

/// A constraint that does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// A gate is not zero.
    Gate {
        /// Its name.
        gate: String,
        /// The row.
        row: usize,
        /// Column names with rotations, and their values.
        cells: Vec<(String, Fr)>,
    },
    /// A tuple is not in the table.
    Lookup {
        /// Name of the lookup.
        lookup: String,
        /// The row.
        row: usize,
        /// The tuple.
        input: Vec<Fr>,
    },
    /// Two cells that must be equal differ.
    Copy {
        /// Index in [`Description::copies`].
        index: usize,
    },
}

/// Checks `witness` against `description` with the given challenges.
///
/// # Errors
/// All failures, gates first, in row order.
pub fn check(
    description: &Description,
    witness: &dyn Witness,
    challenges: &[Fr],
) -> Result<(), Vec<Failure>> {
    let mut advice = vec![Vec::new(); description.advice.len()];
    for (column, values) in witness.first_phase().into_iter().chain(witness.second_phase(challenges)) {
        advice[column] = values;
    }
    check_cells(description, &advice, &witness.instances(), challenges)
}

/// Checks the cells themselves: `advice[column][row]`, zero beyond the end of a column.
///
/// # Errors
/// All failures, gates first, in row order.
pub fn check_cells(
    description: &Description,
    advice: &[Vec<Fr>],
    instances: &[Fr],
    challenges: &[Fr],
) -> Result<(), Vec<Failure>> {
    let rows = 1usize << description.k;
    let read = |column: Column, row: usize| {
        let values = match column {
            Column::Advice(i) => &advice[i][..],
            Column::Fixed(i) => &description.fixed_values[i][..],
            Column::Instance => instances,
        };
        values.get(row).copied().unwrap_or(Fr::ZERO)
    };
    let at = |query: Query, row: usize| {
        read(query.column, (row as i64 + i64::from(query.rotation)).rem_euclid(rows as i64) as usize)
    };
    let challenge = |i: usize| challenges.get(i).copied().unwrap_or(Fr::ZERO);
    let mut failures = Vec::new();
    // Beyond the used rows every selector is zero.
    for row in 0..description.rows {
        for gate in &description.gates {
            let value = gate.polynomial.evaluate(&|query| at(query, row), &challenge);
            if !bool::from(value.is_zero()) {
                let mut cells = Vec::new();
                gate.polynomial.for_each_query(&mut |query| {
                    let name = match query.column {
                        Column::Advice(i) => &description.advice[i].name,
                        Column::Fixed(i) => &description.fixed[i],
                        Column::Instance => "instance",
                    };
                    let name = if query.rotation == 0 { name.to_owned() } else { format!("{name}⁺") };
                    if !cells.iter().any(|(other, _)| *other == name) {
                        cells.push((name, at(query, row)));
                    }
                });
                failures.push(Failure::Gate { gate: gate.name.clone(), row, cells });
            }
        }
    }
    for lookup in &description.lookups {
        let evaluate = |expressions: &[crate::description::Expression], row: usize| -> Vec<Fr> {
            expressions.iter().map(|e| e.evaluate(&|query| at(query, row), &challenge)).collect()
        };
        let selected =
            |row: usize| !bool::from(lookup.selector.evaluate(&|query| at(query, row), &challenge).is_zero());
        let key = |tuple: &[Fr]| -> Vec<[u8; 32]> { tuple.iter().map(|v| v.to_repr()).collect() };
        let table: HashSet<Vec<[u8; 32]>> = (0..description.rows)
            .filter(|row| selected(*row))
            .map(|row| key(&evaluate(&lookup.table, row)))
            .collect();
        for row in (0..description.rows).filter(|row| selected(*row)) {
            let input = evaluate(&lookup.input, row);
            if !table.contains(&key(&input)) {
                failures.push(Failure::Lookup { lookup: lookup.name.clone(), row, input });
            }
        }
    }
    for (index, (left, right)) in description.copies.iter().enumerate() {
        if read(left.column, left.row) != read(right.column, right.row) {
            failures.push(Failure::Copy { index });
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// Advice columns of the first phase: the ones a cheating prover fills before any challenge.
pub fn first_phase_columns(description: &Description) -> Vec<usize> {
    description
        .advice
        .iter()
        .enumerate()
        .filter(|(_, column)| column.phase == Phase::First)
        .map(|(i, _)| i)
        .collect()
}
