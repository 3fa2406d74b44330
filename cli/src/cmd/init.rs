//! `hallmark init`.

use crate::cache::CACHE_FOLDER;
use crate::cmd::{build, new};
use crate::error::{Failure, Outcome};
use crate::opts::InitArgs;
use crate::output::Shell;
use hallmark_scaffold::{self as scaffold, Framework};
use serde_json::json;
use std::path::{Path, PathBuf};

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: InitArgs) -> Outcome<()> {
    let dir = folder.unwrap_or_else(|| PathBuf::from("."));
    if args.undo {
        return undo(shell, &dir, args.dry_run);
    }
    let framework = args.framework.map_or_else(|| Framework::detect(&dir), Framework::from);
    scaffold::check_init(&dir, framework)?;
    let made = new::make(shell, &args.model, args.template.into(), framework, &dir)?;
    if args.dry_run {
        let plan = scaffold::plan_init(&dir, &made.spec)?;
        build::report_skipped(shell, &plan);
        let value = json!({
            "would_write": build::names(&plan.written),
            "skipped": build::skipped(&plan),
            "notes": plan.notes,
        });
        return shell.result(&value, || {
            let added = plan.written.iter().map(|path| format!("add    {}\n", path.display()));
            let kept = plan.skipped.iter().map(|file| format!("keep   {}\n", file.path.display()));
            added.chain(kept).collect()
        });
    }
    let written = scaffold::init_project(&dir, &made.spec)?;
    made.keep_cache(&dir)?;
    new::report(shell, &dir, &made, &written)
}

fn undo(shell: &Shell, dir: &Path, dry_run: bool) -> Outcome<()> {
    let undone = scaffold::undo_init(dir, dry_run)?;
    let cache = dir.join(CACHE_FOLDER);
    if !dry_run && cache.exists() {
        std::fs::remove_dir_all(&cache).map_err(|error| Failure::io("remove", &cache, &error))?;
    }
    for file in &undone.kept {
        shell.warn(&format!("`{}` was left as it is: {}", file.path.display(), file.reason));
    }
    let value = json!({
        "removed": build::names(&undone.removed),
        "kept": undone.kept.iter().map(build::skipped_file).collect::<Vec<_>>(),
        "dry_run": dry_run,
    });
    shell.result(&value, || {
        let removed = undone.removed.iter().map(|path| format!("remove {}\n", path.display()));
        let kept = undone.kept.iter().map(|file| format!("keep   {}\n", file.path.display()));
        removed.chain(kept).collect()
    })
}
