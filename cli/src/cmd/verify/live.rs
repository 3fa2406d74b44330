//! A deployed verifier, and its consumer where it is in the address book, against the repository.

use crate::deployed;
use crate::error::{Failure, Outcome};
use crate::opts::VerifyArgs;
use crate::output::Shell;
use crate::project::Project;
use crate::subject::Repository;
use alloy_primitives::Address;
use hallmark_chain::Chain;
use hallmark_solidity::DEV_CHAIN_ID;
use std::time::Duration;

/// Checks the verifier at `--address`, or the verifier and the consumer of the address book; any
/// difference is a failure.
pub(super) fn run(shell: &Shell, mut project: Project, args: &VerifyArgs, url: &str) -> Outcome<()> {
    let given: Option<Address> = match &args.address {
        Some(text) => Some(text.parse().map_err(|_| {
            Failure::new(format!("`{text}` is not an address")).hint("it has 40 hexadecimal digits after 0x")
        })?),
        None => None,
    };
    let chain = Chain::connect(url, Duration::from_secs(args.rpc_timeout))?;
    let (at, consumer) = match given {
        Some(at) => (at, None),
        None => {
            let latest = deployed::latest(&project.root, chain.id())?;
            let consumer = deployed::address_of(latest.consumer.as_ref(), "consumer")?;
            (deployed::address_of(latest.verifier.as_ref(), "verifier")?, Some(consumer))
        }
    };
    let repository = Repository::read(shell, &mut project, &args.solc, consumer.is_some())?;
    let step = shell.step("Checking", format!("the contract at {at}"));
    let code = deployed::code(&chain, at, false)?;
    let mut checks = deployed::verifier(&chain, at, &code, &repository)?;
    if let Some(consumer) = consumer {
        let code = deployed::code(&chain, consumer, false)?;
        checks.extend(deployed::consumer(&chain, consumer, &code, at, &repository)?);
    }
    drop(step);

    let wrong = deployed::differences(&checks);
    let network = deployed::network_name(chain.id());
    let built = &repository.verifier;
    let value = serde_json::json!({
        "address": at.to_string(),
        "consumer": consumer.map(|consumer| consumer.to_string()),
        "chain_id": chain.id(),
        "network": network,
        "valid": wrong.is_empty(),
        "checks": checks,
    });
    shell.result(&value, || {
        let consumer = consumer.map_or_else(String::new, |consumer| format!(", consumer at {consumer}"));
        format!(
            "{} at {at}{consumer} on {network} (chain {})\n{}",
            built.name,
            chain.id(),
            deployed::lines(&checks)
        )
    })?;
    if wrong.is_empty() {
        return Ok(());
    }
    let which = match consumer {
        Some(consumer) => format!("what is at {at} and {consumer} is not this repository's build"),
        None => format!("the contract at {at} is not this repository's verifier"),
    };
    let failure = Failure::new(format!("{which}: {}", wrong.join(", ")));
    if built.name.starts_with("DevOnly") && chain.id() != DEV_CHAIN_ID {
        return Err(failure.hint("it was made with a development SRS, and refuses every chain but 31337"));
    }
    Err(failure.hint("deploy this build, or check out the one that is deployed"))
}
