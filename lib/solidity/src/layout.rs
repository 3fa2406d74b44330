//! Where everything lies in calldata, and which queries share which points.

use crate::error::Error;
use hallmark_circuit::description::{Column, Phase};
use hallmark_proof::parameters::VerifierParameters;
use std::collections::{BTreeSet, HashMap};

/// First byte of the proof in the calldata of `verifyProof`: selector, two offsets, length.
pub(crate) const PROOF: usize = 0x64;

/// A commitment that is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Commitment {
    Advice(usize),
    Product(usize),
    Fixed(usize),
    Sigma(usize),
    Quotient,
    Random,
}

/// One value that SHPLONK opens: a commitment at `ω^rotation · x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) commitment: Commitment,
    /// Reduced modulo `2^k`, in `(−2^(k−1), 2^(k−1)]`.
    pub(crate) rotation: i64,
    /// Calldata offset of the evaluation; `None` for the quotient, which the verifier computes.
    pub(crate) evaluation: Option<usize>,
}

/// Commitments that are opened at the same points.
#[derive(Clone, Debug)]
pub(crate) struct RotationSet {
    /// Rotations in ascending order.
    pub(crate) rotations: Vec<i64>,
    /// In order of first appearance.
    pub(crate) commitments: Vec<Commitment>,
}

/// A step of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Absorb the seed.
    Seed,
    /// Absorb the instances.
    Instances,
    /// Absorb bytes of calldata from an offset.
    Absorb { offset: usize, length: usize, what: &'static str },
    /// Draw a challenge.
    Squeeze(Challenge),
}

/// Challenges, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Challenge {
    /// Of the circuit.
    Circuit(usize),
    /// θ: drawn, not used.
    Theta,
    /// β of the permutation argument.
    Beta,
    /// γ of the permutation argument.
    Gamma,
    /// Combines the constraints.
    Y,
    /// The point of evaluation.
    X,
    /// SHPLONK's `y`: combines the polynomials of one rotation set.
    Zeta,
    /// SHPLONK's `v`: combines the rotation sets.
    Nu,
    /// SHPLONK's `u`: the point of the second opening.
    Mu,
}

/// Offsets of a verifier's calldata and the order of its transcript and openings.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) proof_bytes: usize,
    pub(crate) instances: usize,
    pub(crate) calldata_bytes: usize,
    /// Calldata offsets of all points, in order.
    pub(crate) points: Vec<usize>,
    pub(crate) advice: Vec<usize>,
    pub(crate) products: Vec<usize>,
    pub(crate) random: usize,
    pub(crate) quotient: Vec<usize>,
    /// First evaluation and number of evaluations.
    pub(crate) evaluations: (usize, usize),
    pub(crate) advice_evaluations: HashMap<(usize, i32), usize>,
    pub(crate) fixed_evaluations: HashMap<(usize, i32), usize>,
    pub(crate) random_evaluation: usize,
    pub(crate) sigma_evaluations: Vec<usize>,
    /// `z(x)`, `z(ωx)`, and `z(ω^last x)` but for the last product.
    pub(crate) product_evaluations: Vec<(usize, usize, Option<usize>)>,
    pub(crate) w: usize,
    pub(crate) w_prime: usize,
    pub(crate) transcript: Vec<Step>,
    pub(crate) openings: Vec<Opening>,
    pub(crate) sets: Vec<RotationSet>,
    /// Union of the rotations of all sets, ascending.
    pub(crate) super_rotations: Vec<i64>,
}

