//! `hallmark test`.

use crate::cmd::build;
use crate::error::{Failure, Outcome};
use crate::forge::Forge;
use crate::opts::TestArgs;
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::stages::Bench;
use hallmark_scaffold as scaffold;
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: TestArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let root = bench.project.root.clone();
    let forge = Forge::locate(&root)?;
    let (spec, _) = bench.everything(&args.solc)?;
    let written = scaffold::refresh_project(&root, &spec)?;
    build::report_skipped(shell, &written);
    if bench.made.is_empty() && written.written.is_empty() {
        shell.done("Up to date", "nothing changed");
    }
    let solc = pipeline::locate_solc(&args.solc, &root)?;
    let mut command = Command::new(&forge.path);
    // Forge finds a compiler of its own only where it may download one.
    command.arg("test").current_dir(&root).env("FOUNDRY_SOLC", solc.path());
    if shell.json() {
        command.arg("--json");
    }
    let status = command
        .args(&args.forge)
        .status()
        .map_err(|error| Failure::new(format!("cannot run `{}`: {error}", forge.path.display())))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(match status.code() {
        Some(code) => format!("`forge test` failed with exit code {code}"),
        None => "`forge test` was stopped by a signal".to_owned(),
    }))
}
