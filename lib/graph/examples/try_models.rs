//! Quantises models with given settings and prints their errors.
#![allow(clippy::print_stdout, missing_docs)]
use hallmark_graph::ir::QuantisationSettings;
use hallmark_graph::{Model, execute, input, outputs, quantise};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments[0] == "auto" {
        return auto(&arguments[1..]);
    }
    let (t, low, high, f): (u32, u32, u32, u32) = {
        let n: Vec<u32> = arguments[0].split(',').map(|s| s.parse().expect("number")).collect();
        (n[0], n[1], n[2], n[3])
    };
    for folder in &arguments[1..] {
        let path = Path::new(folder);
        let start = Instant::now();
        let model = match Model::load(&path.join("network.onnx"), &BTreeMap::new()) {
            Ok(m) => m,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let inputs = match input::read_inputs(&path.join("input.json"), &model) {
            Ok(m) => m,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let load = start.elapsed();
        let settings =
            QuantisationSettings { limb_bits: t, low_limbs: low, high_limbs: high, fraction_bits: f };
        let start = Instant::now();
        let graph = match quantise(&model, std::slice::from_ref(&inputs), settings, 4.0) {
            Ok(g) => g,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let quantised = start.elapsed();
        let expected = model.run(&inputs).expect("run");
        let start = Instant::now();
        let execution = match execute(&graph, &inputs) {
            Ok(g) => g,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let executed = start.elapsed();
        let found = outputs(&graph, &execution);
        let mut error = 0f64;
        for (a, b) in expected.iter().flatten().zip(found.iter().flatten()) {
            error = error.max((a - b).abs());
        }
        println!(
            "{folder}: error {error:.3e} nodes {} tables {:?} load {load:?} quantise {quantised:?} execute {executed:?}",
            graph.nodes.len(),
            graph.tables.iter().map(|t| t.base.len()).collect::<Vec<_>>()
        );
        if std::env::var("SHOW").is_ok() {
            for (node, tensor) in graph.nodes.iter().zip(&graph.tensors) {
                let kind = match &node.operation {
                    hallmark_graph::ir::Operation::Input { limbs, .. } => {
                        format!("input limbs {limbs}")
                    }
                    hallmark_graph::ir::Operation::Linear { terms, .. } => format!(
                        "linear {:?}",
                        terms
                            .iter()
                            .map(|t| format!("{t:?}").split(' ').next().unwrap_or("").to_string())
                            .collect::<Vec<_>>()
                    ),
                    hallmark_graph::ir::Operation::Activate { source, function } => {
                        format!("activate {source:?} {function:?}")
                    }
                };
                println!(
                    "   {} ({}) {:?} f={} bits={} {kind}",
                    node.name,
                    node.operator,
                    tensor.shape,
                    tensor.fraction_bits,
                    128 - tensor.bounds.magnitude().leading_zeros()
                );
            }
            for o in &graph.outputs {
                println!("   out {} f={}", o.name, o.fraction_bits);
            }
        }
    }
}

fn bound(folder: &str) -> f64 {
    let name = folder.rsplit('/').next().unwrap_or_default();
    match name {
        "1l_mlp" => 2.3e-5,
        "1l_relu" => 5.1e-5,
        "2l_relu_fc" => 1e-6,
        "1l_conv" => 2.8e-6,
        "4l_relu_conv_fc" => 8.5e-5,
        "idolmodel" => 1.5e-5,
        "large_mlp" => 1.4e-4,
        "lenet_5" => 1.7e-4,
        "sklearn_mlp" => 1.9e-4,
        "layernorm" => 3.8e-4,
        "1l_softmax" => 5.6e-5,
        _ => 1e-4,
    }
}

fn auto(folders: &[String]) {
    use hallmark_graph::{AccuracyBound, calibrate};
    for folder in folders {
        let path = Path::new(folder);
        let model = match Model::load(&path.join("network.onnx"), &BTreeMap::new()) {
            Ok(m) => m,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let inputs = match input::read_inputs(&path.join("input.json"), &model) {
            Ok(m) => m,
            Err(e) => {
                println!("{folder}: {e}");
                continue;
            }
        };
        let start = Instant::now();
        let mut cost = |graph: &hallmark_graph::ir::IntegerGraph| {
            let s = graph.settings;
            let mut cells = 0u64;
            for (node, tensor) in graph.nodes.iter().zip(&graph.tensors) {
                cells += match &node.operation {
                    hallmark_graph::ir::Operation::Input { limbs, .. } => {
                        u64::from(*limbs) * tensor.len() as u64
                    }
                    hallmark_graph::ir::Operation::Linear { .. } => 0,
                    hallmark_graph::ir::Operation::Activate { .. } => {
                        u64::from(s.limbs()) * tensor.len() as u64
                    }
                };
            }
            let tables: u64 = graph.tables.iter().map(|t| t.base.len() as u64).sum();
            Some((cells + (1 << s.limb_bits) + tables) as f64)
        };
        match calibrate(
            &model,
            std::slice::from_ref(&inputs),
            AccuracyBound::Absolute(bound(folder)),
            &mut cost,
            &mut |_| (),
        ) {
            Ok(c) => {
                let scaled: Vec<Vec<f64>> =
                    inputs.iter().map(|v| v.iter().map(|x| x * 3.9).collect()).collect();
                let mild = match execute(&c.graph, &scaled) {
                    Ok(_) => "x3.9 ok".to_string(),
                    Err(e) => e.to_string(),
                };
                let s = c.settings;
                let mut counts = [0usize; 3];
                for (node, tensor) in c.graph.nodes.iter().zip(&c.graph.tensors) {
                    match &node.operation {
                        hallmark_graph::ir::Operation::Input { .. } => counts[0] += tensor.len(),
                        hallmark_graph::ir::Operation::Linear { terms, .. } => {
                            counts[2] += terms
                                .iter()
                                .map(|t| match t {
                                    hallmark_graph::ir::Term::Sparse { entries } => entries.len(),
                                    hallmark_graph::ir::Term::Dense { weights, .. }
                                    | hallmark_graph::ir::Term::Correlation { weights, .. } => weights.len(),
                                    hallmark_graph::ir::Term::Bilinear { .. } => 0,
                                })
                                .sum::<usize>()
                        }
                        hallmark_graph::ir::Operation::Activate { .. } => counts[1] += tensor.len(),
                    }
                }
                println!(
                    "{folder}: t={} {}+{} f={} error {:.2e} argmax {} inputs {} activations {} weights {} tables {:?} bits {} tried {} in {:?}; {mild}",
                    s.limb_bits,
                    s.low_limbs,
                    s.high_limbs,
                    s.fraction_bits,
                    c.max_abs_error,
                    c.argmax_match,
                    counts[0],
                    counts[1],
                    counts[2],
                    c.graph.tables.iter().map(|t| t.base.len()).collect::<Vec<_>>(),
                    c.graph
                        .tensors
                        .iter()
                        .map(|t| 128 - t.bounds.magnitude().leading_zeros())
                        .max()
                        .unwrap_or(0),
                    c.tried.len(),
                    start.elapsed()
                );
            }
            Err(e) => println!(
                "{folder}: {} ({:?})",
                e.to_string().chars().take(400).collect::<String>(),
                start.elapsed()
            ),
        }
    }
}
