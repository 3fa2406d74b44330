//! Comparing: a report with the snapshot of an earlier commit, and with budgets.

use crate::amount::{Dollars, basis_points, percent, signed, thousands};
use crate::error::Error;
use crate::report::Report;
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Item {
    /// Gas of one phase.
    Phase(String),
    /// Gas of the transaction.
    Gas,
    /// Gas of the deployment.
    DeployGas,
    /// Bytes of calldata.
    CalldataBytes,
    /// Bytes of runtime code.
    CodeBytes,
    /// Price in wei.
    Wei,
    /// Price in millionths of a dollar.
    MillionthsOfDollar,
    /// Something that keeps the transaction out.
    Obstacle(String),
}

impl fmt::Display for Item {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase(name) => write!(formatter, "phase `{name}`"),
            Self::Gas => formatter.write_str("gas"),
            Self::DeployGas => formatter.write_str("deployment gas"),
            Self::CalldataBytes => formatter.write_str("bytes of calldata"),
            Self::CodeBytes => formatter.write_str("bytes of code"),
            Self::Wei => formatter.write_str("wei"),
            Self::MillionthsOfDollar => formatter.write_str("millionths of a dollar"),
            Self::Obstacle(text) => formatter.write_str(text),
        }
    }
}

/// The rule that is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Dearer than the snapshot by more than the tolerance.
    Snapshot,
    /// Above the budget.
    Budget,
    /// The network would not take it.
    Feasibility,
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Identifier of the network.
    pub network: String,
    /// What is too much.
    pub item: Item,
    /// Which rule says so.
    pub rule: Rule,
    /// How much it is.
    pub found: i128,
    /// How much it may be.
    pub allowed: i128,
    /// How much it was, where the snapshot says so.
    pub before: Option<i128>,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, item, found, allowed, .. } = self;
        let number = |value: i128| if value < 0 { signed(value) } else { thousands(value.unsigned_abs()) };
        match self.rule {
            Rule::Feasibility => write!(formatter, "{network}: {item}"),
            Rule::Budget => write!(
                formatter,
                "{network}: {item}: {} is over the budget of {}",
                number(*found),
                number(*allowed)
            ),
            Rule::Snapshot => {
                let before = self.before.unwrap_or_default();
                write!(
                    formatter,
                    "{network}: {item}: {} -> {} ({}, {}); at most {} within the tolerance",
                    number(before),
                    number(*found),
                    signed(found - before),
                    percent(before, *found),
                    number(*allowed)
                )
            }
        }
    }
}

/// A difference between the snapshot and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Identifier of the network.
    pub network: String,
    /// What changed.
    pub item: Item,
    /// How much it was.
    pub before: i128,
    /// How much it is.
    pub after: i128,
}

/// By how much the snapshot may be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    basis_points: u64,
}

impl Tolerance {
    /// Half a per cent: what another proof of the same circuit changes stays below it, one more
    /// column does not.
    pub const DEFAULT: Self = Self { basis_points: 50 };

    /// Reads `0.5%`; `0%` allows nothing.
    ///
    /// # Errors
    /// [`Error::Amount`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self { basis_points: basis_points(text)? })
    }

    /// The most that is allowed where the snapshot says `before`.
    pub fn allowed(self, before: i128) -> i128 {
        before + before.abs().saturating_mul(i128::from(self.basis_points)) / 10_000
    }
}

/// Limits on one network; what is not set is not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Gas of the transaction.
    pub gas: Option<u64>,
    /// Price in wei: a number, or its decimal digits as text.
    pub wei: Option<WeiLimit>,
    /// Price in dollars as text; needs the price of the token.
    pub usd: Option<String>,
    /// Bytes of calldata.
    pub calldata_bytes: Option<u64>,
    /// Bytes of runtime code.
    pub code_bytes: Option<u64>,
    /// Gas of the deployment.
    pub deploy_gas: Option<u64>,
    /// Gas by phase.
    #[serde(default)]
    pub phases: BTreeMap<String, u64>,
}

/// A limit in wei, which may exceed 64 bits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum WeiLimit {
    /// As a number.
    Number(u64),
    /// As decimal digits.
    Text(String),
}

impl WeiLimit {
    fn value(&self) -> Result<u128, Error> {
        match self {
            Self::Number(value) => Ok(u128::from(*value)),
            Self::Text(text) => text
                .parse()
                .map_err(|_| Error::Amount { text: text.clone(), expected: "a whole number of wei" }),
        }
    }
}

impl Budget {
    /// Checks what can be checked without a measurement.
    ///
    /// # Errors
    /// [`Error::Amount`] for a limit that is no amount.
    pub fn check(&self) -> Result<(), Error> {
        self.wei.as_ref().map(WeiLimit::value).transpose()?;
        self.usd.as_deref().map(Dollars::parse).transpose()?;
        Ok(())
    }
}

/// Budgets by identifier of the network.
pub type Budgets = BTreeMap<String, Budget>;

