//! `hallmark export`.

use crate::context;
use crate::error::{Failure, Outcome};
use crate::opts::{Artefact, ExportArgs};
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::stages::Bench;
use crate::subject::{Repository, Submission};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolValue;
use hallmark_proof::{ContextParts, Proof};
use hallmark_solidity::calldata;
use serde_json::json;
use std::path::PathBuf;

/// Calldata of a consumer's function that takes proofs, all for the same context.
///
/// # Errors
/// When there are not as many proofs as the function takes, or they are for several contexts.
pub(crate) fn submission(function: Submission, proofs: &[Proof], parts: &ContextParts) -> Outcome<Vec<u8>> {
    let instances = |proof: &Proof| -> Vec<U256> {
        pipeline::words(proof).into_iter().map(U256::from_be_bytes::<32>).collect()
    };
    let account = Address::from(parts.account);
    let (nonce, deadline) = (U256::from_be_bytes(parts.nonce), U256::from_be_bytes(parts.deadline));
    for proof in proofs {
        if bound(proof)? != *parts {
            return Err(Failure::new("the proofs are for different contexts").hint(
                "an ensemble takes proofs for one chain, consumer, account, nonce and deadline: prove them again, \
                 each with `--member NAME` and the same context",
            ));
        }
    }
    let (selector, arguments) = match (function, proofs) {
        (Submission::One(selector), [proof]) => {
            let bytes = Bytes::from(proof.bytes.clone());
            (selector, (bytes, instances(proof), account, nonce, deadline).abi_encode_params())
        }
        (Submission::One(_), _) => {
            return Err(Failure::new(format!("the consumer takes one proof, {} are given", proofs.len()))
                .hint("give `--proof` once"));
        }
        (Submission::Ensemble(selector), [_, _, ..]) => {
            let all: Vec<(Bytes, Vec<U256>)> =
                proofs.iter().map(|proof| (Bytes::from(proof.bytes.clone()), instances(proof))).collect();
            (selector, (all, account, nonce, deadline).abi_encode_params())
        }
        (Submission::Ensemble(_), _) => {
            return Err(Failure::new("the consumer takes a proof of each of several models").hint(
                "give them all, in the consumer's order: `--proof main.proof --proof second.proof …`; `hallmark \
                 prove --member NAME` makes those of further models",
            ));
        }
    };
    Ok([&selector[..], &arguments].concat())
}

/// The context of a proof that is for a consumer.
pub(crate) fn bound(proof: &Proof) -> Outcome<ContextParts> {
    proof.context_parts().copied().ok_or_else(|| {
        Failure::new("the proof is bound to no consumer").hint(
            "prove it for one: `hallmark prove --out FILE --chain-id N --consumer A --account A --deadline N`",
        )
    })
}

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: ExportArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    if args.what == Artefact::Verifier {
        let verifier = bench.verifier()?;
        let value = json!({ "contract": verifier.contract_name, "source": verifier.source });
        return shell.result(&value, || verifier.source.clone());
    }
    let mut proofs = args.proof.iter().map(|path| Proof::read(path)).collect::<Result<Vec<_>, _>>()?;
    if proofs.is_empty() {
        proofs.push(bench.proof()?);
    }
    if proofs.len() > 1 && args.what != Artefact::Submit {
        return Err(
            Failure::new("`--proof` is given several times").hint("only `submit` takes several proofs")
        );
    }
    let proof = &proofs[0];
    let instances = pipeline::words(proof);
    match args.what {
        Artefact::Calldata => {
            let data = hex::encode(calldata::encode_words(&proof.bytes, &instances));
            shell.result(&json!({ "calldata": format!("0x{data}") }), || format!("0x{data}"))
        }
        Artefact::Submit => {
            let parts = bound(proof)?;
            let function = match &args.function {
                Some(name) => Submission::named(name, proofs.len()),
                None => {
                    let repository = Repository::read(shell, &mut bench.project, &args.solc, true)?;
                    repository.consumer()?.1
                }
            };
            let data = submission(function, &proofs, &parts)?;
            let data = format!("0x{}", hex::encode(data));
            let value = json!({ "calldata": data, "context": context::to_json(proof) });
            shell.result(&value, || data.clone())
        }
        Artefact::Proof | Artefact::Verifier => {
            let word = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
            let value = json!({
                "proof": word(&proof.bytes),
                "instances": instances.iter().map(|i| word(i)).collect::<Vec<_>>(),
                "verifying_key_id": word(&proof.verifying_key_id),
                "srs_id": word(&proof.srs.id),
                "dev_srs": pipeline::is_dev(proof),
                "context": context::to_json(proof),
            });
            // A proof has no other textual form.
            shell.result(&value, || format!("{value:#}"))
        }
    }
}
