//! Every gadget: the circuit accepts what the specification computes, for all layouts.

mod support;

use hallmark_circuit::{CONTEXT_INDEX, Circuit, FIRST_OUTPUT_INDEX, check::check, description::Witness};
use hallmark_graph::ir::{Element, Function, IntegerGraph, QuantisationSettings, TensorId, Term, Value};
use proptest::prelude::*;
use support::{Builder, Numbers, SETTINGS, all, challenges, context, execute};

fn accept(graph: &IntegerGraph, inputs: &[Vec<i128>]) {
    let execution = execute(graph, inputs);
    for width in [1, 2, 3, 8] {
        let circuit = Circuit::compile_with(graph, width).unwrap();
        let witness = circuit.witness(graph, &execution, context()).unwrap();
        assert_eq!(witness.instances().len(), FIRST_OUTPUT_INDEX + graph.instances());
        assert_eq!(witness.instances()[CONTEXT_INDEX], context().value());
        assert!(circuit.description().degree() <= 5, "degree {}", circuit.description().degree());
        if let Err(failures) = check(circuit.description(), &witness, &challenges()) {
            panic!("width {width}: {} failures, first {:?}", failures.len(), failures[0]);
        }
    }
}

fn dense(from: Vec<Element>, positions: usize, outputs: usize, weights: Vec<i64>) -> Term {
    let inputs = from.len() / positions;
    Term::Dense {
        positions,
        inputs,
        outputs,
        weights,
        input_index: from,
        output_index: (0..(positions * outputs) as u32).collect(),
    }
}

#[derive(Clone, Debug)]
struct Convolution {
    channels: usize,
    outputs: usize,
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
}

impl Convolution {
    fn output(&self) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let span = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
            Some((self.input[axis] + 2 * self.padding[axis]).checked_sub(span)? / self.stride[axis] + 1)
        };
        Some([along(0)?, along(1)?])
    }
    fn term(&self, from: Vec<Element>, weights: Vec<i64>) -> Option<Term> {
        let output = self.output()?;
        Some(Term::Correlation {
            channels: self.channels,
            outputs: self.outputs,
            input_shape: self.input.to_vec(),
            kernel_shape: self.kernel.to_vec(),
            output_shape: output.to_vec(),
            stride: self.stride.to_vec(),
            dilation: self.dilation.to_vec(),
            padding: self.padding.to_vec(),
            weights,
            input_index: from,
            output_index: (0..(self.outputs * output[0] * output[1]) as u32).collect(),
        })
    }
}

fn relu_settings(high_limbs: u32) -> QuantisationSettings {
    QuantisationSettings { high_limbs, ..SETTINGS }
}

#[test]
fn relu_of_inputs_is_exact() {
    let mut b = Builder::new(SETTINGS);
    let x = b.input(5, 2);
    let entries = all(x, 5)
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(i, v)| (i as u32, v, 1 << SETTINGS.shift()))
        .collect();
    let y = b.linear(5, vec![Term::Sparse { entries }], vec![]);
    let relu = b.relu();
    let z = b.activate(y, relu);
    b.output(z);
    let inputs = vec![vec![-2048, -1, 0, 1, 2047]];
    let execution = execute(&b.graph, &inputs);
    assert_eq!(execution.values[2], vec![0, 0, 0, 1, 2047]);
    accept(&b.graph, &inputs);
}

#[test]
fn constant_outputs_and_pass_through_inputs() {
    let mut b = Builder::new(SETTINGS);
    let x = b.input(3, 1);
    b.output(x);
    b.graph.outputs[0].elements.push(Err(-17));
    accept(&b.graph, &[vec![-32, 0, 31]]);
}

#[test]
fn a_large_shared_convolution_takes_the_polynomial_path() {
    let c = Convolution {
        channels: 2,
        outputs: 9,
        input: [9, 8],
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        padding: [1, 1],
    };
    let mut numbers = Numbers::new(5);
    let mut b = Builder::new(SETTINGS);
    let x = b.input(2 * 72, 2);
    let term = c.term(all(x, 144), numbers.list(9 * 18, 40)).unwrap();
    let y = b.linear(9 * 72, vec![term], numbers.wide(9 * 72, 500));
    let z = b.activate(y, Function::Identity);
    b.output(z);
    accept(&b.graph, &[numbers.wide(144, 500)]);
    let rows = Circuit::compile_with(&b.graph, 4).unwrap().statistics().rows;
    // Multiply-accumulates are 93,312; inputs, outputs and weights far fewer.
    assert!(rows < 2000, "{rows} rows");
}

