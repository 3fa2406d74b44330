//! How cost grows: dense layers of 2^10 … 2^20 weights and convolutions of 10^4 … 10^8
//! multiply-accumulates.
//!
//! Prints a Markdown table: rows, k, CPU seconds of key generation and of proving. Circuits above
//! `--max-k` (default 17) are laid out but not proven. SRS files go to `--srs DIR`.

use anstream::println;
use hallmark_circuit::{Circuit, Context, Objective};
use hallmark_graph::{
    Execution,
    ir::{
        Bounds, Element, Function, GraphInput, GraphOutput, IntegerGraph, Node, Operation,
        QuantisationSettings, Tensor, TensorId, Term, Value,
    },
};
use hallmark_proof::{Backend, halo2::Halo2, srs::Srs};
use std::{error::Error, path::PathBuf};

/// One layer: input, linear, requantised output of which the first ten elements are public.
fn layer(inputs: usize, outputs: usize, terms: Vec<Term>, macs_per_output: usize) -> IntegerGraph {
    let settings = QuantisationSettings { limb_bits: 9, low_limbs: 2, high_limbs: 2, fraction_bits: 12 };
    let half = 1i128 << (settings.activation_bits() - 1);
    let tensor =
        |name: &str, len, bounds| Tensor { name: name.into(), shape: vec![len], fraction_bits: 12, bounds };
    let full = Bounds { min: -half, max: half - 1 };
    let most = macs_per_output as i128 * half * 64;
    let node = |name: &str, operation| Node { name: name.into(), operator: name.into(), operation };
    let output = TensorId(2);
    IntegerGraph {
        settings,
        tensors: vec![
            tensor("input", inputs, full),
            tensor("linear", outputs, Bounds { min: -most, max: most }),
            tensor("output", outputs, full),
        ],
        nodes: vec![
            node("input", Operation::Input { input: 0, limbs: 2 }),
            node("linear", Operation::Linear { terms, bias: vec![] }),
            node("output", Operation::Activate { source: TensorId(1), function: Function::Identity }),
        ],
        tables: vec![],
        inputs: vec![GraphInput {
            name: "input".into(),
            shape: vec![inputs],
            tensor: Some(TensorId(0)),
            fraction_bits: 12,
        }],
        outputs: vec![GraphOutput {
            name: "output".into(),
            shape: vec![outputs.min(10)],
            fraction_bits: 12,
            elements: (0..outputs.min(10) as u32).map(|index| Ok(Value { tensor: output, index })).collect(),
        }],
    }
}

fn elements(len: usize) -> Vec<Element> {
    (0..len as u32).map(|index| Some(Value { tensor: TensorId(0), index })).collect()
}

fn weights(len: usize) -> Vec<i64> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57) as i64 - 64).collect()
}

fn dense(size: usize) -> IntegerGraph {
    let term = Term::Dense {
        positions: 1,
        inputs: size,
        outputs: size,
        weights: weights(size * size),
        input_index: elements(size),
        output_index: (0..size as u32).collect(),
    };
    layer(size, size, vec![term], size)
}

