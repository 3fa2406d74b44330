//! A deployed verifier against the repository: is it the code that was built, for the same key and SRS,
//! and does it answer as it must? The build is compared with the chain, never the chain with itself.

use crate::error::{Failure, Outcome};
use crate::opts::VerifyArgs;
use crate::output::Shell;
use crate::project::Project;
use crate::subject::Repository;
use alloy_primitives::{Address, hex, keccak256};
use hallmark_gas::{Evm, HardFork};
use hallmark_network::Networks;
use hallmark_network::rpc::{self, CallAnswer};
use hallmark_solidity::DEV_CHAIN_ID;
use serde::Serialize;
use std::time::Duration;

/// One thing that was compared.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    expected: String,
    found: String,
}

/// Checks the verifier at `address`; any difference is a failure.
pub(super) fn run(
    shell: &Shell,
    mut project: Project,
    args: &VerifyArgs,
    address: &str,
    url: &str,
) -> Outcome<()> {
    let at: Address = address.parse().map_err(|_| {
        Failure::new(format!("`{address}` is not an address")).hint("it has 40 hexadecimal digits after 0x")
    })?;
    let timeout = Duration::from_secs(args.rpc_timeout);
    let repository = Repository::read(shell, &mut project, &args.solc, false)?;
    let step = shell.step("Checking", format!("the contract at {at}"));
    let live = rpc::code(url, at, timeout)?;
    if live.code.is_empty() {
        return Err(Failure::new(format!("there is no contract at {at} on chain {}", live.chain_id))
            .hint("check the address and the node's chain"));
    }
    let mut checks = Vec::new();
    let mut check = |name: &'static str, expected: String, found: String| {
        checks.push(Check { name, ok: expected == found, expected, found });
    };

    // Code, but for what the constructor fills in.
    let built = &repository.verifier;
    let expected = hex::encode_prefixed(keccak256(&built.runtime_code));
    let same = built.is_code(&live.code);
    let found = hex::encode_prefixed(keccak256(&live.code));
    check("code hash", expected.clone(), if same { expected } else { found });

    // Identities and answers, as the same code gives them in an EVM here.
    let mut evm = Evm::new(HardFork::default());
    let local = evm.deploy(&built.creation_code)?.address;
    for (name, function) in [
        ("verifying key", "VERIFYING_KEY_ID()"),
        ("SRS", "SRS_ID()"),
        ("proof length", "PROOF_LENGTH()"),
        ("public values", "INSTANCE_COUNT()"),
    ] {
        let data = hallmark_solidity::selector(function);
        let expected = hex::encode_prefixed(evm.call(local, &data, None)?.output);
        check(name, expected, shown(rpc::call(url, at, &data, timeout)?, &repository));
    }
    let call = repository.verify_call();
    let mut one = [0; 32];
    one[31] = 1;
    let accepted = shown(rpc::call(url, at, call, timeout)?, &repository);
    check("stored proof", hex::encode_prefixed(one), accepted);
    let tampered = tampered(call);
    let refusal = evm.call(local, &tampered, None)?.output;
    let refusal = CallAnswer::Refused { data: refusal, message: String::new() };
    let found = shown(rpc::call(url, at, &tampered, timeout)?, &repository);
    check("tampered proof", shown(refusal, &repository), found);
    drop(step);

    let wrong = checks.iter().filter(|check| !check.ok).count();
    let network = network_name(live.chain_id);
    let value = serde_json::json!({
        "address": at.to_string(),
        "chain_id": live.chain_id,
        "network": network,
        "valid": wrong == 0,
        "checks": checks,
    });
    shell.result(&value, || {
        let mut text = format!("{} at {at} on {network} (chain {})\n", built.name, live.chain_id);
        for check in &checks {
            let verdict = if check.ok { "ok" } else { "DIFFERENT" };
            text.push_str(&format!("{:<15} {verdict}\n", check.name));
            if !check.ok {
                text.push_str(&format!("  expected {}\n  found    {}\n", check.expected, check.found));
            }
        }
        text
    })?;
    if wrong == 0 {
        return Ok(());
    }
    let names: Vec<&str> = checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
    let failure =
        Failure::new(format!("the contract at {at} is not this repository's verifier: {}", names.join(", ")));
    if built.name.starts_with("DevOnly") && live.chain_id != DEV_CHAIN_ID {
        return Err(failure.hint("it was made with a development SRS, and refuses every chain but 31337"));
    }
    Err(failure.hint("deploy this build, or check out the one that is deployed"))
}

fn network_name(chain_id: u64) -> String {
    if chain_id == DEV_CHAIN_ID {
        return "a local chain".into();
    }
    let networks = Networks::shipped().ok();
    let known = networks.as_ref().and_then(|networks| networks.by_chain_id(chain_id).ok());
    known.map_or_else(|| "an unknown network".into(), |network| network.name.clone())
}

/// The call with a bit of the proof's first coordinate changed: its point leaves the curve.
fn tampered(call: &[u8]) -> Vec<u8> {
    let mut call = call.to_vec();
    // Selector, two offsets, the proof's length, then the proof.
    if let Some(byte) = call.get_mut(4 + 3 * 32 + 31) {
        *byte ^= 1;
    }
    call
}

/// An answer in words: bytes, or the name of the error.
fn shown(answer: CallAnswer, repository: &Repository) -> String {
    match answer {
        CallAnswer::Returned(bytes) => hex::encode_prefixed(bytes),
        CallAnswer::Refused { data, message } => {
            let selector = data.first_chunk::<4>().copied();
            let named = selector.and_then(|selector| repository.verifier_errors().remove(&selector));
            match named {
                Some(name) => format!("reverted with {name}"),
                None if data.is_empty() => format!("refused: {message}"),
                None => format!("reverted with {}", hex::encode_prefixed(data)),
            }
        }
    }
}
