//! From words on the command line to an exit code.

use crate::cmd;
use crate::error::Failure;
use crate::opts::{Command, Opts};
use crate::output::Shell;
use clap::Parser;
use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

/// What the person can mend.
const FAILURE: u8 = 1;
/// What only we can mend.
const BUG: u8 = 2;

/// Where the last panic happened: printed only when nothing caught it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Parses, runs, reports.
pub(crate) fn run() -> ExitCode {
    let opts = match Opts::try_parse() {
        Ok(opts) => opts,
        Err(error) => {
            // `--help` and `--version` are results, everything else is the person's to mend.
            let code = if error.use_stderr() { FAILURE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let shell = Shell::new(&opts.global);
    panic::set_hook(Box::new(|info| {
        if let Ok(mut place) = PANIC.lock() {
            let location = info.location().map(ToString::to_string).unwrap_or_default();
            *place = Some(format!("{} at {location}", message(info.payload())));
        }
    }));
    if let Err(failure) = check_processor() {
        shell.error(&failure);
        return ExitCode::from(FAILURE);
    }
    match panic::catch_unwind(AssertUnwindSafe(|| dispatch(&shell, opts))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            shell.error(&failure);
            ExitCode::from(if failure.bug { BUG } else { FAILURE })
        }
        Err(payload) => {
            let place = PANIC.lock().ok().and_then(|mut place| place.take());
            let what = place.unwrap_or_else(|| message(payload.as_ref()));
            shell.error(&Failure::bug(what));
            ExitCode::from(BUG)
        }
    }
}

/// The field arithmetic is assembly on x86-64 and uses instructions that processors have had since
/// about 2015.
#[cfg(target_arch = "x86_64")]
fn check_processor() -> Result<(), Failure> {
    if std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("adx") {
        return Ok(());
    }
    Err(Failure::new("this processor lacks the BMI2 or ADX instructions that proving needs")
        .hint("run on an x86-64 processor of 2015 or later, or on another architecture"))
}

#[cfg(not(target_arch = "x86_64"))]
fn check_processor() -> Result<(), Failure> {
    Ok(())
}

fn message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

fn dispatch(shell: &Shell, opts: Opts) -> Result<(), Failure> {
    let folder = opts.global.project;
    match opts.command {
        Command::New(args) => cmd::new::run(shell, args),
        Command::Init(args) => cmd::init::run(shell, folder, args),
        Command::Inspect(args) => cmd::inspect::run(shell, args),
        Command::Calibrate => cmd::steps::calibrate(shell, folder),
        Command::Compile => cmd::steps::compile(shell, folder),
        Command::Setup => cmd::steps::setup(shell, folder),
        Command::Prove(args) => cmd::prove::run(shell, folder, args),
        Command::Verify(args) => cmd::verify::run(shell, folder, args),
        Command::Export(args) => cmd::export::run(shell, folder, args),
        Command::Build(args) => cmd::build::run(shell, folder, args),
        Command::Gas(args) => cmd::gas::run(shell, folder, *args),
        Command::Deploy(args) => cmd::deploy::run(shell, folder, args),
        Command::Submit(args) => cmd::submit::run(shell, folder, args),
        Command::Test(args) => cmd::test::run(shell, folder, args),
        Command::Bench(args) => cmd::bench::run(shell, args),
        Command::Srs(args) => cmd::srs::run(shell, args),
        Command::Doctor(args) => cmd::doctor::run(shell, folder, args),
        Command::Completions(args) => cmd::completions::run(shell, args),
    }
}
