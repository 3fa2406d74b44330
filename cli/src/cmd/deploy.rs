//! `hallmark deploy`: what the project's deployment script would do, its price, and doing it.
//!
//! The script is the source of truth: consumers differ in what their constructors take. forge runs it
//! without sending anything; its transactions are compared with this repository's build, priced, and,
//! where that is asked for, signed and sent from here.

use crate::deployed::{self, Check};
use crate::error::{Failure, Outcome};
use crate::forge::Forge;
use crate::opts::{DeployArgs, PriceArgs};
use crate::output::{Shell, table, thousands};
use crate::pricing;
use crate::project::Project;
use crate::subject::Repository;
use crate::target::{Cost, Measured, Prices, Request, Sender, Target, limit};
use alloy_primitives::{Address, U256, hex, keccak256};
use hallmark_budget::amount::{Dollars, gwei};
use hallmark_chain::{Account, Book, Deployed, Deployment, Planned, Receipt, script};
use hallmark_gas::{Evm, Rules};
use hallmark_network::{Network, Parameters, Quote, Status, Usage, quote, rpc};
use hallmark_scaffold::{self as scaffold, Framework};
use hallmark_solidity::DEV_CHAIN_ID;
use hallmark_solidity::solc::Artifact;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where projects have their script.
const SCRIPTS: [&str; 2] = ["script/Deploy.s.sol", "script/hallmark/Deploy.s.sol"];

/// As many transactions are looked through for the one that gave a contract its address, where there
/// is no node to tell: forge's own sender has sent a few.
const NONCES: u64 = 100;

/// What a transaction of the script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Verifier,
    Consumer,
    /// Another contract, or a call.
    Other,
}

/// A transaction of the script, compared with the build.
#[derive(Debug)]
struct Step {
    role: Role,
    name: String,
    planned: Planned,
}

/// Gas of a transaction, before it is sent.
#[derive(Clone, Copy, Debug)]
struct Gas {
    used: u64,
    measured: Measured,
    /// Bytes of code that the contract will have; 0 where it was not run here.
    runtime_bytes: usize,
}

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: DeployArgs) -> Outcome<()> {
    let mut project = Project::open(folder)?;
    let Some(url) = args.rpc_url.clone() else {
        if args.sender.broadcast || args.sender.unlocked {
            return Err(Failure::new("there is no chain to send to").hint("give a node with `--rpc-url URL`"));
        }
        return offline(shell, &mut project, &args);
    };
    let wanted = match args.networks.as_slice() {
        [] => None,
        [one] => Some(one.as_str()),
        _ => {
            return Err(Failure::new("a node is of one network, several were named")
                .hint("name one, or leave `--rpc-url` away to compare them"));
        }
    };
    let sender = Sender::of_key(&args.sender)?;
    let target = Target::connect(shell, &project, &url, args.rpc_timeout, wanted)?;
    let sender = sender.or_of_node(&args.sender, &target.chain)?;
    let repository = Repository::read(shell, &mut project, &args.solc, true)?;
    refuse_development(&target, &repository)?;
    refuse_large(&target, &repository)?;
    let prices = target.prices(&url, args.rpc_timeout, &project.settings.gas, &args.prices)?;
    let planned = simulate(shell, &project.root, &args, Some((&url, target.chain.id())), sender.address)?;
    let steps = compared(planned, &repository)?;
    refuse_other_senders(&steps, &sender)?;
    let mut costs = Vec::new();
    for (step, gas) in steps.iter().zip(gas_of(&steps, target.rules(), target.chain.id())) {
        let gas = gas?;
        let message = &step.planned.message;
        costs.push(target.cost(&prices, gas.used, gas.measured, message, gas.runtime_bytes)?);
    }
    let mut plan = Plan { target, sender, prices, steps, costs };
    let funds = plan.funds()?;
    if !args.sender.broadcast {
        if let Some((account, balance, needed)) = funds
            && let Err(failure) = plan.target.require_balance(account, balance, needed)
        {
            shell.warn(&failure.message);
        }
        shell.note("nothing was sent; add `--broadcast` and a sender to deploy");
        return plan.print(shell, &[], &[], None);
    }
    if let Some((account, balance, needed)) = funds {
        plan.target.require_balance(account, balance, needed)?;
    }
    plan.broadcast(shell, &project.root, &repository, args.sender.wait)
}

