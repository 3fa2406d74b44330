//! One transaction in its setting, so that it can be measured under the rules of many networks.

use crate::contract::Contract;
use crate::error::Error;
use crate::evm::Evm;
use crate::profile::Profile;
use crate::rules::Rules;
use alloy_primitives::Address;
use std::sync::Arc;

/// Gas limit of measured transactions that say none: a block of Ethereum.
pub const DEFAULT_GAS_LIMIT: u64 = 60_000_000;

/// A transaction that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Recipient.
    pub to: Address,
    /// Calldata.
    pub calldata: Vec<u8>,
    /// Contracts whose source is known, by address.
    pub contracts: Vec<(Address, Arc<Contract>)>,
    /// Gas of deploying the recipient.
    pub deploy_gas: u64,
    /// Bytes of the largest runtime code in the transaction.
    pub runtime_bytes: usize,
}

/// What can be set up in an EVM: contracts to deploy and a transaction.
pub trait Scenario {
    /// Deploys what the transaction needs.
    ///
    /// # Errors
    /// When a deployment fails.
    fn prepare(&self, evm: &mut Evm) -> Result<Prepared, Error>;
}

/// What a transaction does under one set of rules.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where the gas goes.
    pub profile: Profile,
    /// Returned or reverted data.
    pub output: Vec<u8>,
    /// Calldata.
    pub calldata: Vec<u8>,
    /// Gas of deploying the recipient.
    pub deploy_gas: u64,
    /// Bytes of the largest runtime code in the transaction.
    pub runtime_bytes: usize,
}

/// Runs a scenario under `rules`, but without their cap on gas and their limit on code: what a
/// network would refuse is measured too, so that it can be said by how much.
///
/// # Errors
/// When a deployment fails or the transaction is not valid.
pub fn run(scenario: &dyn Scenario, rules: Rules, gas_limit: Option<u64>) -> Result<Run, Error> {
    let mut evm = Evm::with_rules(Rules { transaction_gas_cap: None, code_size_limit: usize::MAX, ..rules });
    let prepared = scenario.prepare(&mut evm)?;
    let contracts: Vec<(Address, &Contract)> =
        prepared.contracts.iter().map(|(address, contract)| (*address, contract.as_ref())).collect();
    let limit = gas_limit.unwrap_or(DEFAULT_GAS_LIMIT);
    let (outcome, profile) = evm.profile(&contracts, prepared.to, &prepared.calldata, Some(limit))?;
    Ok(Run {
        profile,
        output: outcome.output,
        calldata: prepared.calldata,
        deploy_gas: prepared.deploy_gas,
        runtime_bytes: prepared.runtime_bytes,
    })
}
