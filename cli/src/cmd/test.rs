//! `hallmark test`.

use crate::cmd::build;
use crate::error::{Failure, Outcome};
use crate::forge::Forge;
use crate::opts::TestArgs;
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::stages::Bench;
use hallmark_scaffold::{self as scaffold, Framework};
use std::path::PathBuf;
use std::process::Command;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: TestArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let root = bench.project.root.clone();
    let framework = scaffold::framework_of(&root)?;
    let forge = match framework {
        Framework::Foundry => Some(Forge::locate(&root)?),
        Framework::Hardhat => None,
        Framework::Remix => {
            return Err(Failure::new("a project for Remix has no tests to run")
                .hint("`hallmark verify --evm` runs the verifier on the stored proof"));
        }
    };
    let (spec, _) = bench.everything(&args.solc)?;
    let written = scaffold::refresh_project(&root, &spec)?;
    build::report_skipped(shell, &written);
    if bench.made.is_empty() && written.written.is_empty() {
        shell.done("Up to date", "nothing changed");
    }
    let (mut command, name) = match forge {
        Some(forge) => {
            let solc = pipeline::locate_solc(&args.solc, &root)?;
            let mut command = Command::new(&forge.path);
            // Forge finds a compiler of its own only where it may download one.
            command.arg("test").env("FOUNDRY_SOLC", solc.path());
            if shell.json() {
                command.arg("--json");
            }
            (command, "forge test")
        }
        None => {
            let mut command = Command::new("npx");
            // Nothing is downloaded: Hardhat is among the project's packages or the test fails.
            command.args(["--no-install", "hardhat", "test"]);
            (command, "npx hardhat test")
        }
    };
    let status = command
        .current_dir(&root)
        .args(&args.forge)
        .status()
        .map_err(|error| Failure::new(format!("cannot run `{name}`: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(match status.code() {
        Some(code) => format!("`{name}` failed with exit code {code}"),
        None => format!("`{name}` was stopped by a signal"),
    }))
}
