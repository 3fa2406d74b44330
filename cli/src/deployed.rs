//! Deployed contracts against the repository: are they the code that was built, for the same key and
//! SRS, and do they answer as they must? The build is compared with the chain, never the chain with
//! itself.

use crate::error::{Failure, Outcome};
use crate::subject::{Repository, Submission};
use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, Bytes, U256, hex, keccak256};
use hallmark_chain::{Book, CallAnswer, Chain, Deployed, Deployment, Interface, Message};
use hallmark_gas::{Evm, HardFork};
use hallmark_network::Networks;
use hallmark_solidity::DEV_CHAIN_ID;
use hallmark_solidity::solc::Artifact;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// One thing that was compared.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    name: String,
    ok: bool,
    expected: String,
    found: String,
}

impl Check {
    fn new(name: impl Into<String>, expected: String, found: String) -> Self {
        Self { name: name.into(), ok: expected == found, expected, found }
    }
}

/// A line for each comparison; both values where they differ.
pub(crate) fn lines(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let verdict = if check.ok { "ok" } else { "DIFFERENT" };
        text.push_str(&format!("{:<24} {verdict}\n", check.name));
        if !check.ok {
            text.push_str(&format!("  expected {}\n  found    {}\n", check.expected, check.found));
        }
    }
    text
}

