//! What `hallmark deploy` and `hallmark submit` share: a chain, its prices, a sender, a transaction.

use crate::error::{Failure, Outcome};
use crate::opts::SenderArgs;
use crate::output::{Shell, thousands};
use crate::pricing;
use crate::project::Project;
use crate::settings::GasSettings;
use alloy_primitives::{Address, U256};
use hallmark_budget::amount::{Dollars, gwei};
use hallmark_chain::{Account, CallAnswer, Chain, Fees, Interface, Message, Receipt};
use hallmark_gas::Rules;
use hallmark_network::{FeeModel, Network, Parameters, Status, Usage, quote, rpc};
use hallmark_solidity::DEV_CHAIN_ID;
use serde_json::{Value, json};
use std::time::Duration;

/// A chain that transactions may go to.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) chain: Chain,
    /// What is known of the network; nothing for local chains and unknown ones.
    pub(crate) network: Option<Network>,
}

/// Who sends, as far as that is said.
#[derive(Debug, Default)]
pub(crate) struct Sender {
    /// Who can sign; nobody in a dry run without a key.
    pub(crate) account: Option<Account>,
    /// Its address, or one that was only named.
    pub(crate) address: Option<Address>,
}

impl Sender {
    /// The account of `--private-key-env`, before anything else is asked.
    pub(crate) fn of_key(args: &SenderArgs) -> Outcome<Self> {
        let Some(name) = &args.private_key_env else {
            if args.broadcast && !args.unlocked {
                return Err(Failure::new("nobody is there to sign").hint(
                    "`--private-key-env NAME` takes the key from an environment variable; `--unlocked` uses an \
                     account of the node",
                ));
            }
            return Ok(Self { account: None, address: args.sender });
        };
        let account = Account::from_environment(name)?;
        let address = account.address();
        match args.sender {
            Some(named) if named != address => {
                Err(Failure::new(format!("the key in `{name}` is that of {address}, not of {named}"))
                    .hint("leave `--sender` away, or name the variable of that account's key"))
            }
            _ => Ok(Self { account: Some(account), address: Some(address) }),
        }
    }

    /// The node's account, where `--unlocked` asks for one.
    pub(crate) fn or_of_node(self, args: &SenderArgs, chain: &Chain) -> Outcome<Self> {
        if !args.unlocked {
            return Ok(self);
        }
        let account = chain.node_account(args.sender)?;
        Ok(Self { address: Some(account.address()), account: Some(account) })
    }
}

/// Prices of a chain at one time.
#[derive(Debug)]
pub(crate) struct Prices {
    pub(crate) fees: Fees,
    parameters: Option<Parameters>,
    token: Option<Dollars>,
}

impl Prices {
    /// An amount of wei in dollars, where the token's price is known.
    pub(crate) fn dollars(&self, wei: u128) -> Option<Dollars> {
        self.token.map(|price| price.of_wei(wei))
    }
}

/// What a transaction costs, or is expected to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Units of gas.
    pub(crate) gas: u64,
    /// Fee in wei, that for data included.
    pub(crate) wei: u128,
    /// The part for data beside the gas, in wei.
    pub(crate) data_wei: u128,
    pub(crate) dollars: Option<Dollars>,
}

impl Cost {
    /// Amounts are decimal text: JSON numbers lose what exceeds 53 bits.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "gas": self.gas,
            "wei": self.wei.to_string(),
            "usd": self.dollars.map(|dollars| dollars.to_string()),
        })
    }
}

/// Where a figure of gas comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// By the network's rules in an EVM here: without what the network adds for data.
    Here,
    /// By the node: on Arbitrum with the gas that pays for data.
    ByNode,
}

