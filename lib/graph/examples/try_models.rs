//! Quantises models with given settings and prints their errors.
#![allow(clippy::print_stdout, missing_docs)]
use hallmark_graph::ir::QuantisationSettings;
use hallmark_graph::{Model, execute, input, outputs, quantise};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
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
        let graph = match quantise(&model, &[inputs.clone()], settings, 4.0) {
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
        println!("{folder}: error {error:.3e} nodes {} tables {:?} load {load:?} quantise {quantised:?} execute {executed:?}",
            graph.nodes.len(), graph.tables.iter().map(|t| t.base.len()).collect::<Vec<_>>());
        if std::env::var("SHOW").is_ok() {
            for (node, tensor) in graph.nodes.iter().zip(&graph.tensors) {
                let kind = match &node.operation {
                    hallmark_graph::ir::Operation::Input { limbs, .. } => format!("input limbs {limbs}"),
                    hallmark_graph::ir::Operation::Linear { terms, .. } => format!("linear {:?}", terms.iter().map(|t| format!("{t:?}").split(' ').next().unwrap_or("").to_string()).collect::<Vec<_>>()),
                    hallmark_graph::ir::Operation::Activate { source, function } => format!("activate {source:?} {function:?}"),
                };
                println!("   {} ({}) {:?} f={} bits={} {kind}", node.name, node.operator, tensor.shape, tensor.fraction_bits, 128 - tensor.bounds.magnitude().leading_zeros());
            }
            for o in &graph.outputs { println!("   out {} f={}", o.name, o.fraction_bits); }
        }
    }
}
