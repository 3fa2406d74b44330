//! What one transaction costs: where its gas goes, and its price on each network.

use crate::amount::Dollars;
use crate::error::Error;
use hallmark_gas::scenario::{self, Run, Scenario};
use hallmark_gas::{HardFork, Profile, Rules};
use hallmark_network::{Network, Parameters, PrecompileCount, Quote, Status, Usage, quote};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Format of reports.
pub(crate) const VERSION: u32 = 1;

/// Factors on L1 prices of the sensitivity table: label, numerator, denominator.
const SENSITIVITY: [(&str, u128, u128); 3] = [("x1/5", 1, 5), ("x1", 1, 1), ("x5", 5, 1)];

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// What it is, for titles.
    pub name: String,
    /// SHA-256 of the calldata: gas is exact for one proof, and differs by its zero bytes between
    /// proofs.
    pub calldata_sha256: String,
    /// Bytes of calldata.
    pub calldata_bytes: u64,
    /// Zero bytes of calldata, which are cheaper.
    pub calldata_zero_bytes: u64,
    /// Bytes of the largest runtime code in the transaction.
    pub code_bytes: u64,
}

/// Gas and price on one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Identifier.
    pub network: String,
    /// Display name.
    pub name: String,
    /// Chain id.
    pub chain_id: u64,
    /// Whether it is live, or a what-if.
    pub status: Status,
    /// Hard fork that its EVM follows.
    pub hard_fork: HardFork,
    /// Gas of the transaction under the network's rules, without gas that pays for data.
    pub gas: u64,
    /// The same by phase; the sum is `gas`.
    pub phases: BTreeMap<String, i64>,
    /// Gas of the deployment.
    pub deploy_gas: u64,
    /// Price, unless the network's fees do not follow from the gas of an EVM.
    pub quote: Option<Quote>,
    /// Why there is no price.
    pub unpriced: Option<String>,
    /// Price of the token in dollars that was given, in millionths of a dollar.
    pub token_price_millionths: Option<u64>,
    /// Total in wei with L1 prices multiplied, by factor, as decimal text.
    pub sensitivity: Vec<(String, String)>,
    /// How sure the formula is.
    pub confidence: hallmark_network::Confidence,
}

impl NetworkReport {
    /// The total in dollars, when the price of the token is known.
    pub fn dollars(&self) -> Option<Dollars> {
        let price = self.token_price_millionths?;
        let price = Dollars::parse(&format!("{}.{:06}", price / 1_000_000, price % 1_000_000)).ok()?;
        Some(price.of_wei(self.quote.as_ref()?.total_wei))
    }

    /// Whether nothing is known that would keep the transaction out.
    pub fn feasible(&self) -> bool {
        self.quote.as_ref().is_some_and(|quote| quote.feasibility.is_empty())
    }
}

/// Everything that is known of the cost of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Format.
    pub version: u32,
    /// What was measured.
    pub subject: Subject,
    /// Where the gas goes under Ethereum's rules.
    pub profile: Profile,
    /// Gas of the deployment under the same.
    pub deploy_gas: u64,
    /// Each network, in the order asked for.
    pub networks: Vec<NetworkReport>,
}

fn usage(run: &Run) -> Usage<'_> {
    let profile = &run.profile;
    Usage {
        gas_used: profile.total,
        calldata: &run.calldata,
        precompiles: profile
            .precompiles
            .values()
            .map(|usage| {
                let count = PrecompileCount {
                    calls: usage.calls,
                    gas: usage.gas,
                    largest_input: usage.largest_input,
                };
                (usage.address, count)
            })
            .collect(),
        opcode_gas: profile.opcodes.iter().map(|usage| (usage.opcode, usage.gas)).collect(),
        opcode_counts: profile.opcodes.iter().map(|usage| (usage.opcode, usage.count)).collect(),
        runtime_bytes: run.runtime_bytes,
    }
}

fn price(
    network: &Network,
    parameters: &Parameters,
    run: &Run,
    token_prices: &BTreeMap<String, Dollars>,
) -> Result<NetworkReport, Error> {
    let usage = usage(run);
    let (quoted, unpriced) = match quote(network, &usage, parameters) {
        Ok(quote) => (Some(quote), None),
        Err(error @ hallmark_network::Error::Unsupported { .. }) => (None, Some(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    let mut sensitivity = Vec::new();
    if quoted.is_some() {
        for (label, numerator, denominator) in SENSITIVITY {
            let scaled = parameters.scale_l1(numerator, denominator)?;
            let total = quote(network, &usage, &scaled)?.total_wei;
            sensitivity.push((label.to_owned(), total.to_string()));
        }
    }
    let token_price = token_prices.get(&network.token).map(|price| price.millionths());
    Ok(NetworkReport {
        network: network.id.clone(),
        name: network.name.clone(),
        chain_id: network.chain_id,
        status: network.status,
        hard_fork: network.hard_fork,
        gas: run.profile.total,
        phases: run.profile.phases.clone(),
        deploy_gas: run.deploy_gas,
        quote: quoted,
        unpriced,
        token_price_millionths: token_price.and_then(|price| u64::try_from(price).ok()),
        sensitivity,
        confidence: network.evidence.confidence,
    })
}

/// What differs between networks for the gas of a transaction. Caps and limits are not among it:
/// what a network would refuse is measured all the same, and refused in words.
fn execution(rules: Rules) -> (HardFork, bool) {
    (rules.hard_fork, rules.calldata_floor)
}

/// Measures a transaction and prices it on each network at the given parameters. Prices of tokens
/// are by symbol.
///
/// # Errors
/// When a deployment fails, the transaction is not valid, or a parameter is absurd.
pub fn measure(
    name: &str,
    scenario: &dyn Scenario,
    networks: &[(Network, Parameters)],
    token_prices: &BTreeMap<String, Dollars>,
    gas_limit: Option<u64>,
) -> Result<(Report, Vec<u8>), Error> {
    let reference_rules = Rules::default();
    let reference = scenario::run(scenario, reference_rules, gas_limit)?;
    let mut runs: BTreeMap<(HardFork, bool), Run> = BTreeMap::new();
    let mut reports = Vec::with_capacity(networks.len());
    for (network, parameters) in networks {
        let rules = network.rules();
        let key = execution(rules);
        if key == execution(reference_rules) {
            reports.push(price(network, parameters, &reference, token_prices)?);
            continue;
        }
        let run = match runs.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(scenario::run(scenario, rules, gas_limit)?),
        };
        reports.push(price(network, parameters, run, token_prices)?);
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let report = Report {
        version: VERSION,
        subject: Subject {
            name: name.to_owned(),
            calldata_sha256: hex::encode(Sha256::digest(&reference.calldata)),
            calldata_bytes: count(reference.calldata.len()),
            calldata_zero_bytes: count(reference.calldata.iter().filter(|byte| **byte == 0).count()),
            code_bytes: count(reference.runtime_bytes),
        },
        profile: reference.profile,
        deploy_gas: reference.deploy_gas,
        networks: reports,
    };
    Ok((report, reference.output))
}
