//! The kinds of project that there are: each a consumer with a model, tests and a page of its own.

use crate::Error;

/// What the project's consumer does with an inference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Template {
    /// Records the outputs.
    #[default]
    Minimal,
    /// A credit score unlocks a loan limit.
    Lending,
    /// A classifier admits accounts.
    Gate,
    /// A forecast becomes the value of a feed.
    Oracle,
    /// A risk model flags positions.
    Liquidation,
    /// A policy network acts.
    Agent,
    /// A market is settled by several models.
    PredictionMarket,
}

/// A model that is embedded in this program, with its inputs.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddedModel {
    /// Name for titles.
    pub name: &'static str,
    /// The ONNX file.
    pub onnx: &'static [u8],
    /// The input to prove, JSON.
    pub input: &'static [u8],
    /// Inputs to choose scales on, JSON.
    pub calibration: &'static [u8],
}

/// Which input a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleChoice {
    /// The model's input.
    Given,
    /// The calibration input with the highest first output; where that has several elements, the one
    /// that is most clearly of the class of the given input.
    Highest,
    /// The calibration input with the lowest first output; where that has several elements, the one
    /// that is least of the class of the given input.
    Lowest,
    /// A row of the calibration inputs, from 0.
    Row(usize),
}

impl SampleChoice {
    /// As hallmark.toml says it.
    pub fn text(self) -> String {
        match self {
            Self::Given => "given".to_owned(),
            Self::Highest => "highest".to_owned(),
            Self::Lowest => "lowest".to_owned(),
            Self::Row(row) => row.to_string(),
        }
    }

    /// The inverse of [`SampleChoice::text`].
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "given" => Some(Self::Given),
            "highest" => Some(Self::Highest),
            "lowest" => Some(Self::Lowest),
            number => number.parse().ok().map(Self::Row),
        }
    }
}

/// A proof that a template's tests have besides the first one. Chain and consumer are those of the
/// first one.
#[derive(Clone, Copy, Debug)]
pub struct NamedProof {
    /// Name of the function that returns it.
    pub name: &'static str,
    /// Which input it is for.
    pub sample: SampleChoice,
    /// Whether it is for another account than the first one.
    pub other_account: bool,
    /// Its nonce.
    pub nonce: u128,
    /// Whether it is good for less long than the others.
    pub early: bool,
}

const fn named(name: &'static str, sample: SampleChoice, nonce: u128) -> NamedProof {
    NamedProof { name, sample, other_account: false, nonce, early: false }
}

const HIGHEST: NamedProof = named("highest", SampleChoice::Highest, 1);
const LOWEST: NamedProof = named("lowest", SampleChoice::Lowest, 2);
const REPEATED: NamedProof = named("repeated", SampleChoice::Given, 3);
const EARLY: NamedProof = NamedProof { early: true, ..named("early", SampleChoice::Given, 4) };
const ANOTHER: NamedProof = NamedProof { other_account: true, ..named("another", SampleChoice::Given, 0) };
// Nonces of `liquidation` name positions, in the bits above the lower 64.
const SECOND_POSITION: NamedProof = named("secondPosition", SampleChoice::Given, 1 << 64);
const THIRD_POSITION: NamedProof = named("thirdPosition", SampleChoice::Given, (2 << 64) + 7);
const NO_POSITION: NamedProof = named("noPosition", SampleChoice::Given, 3 << 64);
// Rows of the market's calibration inputs: all models find the first unlikely; of the second, the
// first model thinks otherwise than the others.
const UNLIKELY: NamedProof = named("unlikely", SampleChoice::Row(2), 1);
const DISPUTED: NamedProof = named("disputed", SampleChoice::Row(4), 2);

macro_rules! embedded {
    ($name:literal) => {
        EmbeddedModel {
            name: $name,
            onnx: include_bytes!(concat!("../../../templates/models/", $name, "/model.onnx")),
            input: include_bytes!(concat!("../../../templates/models/", $name, "/input.json")),
            calibration: include_bytes!(concat!("../../../templates/models/", $name, "/calibration.json")),
        }
    };
}