fn is_development(repository: &Repository) -> bool {
    repository.verifier.name.starts_with("DevOnly")
}

/// Whoever made a development SRS can forge proofs.
fn refuse_development(target: &Target, repository: &Repository) -> Outcome<()> {
    if !is_development(repository) || target.chain.id() == DEV_CHAIN_ID {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} was made with a development SRS, whose maker can forge proofs: it is for chain {DEV_CHAIN_ID} only, \
         this is chain {} ({})",
        repository.verifier.name,
        target.chain.id(),
        target.name()
    ))
    .hint("nothing was sent; try it on a local chain: `anvil`, then `--rpc-url http://127.0.0.1:8545`"))
}

/// A contract above the limit takes the gas and is not there.
fn refuse_large(target: &Target, repository: &Repository) -> Outcome<()> {
    let limit = target.rules().code_size_limit;
    let members = repository.members().into_iter().map(|(_, artifact)| artifact);
    for artifact in [&repository.verifier, repository.consumer()?.0].into_iter().chain(members) {
        let found = artifact.runtime_code.len();
        if found > limit {
            return Err(Failure::new(format!(
                "{} has {found} bytes of code, {} takes {limit}",
                artifact.name,
                target.name()
            ))
            .hint("nothing was sent; use fewer columns (`objective = \"gas\"`), or split the contract"));
        }
    }
    Ok(())
}

/// All transactions must be the sender's: no other can be signed, and addresses follow from it.
fn refuse_other_senders(steps: &[Step], sender: &Sender) -> Outcome<()> {
    let Some(address) = sender.address else { return Ok(()) };
    match steps.iter().find(|step| step.planned.from != address) {
        None => Ok(()),
        Some(step) => Err(Failure::new(format!(
            "the script has {} sent by {}, the sender is {address}",
            step.name, step.planned.from
        ))
        .hint("nothing was sent; use `vm.startBroadcast()` without an account or key in the script")),
    }
}

