//! `hallmark export`.

use crate::context;
use crate::error::{Failure, Outcome};
use crate::opts::{Artefact, ExportArgs};
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::stages::Bench;
use crate::subject::Repository;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolValue;
use hallmark_proof::{ContextParts, Proof};
use hallmark_solidity::calldata;
use serde_json::json;
use std::path::PathBuf;

/// Calldata of a consumer's function that takes a proof.
pub(crate) fn submission(selector: [u8; 4], proof: &Proof, parts: &ContextParts) -> Vec<u8> {
    let arguments = (
        Bytes::from(proof.bytes.clone()),
        pipeline::words(proof).into_iter().map(U256::from_be_bytes::<32>).collect::<Vec<_>>(),
        Address::from(parts.account),
        U256::from_be_bytes(parts.nonce),
        U256::from_be_bytes(parts.deadline),
    );
    let mut data = selector.to_vec();
    data.extend(arguments.abi_encode_params());
    data
}

/// The context of a proof that is for a consumer.
pub(crate) fn bound(proof: &Proof) -> Outcome<ContextParts> {
    proof.context_parts().copied().ok_or_else(|| {
        Failure::new("the proof is bound to no consumer").hint(
            "prove it for one: `hallmark prove --out FILE --chain-id N --consumer A --account A --deadline N`",
        )
    })
}

/// What the functions take by which consumers take a proof.
const SUBMIT_PARAMETERS: &str = "(bytes,uint256[],address,uint256,uint256)";

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: ExportArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    if args.what == Artefact::Verifier {
        let verifier = bench.verifier()?;
        let value = json!({ "contract": verifier.contract_name, "source": verifier.source });
        return shell.result(&value, || verifier.source.clone());
    }
    let proof = match args.proof {
        Some(path) => Proof::read(&path)?,
        None => bench.proof()?,
    };
    let instances = pipeline::words(&proof);
    match args.what {
        Artefact::Calldata => {
            let data = hex::encode(calldata::encode_words(&proof.bytes, &instances));
            shell.result(&json!({ "calldata": format!("0x{data}") }), || format!("0x{data}"))
        }
        Artefact::Submit => {
            let parts = bound(&proof)?;
            let function = match &args.function {
                Some(name) => hallmark_solidity::selector(&format!("{name}{SUBMIT_PARAMETERS}")),
                None => {
                    let repository = Repository::read(shell, &mut bench.project, &args.solc, true)?;
                    repository.consumer()?.1
                }
            };
            let data = submission(function, &proof, &parts);
            let data = format!("0x{}", hex::encode(data));
            let value = json!({ "calldata": data, "context": context::to_json(&proof) });
            shell.result(&value, || data.clone())
        }
        Artefact::Proof | Artefact::Verifier => {
            let word = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
            let value = json!({
                "proof": word(&proof.bytes),
                "instances": instances.iter().map(|i| word(i)).collect::<Vec<_>>(),
                "verifying_key_id": word(&proof.verifying_key_id),
                "srs_id": word(&proof.srs.id),
                "dev_srs": pipeline::is_dev(&proof),
                "context": context::to_json(&proof),
            });
            // A proof has no other textual form.
            shell.result(&value, || format!("{value:#}"))
        }
    }
}