/// Names of what differs.
pub(crate) fn differences(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

/// The code of a contract; a node may take a moment to have what another one has.
///
/// Waits for it where `patient`; fails where there is none.
pub(crate) fn code(chain: &Chain, at: Address, patient: bool) -> Outcome<Bytes> {
    for _ in 0..if patient { 10 } else { 1 } {
        let code = chain.code(at)?;
        if !code.is_empty() {
            return Ok(code);
        }
        if patient {
            std::thread::sleep(Duration::from_millis(500));
        }
    }
    Err(Failure::new(format!("there is no contract at {at} on chain {}", chain.id()))
        .hint("check the address and the node's chain"))
}

/// Compares code, but for what the constructor fills in.
fn code_check(name: &'static str, built: &Artifact, code: &[u8]) -> Check {
    let expected = hex::encode_prefixed(keccak256(&built.runtime_code));
    let found = if built.is_code(code) { expected.clone() } else { hex::encode_prefixed(keccak256(code)) };
    Check::new(name, expected, found)
}

/// An answer in words: bytes, or the name of the error.
fn shown(answer: CallAnswer, interface: &Interface) -> String {
    match answer {
        CallAnswer::Returned(bytes) => hex::encode_prefixed(bytes),
        CallAnswer::Refused { data, message } if data.is_empty() => format!("refused: {message}"),
        CallAnswer::Refused { data, .. } => format!("reverted with {}", interface.describe(&data)),
    }
}

fn ask(chain: &Chain, to: Address, data: Vec<u8>) -> Outcome<CallAnswer> {
    Ok(chain.call(None, &Message { to: Some(to), data: data.into(), ..Message::default() })?)
}

/// Checks the verifier at `at`, whose code is `code`.
pub(crate) fn verifier(
    chain: &Chain,
    at: Address,
    code: &[u8],
    repository: &Repository,
) -> Outcome<Vec<Check>> {
    let interface = repository.interface();
    let built = &repository.verifier;
    let mut checks = vec![code_check("code hash", built, code)];
    // Identities and answers, as the same code gives them in an EVM here.
    let mut evm = Evm::new(HardFork::default());
    let local = evm.deploy(&built.creation_code)?.address;
    for (name, function) in [
        ("verifying key", "VERIFYING_KEY_ID()"),
        ("SRS", "SRS_ID()"),
        ("proof length", "PROOF_LENGTH()"),
        ("public values", "INSTANCE_COUNT()"),
    ] {
        let data = hallmark_solidity::selector(function).to_vec();
        let expected = hex::encode_prefixed(evm.call(local, &data, None)?.output);
        checks.push(Check::new(name, expected, shown(ask(chain, at, data)?, &interface)));
    }
    let call = repository.verify_call();
    let mut one = [0; 32];
    one[31] = 1;
    let accepted = shown(ask(chain, at, call.to_vec())?, &interface);
    checks.push(Check::new("stored proof", hex::encode_prefixed(one), accepted));
    let tampered = tampered(call);
    let refusal = evm.call(local, &tampered, None)?.output;
    let refusal = CallAnswer::Refused { data: refusal, message: String::new() };
    let found = shown(ask(chain, at, tampered)?, &interface);
    checks.push(Check::new("tampered proof", shown(refusal, &interface), found));
    Ok(checks)
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

/// Checks the consumer at `at`, whose code is `code`: that it is the build's, and that it asks
/// `verifier`, for this key and SRS.
pub(crate) fn consumer(
    chain: &Chain,
    at: Address,
    code: &[u8],
    verifier: Address,
    repository: &Repository,
) -> Outcome<Vec<Check>> {
    let (built, function) = repository.consumer()?;
    let interface = repository.interface();
    let mut checks = vec![code_check("consumer's code hash", built, code)];
    let abi: JsonAbi = serde_json::from_str(&built.abi).unwrap_or_default();
    let identities = identities(repository)?;
    for (name, function, expected) in [
        ("consumer's verifier", "VERIFIER", hex::encode_prefixed(verifier.into_word())),
        ("consumer's key", "VERIFYING_KEY_ID", identities.verifying_key_id),
        ("consumer's SRS", "SRS_ID", identities.srs_id),
    ] {
        // A person's own consumer need not have them.
        if abi.functions.contains_key(function) {
            let data = hallmark_solidity::selector(&format!("{function}()")).to_vec();
            checks.push(Check::new(name, expected, shown(ask(chain, at, data)?, &interface)));
        }
    }
    if let Submission::Ensemble(_) = function {
        checks.extend(members(chain, at, verifier, repository, &interface)?);
    }
    Ok(checks)
}

/// Compares the models of an ensemble, in their order: hash of the verifier's code, key and SRS, and
/// where the first one's verifier is.
fn members(
    chain: &Chain,
    at: Address,
    verifier: Address,
    repository: &Repository,
    interface: &Interface,
) -> Outcome<Vec<Check>> {
    let mut built = vec![("main", &repository.verifier)];
    built.extend(repository.members());
    let count = hex::encode_prefixed(U256::from(built.len()).to_be_bytes::<32>());
    let found = ask(chain, at, hallmark_solidity::selector("MEMBERS()").to_vec())?;
    let mut checks = vec![Check::new("consumer's models", count, shown(found, interface))];
    for (index, (name, artifact)) in built.into_iter().enumerate() {
        let Identities { verifying_key_id, srs_id } = identities_of(artifact)?;
        let code_hash = hex::encode_prefixed(keccak256(&artifact.runtime_code));
        let mut data = hallmark_solidity::selector("memberAt(uint256)").to_vec();
        data.extend(U256::from(index).to_be_bytes::<32>());
        // Of the further verifiers no address is known: any with this code will do.
        let address = (index == 0).then(|| hex::encode_prefixed(verifier.into_word()));
        let said = |address: Option<String>, code_hash: &str, key: &str, srs: &str| {
            let address = address.map(|address| format!("verifier {address}, ")).unwrap_or_default();
            format!("{address}code hash {code_hash}, key {key}, SRS {srs}")
        };
        let found = match ask(chain, at, data)? {
            CallAnswer::Returned(bytes) if bytes.len() >= 4 * 32 => {
                let words: Vec<String> = bytes.chunks(32).map(hex::encode_prefixed).collect();
                let deployed = chain.code(Address::from_slice(&bytes[12..32]))?;
                // The same code may end with another hash of metadata.
                let is_it = artifact.is_code(&deployed) && bytes[32..64] == keccak256(&deployed)[..];
                let found = if is_it { &code_hash } else { &words[1] };
                said(address.as_ref().map(|_| words[0].clone()), found, &words[2], &words[3])
            }
            answer => shown(answer, interface),
        };
        let expected = said(address, &code_hash, &verifying_key_id, &srs_id);
        checks.push(Check::new(format!("consumer's model {name}"), expected, found));
    }
    Ok(checks)
}

/// What the repository's verifier says that it is, hexadecimal after 0x.
#[derive(Debug)]
pub(crate) struct Identities {
    pub(crate) verifying_key_id: String,
    pub(crate) srs_id: String,
}

/// Asks the repository's verifier in an EVM here.
pub(crate) fn identities(repository: &Repository) -> Outcome<Identities> {
    identities_of(&repository.verifier)
}

fn identities_of(verifier: &Artifact) -> Outcome<Identities> {
    let mut evm = Evm::new(HardFork::default());
    let local = evm.deploy(&verifier.creation_code)?.address;
    let mut ask = |function: &str| -> Outcome<String> {
        let data = hallmark_solidity::selector(function);
        Ok(hex::encode_prefixed(evm.call(local, &data, None)?.output))
    };
    Ok(Identities { verifying_key_id: ask("VERIFYING_KEY_ID()")?, srs_id: ask("SRS_ID()")? })
}

/// Name of a chain for people.
pub(crate) fn network_name(chain_id: u64) -> String {
    if chain_id == DEV_CHAIN_ID {
        return "a local chain".into();
    }
    let networks = Networks::shipped().ok();
    let known = networks.as_ref().and_then(|networks| networks.by_chain_id(chain_id).ok());
    known.map_or_else(|| "an unknown network".into(), |network| network.name.clone())
}

/// The last complete deployment on a chain, by the address book of the project in `root`.
pub(crate) fn latest(root: &Path, chain_id: u64) -> Outcome<Deployment> {
    if let Some(latest) = Book::read(root, chain_id)?.and_then(|book| book.latest) {
        return Ok(latest);
    }
    let others: Vec<String> = Book::chains(root).iter().map(u64::to_string).collect();
    let others = match others.as_slice() {
        [] => String::new(),
        others => format!("; there are deployments on chain {}", others.join(", ")),
    };
    let path = Book::path(root, chain_id);
    Err(Failure::new(format!("`{}` has no deployment on chain {chain_id}{others}", path.display()))
        .hint(if root.join("foundry.toml").is_file() {
            "`hallmark deploy --rpc-url URL --broadcast` writes it; or give the address"
        } else {
            "`npx hardhat run scripts/deploy.ts --network NAME` writes it in a project for Hardhat; or give the address"
        }))
}

/// An address of the book.
pub(crate) fn address_of(deployed: Option<&Deployed>, what: &str) -> Outcome<Address> {
    let text = deployed.map(|deployed| deployed.address.as_str());
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Failure::new(format!("the address book says no address of the {what}"))
            .hint("restore the file in deployments/ from version control, or give the address")
    })
}

/// The consumer on a chain, by the address book of the project in `root`.
pub(crate) fn consumer_of(root: &Path, chain_id: u64) -> Outcome<Address> {
    address_of(latest(root, chain_id)?.consumer.as_ref(), "consumer")
}