/// Runs the script without sending anything. With a node, all of its transactions; without, the
/// contracts that it creates.
fn simulate(
    shell: &Shell,
    root: &Path,
    args: &DeployArgs,
    node: Option<(&str, u64)>,
    sender: Option<Address>,
) -> Outcome<Vec<Planned>> {
    let script = match &args.script {
        Some(script) => script.clone(),
        None if scaffold::framework_of(root)? == Framework::Hardhat => {
            return Err(Failure::new("this project's deployment is a script for Hardhat").hint(
                "`npx hardhat run scripts/deploy.ts --network NAME` deploys and writes the address book; `hallmark \
                 verify`, `prove --deployment` and `submit` go on from there",
            ));
        }
        None if scaffold::framework_of(root)? == Framework::Remix => {
            return Err(Failure::new("a project for Remix is deployed there").hint("README.md says how"));
        }
        None => {
            let there = SCRIPTS.iter().find(|script| root.join(script).is_file());
            let there = there.ok_or_else(|| {
                Failure::new(format!("`{}` is not there", root.join(SCRIPTS[0]).display()))
                    .hint("name the deployment script with `--script FILE`")
            })?;
            (*there).to_owned()
        }
    };
    let forge = Forge::locate(root)?;
    let step = shell.step("Running", format!("`{script}`, sending nothing"));
    // Not into the project: what is there may be of a real deployment.
    let folder = tempfile::tempdir().map_err(|error| Failure::io("make", Path::new("folder"), &error))?;
    let mut command = Command::new(&forge.path);
    command.args(["script", &script, "--json", "--gas-estimate-multiplier", "100"]).current_dir(root);
    // Its address may hold a key: not on a command line, which every user of the machine can read.
    command
        .env_remove("ETH_RPC_URL")
        .env_remove("FOUNDRY_ETH_RPC_URL")
        .env("FOUNDRY_BROADCAST", folder.path());
    if let Some((url, _)) = node {
        command.env("FOUNDRY_ETH_RPC_URL", url);
    }
    if let Some(name) = &args.sender.private_key_env {
        command.env_remove(name);
    }
    if let Some(sender) = sender {
        command.args(["--sender", &sender.to_string()]);
    }
    let output = command.output().map_err(|error| Failure::io("run", &forge.path, &error))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = match node {
        Some((url, _)) => rpc::without_secrets(url, &text(&output.stderr))?,
        None => text(&output.stderr),
    };
    if !output.status.success() {
        let reason = said.lines().find_map(|line| line.trim().strip_prefix("Error: "));
        let reason = reason.unwrap_or_else(|| said.trim()).trim_start_matches("script failed: ").to_owned();
        let failure = Failure::new(format!("`{script}` fails: {reason}"));
        return Err(if reason.contains("environment variable") {
            failure.hint("nothing was sent; set the variable: the script says what it is for")
        } else {
            failure.hint(format!("nothing was sent; `forge script {script} -vvvv` shows where"))
        });
    }
    let planned = match node {
        None => script::of_traces(&text(&output.stdout))?,
        Some((_, chain_id)) => {
            let file = script.rsplit_once(".sol:").map_or(script.clone(), |(path, _)| format!("{path}.sol"));
            let name = Path::new(&file).file_name().unwrap_or_default();
            let path = folder.path().join(name).join(chain_id.to_string()).join("dry-run/run-latest.json");
            let text = std::fs::read_to_string(&path).map_err(|_| {
                Failure::new(format!("`{script}` sends no transaction"))
                    .hint("put what is to be deployed between `vm.startBroadcast()` and `vm.stopBroadcast()`")
            })?;
            script::of_broadcast(&text)?
        }
    };
    step.finish("Ran", &format!("`{script}`, {} transaction(s)", planned.len()));
    Ok(planned)
}

/// Finds the build's contracts among the transactions. What forge compiled otherwise is refused.
fn compared(planned: Vec<Planned>, repository: &Repository) -> Outcome<Vec<Step>> {
    let consumer = repository.consumer()?.0;
    let same = |one: &Artifact, other: &Artifact| one.creation_code == other.creation_code;
    let steps: Vec<Step> = planned
        .into_iter()
        .map(|planned| {
            let data = &planned.message.data;
            // By the deployer of CREATE2, which takes a salt of 32 bytes before the code.
            let code = if planned.message.to.is_some() { data.get(32..).unwrap_or_default() } else { data };
            let built = planned.creates.and_then(|_| repository.created_by(code));
            let role = match built {
                Some(built) if same(built, &repository.verifier) => Role::Verifier,
                Some(built) if same(built, consumer) => Role::Consumer,
                _ => Role::Other,
            };
            let name = match (built, &planned.contract, planned.creates) {
                (Some(built), _, _) => built.name.clone(),
                (None, Some(name), Some(_)) => name.clone(),
                (None, Some(name), None) => format!("a call of {name}"),
                (None, None, Some(_)) => "a contract".to_owned(),
                (None, None, None) => "a call".to_owned(),
            };
            Step { role, name, planned }
        })
        .collect();
    for (role, artifact) in [(Role::Verifier, &repository.verifier), (Role::Consumer, consumer)] {
        let count = steps.iter().filter(|step| step.role == role).count();
        if count != 1 {
            let name = &artifact.name;
            let found: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            return Err(Failure::new(format!(
                "the script creates {name} {count} times as this repository builds it, once was expected; it makes: {}",
                if found.is_empty() { "nothing".to_owned() } else { found.join(", ") }
            ))
            .hint(
                "nothing was sent; check that forge compiles with the settings of foundry.toml (no other profile), \
                 and that hallmark.toml names the contracts that the script deploys",
            ));
        }
    }
    Ok(steps)
}

