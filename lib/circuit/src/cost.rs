//! What a circuit will cost, before any key is made.

use crate::description::{Column, Description};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Sizes of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// `2^k` rows.
    pub k: u32,
    /// Rows used.
    pub rows: usize,
    /// Witness columns.
    pub advice_columns: usize,
    /// Fixed columns.
    pub fixed_columns: usize,
    /// Lookups per row (all in one logarithmic-derivative argument).
    pub lookups: usize,
    /// Columns with copy constraints.
    pub permutation_columns: usize,
    /// Permutation products.
    pub permutation_products: usize,
    /// Largest gate degree.
    pub max_degree: usize,
    /// Evaluations of witness columns in a proof.
    pub advice_evaluations: usize,
    /// Public values.
    pub instances: usize,
}

/// Predictions; see [`estimate`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// CPU seconds of one proof, all cores together.
    pub prove_cpu_seconds: f64,
    /// Peak memory of proving, bytes.
    pub prove_memory_bytes: u64,
    /// Length of a proof in bytes.
    pub proof_bytes: u64,
    /// Gas of a verification as a transaction (base cost and calldata included).
    pub verify_gas: u64,
    /// Runtime code of the verifier, bytes.
    pub verifier_bytes: u64,
}

/// Counts the columns and queries of a description.
pub fn statistics(description: &Description) -> Statistics {
    let mut advice = BTreeSet::new();
    for gate in &description.gates {
        gate.polynomial.for_each_query(&mut |query| {
            if let Column::Advice(i) = query.column {
                advice.insert((i, query.rotation));
            }
        });
    }
    for column in &description.permutation {
        if let Column::Advice(i) = column {
            advice.insert((*i, 0));
        }
    }
    let degree = description.degree();
    Statistics {
        k: description.k,
        rows: description.rows,
        advice_columns: description.advice.len(),
        fixed_columns: description.fixed.len(),
        lookups: description.lookups.len(),
        permutation_columns: description.permutation.len(),
        permutation_products: description.permutation.len().div_ceil(degree - 2),
        max_degree: degree,
        advice_evaluations: advice.len(),
        instances: description.instances,
    }
}

/// Predicts costs from sizes.
///
/// Gas: `159.5k + 7.5k·C + 6.4k·F + 0.65k·E + 0.5k·P` with `C` proof commitments without the two
/// openings, `F` fixed and permutation commitments, `E` evaluations, `P` public values (measured
/// on generated verifiers, see the book). Proving time: proportional to cells, with the constant
/// measured on the project's benchmarks.
pub fn estimate(s: &Statistics) -> Estimate {
    let pieces = s.max_degree - 1;
    let commitments = s.advice_columns + s.permutation_products + 1 + pieces;
    let fixed = s.fixed_columns + s.permutation_columns;
    let evaluations = s.advice_evaluations + fixed + 1 + (3 * s.permutation_products).saturating_sub(1);
    let gas = 159_500.0
        + 7_500.0 * commitments as f64
        + 6_400.0 * fixed as f64
        + 650.0 * evaluations as f64
        + 500.0 * s.instances as f64;
    let n = (1u64 << s.k) as f64;
    let columns = (s.advice_columns + s.permutation_products + pieces + 2) as f64 + 0.5 * fixed as f64;
    Estimate {
        prove_cpu_seconds: 0.04 + n * columns * 5.5e-6,
        // Coefficients of every column, the extended quotient, and the SRS.
        prove_memory_bytes: (n * 32.0 * (2.0 * columns + 3.0 * 4.0 + 16.0)) as u64 + (16 << 20),
        proof_bytes: (64 * (commitments + 2) + 32 * evaluations) as u64,
        verify_gas: gas as u64,
        verifier_bytes: (4_500 + 80 * (fixed + evaluations)) as u64,
    }
}
