//! hallmark.toml: what a person decides.

use crate::context;
use crate::error::{Failure, Outcome};
use crate::opts::{AccuracyArgs, ObjectiveArg};
use hallmark_budget::amount::Dollars;
use hallmark_budget::{Budgets, Tolerance};
use hallmark_circuit::Objective;
use hallmark_graph::AccuracyBound;
use hallmark_proof::ContextParts;
use hallmark_proof::context::EARLY_FIXTURE_DEADLINE;
use hallmark_scaffold::{NamedProof, SampleChoice};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Name of the file.
pub(crate) const SETTINGS_FILE: &str = "hallmark.toml";

/// Error bound when nobody says otherwise.
const DEFAULT_RELATIVE_ERROR: f64 = 1e-3;

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The model and its inputs.
    pub(crate) model: ModelSettings,
    /// Further models by name, each with a verifier of its own.
    #[serde(default)]
    pub(crate) members: BTreeMap<String, ModelSettings>,
    /// Proofs that tests have besides the first one.
    #[serde(default)]
    pub(crate) proofs: Vec<ProofSettings>,
    /// How exact.
    #[serde(default)]
    pub(crate) accuracy: AccuracySettings,
    /// The circuit.
    #[serde(default)]
    pub(crate) circuit: CircuitSettings,
    /// The SRS.
    #[serde(default)]
    pub(crate) srs: SrsSettings,
    /// Where generated contracts are.
    #[serde(default)]
    pub(crate) contracts: ContractSettings,
    /// What `hallmark gas` measures by.
    #[serde(default)]
    pub(crate) gas: GasSettings,
    /// Limits by identifier of the network.
    #[serde(default)]
    pub(crate) budget: Budgets,
}

/// `[model]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelSettings {
    /// Name for titles.
    pub(crate) name: Option<String>,
    /// The ONNX file.
    pub(crate) path: PathBuf,
    /// The input to prove.
    pub(crate) input: PathBuf,
    /// Inputs to choose scales on.
    pub(crate) calibration: Option<PathBuf>,
    /// Sizes of symbolic dimensions.
    #[serde(default)]
    pub(crate) dimensions: BTreeMap<String, usize>,
}

/// `[[proofs]]`: a proof of another input, or for another account, nonce or deadline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofSettings {
    /// Name of the function of the fixture that returns it.
    pub(crate) name: String,
    /// Which input.
    #[serde(default)]
    pub(crate) sample: TextOrNumber,
    /// For whom; the first proof's account without.
    pub(crate) account: Option<String>,
    /// Which of the account's inferences it is.
    pub(crate) nonce: TextOrNumber,
    /// Until when it is good; the first proof's deadline without.
    pub(crate) deadline: Option<TextOrNumber>,
}

/// A number, as text where it may be larger than TOML's.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum TextOrNumber {
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
}

impl Default for TextOrNumber {
    fn default() -> Self {
        Self::Text(SampleChoice::Given.text())
    }
}

impl std::fmt::Display for TextOrNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl ProofSettings {
    /// What a template asks for.
    pub(crate) fn of_template(proof: &NamedProof) -> Self {
        let other = context::checksummed(&ContextParts::other_fixture_account());
        Self {
            name: proof.name.to_owned(),
            sample: TextOrNumber::Text(proof.sample.text()),
            account: proof.other_account.then_some(other),
            nonce: TextOrNumber::Text(proof.nonce.to_string()),
            deadline: proof.early.then_some(TextOrNumber::Number(EARLY_FIXTURE_DEADLINE)),
        }
    }

    /// Which input.
    pub(crate) fn sample(&self) -> Result<SampleChoice, String> {
        SampleChoice::parse(&self.sample.to_string()).ok_or_else(|| {
            format!("`{}` is not \"given\", \"highest\", \"lowest\" or the number of a row", self.sample)
        })
    }

    /// What it is bound to.
    pub(crate) fn parts(&self) -> Result<ContextParts, String> {
        let mut parts = ContextParts::fixture();
        if let Some(account) = &self.account {
            parts.account = context::address(account).map_err(|e| format!("account: {e}"))?.into_array();
        }
        let number = |name: &str, value: &TextOrNumber| {
            context::number(&value.to_string())
                .map(|number| number.to_be_bytes())
                .map_err(|error| format!("{name}: {error}"))
        };
        parts.nonce = number("nonce", &self.nonce)?;
        if let Some(deadline) = &self.deadline {
            parts.deadline = number("deadline", deadline)?;
        }
        Ok(parts)
    }