/// Gas of each transaction under `rules`: by running it here where it creates a contract of its own
/// means, else as forge estimates it.
fn gas_of(steps: &[Step], rules: Rules, chain_id: u64) -> Vec<Outcome<Gas>> {
    let mut evm = Evm::with_rules(rules).with_chain_id(chain_id);
    let mut gas = Vec::new();
    for step in steps {
        let Planned { creates, message, from, .. } = &step.planned;
        let run = match (creates, message.to) {
            (Some(address), None) if message.value.is_zero() => {
                evm.set_sender(*from);
                // The next contract looks for it at this address.
                let known = step.planned.nonce;
                let nonce = known.or_else(|| (0..NONCES).find(|nonce| from.create(*nonce) == *address));
                evm.set_nonce(nonce.unwrap_or_default());
                evm.deploy(&message.data).map_err(Failure::from)
            }
            _ => Err(Failure::new(format!("{} cannot be priced without a node", step.name))
                .hint("give one with `--rpc-url URL`")),
        };
        gas.push(match (run, step.planned.gas) {
            (Ok(run), _) => {
                Ok(Gas { used: run.gas, measured: Measured::Here, runtime_bytes: run.runtime_bytes })
            }
            // A call, or a contract that asks others of the chain when it is created.
            (Err(_), Some(used)) => Ok(Gas { used, measured: Measured::ByNode, runtime_bytes: 0 }),
            (Err(failure), None) => Err(failure),
        });
    }
    gas
}

/// Everything that is known before the first transaction.
#[derive(Debug)]
struct Plan {
    target: Target,
    sender: Sender,
    prices: Prices,
    steps: Vec<Step>,
    costs: Vec<Cost>,
}

/// A contract that is on the chain.
#[derive(Debug)]
struct Done {
    role: Role,
    name: String,
    /// Nothing for a call.
    address: Option<Address>,
    receipt: Receipt,
}

impl Plan {
    /// The sender, what it has, and what it needs, in wei: a transaction is only taken when the sender
    /// could pay its whole gas limit at the highest price that it offers.
    fn funds(&self) -> Outcome<Option<(Address, U256, U256)>> {
        let Some(account) = self.sender.address else { return Ok(None) };
        let (mut spent, mut needed) = (U256::ZERO, U256::ZERO);
        for (step, cost) in self.steps.iter().zip(&self.costs) {
            let offered = U256::from(limit(cost.gas, self.target.rules()))
                .saturating_mul(U256::from(self.prices.fees.maximum()))
                .saturating_add(U256::from(cost.data_wei))
                .saturating_add(step.planned.message.value);
            needed = needed.max(spent.saturating_add(offered));
            spent = spent.saturating_add(U256::from(cost.wei)).saturating_add(step.planned.message.value);
        }
        Ok(Some((account, self.target.chain.balance(account)?, needed)))
    }

    /// Sends everything in order, checks what is there then, and writes the address book.
    fn broadcast(&mut self, shell: &Shell, root: &Path, repository: &Repository, wait: u64) -> Outcome<()> {
        let account = self.sender.account.take().ok_or_else(|| Failure::bug("nobody is there to sign"))?;
        // What is in the way of the book is known before money is spent.
        Book::read(root, self.target.chain.id())?;
        let first = self.target.chain.nonce(account.address())?;
        if self.steps.first().is_some_and(|step| step.planned.nonce != Some(first)) {
            return Err(Failure::new(format!(
                "{} has sent a transaction meanwhile: the addresses would be others",
                account.address()
            ))
            .hint("nothing was sent; wait until its transactions are in a block, and run this again"));
        }
        let mut done = Vec::new();
        let sent = self.send_all(shell, repository, &account, first, wait, &mut done);
        let checked = sent.and_then(|()| self.check(shell, &done, repository));
        if done.is_empty() {
            return checked.map(|_| ());
        }
        let wrong = match &checked {
            Ok(checks) => match deployed::differences(checks).as_slice() {
                [] => None,
                names => Some(format!("not this repository's build: {}", names.join(", "))),
            },
            Err(failure) => Some(failure.message.clone()),
        };
        let book = self.record(root, repository, account.address(), &done, wrong.clone());
        if let Ok(path) = &book {
            shell.done("Wrote", &format!("`{}`", path.display()));
        } else {
            for one in &done {
                let at = one.address.map_or_else(String::new, |at| format!(" at {at}"));
                shell.note(&format!("deployed: {}{at}, transaction {}", one.name, one.receipt.transaction));
            }
        }
        let checks = checked.map_err(|failure| {
            let before = format!("{} of {} transactions were sent before", done.len(), self.steps.len());
            let hint = failure.hint.clone().unwrap_or_default();
            failure.hint(format!("{hint}; {before}: see the address book").trim_start_matches("; "))
        })?;
        let path = book?;
        self.print(shell, &done, &checks, Some(&path))?;
        match wrong {
            None => Ok(()),
            Some(wrong) => Err(Failure::new(format!("what was deployed is {wrong}"))
                .hint("do not use it; the address book has it in its history")),
        }
    }

