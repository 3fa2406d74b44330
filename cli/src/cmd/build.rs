//! `hallmark build`.

use crate::error::Outcome;
use crate::opts::BuildArgs;
use crate::output::{Shell, table, thousands};
use crate::project::Project;
use crate::stages::Bench;
use hallmark_scaffold::{self as scaffold, Written};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: BuildArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, args.force)?;
    let (spec, report) = bench.everything(&args.solc)?;
    let written = scaffold::refresh_project(&bench.project.root, &spec)?;
    report_skipped(shell, &written);
    let changed = !bench.made.is_empty() || !written.written.is_empty();
    let value = json!({
        "changed": changed,
        "stages": bench.made,
        "written": names(&written.written),
        "skipped": skipped(&written),
        "verifying_key_id": hex::encode(spec.main.fixture.verifying_key_id),
        "verify_gas": report.profile.total,
    });
    shell.result(&value, || {
        if !changed {
            return "nothing changed".to_owned();
        }
        let mut rows = vec![vec!["made".to_owned(), bench.made.join(", ")]];
        rows.extend(written.written.iter().map(|p| vec!["wrote".into(), p.display().to_string()]));
        rows.push(vec!["verify gas".into(), thousands(report.profile.total)]);
        table(&rows)
    })
}

/// Says which files were left alone although they are out of date.
pub(crate) fn report_skipped(shell: &Shell, written: &Written) {
    for note in &written.notes {
        shell.warn(note);
    }
    for file in &written.skipped {
        let remade = if file.reason == "changed by hand" { "; delete it to have it made again" } else { "" };
        shell.warn(&format!("`{}` was left as it is: {}{remade}", file.path.display(), file.reason));
    }
}

/// Paths with forward slashes.
pub(crate) fn names(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| name(path)).collect()
}

/// Skipped files with the reason.
pub(crate) fn skipped(written: &Written) -> Vec<serde_json::Value> {
    written.skipped.iter().map(skipped_file).collect()
}

/// One of them.
pub(crate) fn skipped_file(file: &scaffold::Skipped) -> serde_json::Value {
    json!({ "path": name(&file.path), "reason": file.reason })
}

fn name(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
