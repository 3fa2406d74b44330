//! `hallmark calibrate`, `compile`, `setup`: the pipeline step by step.

use crate::error::Outcome;
use crate::output::{Shell, table};
use crate::project::Project;
use crate::stages::{Bench, GRAPH, PROVING_KEY, VERIFYING_KEY};
use hallmark_circuit::cost;
use serde_json::json;
use std::path::PathBuf;

/// Rows of name and value.
fn pairs(rows: &[(&str, String)]) -> String {
    table(&rows.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect::<Vec<_>>())
}

pub(crate) fn calibrate(shell: &Shell, folder: Option<PathBuf>) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let quantised = bench.quantised()?;
    let (settings, accuracy) = (quantised.graph.settings, quantised.accuracy);
    let path = bench.project.cache.path(GRAPH);
    let value = json!({
        "changed": !bench.made.is_empty(), "file": path, "settings": settings, "accuracy": accuracy,
    });
    shell.result(&value, || {
        pairs(&[
            ("samples", accuracy.samples.to_string()),
            ("allowed error", format!("{:.3e}", accuracy.bound)),
            ("largest error", format!("{:.3e}", accuracy.max_abs_error)),
            ("mean error", format!("{:.3e}", accuracy.mean_abs_error)),
            ("same argmax", (if accuracy.argmax_match { "yes" } else { "no" }).to_owned()),
            ("activation bits", settings.activation_bits().to_string()),
            ("shift bits", settings.shift().to_string()),
        ])
    })
}

pub(crate) fn compile(shell: &Shell, folder: Option<PathBuf>) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    let s = bench.circuit()?.statistics();
    let estimate = cost::estimate(&s);
    shell.result(&json!({ "statistics": s, "estimate": estimate }), || {
        pairs(&[
            ("k", s.k.to_string()),
            ("rows", s.rows.to_string()),
            ("advice columns", s.advice_columns.to_string()),
            ("fixed columns", s.fixed_columns.to_string()),
            ("lookups", s.lookups.to_string()),
            ("largest degree", s.max_degree.to_string()),
            ("public values", s.instances.to_string()),
            ("proving, CPU seconds", format!("{:.2}", estimate.prove_cpu_seconds)),
            ("proof bytes", format!("{:.0}", estimate.proof_bytes)),
            ("verify gas", format!("{:.0}", estimate.verify_gas)),
        ])
    })
}

pub(crate) fn setup(shell: &Shell, folder: Option<PathBuf>) -> Outcome<()> {
    let mut bench = Bench::open(shell, Project::open(folder)?, false)?;
    bench.keys()?;
    let key = bench.verifying_key()?;
    let files = [PROVING_KEY, VERIFYING_KEY].map(|name| bench.project.cache.path(name));
    let value = json!({
        "changed": !bench.made.is_empty(),
        "verifying_key_id": hex::encode(key.id()),
        "srs_id": hex::encode(key.srs().id),
        "proving_key": files[0],
        "verifying_key": files[1],
    });
    shell.result(&value, || {
        pairs(&[
            ("verifying key", hex::encode(key.id())),
            ("SRS", hex::encode(key.srs().id)),
            ("proving key file", files[0].display().to_string()),
            ("verifying key file", files[1].display().to_string()),
        ])
    })
}