    fn send_all(
        &self,
        shell: &Shell,
        repository: &Repository,
        account: &Account,
        first: u64,
        wait: u64,
        done: &mut Vec<Done>,
    ) -> Outcome<()> {
        let interface = repository.interface();
        for (nonce, step) in (first..).zip(&self.steps) {
            let request =
                Request { account, message: &step.planned.message, nonce, fees: self.prices.fees, wait };
            let receipt = self.target.send(shell, &step.name, &request, &interface)?;
            let elsewhere = receipt.contract.filter(|at| Some(*at) != step.planned.creates);
            done.push(Done {
                role: step.role,
                name: step.name.clone(),
                address: step.planned.creates,
                receipt,
            });
            if let Some(at) = elsewhere {
                return Err(Failure::new(format!("{} is at {at}, not where it was planned", step.name))
                    .hint("the sender's transactions were counted otherwise by the node"));
            }
        }
        Ok(())
    }

    fn check(&self, shell: &Shell, done: &[Done], repository: &Repository) -> Outcome<Vec<Check>> {
        let step = shell.step("Checking", "what is on the chain");
        let chain = &self.target.chain;
        let at = |role: Role| done.iter().find(|one| one.role == role).and_then(|one| one.address);
        let (Some(verifier), Some(consumer)) = (at(Role::Verifier), at(Role::Consumer)) else {
            return Err(Failure::bug("a deployment without a verifier or a consumer was planned"));
        };
        let code = deployed::code(chain, verifier, true)?;
        let mut checks = deployed::verifier(chain, verifier, &code, repository)?;
        let code = deployed::code(chain, consumer, true)?;
        checks.extend(deployed::consumer(chain, consumer, &code, verifier, repository)?);
        step.finish("Checked", "code, identities and answers against this repository");
        Ok(checks)
    }

    /// Adds what was deployed to the address book.
    fn record(
        &self,
        root: &Path,
        repository: &Repository,
        deployer: Address,
        done: &[Done],
        incomplete: Option<String>,
    ) -> Outcome<PathBuf> {
        let chain = &self.target.chain;
        let identities = deployed::identities(repository)?;
        // The node may be the reason why it is incomplete: what it does not say is left empty.
        let hash = |at: Address| match chain.code(at) {
            Ok(code) => hex::encode_prefixed(keccak256(&code)),
            Err(_) => String::new(),
        };
        let entry = |one: &Done| {
            one.address.map(|at| Deployed {
                name: one.name.clone(),
                address: at.to_string(),
                code_hash: hash(at),
                transaction: one.receipt.transaction.to_string(),
                block: one.receipt.block,
                gas_used: one.receipt.gas_used,
                paid_wei: one.receipt.paid().to_string(),
            })
        };
        let of = |role: Role| done.iter().find(|one| one.role == role).and_then(entry);
        let last = done.last().and_then(|one| chain.block_at(one.receipt.block).ok());
        let deployment = Deployment {
            timestamp: last.map_or(0, |block| block.timestamp),
            deployer: deployer.to_string(),
            verifying_key_id: identities.verifying_key_id,
            srs_id: identities.srs_id,
            verifier: of(Role::Verifier),
            consumer: of(Role::Consumer),
            others: done.iter().filter(|one| one.role == Role::Other).filter_map(entry).collect(),
            incomplete,
        };
        Ok(Book::record(root, chain.id(), &self.target.name(), deployment)?)
    }