/// `channels → channels`, 3×3, same padding, on `side × side`.
fn convolution(channels: usize, side: usize) -> IntegerGraph {
    let pixels = side * side;
    let term = Term::Correlation {
        channels,
        outputs: channels,
        input_shape: vec![side, side],
        kernel_shape: vec![3, 3],
        output_shape: vec![side, side],
        stride: vec![1, 1],
        dilation: vec![1, 1],
        padding: vec![1, 1],
        weights: weights(channels * channels * 9),
        input_index: elements(channels * pixels),
        output_index: (0..(channels * pixels) as u32).collect(),
    };
    layer(channels * pixels, channels * pixels, vec![term], channels * 9)
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let largest: u32 = option("--max-k").map_or(Ok(17), |k| k.parse())?;
    let folder = option("--srs").map_or_else(|| std::env::temp_dir().join("hallmark-scaling"), PathBuf::from);
    let mut cases: Vec<(String, usize, IntegerGraph)> = vec![];
    for exponent in (10..=20).step_by(2) {
        let size = 1 << (exponent / 2);
        cases.push((format!("dense {size}×{size}"), size * size, dense(size)));
    }
    for (channels, side) in [(2, 17), (4, 26), (8, 42), (24, 44), (64, 52)] {
        let macs = channels * channels * 9 * side * side;
        cases.push((
            format!("conv 3×3, {channels}→{channels}, {side}×{side}"),
            macs,
            convolution(channels, side),
        ));
    }
    println!(
        "| layer | MACs | inputs + outputs | weights | rows | k | columns | setup CPU s | prove CPU s |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (name, macs, graph) in cases {
        let circuit = Circuit::compile(&graph, Objective::Balanced)?;
        let s = circuit.statistics();
        let values = graph.tensors[0].len() + graph.tensors[2].len();
        let parameters = match &graph.nodes[1].operation {
            Operation::Linear { terms, .. } => match &terms[0] {
                Term::Dense { weights, .. } | Term::Correlation { weights, .. } => weights.len(),
                _ => 0,
            },
            _ => 0,
        };
        let (mut setup, mut prove) = ("–".to_owned(), "–".to_owned());
        if s.k <= largest {
            let values = graph.tensors.iter().map(|t| vec![0i128; t.len()]).collect();
            let mut execution = Execution { values };
            for (i, x) in execution.values[0].iter_mut().enumerate() {
                *x = (i % 200) as i128 - 100;
            }
            execution.values[1] = accumulate(&graph, &execution.values[0]);
            execution.values[2] = execution.values[1]
                .iter()
                .map(|y| (y + (1 << (graph.settings.shift() - 1))) >> graph.settings.shift())
                .collect();
            let witness = circuit.witness(&graph, &execution, Context::UNBOUND)?;
            let srs = Srs::dev(s.k, &folder)?;
            let start = cpu_seconds();
            let key = Halo2.setup(circuit.description(), &srs)?;
            let middle = cpu_seconds();
            Halo2.prove(&key, &srs, &witness)?;
            setup = format!("{:.2}", middle - start);
            prove = format!("{:.2}", cpu_seconds() - middle);
        }
        println!(
            "| {name} | {macs} | {values} | {parameters} | {} | {} | {} + {} | {setup} | {prove} |",
            s.rows, s.k, s.advice_columns, s.fixed_columns
        );
    }
    Ok(())
}

/// The layer's accumulators, spelled out.
fn accumulate(graph: &IntegerGraph, x: &[i128]) -> Vec<i128> {
    let mut y = vec![0i128; graph.tensors[1].len()];
    let Operation::Linear { terms, .. } = &graph.nodes[1].operation else { return y };
    match &terms[0] {
        Term::Dense { inputs, outputs, weights, .. } => {
            for o in 0..*outputs {
                for i in 0..*inputs {
                    y[o] += i128::from(weights[o * inputs + i]) * x[i];
                }
            }
        }
        Term::Correlation { channels, outputs, input_shape, weights, .. } => {
            let side = input_shape[0];
            for o in 0..*outputs {
                for c in 0..*channels {
                    for u in 0..side {
                        for v in 0..side {
                            for (a, b) in (0..3).flat_map(|a| (0..3).map(move |b| (a, b))) {
                                let (i, j) = ((u + a).wrapping_sub(1), (v + b).wrapping_sub(1));
                                if i < side && j < side {
                                    let weight = weights[((o * channels + c) * 3 + a) * 3 + b];
                                    y[(o * side + u) * side + v] +=
                                        i128::from(weight) * x[(c * side + i) * side + j];
                                }
                            }
                        }
                    }
                }
            }
        }
        _ => {}
    }
    y
}
