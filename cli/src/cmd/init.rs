//! `hallmark init`.

use crate::cmd::{build, new};
use crate::error::Outcome;
use crate::opts::InitArgs;
use crate::output::Shell;
use hallmark_scaffold as scaffold;
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: InitArgs) -> Outcome<()> {
    let dir = folder.unwrap_or_else(|| PathBuf::from("."));
    scaffold::check_init(&dir)?;
    let made = new::make(shell, &args.model, args.template.into(), &dir)?;
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
