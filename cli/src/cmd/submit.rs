//! `hallmark submit`: a bound proof to a deployed consumer. What does not fit is found before anything
//! is sent: first by the parts of the context, then by a call that changes nothing.

use crate::cmd::deploy::receipt_json;
use crate::cmd::export::{bound, submission};
use crate::context;
use crate::deployed;
use crate::error::{Failure, Outcome};
use crate::opts::SubmitArgs;
use crate::output::{Shell, thousands};
use crate::project::Project;
use crate::subject::Repository;
use crate::target::{Cost, Measured, Request, Sender, Target, limit, refusal};
use alloy_primitives::{Address, U256, hex};
use hallmark_budget::amount::gwei;
use hallmark_chain::{Book, CallAnswer, Interface, Log, Message, Receipt};
use hallmark_proof::{ContextParts, Proof};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Seconds that a proof is given in the commands that are proposed.
const DAY: u64 = 86_400;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: SubmitArgs) -> Outcome<()> {
    let mut project = Project::open(folder)?;
    let proofs = args.proof.iter().map(|path| Proof::read(path)).collect::<Result<Vec<_>, _>>()?;
    let ([proof, ..], [out, ..]) = (proofs.as_slice(), args.proof.as_slice()) else {
        return Err(Failure::bug("no proof was given"));
    };
    let parts = bound(proof)?;
    let sender = Sender::of_key(&args.sender)?;
    let target = Target::connect(shell, &project, &args.rpc_url, args.rpc_timeout, args.network.as_deref())?;
    let sender = sender.or_of_node(&args.sender, &target.chain)?;
    let timestamp = target.chain.block()?.timestamp;
    let renewal = Renewal { out, parts: &parts, chain_id: target.chain.id(), timestamp };
    renewal.check_chain()?;
    let consumer = match args.consumer {
        Some(consumer) => consumer,
        None => deployed::consumer_of(&project.root, target.chain.id())?,
    };
    renewal.check_consumer(consumer)?;
    renewal.check_deadline()?;
    check_key(&project.root, &target, proof, consumer)?;
    deployed::code(&target.chain, consumer, false)?;
    let repository = Repository::read(shell, &mut project, &args.solc, true)?;
    let interface = repository.interface();
    let (_, function) = repository.consumer()?;
    let account = Address::from(parts.account);
    let data = submission(function, &proofs, &parts)?.into();
    let message = Message { to: Some(consumer), data, value: U256::ZERO };
    // Without a sender, as the account: some consumers take a proof from nobody else.
    let from = sender.address.unwrap_or(account);
    let refused = |answer: &CallAnswer| refused(answer, &interface, &renewal);
    if let answer @ CallAnswer::Refused { .. } = target.chain.call(Some(from), &message)? {
        return Err(refused(&answer));
    }
    let gas = target.chain.estimate(Some(from), &message)?.map_err(|answer| refused(&answer))?;
    let prices = target.prices(&args.rpc_url, args.rpc_timeout, &project.settings.gas, &args.prices)?;
    let expected = target.cost(&prices, gas, Measured::ByNode, &message, 0)?;
    let mut outcome = Outcomes { proof, consumer, from, expected, receipt: None, interface: &interface };
    if !args.sender.broadcast {
        shell.note("nothing was sent; add `--broadcast` and a sender to submit");
        return outcome.print(shell, &target);
    }
    let signer = sender.account.ok_or_else(|| Failure::bug("nobody is there to sign"))?;
    let needed = U256::from(limit(gas, target.rules()))
        .saturating_mul(U256::from(prices.fees.maximum()))
        .saturating_add(U256::from(expected.data_wei));
    target.require_balance(from, target.chain.balance(from)?, needed)?;
    let request = Request {
        account: &signer,
        message: &message,
        nonce: target.chain.nonce(from)?,
        fees: prices.fees,
        wait: args.sender.wait,
    };
    outcome.receipt = Some(target.send(shell, "the submission", &request, &interface)?);
    outcome.print(shell, &target)
}

/// Whether the proof is of the model that was deployed, where the address book knows.
fn check_key(root: &Path, target: &Target, proof: &Proof, consumer: Address) -> Outcome<()> {
    let Some(latest) = Book::read(root, target.chain.id())?.and_then(|book| book.latest) else {
        return Ok(());
    };
    let known = deployed::address_of(latest.consumer.as_ref(), "consumer").ok() == Some(consumer);
    let found = hex::encode_prefixed(proof.verifying_key_id);
    if !known || found == latest.verifying_key_id {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the proof is of verifying key {found}, the deployed verifier is for {}",
        latest.verifying_key_id
    ))
    .hint("nothing was sent; deploy this build, or check out the one that is deployed and prove again"))
}

/// What a proof is bound to, and the command that makes one that fits.
struct Renewal<'a> {
    out: &'a Path,
    parts: &'a ContextParts,
    chain_id: u64,
    /// Of the latest block, in Unix seconds.
    timestamp: u64,
}

