//! The search for the cheapest settings within an accuracy bound.

use crate::error::{BestFound, Error};
use crate::execute::{execute, outputs};
use crate::ir::{IntegerGraph, QuantisationSettings};
use crate::load::{Kind, Model};
use crate::quantise::{Calibrated, prepare, quantise_prepared};

/// Values up to this many times the largest seen in calibration can still be proven.
pub const DEFAULT_HEADROOM: f64 = 4.0;

/// How far outputs may be from those of the float model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AccuracyBound {
    /// Largest absolute difference of any output element on any sample.
    Absolute(f64),
    /// The same, as a fraction of the largest absolute output of the float model.
    Relative(f64),
}

/// Settings within the bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The settings.
    pub settings: QuantisationSettings,
    /// The model quantised with them.
    pub graph: IntegerGraph,
    /// Largest absolute error on the samples.
    pub max_abs_error: f64,
    /// Mean absolute error on the samples.
    pub mean_abs_error: f64,
}

/// One set of settings that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The settings.
    pub settings: QuantisationSettings,
    /// Largest absolute error on the samples; `None` when the model does not fit these settings.
    pub max_abs_error: Option<f64>,
    /// Cost, where it was asked for and the circuit compiles.
    pub cost: Option<f64>,
    /// Why the settings were dropped, or empty.
    pub reason: String,
}

/// Result of [`calibrate`].
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The settings chosen.
    pub settings: QuantisationSettings,
    /// The model quantised with them.
    pub graph: IntegerGraph,
    /// Largest absolute error on the samples.
    pub max_abs_error: f64,
    /// Mean absolute error on the samples.
    pub mean_abs_error: f64,
    /// Whether the first output has its largest element at the same position as that of the
    /// float model, on all samples.
    pub argmax_match: bool,
    /// Everything that was tried, in order.
    pub tried: Vec<Trial>,
}

/// Errors of a graph on samples.
struct Errors {
    max: f64,
    mean: f64,
    argmax_match: bool,
}

fn argmax(values: &[f64]) -> Option<usize> {
    (0..values.len()).reduce(|a, b| if values[b] > values[a] { b } else { a })
}

fn errors(
    graph: &IntegerGraph,
    samples: &[Vec<Vec<f64>>],
    expected: &[Vec<Vec<f64>>],
) -> Result<Errors, Error> {
    let (mut max, mut sum, mut count, mut argmax_match) = (0f64, 0f64, 0usize, true);
    for (sample, expected) in samples.iter().zip(expected) {
        let found = outputs(graph, &execute(graph, sample)?);
        for (a, b) in expected.iter().flatten().zip(found.iter().flatten()) {
            let difference = (a - b).abs();
            max = if difference.is_nan() { f64::INFINITY } else { max.max(difference) };
            sum += difference;
            count += 1;
        }
        if let (Some(a), Some(b)) = (expected.first(), found.first()) {
            // Equal scores are no mismatch.
            let (i, j) = (argmax(a), argmax(b));
            if i != j && i.zip(j).is_some_and(|(i, j)| b[i] < b[j]) {
                argmax_match = false;
            }
        }
    }
    Ok(Errors { max, mean: if count == 0 { 0.0 } else { sum / count as f64 }, argmax_match })
}

/// Fraction bits tried for each shape of row, besides "as many as fit".
const FRACTION_BITS: [u32; 6] = [32, 20, 17, 15, 13, 11];

/// How much larger than the bound errors on derived inputs may be.
const DERIVED_TOLERANCE: f64 = 4.0;

/// Samples beyond which none are derived.
const FEW_SAMPLES: usize = 8;

/// Inputs and what the float model makes of them.
type Derived = (Vec<Vec<f64>>, Vec<Vec<f64>>);

