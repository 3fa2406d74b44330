//! Every operator fixture: the integers agree with the float model within a tolerance, also on
//! inputs that calibration has not seen, and every value respects its declared bounds.
#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hallmark_graph::ir::QuantisationSettings;
use hallmark_graph::{Error, Model, execute, input, outputs, quantise};
use proptest::prelude::*;

fn fixtures() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .expect("fixtures")
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .map(|p| (p.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_string(), p))
        .collect();
    found.sort();
    found
}

fn settings(limb_bits: u32, low_limbs: u32, high_limbs: u32) -> QuantisationSettings {
    QuantisationSettings { limb_bits, low_limbs, high_limbs, fraction_bits: 32 }
}

fn range(name: &str) -> (f64, f64) {
    if name.starts_with("positive_") { (0.5, 2.0) } else { (-2.0, 2.0) }
}

fn tolerance(name: &str) -> f64 {
    match name {
        n if n.starts_with("exact_") => 0.0,
        "floor" | "ceil" | "sign" => 0.0,
        // Steep functions, and reciprocals near the small end of their range.
        "conv_average_dense" | "cube" | "exp" | "sinh" | "positive_div_two" => 2e-3,
        "softmax" | "layer_norm" => 1e-3,
        "log_softmax" => 8e-3,
        _ => 3e-4,
    }
}

/// Largest difference, and a check of all bounds.
fn compare(name: &str, model: &Model, graph: &hallmark_graph::ir::IntegerGraph, data: &[Vec<f64>]) -> f64 {
    let expected = model.run(data).unwrap_or_else(|e| panic!("{name}: {e}"));
    let execution = execute(graph, data).unwrap_or_else(|e| panic!("{name}: {e}"));
    for (tensor, values) in graph.tensors.iter().zip(&execution.values) {
        assert_eq!(tensor.len(), values.len(), "{name}: {}", tensor.name);
        for v in values {
            assert!(
                tensor.bounds.min <= *v && *v <= tensor.bounds.max,
                "{name}: {} holds {v}, bounds {:?}",
                tensor.name,
                tensor.bounds
            );
        }
    }
    let found = outputs(graph, &execution);
    assert_eq!(expected.len(), found.len(), "{name}");
    let mut largest = 0f64;
    for (a, b) in expected.iter().zip(&found) {
        assert_eq!(a.len(), b.len(), "{name}");
        for (x, y) in a.iter().zip(b) {
            largest = largest.max((x - y).abs());
        }
    }
    largest
}

/// Rounds inputs so that jumps (floor, comparisons) fall on the same side in both arithmetics.
fn grid(data: &mut [Vec<f64>]) {
    for v in data.iter_mut().flatten() {
        *v = (*v * 64.0).round() / 64.0;
    }
}