#[test]
fn neighbouring_inputs_share_rows() {
    let c = Convolution {
        channels: 1,
        outputs: 1,
        input: [20, 20],
        kernel: [3, 3],
        stride: [2, 2],
        dilation: [1, 1],
        padding: [0, 0],
    };
    let mut numbers = Numbers::new(6);
    let mut rows = vec![];
    for limbs in [1, 2] {
        let mut b = Builder::new(SETTINGS);
        let x = b.input(400, limbs);
        let y = b.linear(81, vec![c.term(all(x, 400), numbers.list(9, 40)).unwrap()], vec![]);
        let z = b.activate(y, Function::Identity);
        let sum = b.linear(1, vec![dense(all(z, 81), 1, 1, vec![1 << 6; 81])], vec![]);
        let out = b.activate(sum, Function::Identity);
        b.output(out);
        accept(&b.graph, &[numbers.wide(400, 30)]);
        rows.push(Circuit::compile_with(&b.graph, 2).unwrap().statistics().rows);
    }
    assert!(rows[0] + 40 < rows[1], "{rows:?}");
}

#[test]
fn sums_of_activations_are_fused_into_the_next_layer() {
    // conv -> square -> 2x2 sums -> conv -> identity -> sums -> dense
    let mut numbers = Numbers::new(7);
    let mut b = Builder::new(SETTINGS);
    let c = Convolution {
        channels: 1,
        outputs: 3,
        input: [10, 10],
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        padding: [0, 0],
    };
    let x = b.input(100, 1);
    let y =
        b.linear(3 * 64, vec![c.term(all(x, 100), numbers.list(27, 30)).unwrap()], numbers.wide(192, 100));
    let z = b.activate(y, Function::Square { linear: 5 });
    let pooled = |tensor: TensorId, channels: u32, size: u32| {
        let half = size / 2;
        let mut entries = vec![];
        for c in 0..channels {
            for i in 0..size {
                for j in 0..size {
                    let output = (c * half + i / 2) * half + j / 2;
                    entries.push((output, Value { tensor, index: (c * size + i) * size + j }, 1));
                }
            }
        }
        Term::Sparse { entries }
    };
    let p = b.linear(3 * 16, vec![pooled(z, 3, 8)], vec![]);
    let c2 = Convolution {
        channels: 3,
        outputs: 4,
        input: [4, 4],
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        padding: [0, 0],
    };
    let y2 = b.linear(16, vec![c2.term(all(p, 48), numbers.list(4 * 27, 3)).unwrap()], vec![]);
    let z2 = b.activate(y2, Function::Identity);
    let p2 = b.linear(4, vec![pooled(z2, 4, 2)], vec![]);
    let y3 = b.linear(7, vec![dense(all(p2, 4), 1, 7, numbers.list(28, 60))], numbers.wide(7, 1000));
    let z3 = b.activate(y3, Function::Identity);
    b.output(z3);
    accept(&b.graph, &[numbers.wide(100, 30)]);
}

#[test]
fn values_with_several_readers_are_copied() {
    let mut numbers = Numbers::new(8);
    let mut b = Builder::new(SETTINGS);
    let c = Convolution {
        channels: 1,
        outputs: 2,
        input: [6, 6],
        kernel: [3, 3],
        stride: [1, 1],
        dilation: [1, 1],
        padding: [1, 1],
    };
    let x = b.input(36, 2);
    let y = b.linear(72, vec![c.term(all(x, 36), numbers.list(18, 50)).unwrap()], vec![]);
    let relu = b.relu();
    let z = b.activate(y, relu);
    // A residual: the same input into a second convolution, plus the activation itself.
    let c2 = Convolution { channels: 2, outputs: 1, ..c.clone() };
    let mut terms = vec![c2.term(all(z, 72), numbers.list(18, 50)).unwrap()];
    terms.push(Term::Sparse {
        entries: (0..36).map(|i| (i, Value { tensor: x, index: i }, 1 << SETTINGS.shift())).collect(),
    });
    let y2 = b.linear(36, terms, vec![]);
    let z2 = b.activate(y2, Function::Identity);
    // An accumulator read twice.
    let sum = b.linear(
        36,
        vec![Term::Sparse {
            entries: (0..36)
                .flat_map(|i| {
                    [(i, Value { tensor: z2, index: i }, 3), (i, Value { tensor: x, index: 35 - i }, -2)]
                })
                .collect(),
        }],
        vec![1; 36],
    );
    let scaled = b.linear(
        36,
        vec![Term::Sparse { entries: (0..36).map(|i| (i, Value { tensor: sum, index: i }, 1000)).collect() }],
        vec![],
    );
    let first = b.activate(scaled, Function::Identity);
    let other = b.activate(sum, Function::Identity);
    b.output(first);
    b.output(other);
    accept(&b.graph, &[numbers.wide(36, 1000)]);
}