impl Target {
    /// Connects, and looks the network up. Another network than `wanted` is refused.
    pub(crate) fn connect(
        shell: &Shell,
        project: &Project,
        url: &str,
        timeout: u64,
        wanted: Option<&str>,
    ) -> Outcome<Self> {
        let networks = pricing::known(Some(&project.root), &project.settings.gas)?;
        let wanted = wanted.map(|name| networks.get(name)).transpose()?;
        let chain = Chain::connect(url, Duration::from_secs(timeout))?;
        let id = chain.id();
        if let Some(wanted) = wanted.filter(|wanted| wanted.chain_id != id) {
            let found = networks.by_chain_id(id).ok();
            let found = found.map_or_else(String::new, |found| format!(" ({}, `{}`)", found.name, found.id));
            return Err(Failure::new(format!(
                "{} serves chain {id}{found}, {} is chain {}",
                chain.shown(),
                wanted.id,
                wanted.chain_id
            ))
            .hint(format!("nothing was sent; give a node of {}, or leave `--network` away", wanted.name)));
        }
        let network = match (wanted, id) {
            (Some(wanted), _) => Some(wanted.clone()),
            (None, DEV_CHAIN_ID) => None,
            (None, id) => networks.by_chain_id(id).ok().cloned(),
        };
        if let Some(network) = network.as_ref().filter(|network| network.status == Status::Unsupported) {
            let reason = network.status_reason.clone().unwrap_or_default();
            return Err(Failure::new(format!("{} does not run these contracts: {reason}", network.name))
                .hint("choose another network; `hallmark gas` lists those that are known"));
        }
        if network.is_none() && id != DEV_CHAIN_ID {
            shell.warn(&format!(
                "chain {id} is not a known network: prices are those of its gas, without what it may take for data"
            ));
        }
        Ok(Self { chain, network })
    }

    /// Its name for people.
    pub(crate) fn name(&self) -> String {
        match (&self.network, self.chain.id()) {
            (Some(network), _) => network.name.clone(),
            (None, DEV_CHAIN_ID) => "a local chain".into(),
            (None, _) => "an unknown network".into(),
        }
    }

    /// Symbol of the token that fees are paid in.
    pub(crate) fn token(&self) -> &str {
        match &self.network {
            Some(network) => network.token.as_str(),
            None if self.chain.id() == DEV_CHAIN_ID => "ETH",
            None => "of its token",
        }
    }

    /// Rules of the chain's EVM.
    pub(crate) fn rules(&self) -> Rules {
        self.network.as_ref().map_or_else(Rules::default, Network::rules)
    }

    /// Prices now, from the node.
    pub(crate) fn prices(
        &self,
        url: &str,
        timeout: u64,
        settings: &GasSettings,
        prices: &[String],
    ) -> Outcome<Prices> {
        let tokens = pricing::tokens(settings, prices)?;
        let timeout = Duration::from_secs(timeout);
        let parameters = self.network.as_ref().map(|network| rpc::refresh(network, url, timeout));
        let token = self.network.as_ref().and_then(|network| tokens.get(&network.token).copied());
        Ok(Prices { fees: self.chain.fees()?, parameters: parameters.transpose()?, token })
    }

    /// Price of a transaction; a network that would refuse it is a failure.
    pub(crate) fn cost(
        &self,
        prices: &Prices,
        gas: u64,
        measured: Measured,
        message: &Message,
        runtime_bytes: usize,
    ) -> Outcome<Cost> {
        let priced = |gas: u64, wei: u128, data_wei: u128| Cost {
            gas,
            wei,
            data_wei,
            dollars: prices.token.map(|price| price.of_wei(wei)),
        };
        let plain = || u128::from(gas).saturating_mul(prices.fees.gas_price());
        let (Some(network), Some(parameters)) = (&self.network, &prices.parameters) else {
            return Ok(priced(gas, plain(), 0));
        };
        let usage = Usage { gas_used: gas, calldata: &message.data, runtime_bytes, ..Usage::default() };
        let quote = quote(network, &usage, parameters)?;
        if let Some(obstacle) = quote.feasibility.first() {
            return Err(Failure::new(format!("{} would refuse it: {obstacle}", network.name))
                .hint("`hallmark gas` shows the networks that would not"));
        }
        if network.fee_model == FeeModel::Arbitrum {
            // There data is paid for in gas: there is no fee beside it.
            return Ok(match measured {
                Measured::ByNode => priced(gas, plain(), 0),
                Measured::Here => priced(quote.gas_used, quote.total_wei, 0),
            });
        }
        Ok(priced(quote.gas_used, quote.total_wei, quote.data_wei.saturating_add(quote.operator_wei)))
    }

