//! `hallmark prove`.

use crate::context;
use crate::error::Outcome;
use crate::inputs;
use crate::opts::ProveArgs;
use crate::output::Shell;
use crate::project::Project;
use crate::stages::{Bench, PROOF};
use hallmark_scaffold as scaffold;
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: ProveArgs) -> Outcome<()> {
    let project = Project::open(folder)?;
    let project = match &args.member {
        Some(name) => project.member(name)?,
        None => project,
    };
    let mut bench = Bench::open(shell, project, false)?;
    let parts = args.context.resolve(&bench.project.root)?;
    let (proof, path) = match (args.input, args.out) {
        (input, Some(out)) if input.is_some() || parts.is_some() => {
            let input = input.unwrap_or_else(|| bench.project.path(&bench.project.settings.model.input));
            let sample = inputs::read(&input, &bench.loaded.model)?;
            let (proof, _) = bench.prove_input(&sample, parts)?;
            proof.write(&out)?;
            if parts.is_none() {
                shell.note(
                    "bound to no context: no consumer accepts this proof; give --chain-id and --consumer, \
                     or --deployment, and --account and --deadline",
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
    warn_of_other_contracts(shell, &bench.project, args.member.as_deref(), &proof.verifying_key_id);
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

/// Contracts and keys part when the SRS is another one, as on another machine, or the model was changed.
fn warn_of_other_contracts(shell: &Shell, project: &Project, member: Option<&str>, key_id: &[u8]) {
    let name = member.map_or_else(|| "verifying_key".to_owned(), |name| format!("{name}.verifying_key"));
    let Some(expected) = scaffold::provenance_of(&project.root).and_then(|mut all| all.remove(&name)) else {
        return;
    };
    let found = hex::encode(key_id);
    if found != expected {
        shell.warn(&format!(
            "the contracts here are for verifying key {expected}, this proof is for {found}, and they refuse it: \
             the model or the SRS is another one; `hallmark build` makes contracts for it"
        ));
    }
}