impl Renewal<'_> {
    /// The command, with what fits kept.
    fn command(&self, consumer: &str, nonce: U256) -> String {
        let deadline = U256::from_be_bytes(self.parts.deadline);
        let deadline = if deadline < U256::from(self.timestamp) {
            U256::from(self.timestamp.saturating_add(DAY))
        } else {
            deadline
        };
        format!(
            "prove it again: `hallmark prove --input INPUT --out {} --chain-id {} --consumer {consumer} --account {} \
             --nonce {nonce} --deadline {deadline}`",
            self.out.display(),
            self.chain_id,
            context::checksummed(&self.parts.account),
        )
    }

    fn nonce(&self) -> U256 {
        U256::from_be_bytes(self.parts.nonce)
    }

    fn check_chain(&self) -> Outcome<()> {
        let bound = U256::from_be_bytes(self.parts.chain_id);
        if bound == U256::from(self.chain_id) {
            return Ok(());
        }
        Err(Failure::new(format!("the proof is bound to chain {bound}, this is chain {}", self.chain_id))
            .hint(self.command("ADDRESS", self.nonce())))
    }

    fn check_consumer(&self, consumer: Address) -> Outcome<()> {
        if self.parts.consumer == consumer.into_array() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the proof is bound to consumer {}, not to {consumer}",
            context::checksummed(&self.parts.consumer)
        ))
        .hint(self.command(&consumer.to_string(), self.nonce())))
    }

    fn check_deadline(&self) -> Outcome<()> {
        let deadline = U256::from_be_bytes(self.parts.deadline);
        if deadline >= U256::from(self.timestamp) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the proof was good until {deadline}, the latest block is of {} (Unix seconds)",
            self.timestamp
        ))
        .hint(self.command(&context::checksummed(&self.parts.consumer), self.nonce())))
    }
}

/// A call that the consumer refuses, with what helps where the reason is known.
fn refused(answer: &CallAnswer, interface: &Interface, renewal: &Renewal<'_>) -> Failure {
    let failure = Failure::new(format!("the consumer refuses the proof: {}", refusal(answer, interface)));
    let name = match answer {
        CallAnswer::Refused { data, .. } => interface.error(data).map(|error| error.name),
        CallAnswer::Returned(_) => None,
    };
    let consumer = context::checksummed(&renewal.parts.consumer);
    match name.as_deref() {
        Some("InferenceAlreadyUsed") => {
            let next = renewal.nonce().saturating_add(U256::from(1));
            failure
                .hint(format!("nothing was sent; a nonce works once; {}", renewal.command(&consumer, next)))
        }
        Some("NotAccount") => failure.hint(format!(
            "nothing was sent; this consumer takes a proof from its account only: send from {}, or prove for \
             the sender with `--account`",
            context::checksummed(&renewal.parts.account)
        )),
        Some("ContextMismatch" | "ContextMissing" | "ProofExpired") => {
            failure.hint(format!("nothing was sent; {}", renewal.command(&consumer, renewal.nonce())))
        }
        _ => failure.hint("nothing was sent; the consumer's source says when it refuses so"),
    }
}

/// What would happen, or did.
struct Outcomes<'a> {
    proof: &'a Proof,
    consumer: Address,
    from: Address,
    expected: Cost,
    receipt: Option<Receipt>,
    interface: &'a Interface,
}

impl Outcomes<'_> {
    fn event_json(&self, log: &Log) -> Value {
        let event = self.interface.event(log);
        json!({
            "contract": log.address.to_string(),
            "name": event.as_ref().map(|event| event.name.clone()),
            "arguments": event.map(|event| event.arguments),
            "topics": log.topics.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "data": log.data.to_string(),
        })
    }

    fn event_line(&self, log: &Log) -> String {
        let at = if log.address == self.consumer { String::new() } else { format!("{}: ", log.address) };
        match (self.interface.event(log), log.topics.first()) {
            (Some(event), _) => format!("{at}{event}"),
            (None, Some(topic)) => format!("{at}an event that is not known, {topic}"),
            (None, None) => format!("{at}an anonymous event"),
        }
    }

    fn print(&self, shell: &Shell, target: &Target) -> Outcome<()> {
        let events = self.receipt.iter().flat_map(|receipt| &receipt.logs);
        let value = json!({
            "chain_id": target.chain.id(),
            "network": target.name(),
            "consumer": self.consumer.to_string(),
            "sender": self.from.to_string(),
            "context": context::to_json(self.proof),
            "broadcast": self.receipt.is_some(),
            "expected": self.expected.to_json(),
            "receipt": self.receipt.as_ref().map(receipt_json),
            "events": events.clone().map(|log| self.event_json(log)).collect::<Vec<_>>(),
        });
        shell.result(&value, || {
            let dollars = self.expected.dollars.map_or_else(String::new, |dollars| format!(", {dollars}"));
            let mut rows = vec![
                ("chain", format!("{} ({})", target.chain.id(), target.name())),
                ("consumer", self.consumer.to_string()),
                ("sender", self.from.to_string()),
                (
                    "expected",
                    format!(
                        "{} gas, {} gwei {}{dollars}",
                        thousands(self.expected.gas),
                        gwei(self.expected.wei),
                        target.token()
                    ),
                ),
            ];
            if let Some(receipt) = &self.receipt {
                let (gas, paid) = (thousands(receipt.gas_used), gwei(receipt.paid()));
                rows.push(("transaction", receipt.transaction.to_string()));
                rows.push(("block", receipt.block.to_string()));
                rows.push(("paid", format!("{gas} gas, {paid} gwei {}", target.token())));
            }
            let mut text: String = rows.iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect();
            for log in events.clone() {
                text.push_str(&format!("{}\n", self.event_line(log)));
            }
            text
        })
    }
}