impl Layout {
    pub(crate) fn new(p: &VerifierParameters) -> Result<Self, Error> {
        let chunk = p.permutation_chunk.max(1);
        let product_count = p.permutation.len().div_ceil(chunk);
        let mut cursor = PROOF;
        let mut points = Vec::new();
        let mut take_point = |cursor: &mut usize| {
            let at = *cursor;
            *cursor += 0x40;
            points.push(at);
            at
        };
        let mut transcript = vec![Step::Seed];
        if p.instances > 0 {
            transcript.push(Step::Instances);
        }

        // Points, with the challenges between them.
        let mut advice = vec![0usize; p.advice_phases.len()];
        for phase in [Phase::First, Phase::Second] {
            let start = cursor;
            for (column, of_column) in p.advice_phases.iter().enumerate() {
                if *of_column == phase
                    && let Some(slot) = advice.get_mut(column)
                {
                    *slot = take_point(&mut cursor);
                }
            }
            absorb(&mut transcript, start, cursor, "advice commitments");
            if phase == Phase::First {
                transcript.extend((0..p.challenges).map(|i| Step::Squeeze(Challenge::Circuit(i))));
            }
        }
        for challenge in [Challenge::Theta, Challenge::Beta, Challenge::Gamma] {
            transcript.push(Step::Squeeze(challenge));
        }
        let start = cursor;
        let products: Vec<usize> = (0..product_count).map(|_| take_point(&mut cursor)).collect();
        let random = take_point(&mut cursor);
        absorb(&mut transcript, start, cursor, "permutation products, random polynomial");
        transcript.push(Step::Squeeze(Challenge::Y));
        let start = cursor;
        let quotient: Vec<usize> = (0..p.quotient_pieces).map(|_| take_point(&mut cursor)).collect();
        absorb(&mut transcript, start, cursor, "quotient");
        transcript.push(Step::Squeeze(Challenge::X));

        // Evaluations.
        let start = cursor;
        let mut take_scalar = || {
            let at = cursor;
            cursor += 0x20;
            at
        };
        let mut advice_evaluations = HashMap::new();
        for (column, rotation) in &p.advice_queries {
            if *column >= p.advice_phases.len() {
                return Err(Error::UnknownColumn { kind: "advice", column: *column });
            }
            if advice_evaluations.insert((*column, *rotation), take_scalar()).is_some() {
                return Err(Error::DuplicateQuery { kind: "advice", column: *column, rotation: *rotation });
            }
        }
        let mut fixed_evaluations = HashMap::new();
        for (column, rotation) in &p.fixed_queries {
            if *column >= p.fixed_commitments.len() {
                return Err(Error::UnknownColumn { kind: "fixed", column: *column });
            }
            if fixed_evaluations.insert((*column, *rotation), take_scalar()).is_some() {
                return Err(Error::DuplicateQuery { kind: "fixed", column: *column, rotation: *rotation });
            }
        }
        let random_evaluation = take_scalar();
        let sigma_evaluations: Vec<usize> = p.permutation.iter().map(|_| take_scalar()).collect();
        let product_evaluations: Vec<(usize, usize, Option<usize>)> = (0..product_count)
            .map(|i| (take_scalar(), take_scalar(), (i + 1 < product_count).then(&mut take_scalar)))
            .collect();
        let evaluations = (start, (cursor - start) / 0x20);
        absorb(&mut transcript, start, cursor, "evaluations");
        transcript.push(Step::Squeeze(Challenge::Zeta));
        transcript.push(Step::Squeeze(Challenge::Nu));
        let w = take_point(&mut cursor);
        absorb(&mut transcript, w, cursor, "W");
        transcript.push(Step::Squeeze(Challenge::Mu));
        let w_prime = take_point(&mut cursor);

        let proof_bytes = cursor - PROOF;
        if proof_bytes != p.proof_bytes() {
            return Err(Error::ProofLength { layout: proof_bytes, parameters: p.proof_bytes() });
        }
        if p.permutation_commitments.len() != p.permutation.len() {
            return Err(Error::PermutationCommitments {
                columns: p.permutation.len(),
                commitments: p.permutation_commitments.len(),
            });
        }
        if quotient.is_empty() {
            return Err(Error::NoQuotient);
        }

        // Openings, in the order in which halo2 lists them.
        let n = 1i64 << p.k;
        let normal = |rotation: i64| {
            let rotation = rotation.rem_euclid(n);
            if rotation > n / 2 { rotation - n } else { rotation }
        };
        let last = normal(-(p.blinding_factors as i64 + 1));
        let mut openings = Vec::new();
        let mut open = |commitment, rotation: i64, evaluation| {
            openings.push(Opening { commitment, rotation: normal(rotation), evaluation });
        };
        for (column, rotation) in &p.advice_queries {
            let at = advice_evaluations.get(&(*column, *rotation)).copied();
            open(Commitment::Advice(*column), i64::from(*rotation), at);
        }
        for (i, (at_x, at_next, _)) in product_evaluations.iter().enumerate() {
            open(Commitment::Product(i), 0, Some(*at_x));
            open(Commitment::Product(i), 1, Some(*at_next));
        }
        for (i, (_, _, at_last)) in product_evaluations.iter().enumerate().rev() {
            if at_last.is_some() {
                open(Commitment::Product(i), last, *at_last);
            }
        }
        for (column, rotation) in &p.fixed_queries {
            let at = fixed_evaluations.get(&(*column, *rotation)).copied();
            open(Commitment::Fixed(*column), i64::from(*rotation), at);
        }
        for (i, at) in sigma_evaluations.iter().enumerate() {
            open(Commitment::Sigma(i), 0, Some(*at));
        }
        open(Commitment::Quotient, 0, None);
        open(Commitment::Random, 0, Some(random_evaluation));

        let mut rotations_of: Vec<(Commitment, BTreeSet<i64>)> = Vec::new();
        for opening in &openings {
            match rotations_of.iter_mut().find(|(c, _)| *c == opening.commitment) {
                Some((_, rotations)) => {
                    if !rotations.insert(opening.rotation) {
                        return Err(Error::QueryCollision { rotation: opening.rotation });
                    }
                }
                None => rotations_of.push((opening.commitment, BTreeSet::from_iter([opening.rotation]))),
            }
        }
        let mut sets: Vec<RotationSet> = Vec::new();
        for (commitment, rotations) in rotations_of {
            let rotations: Vec<i64> = rotations.into_iter().collect();
            match sets.iter_mut().find(|set| set.rotations == rotations) {
                Some(set) => set.commitments.push(commitment),
                None => sets.push(RotationSet { rotations, commitments: vec![commitment] }),
            }
        }
        let super_rotations: BTreeSet<i64> =
            sets.iter().flat_map(|set| set.rotations.iter().copied()).collect();

        Ok(Self {
            proof_bytes,
            instances: p.instances,
            calldata_bytes: PROOF + proof_bytes + 0x20 + 0x20 * p.instances,
            points,
            advice,
            products,
            random,
            quotient,
            evaluations,
            advice_evaluations,
            fixed_evaluations,
            random_evaluation,
            sigma_evaluations,
            product_evaluations,
            w,
            w_prime,
            transcript,
            openings,
            sets,
            super_rotations: super_rotations.into_iter().collect(),
        })
    }

    /// Calldata offset of the first instance.
    pub(crate) fn instances_at(&self) -> usize {
        PROOF + self.proof_bytes + 0x20
    }

    /// Calldata offset of the evaluation that a gate reads.
    pub(crate) fn evaluation(&self, column: Column, rotation: i32) -> Option<usize> {
        match column {
            Column::Advice(i) => self.advice_evaluations.get(&(i, rotation)).copied(),
            Column::Fixed(i) => self.fixed_evaluations.get(&(i, rotation)).copied(),
            Column::Instance => None,
        }
    }

    /// The opening of a commitment at a rotation.
    pub(crate) fn opening(&self, commitment: Commitment, rotation: i64) -> Option<&Opening> {
        self.openings.iter().find(|o| o.commitment == commitment && o.rotation == rotation)
    }
}

fn absorb(transcript: &mut Vec<Step>, start: usize, end: usize, what: &'static str) {
    if end > start {
        transcript.push(Step::Absorb { offset: start, length: end - start, what });
    }
}