/// The outcome of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Broken rules; none means that all is well.
    pub findings: Vec<Finding>,
    /// Everything that differs from the snapshot, dearer or cheaper.
    pub changes: Vec<Change>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Verdict {
    /// Whether no rule is broken.
    pub fn passed(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Everything that differs between two snapshots, network by network, the phases before the total.
pub fn changes(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    for (network, now) in &after.networks {
        let Some(then) = before.networks.get(network) else { continue };
        let mut change = |item: Item, before: i128, after: i128| {
            if before != after {
                changes.push(Change { network: network.clone(), item, before, after });
            }
        };
        let names: BTreeSet<&String> = then.phases.keys().chain(now.phases.keys()).collect();
        for name in names {
            let gas = |phases: &BTreeMap<String, i64>| phases.get(name).copied().map_or(0, i128::from);
            change(Item::Phase(name.clone()), gas(&then.phases), gas(&now.phases));
        }
        change(Item::Gas, then.gas.into(), now.gas.into());
        change(Item::DeployGas, then.deploy_gas.into(), now.deploy_gas.into());
        change(Item::CalldataBytes, before.calldata_bytes.into(), after.calldata_bytes.into());
        change(Item::CodeBytes, before.code_bytes.into(), after.code_bytes.into());
    }
    changes
}

/// Compares a report with an earlier snapshot: whatever grew by more than the tolerance is a finding.
pub fn against_snapshot(report: &Report, snapshot: &Snapshot, tolerance: Tolerance) -> Verdict {
    let now = Snapshot::of(report);
    let mut verdict = Verdict { changes: changes(snapshot, &now), ..Verdict::default() };
    for change in &verdict.changes {
        let allowed = tolerance.allowed(change.before);
        if change.after > allowed {
            verdict.findings.push(Finding {
                network: change.network.clone(),
                item: change.item.clone(),
                rule: Rule::Snapshot,
                found: change.after,
                allowed,
                before: Some(change.before),
            });
        }
    }
    for network in now.networks.keys().filter(|network| !snapshot.networks.contains_key(*network)) {
        verdict.notes.push(format!("{network} is not in the snapshot; write it again to compare it"));
    }
    for (network, then) in &snapshot.networks {
        match now.networks.get(network) {
            None => verdict.notes.push(format!("{network} is in the snapshot but was not measured")),
            Some(now) if now.hard_fork != then.hard_fork => verdict.notes.push(format!(
                "{network} follows {} now, {} in the snapshot: its gas changes with the rules",
                now.hard_fork.name(),
                then.hard_fork.name()
            )),
            Some(_) => {}
        }
    }
    if now.calldata_sha256 != snapshot.calldata_sha256 {
        verdict.notes.push(
            "the stored proof is another one than in the snapshot: the price of calldata differs by \
             its zero bytes"
                .into(),
        );
    }
    if now.subject != snapshot.subject {
        verdict.notes.push(format!("the snapshot is of {}, this is {}", snapshot.subject, now.subject));
    }
    verdict
}

/// Compares a report with budgets. A network that would not take the transaction breaks its budget.
///
/// # Errors
/// [`Error::Amount`] for a budget in dollars without a price of the token, or one that is no amount.
pub fn against_budgets(report: &Report, budgets: &Budgets) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for network in &report.networks {
        let Some(budget) = budgets.get(&network.network) else { continue };
        let mut limit = |item: Item, found: i128, allowed: Option<i128>| {
            if let Some(allowed) = allowed.filter(|allowed| found > *allowed) {
                let network = network.network.clone();
                findings.push(Finding { network, item, rule: Rule::Budget, found, allowed, before: None });
            }
        };
        for (phase, most) in &budget.phases {
            let found = network.phases.get(phase).copied().unwrap_or(0);
            limit(Item::Phase(phase.clone()), found.into(), Some((*most).into()));
        }
        limit(Item::Gas, network.gas.into(), budget.gas.map(i128::from));
        limit(Item::DeployGas, network.deploy_gas.into(), budget.deploy_gas.map(i128::from));
        let bytes = report.subject.calldata_bytes;
        limit(Item::CalldataBytes, bytes.into(), budget.calldata_bytes.map(i128::from));
        limit(Item::CodeBytes, report.subject.code_bytes.into(), budget.code_bytes.map(i128::from));
        let number = |value: u128| i128::try_from(value).unwrap_or(i128::MAX);
        if let Some(quote) = &network.quote {
            let wei = budget.wei.as_ref().map(WeiLimit::value).transpose()?;
            limit(Item::Wei, number(quote.total_wei), wei.map(number));
            if let Some(usd) = &budget.usd {
                let allowed = Dollars::parse(usd)?;
                let found = network.dollars().ok_or_else(|| Error::Amount {
                    text: format!("budget.{}.usd = {usd}", network.network),
                    expected: "usable without a price of the token; give it under [gas.prices] or with `--price`",
                })?;
                limit(
                    Item::MillionthsOfDollar,
                    number(found.millionths()),
                    Some(number(allowed.millionths())),
                );
            }
            for obstacle in &quote.feasibility {
                findings.push(Finding {
                    network: network.network.clone(),
                    item: Item::Obstacle(obstacle.to_string()),
                    rule: Rule::Feasibility,
                    found: 0,
                    allowed: 0,
                    before: None,
                });
            }
        }
    }
    Ok(findings)
}
