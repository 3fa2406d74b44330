//! `hallmark prove`.

use crate::context;
use crate::error::Outcome;
use crate::inputs;
use crate::opts::ProveArgs;
use crate::output::Shell;
use crate::project::Project;
use crate::stages::{Bench, PROOF};
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: ProveArgs) -> Outcome<()> {
    let project = Project::open(folder)?;
    let project = match &args.member {
        Some(name) => project.member(name)?,
        None => project,
    };
    let mut bench = Bench::open(shell, project, false)?;
    let parts = args.context.parts();
    let (proof, path) = match (args.input, args.out) {
        (input, Some(out)) if input.is_some() || parts.is_some() => {
            let input = input.unwrap_or_else(|| bench.project.path(&bench.project.settings.model.input));
            let sample = inputs::read(&input, &bench.loaded.model)?;
            let (proof, _) = bench.prove_input(&sample, parts)?;
            proof.write(&out)?;
            if parts.is_none() {
                shell.note(
                    "bound to no context: no consumer accepts this proof; give --chain-id, --consumer, \
                     --account and --deadline",
                );
            }
            (proof, out)
        }
        (_, Some(out)) => {
            let proof = bench.proof()?;
            proof.write(&out)?;
            (proof, out)
        }
        (_, None) => (bench.proof()?, bench.project.cache.path(PROOF)),
    };
    let value = json!({
        "changed": !bench.made.is_empty(),
        "proof": path,
        "proof_bytes": proof.bytes.len(),
        "instances": proof.instances.len(),
        "context": context::to_json(&proof),
        "verifying_key_id": hex::encode(proof.verifying_key_id),
    });
    shell.result(&value, || path.display().to_string())
}