/// Variations of the samples (mirrored, reversed, halved) with what the float model says.
fn derive(model: &Model, samples: &[Vec<Vec<f64>>]) -> Vec<Derived> {
    if samples.len() >= FEW_SAMPLES {
        return vec![];
    }
    let variations: [fn(&mut Vec<f64>, bool); 3] = [
        |data, float| {
            if float {
                data.iter_mut().for_each(|v| *v = -*v);
            }
        },
        |data, _| data.reverse(),
        |data, float| {
            if float {
                data.iter_mut().for_each(|v| *v *= 0.5);
            }
        },
    ];
    let mut derived = vec![];
    for sample in samples {
        for vary in variations {
            let mut inputs = sample.clone();
            for (data, spec) in inputs.iter_mut().zip(model.inputs()) {
                vary(data, spec.kind == Kind::Float);
            }
            if let Ok(expected) = model.run(&inputs)
                && expected.iter().flatten().all(|v| v.is_finite())
            {
                derived.push((inputs, expected));
            }
        }
    }
    derived
}

/// Orders of limbs `(low, high)`, cheapest rows first.
const ROWS: [(u32, u32); 6] = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)];

struct Search<'a> {
    calibrated: &'a Calibrated,
    samples: &'a [Vec<Vec<f64>>],
    expected: Vec<Vec<Vec<f64>>>,
    /// Inputs derived from few samples, so that settings do not suit those alone.
    derived: Vec<Derived>,
    bound: f64,
    cost: &'a mut dyn FnMut(&IntegerGraph) -> Option<f64>,
    progress: &'a mut dyn FnMut(&str),
    tried: Vec<Trial>,
    /// The last reason why the model could not be quantised or executed.
    failure: Option<Error>,
    best: Option<(f64, Candidate, bool)>,
    closest: Option<BestFound>,
}

impl Search<'_> {
    /// Error under these settings, and the candidate when it is within the bound.
    fn evaluate(&mut self, settings: QuantisationSettings) -> (f64, Option<(Candidate, bool)>) {
        let mut trial = Trial { settings, max_abs_error: None, cost: None, reason: String::new() };
        let outcome = quantise_prepared(self.calibrated, settings, DEFAULT_HEADROOM).and_then(|graph| {
            let errors = errors(&graph, self.samples, &self.expected)?;
            Ok((graph, errors))
        });
        let result = match outcome {
            Err(error) => {
                trial.reason = error.to_string();
                self.failure = Some(error);
                (f64::INFINITY, None)
            }
            Ok((graph, errors)) => {
                trial.max_abs_error = Some(errors.max);
                if self.closest.as_ref().is_none_or(|c| errors.max < c.max_abs_error) {
                    self.closest = Some(BestFound { settings, max_abs_error: errors.max });
                }
                if errors.max <= self.bound && !self.holds_elsewhere(&graph) {
                    trial.reason = "error above the bound on inputs like the samples".into();
                    (errors.max, None)
                } else if errors.max <= self.bound {
                    let candidate =
                        Candidate { settings, graph, max_abs_error: errors.max, mean_abs_error: errors.mean };
                    (errors.max, Some((candidate, errors.argmax_match)))
                } else {
                    trial.reason = "error above the bound".into();
                    (errors.max, None)
                }
            }
        };
        self.tried.push(trial);
        result
    }

    /// Whether derived inputs, as far as they are in range, stay within a few times the bound.
    fn holds_elsewhere(&self, graph: &IntegerGraph) -> bool {
        let allowed = DERIVED_TOLERANCE * self.bound.max(1e-7);
        self.derived.iter().all(|(inputs, expected)| {
            let Ok(execution) = execute(graph, inputs) else {
                return true;
            };
            let found = outputs(graph, &execution);
            let differences =
                expected.iter().flatten().zip(found.iter().flatten()).map(|(a, b)| (a - b).abs());
            differences.fold(0f64, f64::max) <= allowed
        })
    }

    /// Asks for the cost of a candidate and keeps it when it is the cheapest. True when the
    /// circuit compiles.
    fn offer(&mut self, candidate: Candidate, argmax_match: bool) -> bool {
        let cost = (self.cost)(&candidate.graph);
        if let Some(trial) = self.tried.last_mut() {
            trial.cost = cost;
            if cost.is_none() {
                trial.reason = "the circuit does not compile".into();
            }
        }
        let s = candidate.settings;
        (self.progress)(&format!(
            "{} bits, {}+{} limbs, {} fraction bits: error {:.2e}, {}",
            s.limb_bits,
            s.low_limbs,
            s.high_limbs,
            s.fraction_bits,
            candidate.max_abs_error,
            cost.map_or("does not compile".to_string(), |c| format!("cost {c:.4}"))
        ));
        let Some(cost) = cost else { return false };
        if self.best.as_ref().is_none_or(|b| cost < b.0) {
            self.best = Some((cost, candidate, argmax_match));
        }
        true
    }

    /// Finds the smallest limbs of one row shape that meet the bound.
    fn row(&mut self, low_limbs: u32, high_limbs: u32) {
        let mut found = 0;
        for limb_bits in 6..=13 {
            let mut accepted = false;
            for (i, fraction_bits) in FRACTION_BITS.into_iter().enumerate() {
                let settings = QuantisationSettings { limb_bits, low_limbs, high_limbs, fraction_bits };
                let (error, candidate) = self.evaluate(settings);
                if let Some((candidate, argmax_match)) = candidate {
                    accepted = self.offer(candidate, argmax_match);
                    break;
                }
                // Fewer fraction bits help only where it is close already.
                if i == 0 && error > 12.0 * self.bound {
                    break;
                }
            }
            if accepted {
                found += 1;
                if found == 2 {
                    return;
                }
            }
        }
    }

    /// Coarser inputs and activations may save limbs of inputs.
    fn coarsen(&mut self) {
        let Some((_, best, _)) = &self.best else {
            return;
        };
        let settings = best.settings;
        for fraction_bits in [16, 14, 12, 10, 8] {
            if fraction_bits >= settings.fraction_bits {
                continue;
            }
            match self.evaluate(QuantisationSettings { fraction_bits, ..settings }) {
                (_, Some((candidate, argmax_match))) => {
                    self.offer(candidate, argmax_match);
                }
                _ => return,
            }
        }
    }
}