    fn check(&self) -> Result<(), String> {
        let mut characters = self.name.chars();
        let starts = characters.next().is_some_and(|c| c.is_ascii_lowercase());
        if !starts || self.name.len() > 40 || !characters.all(|c| c.is_ascii_alphanumeric()) {
            return Err(
                "the name has to be that of a Solidity function: a small letter, then letters and digits"
                    .into(),
            );
        }
        self.sample()?;
        self.parts()?;
        Ok(())
    }
}

/// `[accuracy]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccuracySettings {
    /// In units of the output.
    pub(crate) max_abs_error: Option<f64>,
    /// Relative to the largest output.
    pub(crate) max_rel_error: Option<f64>,
}

/// `[circuit]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CircuitSettings {
    /// Only `halo2` so far.
    pub(crate) backend: Option<String>,
    /// `gas`, `prover` or `balanced`.
    pub(crate) objective: Option<String>,
}

/// `[srs]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SrsSettings {
    /// Only `dev` so far.
    pub(crate) kind: Option<String>,
}

/// The verifier, unless `[contracts]` names another file.
pub(crate) const VERIFIER_FILE: &str = "src/Verifier.sol";

/// The proof that tests run, unless `[contracts]` names another file.
pub(crate) const FIXTURE_FILE: &str = "test/fixtures/InferenceFixture.sol";

/// `[contracts]`: what `hallmark gas` measures. What `build` writes goes by hallmark.lock.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContractSettings {
    /// The verifier.
    pub(crate) verifier: Option<PathBuf>,
    /// Numbers that contracts share: for readers.
    #[serde(rename = "info")]
    _info: Option<PathBuf>,
    /// The consumer.
    pub(crate) consumer: Option<PathBuf>,
    /// The proof that tests run.
    pub(crate) fixture: Option<PathBuf>,
}

/// `[gas]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GasSettings {
    /// Networks that are priced; all live ones without.
    pub(crate) networks: Option<Vec<String>>,
    /// Files that describe networks of one's own.
    #[serde(default)]
    pub(crate) network_files: Vec<PathBuf>,
    /// By how much the snapshot may be exceeded, like `0.5%`.
    pub(crate) tolerance: Option<String>,
    /// Where the snapshot is.
    pub(crate) snapshot: Option<PathBuf>,
    /// Where parameters that were read from a chain are kept.
    pub(crate) parameters: Option<PathBuf>,
    /// Prices of tokens in dollars, by symbol, as text.
    #[serde(default)]
    pub(crate) prices: BTreeMap<String, String>,
}

impl Settings {
    /// Reads and checks the file.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
        let settings: Self = toml::from_str(&text).map_err(|error| {
            Failure::new(format!("`{}` is not valid: {}", path.display(), error.to_string().trim()))
        })?;
        settings
            .check()
            .map_err(|message| Failure::new(format!("`{}` is not valid: {message}", path.display())))?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        self.accuracy.bound()?;
        self.circuit.objective()?;
        match self.circuit.backend.as_deref() {
            None | Some("halo2") => {}
            Some(other) => return Err(format!("backend `{other}` is not known; use \"halo2\"")),
        }
        match self.srs.kind.as_deref() {
            None | Some("dev") => {}
            Some(other) => return Err(format!("SRS kind `{other}` is not known; use \"dev\"")),
        }
        for (symbol, price) in &self.gas.prices {
            Dollars::parse(price).map_err(|error| format!("[gas.prices] {symbol}: {error}"))?;
        }
        if let Some(tolerance) = &self.gas.tolerance {
            Tolerance::parse(tolerance).map_err(|error| format!("[gas] tolerance: {error}"))?;
        }
        for (network, budget) in &self.budget {
            budget.check().map_err(|error| format!("[budget.{network}]: {error}"))?;
        }
        let mut models = std::iter::once(&self.model).chain(self.members.values());
        if models.any(|model| model.dimensions.values().any(|size| *size == 0)) {
            return Err("a dimension has size 0".into());
        }
        for name in self.members.keys() {
            if !hallmark_scaffold::is_member_name(name) {
                return Err(format!(
                    "[members.{name}]: a name has small letters, digits and underscores, and begins with a letter"
                ));
            }
        }
        let mut taken = BTreeSet::from([(ContextParts::fixture().account, ContextParts::fixture().nonce)]);
        let mut names = BTreeSet::new();
        for proof in &self.proofs {
            let fail = |message: String| format!("[[proofs]] `{}`: {message}", proof.name);
            proof.check().map_err(fail)?;
            if !names.insert(&proof.name) {
                return Err(fail("there are two of this name".into()));
            }
            let parts = proof.parts().map_err(fail)?;
            if !taken.insert((parts.account, parts.nonce)) {
                return Err(fail("another proof has the same account and nonce".into()));
            }
        }
        Ok(())
    }
}