#[test]
fn products_of_activations() {
    let mut numbers = Numbers::new(9);
    let mut b = Builder::new(SETTINGS);
    let x = b.input(12, 2);
    let w = b.input(20, 2);
    // (3×4)·(5×4)ᵀ, elementwise squares, and a product with a multiplier.
    let y = b.linear(
        15,
        vec![Term::Bilinear {
            batch: 1,
            rows: 3,
            columns: 5,
            inner: 4,
            multiplier: 1,
            left: all(x, 12),
            right: all(w, 20),
            output_index: (0..15).collect(),
        }],
        numbers.wide(15, 40),
    );
    let z = b.activate(y, Function::Identity);
    let squares = b.linear(
        12,
        vec![Term::Bilinear {
            batch: 12,
            rows: 1,
            columns: 1,
            inner: 1,
            multiplier: 7,
            left: all(x, 12),
            right: all(x, 12),
            output_index: (0..12).rev().collect(),
        }],
        vec![],
    );
    let s = b.activate(squares, Function::Identity);
    let mut left = all(z, 15);
    left[4] = None;
    let p = b.linear(
        1,
        vec![
            Term::Bilinear {
                batch: 1,
                rows: 1,
                columns: 1,
                inner: 15,
                multiplier: -3,
                left,
                right: all(z, 15),
                output_index: vec![0],
            },
            dense(all(s, 12), 1, 1, numbers.list(12, 9)),
        ],
        vec![5],
    );
    let q = b.activate(p, Function::Identity);
    b.output(z);
    b.output(s);
    b.output(q);
    accept(&b.graph, &[numbers.wide(12, 300), numbers.wide(20, 300)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn dense_layers(seed in any::<u64>(), inputs in 1usize..20, outputs in 1usize..30, positions in 1usize..5, high in 1u32..=2) {
        let mut numbers = Numbers::new(seed);
        let mut b = Builder::new(relu_settings(high));
        let x = b.input(inputs * positions, 1);
        let y = b.linear(
            outputs * positions,
            vec![dense(all(x, inputs * positions), positions, outputs, numbers.list(inputs * outputs, 12))],
            numbers.wide(outputs * positions, 3000),
        );
        let function = match seed % 3 { 0 => Function::Identity, 1 => b.relu(), _ => Function::Square { linear: -3 } };
        let z = b.activate(y, function);
        b.output(z);
        accept(&b.graph, &[numbers.wide(inputs * positions, 31)]);
    }

    #[test]
    fn convolutions(
        seed in any::<u64>(), channels in 1usize..4, outputs in 1usize..8,
        input in [2usize..10, 2usize..10], kernel in [1usize..4, 1usize..4],
        stride in [1usize..4, 1usize..4], dilation in [1usize..3, 1usize..3], padding in [0usize..3, 0usize..3],
        input_limbs in 1u32..=2,
    ) {
        let c = Convolution { channels, outputs, input, kernel, stride, dilation, padding };
        let Some(output) = c.output() else { return Ok(()) };
        let mut numbers = Numbers::new(seed);
        let mut b = Builder::new(SETTINGS);
        let pixels = channels * input[0] * input[1];
        let x = b.input(pixels, input_limbs);
        let mut from = all(x, pixels);
        if seed % 3 == 0 {
            from[pixels / 2] = None;
        }
        let len = outputs * output[0] * output[1];
        let y = b.linear(len, vec![c.term(from, numbers.list(outputs * channels * kernel[0] * kernel[1], 20)).unwrap()], numbers.wide(len, 50));
        let z = b.activate(y, Function::Identity);
        let bent = b.bent();
        let mixed = b.linear(len, vec![Term::Sparse { entries: (0..len as u32).map(|i| (i, Value { tensor: z, index: i }, 64)).collect() }], vec![0; len]);
        let last = b.activate(mixed, bent);
        b.output(last);
        accept(&b.graph, &[numbers.wide(pixels, 31)]);
    }
}
