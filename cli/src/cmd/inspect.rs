//! `hallmark inspect`.

use crate::error::Outcome;
use crate::inputs;
use crate::opts::InspectArgs;
use crate::output::{Shell, table, thousands};
use crate::pipeline;
use hallmark_circuit::cost;
use hallmark_graph::NodeReport;
use serde_json::json;

pub(crate) fn run(shell: &Shell, args: InspectArgs) -> Outcome<()> {
    let dimensions = args.dimensions.dimensions.into_iter().collect();
    let loaded = inputs::load(shell, &args.model, &dimensions)?;
    let model = &loaded.model;
    let nodes = model.inspect();
    let unsupported = nodes.iter().filter(|node| node.unsupported.is_some()).count();
    let parameters: u64 = nodes.iter().map(|node| node.parameters as u64).sum();
    let macs: u64 = nodes.iter().map(|node| node.macs as u64).sum();
    // What a proof would cost is known only once the scales are: on random inputs if need be.
    let totals = if unsupported == 0 {
        let sample = match &args.input {
            Some(path) => inputs::read_many(path, model)?,
            None => vec![inputs::random(shell, model, inputs::DEFAULT_SEED)?],
        };
        let objective = args.objective.into();
        let quantised = pipeline::calibrate(shell, model, &sample, args.accuracy.bound(), objective)?;
        let circuit = pipeline::compile(shell, &quantised.graph, objective)?;
        Some((circuit.statistics(), quantised.accuracy))
    } else {
        shell.warn(&format!("{unsupported} node(s) are not supported: no proof is possible yet"));
        None
    };
    let tensor = |spec: &hallmark_graph::TensorSpec| json!({ "name": spec.name, "shape": spec.shape });
    let value = json!({
        "model": loaded.name,
        "sha256": hex::encode(model.sha256()),
        "inputs": model.inputs().iter().map(tensor).collect::<Vec<_>>(),
        "outputs": model.outputs().iter().map(tensor).collect::<Vec<_>>(),
        "nodes": nodes.iter().map(node).collect::<Vec<_>>(),
        "supported": unsupported == 0,
        "parameters": parameters,
        "macs": macs,
        "statistics": totals.as_ref().map(|(statistics, _)| statistics),
        "estimate": totals.as_ref().map(|(statistics, _)| cost::estimate(statistics)),
        "accuracy": totals.as_ref().map(|(_, accuracy)| accuracy),
    });
    shell.result(&value, || {
        let mut rows = vec![["node", "operator", "shape", "parameters", "MACs"].map(str::to_owned).to_vec()];
        for node in &nodes {
            rows.push(vec![
                node.name.clone(),
                node.operator.clone(),
                format!("{:?}", node.shape),
                thousands(node.parameters as u64),
                thousands(node.macs as u64),
            ]);
        }
        rows.push(vec!["total".into(), String::new(), String::new(), thousands(parameters), thousands(macs)]);
        let mut text = table(&rows);
        for node in &nodes {
            if let Some(reason) = &node.unsupported {
                text.push_str(&format!("not supported: `{}` ({}): {reason}\n", node.name, node.operator));
            }
        }
        if let Some((statistics, accuracy)) = &totals {
            text.push_str(&format!("\n{}", totals_table(statistics, accuracy)));
        }
        text
    })
}

fn node(node: &NodeReport) -> serde_json::Value {
    json!({
        "name": node.name, "operator": node.operator, "shape": node.shape,
        "parameters": node.parameters, "macs": node.macs,
        "supported": node.unsupported.is_none(), "reason": node.unsupported,
    })
}

fn totals_table(statistics: &hallmark_circuit::cost::Statistics, accuracy: &pipeline::Accuracy) -> String {
    let estimate = cost::estimate(statistics);
    let rows = [
        ("rows", format!("{} of 2^{}", thousands(statistics.rows as u64), statistics.k)),
        ("columns", format!("{} advice, {} fixed", statistics.advice_columns, statistics.fixed_columns)),
        ("public values", statistics.instances.to_string()),
        ("largest error", format!("{:.2e} on {} sample(s)", accuracy.max_abs_error, accuracy.samples)),
        ("proving (estimate)", format!("{:.2} CPU s", estimate.prove_cpu_seconds)),
        ("memory (estimate)", format!("{:.0} MB", estimate.prove_memory_bytes as f64 / f64::from(1 << 20))),
        ("proof (estimate)", format!("{:.0} bytes", estimate.proof_bytes)),
        ("verify gas (estimate)", format!("{:.0}", estimate.verify_gas)),
        ("verifier (estimate)", format!("{:.0} bytes", estimate.verifier_bytes)),
    ];
    table(&rows.map(|(name, value)| vec![name.to_owned(), value]))
}