    /// Fails unless the account can pay for transactions of these costs, one after the other: what each
    /// takes, and what the last in the row must offer.
    pub(crate) fn require_balance(&self, account: Address, balance: U256, needed: U256) -> Outcome<()> {
        if balance >= needed {
            return Ok(());
        }
        let shown = |wei: U256| gwei(u128::try_from(wei).unwrap_or(u128::MAX));
        Err(Failure::new(format!(
            "{account} has {} gwei on {}, {} gwei {} are needed",
            shown(balance),
            self.name(),
            shown(needed),
            self.token()
        ))
        .hint("nothing was sent; fund the account, or wait for lower prices"))
    }

    /// Estimates, signs, sends, and waits for the receipt; a reverted transaction is a failure.
    pub(crate) fn send(
        &self,
        shell: &Shell,
        what: &str,
        request: &Request<'_>,
        interface: &Interface,
    ) -> Outcome<Receipt> {
        let Request { account, message, nonce, fees, wait } = *request;
        let gas = self.chain.estimate(Some(account.address()), message)?.map_err(|answer| {
            Failure::new(format!("{what} would be refused: {}", refusal(&answer, interface)))
                .hint("it was not sent")
        })?;
        let step = shell.step("Sending", what.to_owned());
        let hash = self.chain.send(account, message, nonce, limit(gas, self.rules()), fees)?;
        // Said at once: whoever stops the program while it waits has the hash.
        shell.done("Sent", &format!("{what}, transaction {hash}"));
        step.message(&format!("waiting for {hash}"));
        let receipt = self.chain.wait(hash, Duration::from_secs(wait))?;
        if !receipt.success {
            // The reason is not on the receipt; asking again may find it.
            let reason = match self.chain.call(Some(account.address()), message) {
                Ok(answer @ CallAnswer::Refused { .. }) => refusal(&answer, interface),
                _ => "something that does not happen any more".to_owned(),
            };
            return Err(Failure::new(format!(
                "{what}: transaction {hash} in block {} was reverted: {reason}; it took {} gas",
                receipt.block,
                thousands(receipt.gas_used)
            )));
        }
        step.finish(
            "Included",
            &format!("{what}, {} gas, block {}", thousands(receipt.gas_used), receipt.block),
        );
        Ok(receipt)
    }
}

/// A transaction to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) account: &'a Account,
    pub(crate) message: &'a Message,
    /// Number of transactions that the account has sent.
    pub(crate) nonce: u64,
    pub(crate) fees: Fees,
    /// Seconds to wait for the receipt.
    pub(crate) wait: u64,
}

/// Gas limit for a transaction that was estimated to take `gas`: the state may change until it is in a
/// block, and gas that is not used costs nothing.
pub(crate) fn limit(gas: u64, rules: Rules) -> u64 {
    let limit = gas.saturating_add(gas / 5);
    rules.transaction_gas_cap.map_or(limit, |cap| limit.min(cap.max(gas)))
}

/// Why a call is refused, in words.
pub(crate) fn refusal(answer: &CallAnswer, interface: &Interface) -> String {
    match answer {
        CallAnswer::Refused { data, message } if data.is_empty() => message.clone(),
        CallAnswer::Refused { data, .. } => interface.describe(data),
        CallAnswer::Returned(_) => "it returned".to_owned(),
    }
}