impl Template {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Minimal,
        Self::Lending,
        Self::Gate,
        Self::Oracle,
        Self::Liquidation,
        Self::Agent,
        Self::PredictionMarket,
    ];

    /// Name on the command line, and of the folder and the page that it comes from.
    pub fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Lending => "lending",
            Self::Gate => "gate",
            Self::Oracle => "oracle",
            Self::Liquidation => "liquidation",
            Self::Agent => "agent",
            Self::PredictionMarket => "prediction-market",
        }
    }

    /// Name of the consumer contract.
    pub fn consumer(self) -> &'static str {
        match self {
            Self::Minimal => "ModelConsumer",
            Self::Lending => "LendingPool",
            Self::Gate => "ModelGate",
            Self::Oracle => "ModelOracle",
            Self::Liquidation => "PerpMarket",
            Self::Agent => "AgentTreasury",
            Self::PredictionMarket => "PredictionMarket",
        }
    }

    /// Name of the consumer's function that takes an inference.
    pub fn action(self) -> &'static str {
        match self {
            Self::Minimal => "submit",
            Self::Lending => "openLine",
            Self::Gate => "admit",
            Self::Oracle => "post",
            Self::Liquidation => "liquidate",
            Self::Agent => "execute",
            Self::PredictionMarket => "settle",
        }
    }

    /// A contract that its tests in TypeScript need besides.
    pub(crate) fn test_contract(self) -> Option<&'static str> {
        match self {
            Self::Liquidation => Some("SetPrice.sol"),
            Self::Agent => Some("Target.sol"),
            _ => None,
        }
    }

    /// The inverse of [`Template::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|template| template.name() == name)
    }

    /// The model that it shows its work with; the first one of several.
    pub fn model(self) -> EmbeddedModel {
        match self {
            Self::Minimal => embedded!("credit_scorer"),
            Self::Lending => embedded!("lending"),
            Self::Gate => embedded!("gate"),
            Self::Oracle => embedded!("oracle"),
            Self::Liquidation => embedded!("liquidation"),
            Self::Agent => embedded!("agent"),
            Self::PredictionMarket => embedded!("market_torch"),
        }
    }

    /// Its further models, by the names of their folders.
    pub fn members(self) -> Vec<(&'static str, EmbeddedModel)> {
        match self {
            Self::PredictionMarket => {
                vec![("keras", embedded!("market_keras")), ("sklearn", embedded!("market_sklearn"))]
            }
            _ => Vec::new(),
        }
    }

    /// The proofs that its tests have besides the first one.
    pub fn proofs(self) -> &'static [NamedProof] {
        match self {
            Self::Minimal => &[],
            Self::Lending | Self::Gate | Self::Oracle | Self::Agent => {
                &[HIGHEST, LOWEST, REPEATED, EARLY, ANOTHER]
            }
            Self::PredictionMarket => &[UNLIKELY, DISPUTED, REPEATED, EARLY, ANOTHER],
            Self::Liquidation => {
                &[HIGHEST, LOWEST, REPEATED, EARLY, ANOTHER, SECOND_POSITION, THIRD_POSITION, NO_POSITION]
            }
        }
    }

    /// What it needs the model's first output to be: words, and the numbers of elements that fit.
    fn needs(self) -> (&'static str, std::ops::RangeInclusive<usize>) {
        match self {
            Self::Minimal => ("any output", 1..=usize::MAX),
            Self::Lending => ("one number, the score", 1..=1),
            Self::Gate => ("2 to 256 scores of one sample, one per class", 2..=256),
            Self::Oracle => ("one number, the value", 1..=1),
            Self::Liquidation => ("one number, the risk", 1..=1),
            Self::Agent => ("2 to 16 scores of one state, one per action", 2..=16),
            Self::PredictionMarket => ("one number, the probability", 1..=1),
        }
    }

    /// Whether a model with these output shapes can be used.
    fn takes<Shape: AsRef<[usize]>>(self, shapes: &[Shape]) -> bool {
        let Some(shape) = shapes.first().map(AsRef::as_ref) else { return false };
        let fits = self.needs().1.contains(&shape.iter().product());
        match self {
            // Numbers of several samples, as from `[5, 1]`, are no scores to choose among.
            Self::Gate | Self::Agent => {
                let batch = if shape.len() > 1 { shape[0] } else { 1 };
                fits && batch == 1 && shape.iter().filter(|size| **size > 1).count() == 1
            }
            _ => fits,
        }
    }

    /// Fails when a model with these output shapes, in their order, cannot be used: to be asked
    /// before the costly part.
    pub fn check_outputs<Shape: AsRef<[usize]>>(self, shapes: &[Shape]) -> Result<(), Error> {
        if self.takes(shapes) {
            return Ok(());
        }
        let found = match shapes.first() {
            Some(shape) => format!("shape {:?}", shape.as_ref()),
            None => "missing".to_owned(),
        };
        let others = Self::ALL.iter().filter(|other| other.takes(shapes)).map(|other| other.name());
        Err(Error::OutputsDoNotFit {
            template: self.name(),
            expected: self.needs().0,
            found,
            fitting: others.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_does_not_fit_is_told_which_templates_do() {
        for template in Template::ALL {
            let expected = template.needs().1;
            template.check_outputs(&[vec![*expected.start()]]).unwrap();
            assert!(template.check_outputs::<Vec<usize>>(&[]).is_err());
        }
        let error = Template::Lending.check_outputs(&[vec![1, 10]]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "template `lending` needs the model's first output to be one number, the score; it is shape [1, 10]"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("`--template minimal`")));
        Template::Lending.check_outputs(&[vec![1, 1], vec![7]]).unwrap();
        for (shape, fits) in [
            (&[1, 5][..], true),
            (&[1, 5, 1, 1], true),
            (&[5], true),
            (&[5, 1], false),
            (&[5, 3], false),
            (&[1, 3, 4], false),
        ] {
            assert_eq!(Template::Gate.check_outputs(&[shape]).is_ok(), fits, "{shape:?}");
        }
    }
}