/// Searches the settings of least cost within an accuracy bound.
///
/// `samples` are input sets as for [`Model::run`]; they also give the ranges of all values, with a
/// headroom of [`DEFAULT_HEADROOM`]. `cost` rates a graph (`None`: its circuit does not compile);
/// `progress` receives one line per candidate. The result depends on the arguments only.
///
/// # Errors
/// [`Error::AccuracyUnreachable`] with the best found; when the model fits no settings at all, the
/// last reason ([`Error::Overflow`], …); [`Error::NoSamples`], [`Error::Unsupported`], and errors of
/// the inputs.
pub fn calibrate(
    model: &Model,
    samples: &[Vec<Vec<f64>>],
    bound: AccuracyBound,
    cost: &mut dyn FnMut(&IntegerGraph) -> Option<f64>,
    progress: &mut dyn FnMut(&str),
) -> Result<Calibration, Error> {
    let calibrated = prepare(model, samples)?;
    let expected = samples.iter().map(|s| model.run(s)).collect::<Result<Vec<_>, _>>()?;
    if expected.iter().flatten().flatten().any(|v| !v.is_finite()) {
        return Err(Error::Run { reason: "its outputs are not finite on the samples".into() });
    }
    let bound = match bound {
        AccuracyBound::Absolute(bound) => bound,
        AccuracyBound::Relative(bound) => {
            let largest = expected.iter().flatten().flatten().fold(0f64, |m, v| m.max(v.abs()));
            bound * largest.max(f64::MIN_POSITIVE)
        }
    };
    if bound.is_nan() || bound < 0.0 {
        return Err(Error::Settings { reason: "the accuracy bound must not be negative".into() });
    }
    let mut search = Search {
        calibrated: &calibrated,
        samples,
        expected,
        derived: derive(model, samples),
        bound,
        cost,
        progress,
        tried: vec![],
        failure: None,
        best: None,
        closest: None,
    };
    for (low, high) in ROWS {
        search.row(low, high);
    }
    search.coarsen();
    match search.best {
        Some((_, candidate, argmax_match)) => Ok(Calibration {
            settings: candidate.settings,
            graph: candidate.graph,
            max_abs_error: candidate.max_abs_error,
            mean_abs_error: candidate.mean_abs_error,
            argmax_match,
            tried: search.tried,
        }),
        // When nothing could be quantised at all, its reason says more.
        None => match (search.closest, search.failure) {
            (None, Some(error)) => Err(error),
            (best, _) => Err(Error::AccuracyUnreachable { bound, best }),
        },
    }
}