    /// The plan, and what came of it where it was sent.
    fn print(&self, shell: &Shell, done: &[Done], checks: &[Check], book: Option<&Path>) -> Outcome<()> {
        let deployer = self.sender.address.map(|address| address.to_string());
        // Without a sender its address is forge's, and so are those that follow from it.
        let address = |step: &Step| step.planned.creates.filter(|_| deployer.is_some());
        let total = Cost {
            gas: self.costs.iter().map(|cost| cost.gas).sum(),
            wei: self.costs.iter().map(|cost| cost.wei).sum(),
            data_wei: self.costs.iter().map(|cost| cost.data_wei).sum(),
            dollars: None,
        };
        let dollars = self.prices.dollars(total.wei);
        let total = Cost { dollars, ..total };
        let contracts: Vec<Value> = self
            .steps
            .iter()
            .zip(&self.costs)
            .enumerate()
            .map(|(index, (step, cost))| {
                let receipt = done.get(index).map(|one| &one.receipt);
                json!({
                    "role": step.role,
                    "name": step.name,
                    "address": address(step).map(|address| address.to_string()),
                    "expected": cost.to_json(),
                    "receipt": receipt.map(receipt_json),
                })
            })
            .collect();
        let value = json!({
            "chain_id": self.target.chain.id(),
            "network": self.target.name(),
            "sender": deployer,
            "broadcast": book.is_some(),
            "contracts": contracts,
            "expected": total.to_json(),
            "checks": checks,
            "address_book": book,
        });
        shell.result(&value, || {
            let head = ["contract", "address", "gas", "gwei", "", "USD"];
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            let mut row = |name: &str, at: String, gas: u64, wei: u128, dollars: Option<Dollars>| {
                rows.push(vec![
                    name.to_owned(),
                    at,
                    thousands(gas),
                    gwei(wei),
                    self.target.token().to_owned(),
                    dollars.map_or_else(String::new, |dollars| dollars.to_string()),
                ]);
            };
            for (index, (step, cost)) in self.steps.iter().zip(&self.costs).enumerate() {
                let at = address(step).map_or_else(|| "–".to_owned(), |address| address.to_string());
                match done.get(index).map(|one| &one.receipt) {
                    None => row(&step.name, at, cost.gas, cost.wei, cost.dollars),
                    Some(receipt) => row(
                        &step.name,
                        at,
                        receipt.gas_used,
                        receipt.paid(),
                        self.prices.dollars(receipt.paid()),
                    ),
                }
            }
            if done.is_empty() {
                row("expected in all", String::new(), total.gas, total.wei, total.dollars);
            } else {
                let paid = done.iter().map(|one| one.receipt.paid()).sum();
                let gas = done.iter().map(|one| one.receipt.gas_used).sum();
                row("paid in all", String::new(), gas, paid, self.prices.dollars(paid));
            }
            let by = deployer.as_deref().map_or_else(String::new, |deployer| format!(", by {deployer}"));
            let mut text = format!(
                "{} on {} (chain {}){by}\n{}",
                if done.is_empty() { "to be deployed" } else { "deployed" },
                self.target.name(),
                self.target.chain.id(),
                table(&rows)
            );
            for one in done {
                text.push_str(&format!(
                    "{}: transaction {}, block {}\n",
                    one.name, one.receipt.transaction, one.receipt.block
                ));
            }
            text.push_str(&deployed::lines(checks));
            if let Some(path) = book {
                text.push_str(&format!("addresses: {}\n", path.display()));
            }
            text
        })
    }
}