impl AccuracySettings {
    /// The bound asked for.
    pub(crate) fn bound(&self) -> Result<AccuracyBound, String> {
        let positive = |value: f64| {
            if value.is_finite() && value > 0.0 {
                Ok(value)
            } else {
                Err(format!("the error bound {value} is not a positive number"))
            }
        };
        match (self.max_abs_error, self.max_rel_error) {
            (Some(_), Some(_)) => Err("give max_abs_error or max_rel_error, not both".into()),
            (Some(value), None) => positive(value).map(AccuracyBound::Absolute),
            (None, Some(value)) => positive(value).map(AccuracyBound::Relative),
            (None, None) => Ok(AccuracyBound::Relative(DEFAULT_RELATIVE_ERROR)),
        }
    }
}

impl CircuitSettings {
    /// The objective asked for.
    pub(crate) fn objective(&self) -> Result<Objective, String> {
        match self.objective.as_deref() {
            None | Some("balanced") => Ok(Objective::Balanced),
            Some("gas") => Ok(Objective::Gas),
            Some("prover") => Ok(Objective::Prover),
            Some(other) => {
                Err(format!("objective `{other}` is not known; use \"gas\", \"prover\" or \"balanced\""))
            }
        }
    }
}

impl AccuracyArgs {
    /// The bound asked for; the options were checked when they were parsed.
    pub(crate) fn bound(self) -> AccuracyBound {
        match (self.max_abs_error, self.max_rel_error) {
            (Some(value), _) => AccuracyBound::Absolute(value),
            (None, Some(value)) => AccuracyBound::Relative(value),
            (None, None) => AccuracyBound::Relative(DEFAULT_RELATIVE_ERROR),
        }
    }
}

impl From<ObjectiveArg> for Objective {
    fn from(argument: ObjectiveArg) -> Self {
        match argument {
            ObjectiveArg::Gas => Self::Gas,
            ObjectiveArg::Prover => Self::Prover,
            ObjectiveArg::Balanced => Self::Balanced,
        }
    }
}

/// The objective's name in settings, hashes and reports.
pub(crate) fn objective_name(objective: Objective) -> &'static str {
    match objective {
        Objective::Gas => "gas",
        Objective::Prover => "prover",
        Objective::Balanced => "balanced",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.check().map(|()| settings)
    }

    const MODEL: &str = "[model]\npath = 'm.onnx'\ninput = 'i.json'\n";

    #[test]
    fn a_model_and_an_input_are_enough() {
        let settings = parse(MODEL).unwrap();
        assert!(matches!(
            settings.accuracy.bound(),
            Ok(AccuracyBound::Relative(bound)) if bound == DEFAULT_RELATIVE_ERROR
        ));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("[accuracy]\nmax_abs_error = -1.0\n", "not a positive number"),
            ("[accuracy]\nmax_abs_error = 1.0\nmax_rel_error = 1.0\n", "not both"),
            ("[circuit]\nobjective = 'speed'\n", "`speed` is not known"),
            ("[circuit]\nbackend = 'plonky3'\n", "`plonky3` is not known"),
            ("[srs]\nkind = 'ceremony'\n", "`ceremony` is not known"),
            ("[circuit]\nobjektive = 'gas'\n", "unknown field `objektive`"),
            ("[model.dimensions]\nbatch = 0\n", "size 0"),
            ("[gas]\ntolerance = '5'\n", "[gas] tolerance"),
            ("[gas.prices]\nETH = 'much'\n", "[gas.prices] ETH"),
            ("[budget.base]\nusd = 'one'\n", "[budget.base]"),
            ("[budget.base]\ngass = 1\n", "unknown field `gass`"),
            ("[members.Trend]\npath = 'm.onnx'\ninput = 'i.json'\n", "[members.Trend]"),
            ("[[proofs]]\nname = 'Second'\nnonce = 1\n", "`Second`: the name has to be"),
            ("[[proofs]]\nname = 'second'\nnonce = 'one'\n", "`second`: nonce: expected a whole number"),
            ("[[proofs]]\nname = 'second'\nnonce = 0\n", "same account and nonce"),
            ("[[proofs]]\nname = 'second'\nnonce = 1\nsample = 'best'\n", "`best` is not"),
            ("[[proofs]]\nname = 'second'\nnonce = 1\naccount = '0x1'\n", "`second`: account:"),
            (
                "[[proofs]]\nname = 'a'\nnonce = 1\n[[proofs]]\nname = 'a'\nnonce = 2\n",
                "there are two of this name",
            ),
        ] {
            let error = parse(&format!("{MODEL}{text}")).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        assert!(parse("").unwrap_err().contains("model"));
    }
}
