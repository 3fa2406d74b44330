//! Hot paths of the compiler: layout of a convolution and of a dense layer, and their witnesses.

#![allow(missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use hallmark_circuit::{Circuit, Objective, description::Witness};
use hallmark_graph::ir::{Function, IntegerGraph, QuantisationSettings, Term};
use std::hint::black_box;
use support::{Builder, Numbers, all, challenges, context, execute};

fn convolution(settings: QuantisationSettings) -> (IntegerGraph, Vec<Vec<i128>>) {
    let mut numbers = Numbers::new(3);
    let mut b = Builder::new(settings);
    let x = b.input(4 * 400, 2);
    let term = Term::Correlation {
        channels: 4,
        outputs: 8,
        input_shape: vec![20, 20],
        kernel_shape: vec![3, 3],
        output_shape: vec![20, 20],
        stride: vec![1, 1],
        dilation: vec![1, 1],
        padding: vec![1, 1],
        weights: numbers.list(8 * 36, 90),
        input_index: all(x, 1600),
        output_index: (0..3200).collect(),
    };
    let y = b.linear(3200, vec![term], vec![]);
    let relu = b.relu();
    let z = b.activate(y, relu);
    let sum = Term::Dense {
        positions: 1,
        inputs: 3200,
        outputs: 10,
        weights: numbers.list(32_000, 20),
        input_index: all(z, 3200),
        output_index: (0..10).collect(),
    };
    let y = b.linear(10, vec![sum], vec![]);
    let out = b.activate(y, Function::Identity);
    b.output(out);
    (b.graph, vec![numbers.wide(1600, 100)])
}

fn benches(c: &mut Criterion) {
    let settings = QuantisationSettings { limb_bits: 9, low_limbs: 2, high_limbs: 2, fraction_bits: 9 };
    let (graph, inputs) = convolution(settings);
    c.bench_function("compile convolution", |b| {
        b.iter(|| Circuit::compile(black_box(&graph), Objective::Balanced).map(|c| c.statistics().rows));
    });
    let execution = execute(&graph, &inputs);
    let Ok(circuit) = Circuit::compile(&graph, Objective::Balanced) else { return };
    c.bench_function("first phase", |b| b.iter(|| circuit.witness(&graph, &execution, context()).is_ok()));
    let Ok(witness) = circuit.witness(&graph, &execution, context()) else { return };
    let challenges = challenges();
    c.bench_function("second phase", |b| b.iter(|| witness.second_phase(black_box(&challenges)).len()));
}

criterion_group! { name = compile; config = Criterion::default().sample_size(10); targets = benches }
criterion_main!(compile);