/// A receipt for other tools; amounts are decimal text.
pub(super) fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "transaction": receipt.transaction.to_string(),
        "block": receipt.block,
        "gas_used": receipt.gas_used,
        "gas_price_wei": receipt.gas_price.to_string(),
        "paid_wei": receipt.paid().to_string(),
    })
}

/// Prices of a deployment on networks, without a node.
fn offline(shell: &Shell, project: &mut Project, args: &DeployArgs) -> Outcome<()> {
    let wanted = PriceArgs {
        networks: args.networks.clone(),
        prices: args.prices.clone(),
        rpc_timeout: args.rpc_timeout,
        ..PriceArgs::default()
    };
    let pricing = pricing::gather(shell, Some(&project.root), &project.settings.gas, &wanted)?;
    let repository = Repository::read(shell, project, &args.solc, true)?;
    let planned = simulate(shell, &project.root, args, None, args.sender.sender)?;
    let steps = compared(planned, &repository)?;
    let mut rows =
        vec![["network", "contract", "gas", "gwei", "", "USD", "prices of"].map(str::to_owned).to_vec()];
    let mut documents = Vec::new();
    let mut notes = Vec::new();
    for (network, parameters) in &pricing.networks {
        if network.status == Status::Unsupported {
            rows.push(vec![network.id.clone(), "–".into()]);
            let reason = network.status_reason.clone().unwrap_or_default();
            notes.push(format!("{} is not priced: {reason}", network.id));
            documents.push(json!({
                "network": network.id, "name": network.name, "chain_id": network.chain_id, "unpriced": reason,
            }));
            continue;
        }
        let dollars = pricing.tokens.get(&network.token).copied();
        let quotes = quotes(network, parameters, &steps);
        let mut contracts = Vec::new();
        for (step, quote) in steps.iter().zip(quotes) {
            match quote {
                Ok(quote) => {
                    let price = dollars.map(|price| price.of_wei(quote.total_wei).to_string());
                    rows.push(vec![
                        network.id.clone(),
                        step.name.clone(),
                        thousands(quote.gas_used),
                        gwei(quote.total_wei),
                        quote.token.clone(),
                        price.clone().unwrap_or_default(),
                        quote.as_of.clone(),
                    ]);
                    let refused = quote.feasibility.iter();
                    notes
                        .extend(refused.map(|obstacle| {
                            format!("{} would refuse {}: {obstacle}", network.id, step.name)
                        }));
                    contracts
                        .push(json!({ "role": step.role, "name": step.name, "quote": quote, "usd": price }));
                }
                Err(failure) => {
                    rows.push(vec![network.id.clone(), step.name.clone(), "–".into()]);
                    notes.push(format!("{}: {}", network.id, failure.message));
                    contracts
                        .push(json!({ "role": step.role, "name": step.name, "unpriced": failure.message }));
                }
            }
        }
        documents.push(json!({
            "network": network.id, "name": network.name, "chain_id": network.chain_id, "contracts": contracts,
        }));
    }
    if is_development(&repository) {
        notes.push(format!(
            "{} was made with a development SRS: it can be deployed on chain {DEV_CHAIN_ID} only",
            repository.verifier.name
        ));
    }
    shell.note("nothing was sent; `--rpc-url URL` shows it for a chain, with addresses");
    let value = json!({ "broadcast": false, "networks": documents, "notes": notes });
    shell.result(&value, || {
        let mut text = table(&rows);
        for note in &notes {
            text.push_str(&format!("{note}\n"));
        }
        text
    })
}

fn quotes(network: &Network, parameters: &Parameters, steps: &[Step]) -> Vec<Outcome<Quote>> {
    // On chain 31337 even where the network has another id: a development verifier runs there only,
    // and no price depends on it.
    gas_of(steps, network.rules(), DEV_CHAIN_ID)
        .into_iter()
        .zip(steps)
        .map(|(gas, step)| {
            let gas = gas?;
            let usage = Usage {
                gas_used: gas.used,
                calldata: &step.planned.message.data,
                runtime_bytes: gas.runtime_bytes,
                ..Usage::default()
            };
            Ok(quote(network, &usage, parameters)?)
        })
        .collect()
}
