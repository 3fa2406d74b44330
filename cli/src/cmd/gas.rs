//! `hallmark gas`.

use crate::error::Outcome;
use crate::opts::GasArgs;
use crate::output::{Shell, table, thousands};
use crate::pipeline::{self, EvmReport};
use crate::project::Project;
use crate::stages::Bench;
use serde_json::json;
use std::path::PathBuf;

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: GasArgs) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let root = bench.project.root.clone();
    let solc = pipeline::locate_solc(&args.solc, &root)?;
    let report = bench.evm(&solc)?;
    shell.result(&to_json(&report), || to_text(&report))
}

fn to_json(report: &EvmReport) -> serde_json::Value {
    json!({
        "hard_fork": report.hard_fork,
        "verify_gas": report.profile.total,
        "intrinsic": report.profile.intrinsic,
        "calldata": report.profile.calldata,
        "execution": execution(report),
        "by_phase": report.profile.phases,
        "precompiles": report.profile.precompiles,
        "calldata_bytes": report.calldata_bytes,
        "deploy_gas": report.deploy_gas,
        "verifier_runtime_bytes": report.runtime_bytes,
    })
}

fn execution(report: &EvmReport) -> u64 {
    let profile = &report.profile;
    profile.total.saturating_sub(profile.intrinsic).saturating_sub(profile.calldata)
}

#[allow(clippy::cast_precision_loss)]
fn to_text(report: &EvmReport) -> String {
    let profile = &report.profile;
    let share = |gas: u64| format!("{:.1} %", 100.0 * gas as f64 / profile.total.max(1) as f64);
    let line = |name: &str, gas: u64| vec![name.to_owned(), thousands(gas), share(gas)];
    let mut rows = vec![vec![format!("gas ({})", report.hard_fork.name()), String::new()]];
    rows.push(line("intrinsic", profile.intrinsic));
    rows.push(line("calldata", profile.calldata));
    rows.push(line("execution", execution(report)));
    rows.push(line("total", profile.total));
    let mut text = table(&rows);
    let mut phases: Vec<_> = profile.phases.iter().collect();
    phases.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut rows = vec![vec!["by phase".to_owned()]];
    rows.extend(phases.into_iter().map(|(name, gas)| line(name, u64::try_from(*gas).unwrap_or(0))));
    text.push_str(&format!("\n{}", table(&rows)));
    let rows = [
        vec!["verifier code".to_owned(), format!("{} bytes", thousands(report.runtime_bytes as u64))],
        vec!["calldata".to_owned(), format!("{} bytes", thousands(report.calldata_bytes as u64))],
        vec!["deployment".to_owned(), format!("{} gas", thousands(report.deploy_gas))],
    ];
    text.push_str(&format!("\n{}", table(&rows)));
    text
}
