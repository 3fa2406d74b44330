//! Everything a verifier must know: what the native verifier reads from a verifying key and what
//! the Solidity generator writes into a contract.

use crate::srs::SrsIdentity;
use hallmark_circuit::description::{Column, Gate, Phase};
use halo2curves::bn256::{Fr, G1Affine, G2Affine};

/// Parameters of a KZG/SHPLONK verifier over BN254 for one circuit.
///
/// The transcript is Keccak-256 over 32-byte big-endian words (points as `x ‖ y`):
/// 1. absorb `transcript_seed`, then the instances;
/// 2. commitments of the first-phase advice columns (in column order); squeeze the circuit's
///    challenges in order; commitments of the second-phase columns; squeeze `θ` (unused: there
///    are no built-in lookups, but it is drawn);
/// 3. squeeze `β`, `γ`; permutation products; commitment of the random polynomial; squeeze `y`;
///    quotient pieces; squeeze `x`;
/// 4. evaluations: advice queries, fixed queries, random polynomial, permutation columns σ, then
///    for each permutation product `z(x)`, `z(ωx)` and, for all but the last, `z(ω^last x)`;
/// 5. SHPLONK: squeeze `y'`, `v`; commitment `W`; squeeze `u`; commitment `W'`.
///
/// Absorbing appends words to a buffer. Squeezing hashes the buffer (with one byte `0x01`
/// appended when it holds nothing but the previous digest), makes the digest the new buffer, and
/// returns it reduced modulo `r`.
#[derive(Clone, Debug)]
pub struct VerifierParameters {
    /// `2^k` rows.
    pub k: u32,
    /// Where the structured reference string comes from.
    pub srs: SrsIdentity,
    /// Hash of the verifying key, the first word of the transcript.
    pub transcript_seed: Fr,
    /// Generator of the domain of size `2^k`.
    pub omega: Fr,
    /// Generator `δ` of the cosets of the permutation argument: column `i` uses `δ^i`.
    pub delta: Fr,
    /// Rows at the end that hold blinding values; the last usable row is
    /// `2^k − blinding_factors − 1` (the row on which `l_last` is 1).
    pub blinding_factors: usize,
    /// Number of pieces of the quotient, each of degree below `2^k`.
    pub quotient_pieces: usize,
    /// Phase of every advice column.
    pub advice_phases: Vec<Phase>,
    /// Number of challenges drawn after the first phase.
    pub challenges: usize,
    /// `(advice column, rotation)` in the order of the evaluations.
    pub advice_queries: Vec<(usize, i32)>,
    /// `(fixed column, rotation)` in the order of the evaluations.
    pub fixed_queries: Vec<(usize, i32)>,
    /// Rotations at which the instance column is read (evaluated by the verifier itself).
    pub instance_queries: Vec<i32>,
    /// Gates in the order in which powers of `y` multiply them (Horner: the first has the highest
    /// power), followed by the permutation argument's expressions.
    pub gates: Vec<Gate>,
    /// Columns of the permutation argument, in order.
    pub permutation: Vec<Column>,
    /// Columns per permutation product.
    pub permutation_chunk: usize,
    /// Commitments of the fixed columns.
    pub fixed_commitments: Vec<G1Affine>,
    /// Commitments of the permutation columns σ.
    pub permutation_commitments: Vec<G1Affine>,
    /// Number of public inputs (one instance column when not 0).
    pub instances: usize,
    /// SRS: `[1]₁`.
    pub g1: G1Affine,
    /// SRS: `[1]₂`.
    pub g2: G2Affine,
    /// SRS: `[s]₂`.
    pub s_g2: G2Affine,
}

impl VerifierParameters {
    /// Length of a proof in bytes: 64 per point, 32 per scalar.
    pub fn proof_bytes(&self) -> usize {
        let products = self.permutation.len().div_ceil(self.permutation_chunk.max(1));
        let points = self.advice_phases.len() + products + 1 + self.quotient_pieces + 2;
        let evaluations = self.advice_queries.len()
            + self.fixed_queries.len()
            + 1
            + self.permutation.len()
            + (3 * products).saturating_sub(1);
        64 * points + 32 * evaluations
    }
}
