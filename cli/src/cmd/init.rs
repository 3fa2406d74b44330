//! `hallmark init`.

use crate::cmd::new;
use crate::error::Outcome;
use crate::opts::InitArgs;
use crate::output::Shell;
use hallmark_scaffold as scaffold;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: InitArgs) -> Outcome<()> {
    let dir = folder.unwrap_or_else(|| PathBuf::from("."));
    scaffold::check_init(&dir)?;
    let made = new::make(shell, &args.model, args.template.into(), &dir)?;
    let written = scaffold::init_project(&dir, &made.spec)?;
    made.keep_cache(&dir)?;
    new::report(shell, &dir, &made, &written)
}