#[test]
fn operators_agree_with_the_float_model() {
    let mut failures = vec![];
    for (name, path) in fixtures() {
        if name.starts_with("unsupported_") || name.starts_with("dynamic_length") {
            continue;
        }
        let model = Model::load(&path, &BTreeMap::new()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let draw = |seed| {
            let mut data = input::random_inputs(&model, seed, range(&name));
            grid(&mut data);
            data
        };
        let samples: Vec<_> = (0..8).map(draw).collect();
        let graph = match quantise(&model, &samples, settings(12, 2, 2), 4.0) {
            Ok(graph) => graph,
            Err(e) => {
                failures.push(format!("{name}: {e}"));
                continue;
            }
        };
        for seed in 0..24 {
            let error = compare(&name, &model, &graph, &draw(seed));
            if error > tolerance(&name) {
                failures.push(format!("{name}: error {error:e} (seed {seed})"));
                break;
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn operators_work_with_other_limbs() {
    for (name, path) in fixtures() {
        if name.starts_with("unsupported_") || name.starts_with("dynamic_length") {
            continue;
        }
        let model = Model::load(&path, &BTreeMap::new()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut samples: Vec<_> =
            (0..4).map(|seed| input::random_inputs(&model, seed, range(&name))).collect();
        samples.iter_mut().for_each(|s| grid(s));
        for shape in [settings(8, 3, 2), settings(10, 1, 2), settings(13, 2, 1), settings(6, 4, 2)] {
            // Settings may be too tight for a model; then the error says so.
            match quantise(&model, &samples, shape, 2.0) {
                Ok(graph) => {
                    for sample in &samples {
                        let error = compare(&name, &model, &graph, sample);
                        if name.starts_with("exact_") {
                            assert_eq!(error, 0.0, "{name} {shape:?}");
                        }
                    }
                }
                Err(Error::Overflow { .. }) => {}
                Err(e) => panic!("{name} {shape:?}: {e}"),
            }
        }
    }
}

#[test]
fn quantising_is_deterministic() {
    for (name, path) in fixtures() {
        if name.starts_with("unsupported_") || name.starts_with("dynamic_length") {
            continue;
        }
        let make = || {
            let model = Model::load(&path, &BTreeMap::new()).unwrap_or_else(|e| panic!("{name}: {e}"));
            let samples = vec![input::random_inputs(&model, 1, range(&name))];
            quantise(&model, &samples, settings(11, 2, 2), 4.0)
        };
        match (make(), make()) {
            (Ok(a), Ok(b)) => assert!(a == b, "{name}"),
            (a, b) => assert_eq!(a.is_err(), b.is_err(), "{name}"),
        }
    }
}

#[test]
fn mild_inputs_can_still_be_proven() {
    for name in ["relu", "gemm", "conv", "sigmoid", "max_pool"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.onnx"));
        let model = Model::load(&path, &BTreeMap::new()).expect(name);
        let sample = input::random_inputs(&model, 3, (-1.0, 1.0));
        let graph = quantise(&model, std::slice::from_ref(&sample), settings(10, 2, 2), 4.0).expect(name);
        for factor in [-3.9, -1.0, 0.0, 3.9] {
            let scaled: Vec<Vec<f64>> =
                sample.iter().map(|v| v.iter().map(|x| x * factor).collect()).collect();
            execute(&graph, &scaled).unwrap_or_else(|e| panic!("{name} × {factor}: {e}"));
        }
    }
}

#[test]
fn equal_rows_are_computed_once() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiled_batch.onnx");
    let model = Model::load(&path, &BTreeMap::new()).expect("loads");
    let sample = input::random_inputs(&model, 3, (-1.0, 1.0));
    let graph = quantise(&model, &[sample], settings(10, 2, 2), 4.0).expect("quantises");
    let activations: usize = graph
        .nodes
        .iter()
        .zip(&graph.tensors)
        .filter(|(n, _)| matches!(n.operation, hallmark_graph::ir::Operation::Activate { .. }))
        .map(|(_, t)| t.len())
        .sum();
    assert_eq!(activations, 3);
    assert_eq!(graph.outputs[0].elements.len(), 15);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Ties of an argmax go to the first (or last) position, whatever the values.
    #[test]
    fn arg_extremes_with_ties(values in prop::collection::vec(-3i32..=3, 30), pick in 0usize..4) {
        let name = ["argmax", "argmax_last", "argmin", "argmin_last"][pick];
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/exact_{name}.onnx"));
        let model = Model::load(&path, &BTreeMap::new()).expect("loads");
        let data = vec![values.iter().map(|v| f64::from(*v) / 2.0).collect::<Vec<f64>>()];
        let graph = quantise(&model, std::slice::from_ref(&data), settings(8, 1, 2), 2.0).expect("quantises");
        prop_assert_eq!(compare(name, &model, &graph, &data), 0.0);
    }

    /// ReLU is exact on the integers, over the whole range.
    #[test]
    fn relu_is_exact(values in prop::collection::vec(-1.0f64..1.0, 10), limb_bits in 4u32..=13, low in 1u32..=3, high in 1u32..=2) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/relu.onnx");
        let model = Model::load(&path, &BTreeMap::new()).expect("loads");
        let sample = vec![vec![1.0; 10]];
        let graph = quantise(&model, &[sample], settings(limb_bits, low, high), 1.5).expect("quantises");
        let data = vec![values];
        let execution = execute(&graph, &data).expect("in range");
        let unit = f64::from(graph.inputs[0].fraction_bits).exp2();
        let found = outputs(&graph, &execution);
        for (x, y) in data[0].iter().zip(&found[0]) {
            prop_assert_eq!((x * unit).round().max(0.0) / unit, *y);
        }
    }

    /// Dense layers agree with the float model for any input in range.
    #[test]
    fn gemm_agrees(values in prop::collection::vec(-2.0f64..2.0, 18)) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gemm.onnx");
        let model = Model::load(&path, &BTreeMap::new()).expect("loads");
        let samples: Vec<_> = (0..4).map(|s| input::random_inputs(&model, s, (-2.0, 2.0))).collect();
        let graph = quantise(&model, &samples, settings(10, 2, 2), 4.0).expect("quantises");
        prop_assert!(compare("gemm", &model, &graph, &[values]) < 3e-4);
    }
}
