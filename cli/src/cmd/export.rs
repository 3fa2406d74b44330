//! `hallmark export`.

use crate::context;
use crate::error::Outcome;
use crate::opts::{Artefact, ExportArgs};
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::stages::Bench;
use hallmark_proof::Proof;
use hallmark_solidity::calldata;
use serde_json::json;
use std::path::PathBuf;

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
