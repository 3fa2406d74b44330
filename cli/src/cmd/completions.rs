//! `hallmark completions`.

use crate::error::Outcome;
use crate::opts::{CompletionsArgs, Opts};
use crate::output::Shell;
use clap::CommandFactory;

pub(crate) fn run(shell: &Shell, args: CompletionsArgs) -> Outcome<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Opts::command(), "hallmark", &mut script);
    shell.raw(&String::from_utf8_lossy(&script))
}
