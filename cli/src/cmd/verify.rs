//! `hallmark verify`.

mod live;

use crate::context;
use crate::error::{Failure, Outcome};
use crate::opts::VerifyArgs;
use crate::output::{Shell, thousands};
use crate::pipeline;
use crate::project::Project;
use crate::stages::{PROOF, VERIFYING_KEY};
use hallmark_proof::Proof;
use hallmark_proof::halo2::VerifyingKey;
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: VerifyArgs) -> Outcome<()> {
    if let Some(url) = &args.rpc_url {
        return live::run(shell, Project::open(folder)?, &args, url);
    }
    // With both files named, no project is needed.
    let project = match (&args.proof, &args.key) {
        (Some(_), Some(_)) => None,
        _ => Some(Project::open(folder)?),
    };
    let file = |given: &Option<PathBuf>, name: &str| -> Outcome<PathBuf> {
        if let Some(path) = given {
            return Ok(path.clone());
        }
        let path = project.as_ref().map(|p| p.cache.path(name)).unwrap_or_default();
        if path.is_file() {
            return Ok(path);
        }
        Err(Failure::new(format!("`{}` is not there yet", path.display())).hint("`hallmark build` makes it"))
    };
    let key_path = file(&args.key, VERIFYING_KEY)?;
    let proof_path = file(&args.proof, PROOF)?;
    let key = VerifyingKey::read(&key_path)?;
    let proof = Proof::read(&proof_path)?;
    pipeline::verify(&key, &proof)?;
    let evm = if args.evm {
        let here = project.as_ref().map_or(Path::new("."), |project| project.root.as_path());
        let solc = pipeline::locate_solc(&args.solc, here)?;
        let verifier = pipeline::generate(&key, "named by the verifying key")?;
        let artifact = pipeline::compile_verifier(shell, &solc, &verifier)?;
        let report = pipeline::check_on_evm(shell, &artifact, &proof)?;
        report.require()?;
        Some(report)
    } else {
        None
    };
    let value = json!({
        "valid": true,
        "verifying_key_id": hex::encode(key.id()),
        "srs_id": hex::encode(key.srs().id),
        "dev_srs": pipeline::is_dev(&proof),
        "context": context::to_json(&proof),
        "evm": evm,
    });
    shell.result(&value, || {
        let native =
            format!("valid for verifying key {}\n{}", hex::encode(key.id()), context::describe(&proof));
        match &evm {
            Some(report) => format!(
                "{native}\naccepted by the contract ({}), {} gas",
                report.hard_fork.name(),
                thousands(report.profile.total)
            ),
            None => native,
        }
    })
}
