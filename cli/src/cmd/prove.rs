//! `hallmark prove`.

use crate::error::Outcome;
use crate::inputs;
use crate::opts::ProveArgs;
use crate::output::Shell;
use crate::project::Project;
use crate::stages::{Bench, PROOF};
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: ProveArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let (proof, path) = match (args.input, args.out) {
        (Some(input), Some(out)) => {
            let sample = inputs::read(&input, &bench.loaded.model)?;
            let (proof, _) = bench.prove_input(&sample)?;
            proof.write(&out)?;
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
        "verifying_key_id": hex::encode(proof.verifying_key_id),
    });
    shell.result(&value, || path.display().to_string())
}
