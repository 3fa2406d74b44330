//! `hallmark bench`.

use crate::error::Outcome;
use crate::inputs;
use crate::measure::{Stopwatch, peak_memory_megabytes, reset_peak_memory};
use crate::opts::BenchArgs;
use crate::output::{Shell, table};
use crate::pipeline;
use crate::settings::objective_name;
use hallmark_circuit::Objective;
use hallmark_proof::ContextParts;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One line of a benchmark. Times are wall seconds unless the name says `cpu`.
#[derive(Debug, Serialize)]
struct Row {
    model: String,
    backend: &'static str,
    objective: &'static str,
    k: u32,
    rows: u64,
    advice_columns: u64,
    fixed_columns: u64,
    lookups: u64,
    max_degree: u64,
    parameters: u64,
    macs: u64,
    calibrate_s: f64,
    compile_s: f64,
    setup_s: f64,
    setup_cpu_s: f64,
    proving_key_bytes: usize,
    verifying_key_bytes: usize,
    witness_s: f64,
    prove_s: f64,
    prove_cpu_s: f64,
    prove_peak_rss_mb: Option<f64>,
    proof_bytes: usize,
    calldata_bytes: usize,
    instances: usize,
    verify_s: f64,
    verifier_runtime_bytes: usize,
    verifier_deploy_gas: u64,
    verify_gas: u64,
    verify_gas_by_phase: BTreeMap<String, i64>,
    evm_accepted: bool,
    evm_rejected_tampered: bool,
    max_abs_error: f64,
    mean_abs_error: f64,
    argmax_match: bool,
    hard_fork: &'static str,
    seed: u64,
}

pub(crate) fn run(shell: &Shell, args: BenchArgs) -> Outcome<()> {
    let solc = pipeline::locate_solc(&args.solc, Path::new("."))?;
    let dimensions = args.dimensions.dimensions.into_iter().collect();
    let objective: Objective = args.objective.into();
    let loaded = inputs::load(shell, &args.model, &dimensions)?;
    let model = &loaded.model;
    let nodes = model.inspect();
    let input = match &args.input {
        Some(path) => inputs::read(path, model)?,
        None => inputs::random(shell, model, args.seed)?,
    };
    let samples = [input];
    let [input] = &samples;

    let watch = Stopwatch::start();
    let quantised = pipeline::calibrate(shell, model, &samples, args.accuracy.bound(), objective)?;
    let calibrate = watch.lap();

    let watch = Stopwatch::start();
    let circuit = pipeline::compile(shell, &quantised.graph, objective)?;
    let compile = watch.lap();
    let statistics = circuit.statistics();

    let srs = pipeline::dev_srs(shell, statistics.k)?;
    let watch = Stopwatch::start();
    let key = pipeline::setup(shell, &circuit, &srs)?;
    let setup = watch.lap();
    let proving_key_bytes = key.to_bytes()?.len();
    let verifying_key_bytes = key.verifying_key().to_bytes()?.len();

    let watch = Stopwatch::start();
    let inference = pipeline::infer(model, &quantised.graph, input)?;
    let witness = watch.lap();

    // A proof that somebody could use: zero words are cheaper as calldata.
    let context = Some(ContextParts::fixture());
    let measured = reset_peak_memory();
    let (proof, prove) =
        pipeline::prove_timed(shell, &circuit, &quantised.graph, &inference, context, &key, &srs)?;
    let peak = measured.then(peak_memory_megabytes).flatten();

    let watch = Stopwatch::start();
    pipeline::verify(key.verifying_key(), &proof)?;
    let verify = watch.lap();

    let verifier = pipeline::generate(key.verifying_key(), &loaded.name)?;
    let artifact = pipeline::compile_verifier(shell, &solc, &verifier)?;
    let evm = pipeline::check_on_evm(shell, &artifact, &proof)?;

    let row = Row {
        model: loaded.name.clone(),
        backend: "halo2",
        objective: objective_name(objective),
        k: statistics.k,
        rows: statistics.rows as u64,
        advice_columns: statistics.advice_columns as u64,
        fixed_columns: statistics.fixed_columns as u64,
        lookups: statistics.lookups as u64,
        max_degree: statistics.max_degree as u64,
        parameters: nodes.iter().map(|node| node.parameters as u64).sum(),
        macs: nodes.iter().map(|node| node.macs as u64).sum(),
        calibrate_s: calibrate.wall,
        compile_s: compile.wall,
        setup_s: setup.wall,
        setup_cpu_s: setup.cpu,
        proving_key_bytes,
        verifying_key_bytes,
        witness_s: witness.wall + prove.witness.wall,
        prove_s: prove.prove.wall,
        prove_cpu_s: prove.prove.cpu,
        prove_peak_rss_mb: peak,
        proof_bytes: proof.bytes.len(),
        calldata_bytes: evm.calldata_bytes,
        instances: proof.instances.len(),
        verify_s: verify.wall,
        verifier_runtime_bytes: evm.runtime_bytes,
        verifier_deploy_gas: evm.deploy_gas,
        verify_gas: evm.profile.total,
        verify_gas_by_phase: evm.profile.phases.clone(),
        evm_accepted: evm.accepted,
        evm_rejected_tampered: evm.rejected_tampered,
        max_abs_error: inference.max_abs_error(),
        mean_abs_error: inference.mean_abs_error(),
        argmax_match: inference.argmax_match(),
        hard_fork: evm.hard_fork.name(),
        seed: args.seed,
    };
    let value = serde_json::to_value(&row).map_err(|error| crate::error::Failure::bug(error.to_string()))?;
    shell.result(&row, || {
        let rows: Vec<_> = value
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(name, value)| match value {
                serde_json::Value::Object(parts) => {
                    parts.iter().map(|(part, value)| vec![format!("  {part}"), cell(value)]).collect()
                }
                value => vec![vec![name.clone(), cell(value)]],
            })
            .collect();
        table(&rows)
    })?;
    // The figures of a failed check are still worth seeing.
    evm.require()
}

fn cell(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if number.is_f64() => {
            let value = number.as_f64().unwrap_or_default();
            if value != 0.0 && value.abs() < 1e-3 { format!("{value:.2e}") } else { format!("{value:.3}") }
        }
        other => other.to_string(),
    }
}
