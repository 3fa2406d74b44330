//! Cheating provers, caught.
//!
//! * Every single first-phase cell, changed, is rejected.
//! * Every intermediate value, changed with everything below it recomputed, is rejected.
//! * For every constraint there is a cheat that *only* this constraint rejects: take it out and the
//!   cheat passes.

mod support;

use hallmark_circuit::{
    CONTEXT_INDEX, Circuit, CircuitWitness, Context, FIRST_OUTPUT_INDEX, Hint,
    check::{Failure, check, check_cells},
    description::{Column, Description, Phase, Witness},
    field::{Field, Fr, PrimeField},
};
use hallmark_graph::{
    Execution,
    ir::{Function, IntegerGraph, Operation, QuantisationSettings, Term, Value},
};
use std::collections::BTreeSet;
use support::{Builder, Numbers, all, challenges, context, execute, execute_with};

const SMALL: QuantisationSettings =
    QuantisationSettings { limb_bits: 4, low_limbs: 2, high_limbs: 2, fraction_bits: 4 };

/// One small graph per gadget.
fn zoo() -> Vec<(&'static str, IntegerGraph, Vec<Vec<i128>>)> {
    let mut list = vec![];
    let mut numbers = Numbers::new(11);

    let mut b = Builder::new(SMALL);
    let x = b.input(3, 2);
    let y = b.linear(4, vec![dense(all(x, 3), 4, numbers.list(12, 9))], numbers.wide(4, 300));
    let z = b.activate(y, Function::Identity);
    b.output(z);
    list.push(("dense, requantise", b.graph, vec![vec![100, -77, 3]]));

    let mut b = Builder::new(SMALL);
    let x = b.input(3, 2);
    let y = b.linear(3, vec![scaled(x, 3, 256)], vec![]);
    let relu = b.relu();
    let z = b.activate(y, relu);
    b.output(z);
    list.push(("ReLU", b.graph, vec![vec![100, -77, 0]]));

    let mut b = Builder::new(SMALL);
    let x = b.input(2, 2);
    let y = b.linear(2, vec![scaled(x, 2, 256)], vec![]);
    let (bent, relu) = (b.bent(), b.relu());
    let z = b.activate(y, bent);
    let y = b.linear(2, vec![scaled(x, 2, 128)], vec![]);
    let w = b.activate(y, relu);
    b.output(z);
    b.output(w);
    list.push(("two piecewise functions", b.graph, vec![vec![40, -57]]));

    let mut b = Builder::new(SMALL);
    let x = b.input(20, 1);
    let term = Term::Correlation {
        channels: 1,
        outputs: 5,
        input_shape: vec![5, 4],
        kernel_shape: vec![2, 2],
        output_shape: vec![4, 3],
        stride: vec![1, 1],
        dilation: vec![1, 1],
        padding: vec![0, 0],
        weights: numbers.list(20, 30),
        input_index: all(x, 20),
        output_index: (0..60).collect(),
    };
    let y = b.linear(60, vec![term], numbers.wide(60, 100));
    let z = b.activate(y, Function::Square { linear: 3 });
    let pooled = b.linear(
        10,
        vec![Term::Sparse { entries: (0..60).map(|i| (i / 6, Value { tensor: z, index: i }, 1)).collect() }],
        vec![],
    );
    let y = b.linear(2, vec![dense(all(pooled, 10), 2, numbers.list(20, 3))], vec![]);
    let z = b.activate(y, Function::Identity);
    b.output(z);
    list.push(("convolution, square, fused sums", b.graph, vec![numbers.wide(20, 7)]));

    let mut b = Builder::new(SMALL);
    let x = b.input(4, 2);
    let term = Term::Bilinear {
        batch: 1,
        rows: 2,
        columns: 2,
        inner: 2,
        multiplier: 1,
        left: all(x, 4),
        right: all(x, 4),
        output_index: (0..4).collect(),
    };
    let y = b.linear(4, vec![term], vec![]);
    let z = b.activate(y, Function::Identity);
    b.output(z);
    list.push(("product of activations, copies", b.graph, vec![vec![90, -33, 7, 50]]));
    list
}

fn dense(from: Vec<hallmark_graph::ir::Element>, outputs: usize, weights: Vec<i64>) -> Term {
    Term::Dense {
        positions: 1,
        inputs: from.len(),
        outputs,
        weights,
        input_index: from,
        output_index: (0..outputs as u32).collect(),
    }
}

fn scaled(x: hallmark_graph::ir::TensorId, len: u32, weight: i64) -> Term {
    Term::Sparse { entries: (0..len).map(|i| (i, Value { tensor: x, index: i }, weight)).collect() }
}

fn compile(graph: &IntegerGraph) -> Circuit {
    Circuit::compile_with(graph, 1).unwrap()
}

/// Names of the constraints that reject.
fn rejections(result: Result<(), Vec<Failure>>) -> BTreeSet<String> {
    result
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|failure| match failure {
            Failure::Gate { gate, .. } => gate,
            Failure::Lookup { .. } => "lookup".into(),
            Failure::Copy { .. } => "copy".into(),
        })
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn every_changed_cell_is_rejected() {
    for (name, graph, inputs) in zoo() {
        let circuit = compile(&graph);
        let execution = execute(&graph, &inputs);
        let mut hints = vec![];
        let honest = circuit
            .witness_with(&graph, &execution, context(), &mut |hint, value| {
                hints.push((hint, value));
                value
            })
            .unwrap();
        let honest_cells = (honest.first_phase(), honest.instances());
        check(circuit.description(), &honest, &challenges()).unwrap();
        let mut rejected = 0;
        for (target, value) in hints {
            let random = Fr::from(0x5eed_1234).square() * value + Fr::from(0x77);
            for wrong in [value + Fr::ONE, value - Fr::ONE, Fr::ZERO, -value, random] {
                let tampered = circuit
                    .witness_with(&graph, &execution, context(), &mut |hint, honest| {
                        if hint == target { wrong } else { honest }
                    })
                    .unwrap();
                if (tampered.first_phase(), tampered.instances()) == honest_cells {
                    continue;
                }
                assert!(
                    check(circuit.description(), &tampered, &challenges()).is_err(),
                    "{name}: {target:?} set to {wrong:?} is accepted"
                );
                rejected += 1;
            }
        }
        assert!(rejected > 100, "{name}: only {rejected} mutations");
    }
}

#[test]
fn every_changed_value_is_rejected_even_when_all_below_it_is_honest() {
    for (name, graph, inputs) in zoo() {
        let circuit = compile(&graph);
        let honest = execute(&graph, &inputs);
        for (tensor, values) in honest.values.iter().enumerate() {
            let input = matches!(graph.nodes[tensor].operation, Operation::Input { .. });
            for index in (0..values.len()).filter(|i| !input && (i % 7 == 0 || values.len() < 8)) {
                for change in [1, -1, 1 << 8, -(1 << 8), 3 << 12] {
                    let Some(execution) = execute_with(&graph, &inputs, &mut |t, i, value| {
                        if (t, i) == (tensor, index) { value + change } else { value }
                    }) else {
                        continue;
                    };
                    // Values outside the limbs cannot even be written down.
                    let Ok(witness) = circuit.witness(&graph, &execution, context()) else { continue };
                    let result = check(circuit.description(), &witness, &challenges());
                    assert!(
                        result.is_err(),
                        "{name}: tensor {tensor}, element {index} changed by {change} is accepted"
                    );
                }
            }
        }
    }
}

/// Cells of all columns, to be tampered with.
struct Cells {
    description: Description,
    advice: Vec<Vec<Fr>>,
    instances: Vec<Fr>,
}

impl Cells {
    fn new(witness: &CircuitWitness, challenges: &[Fr]) -> Self {
        let description = witness.description().clone();
        let mut advice = vec![vec![]; description.advice.len()];
        for (column, values) in witness.first_phase().into_iter().chain(witness.second_phase(challenges)) {
            advice[column] = values;
        }
        Self { description, advice, instances: witness.instances() }
    }
    fn column(&mut self, name: &str) -> &mut Vec<Fr> {
        let index = self.description.advice.iter().position(|c| c.name == name).unwrap();
        &mut self.advice[index]
    }
    fn rejections(&self) -> BTreeSet<String> {
        rejections(check_cells(&self.description, &self.advice, &self.instances, &challenges()))
    }
}

fn dense_case() -> (Circuit, IntegerGraph, Execution) {
    let (_, graph, inputs) = zoo().swap_remove(0);
    let execution = execute(&graph, &inputs);
    (compile(&graph), graph, execution)
}

#[test]
fn only_the_value_gate_ties_an_activation_to_its_limbs() {
    for (name, graph, inputs) in zoo() {
        let circuit = compile(&graph);
        for (tensor, node) in graph.nodes.iter().enumerate() {
            let Operation::Activate { .. } = node.operation else { continue };
            let execution =
                execute_with(&graph, &inputs, &mut |t, i, v| if (t, i) == (tensor, 0) { v + 1 } else { v })
                    .unwrap();
            let witness = circuit.witness(&graph, &execution, context()).unwrap();
            let names = rejections(check(circuit.description(), &witness, &challenges()));
            assert_eq!(names, set(&["value"]), "{name}, tensor {tensor}");
        }
    }
}

#[test]
fn only_the_random_combination_ties_an_accumulator_to_its_inputs() {
    for (name, graph, inputs) in zoo() {
        let circuit = compile(&graph);
        for (tensor, node) in graph.nodes.iter().enumerate() {
            let Operation::Linear { .. } = node.operation else { continue };
            // A fused sum has no cell: its members decide it.
            if name.contains("fused") && tensor == 3 {
                continue;
            }
            let execution =
                execute_with(&graph, &inputs, &mut |t, i, v| if (t, i) == (tensor, 0) { v + 256 } else { v })
                    .unwrap();
            let witness = circuit.witness(&graph, &execution, context()).unwrap();
            let names = rejections(check(circuit.description(), &witness, &challenges()));
            assert_eq!(names, set(&["total boundary"]), "{name}, tensor {tensor}");
        }
    }
}

#[test]
fn only_the_lookup_keeps_limbs_small() {
    let (circuit, graph, execution) = dense_case();
    // The same sum from limbs out of range: l₀ + 2^t, l₁ − 1.
    let row = (0..)
        .find(|row| {
            let mut fits = false;
            circuit
                .witness_with(&graph, &execution, context(), &mut |hint, honest| {
                    if hint == (Hint::Limb { row: *row, limb: 1 }) {
                        fits = honest != Fr::ZERO && honest != Fr::ONE;
                    }
                    honest
                })
                .unwrap();
            fits
        })
        .unwrap();
    let witness = circuit
        .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
            Hint::Limb { row: r, limb: 0 } if r == row => honest + Fr::from(16),
            Hint::Limb { row: r, limb: 1 } if r == row => honest - Fr::ONE,
            _ => honest,
        })
        .unwrap();
    let names = rejections(check(circuit.description(), &witness, &challenges()));
    // An input's value is decoded from limbs 0 and 1 as well: equally unchanged.
    assert_eq!(names, set(&["lookup", "lookup boundary"]));
}

#[test]
fn an_ordinary_limb_cannot_borrow_an_entry_of_a_function() {
    // The entries of functions stand in the same table columns as the range. A limb of a row without
    // function, or of another function, must not be able to look them up, whatever it claims.
    let (_, graph, inputs) = zoo().swap_remove(2);
    let circuit = compile(&graph);
    let execution = execute(&graph, &inputs);
    let description = circuit.description();
    let honest = Cells::new(&circuit.witness(&graph, &execution, context()).unwrap(), &challenges());
    let fixed = |name: &str| {
        let index = description.fixed.iter().position(|f| f == name).unwrap();
        description.fixed_values[index].clone()
    };
    let advice = |name: &str| description.advice.iter().position(|c| c.name == name).unwrap();
    let (index, base, slope) = (fixed("table index"), fixed("table base"), fixed("table slope"));
    let at = |column: &[Fr], row: usize| column.get(row).copied().unwrap_or(Fr::ZERO);
    let tuples = |row: usize| (at(&index, row), at(&base, row), at(&slope, row));
    let top = advice("limb 3");
    let tags = fixed("row tag");
    let mut cheats = 0;
    for row in 0..description.rows - 1 {
        for entry in 0..index.len() {
            // Claim the entry's index, base and slope as they stand.
            let mut advice_cells = honest.advice.clone();
            let (i, b, s) = tuples(entry);
            advice_cells[top][row] = i;
            advice_cells[advice("table base")][row] = b;
            advice_cells[advice("table slope")][row] = s;
            let failures = check_cells(description, &advice_cells, &honest.instances, &challenges())
                .err()
                .unwrap_or_default();
            let found = !failures.iter().any(|f| matches!(f, Failure::Lookup { row: r, .. } if *r == row));
            // Only entries with the row's own tag count.
            let allowed = (0..description.rows - 1)
                .any(|other| tuples(other) == (i, b, s) && at(&fixed("table tag"), other) == at(&tags, row));
            assert_eq!(found, allowed, "row {row} (tag {:?}), entry {entry}", at(&tags, row));
            cheats += usize::from(!allowed);
        }
    }
    assert!(cheats > 100);
}

#[test]
fn only_the_helper_gate_ties_helpers_to_limbs() {
    let (circuit, graph, execution) = dense_case();
    // A wrong multiplicity, hidden in a helper.
    let witness = circuit
        .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
            Hint::Multiplicity { row: 3 } => honest + Fr::from(5),
            _ => honest,
        })
        .unwrap();
    let mut cells = Cells::new(&witness, &challenges());
    let running = cells.column("running sum").clone();
    let missing = *running.last().unwrap();
    assert_ne!(missing, Fr::ZERO);
    cells.column("helper 0")[3] -= missing;
    for value in &mut cells.column("running sum")[4..] {
        *value -= missing;
    }
    assert_eq!(cells.rejections(), set(&["lookup helper"]));
}

#[test]
fn only_the_lookup_sum_gate_carries_the_sum() {
    let (circuit, graph, execution) = dense_case();
    let witness = circuit
        .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
            Hint::Multiplicity { row: 3 } => honest + Fr::from(5),
            _ => honest,
        })
        .unwrap();
    let mut cells = Cells::new(&witness, &challenges());
    *cells.column("running sum").last_mut().unwrap() = Fr::ZERO;
    assert_eq!(cells.rejections(), set(&["lookup sum"]));
}

/// A witness that claims a wrong public value.
fn wrong_claim() -> (Circuit, Cells) {
    let (circuit, graph, execution) = dense_case();
    let witness = circuit
        .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
            Hint::Instance { index: 2 } => honest + Fr::ONE,
            _ => honest,
        })
        .unwrap();
    let cells = Cells::new(&witness, &challenges());
    assert_eq!(cells.rejections(), set(&["total boundary"]));
    (circuit, cells)
}

#[test]
fn only_the_total_gate_carries_the_total() {
    let (_, mut cells) = wrong_claim();
    *cells.column("total").last_mut().unwrap() = Fr::ZERO;
    assert_eq!(cells.rejections(), set(&["total"]));
}

#[test]
fn only_the_coefficient_gate_carries_coefficients() {
    let (_, mut cells) = wrong_claim();
    let missing = *cells.column("total").last().unwrap();
    // Some row that multiplies a non-zero value with its coefficient.
    let values = cells.column("value").clone();
    let last = values.len() - 1;
    let row = (1..last)
        .rev()
        .find(|row| {
            let mut probe = Cells {
                description: cells.description.clone(),
                advice: cells.advice.clone(),
                instances: cells.instances.clone(),
            };
            probe.column("coefficient")[row + 1] += Fr::ONE;
            values[*row] != Fr::ZERO && probe.rejections().contains("total")
        })
        .unwrap();
    cells.column("coefficient")[row + 1] -= missing * values[row].invert().unwrap();
    for total in &mut cells.column("total")[row + 1..] {
        *total -= missing;
    }
    assert_eq!(cells.rejections(), set(&["coefficient"]));
}

#[test]
fn only_the_copies_tie_productions_to_powers() {
    let (_, mut cells) = wrong_claim();
    let missing = *cells.column("total").last().unwrap();
    let claimed = cells.instances[2];
    cells.column("production")[2] += missing * claimed.invert().unwrap();
    for total in &mut cells.column("total")[3..] {
        *total -= missing;
    }
    assert_eq!(cells.rejections(), set(&["copy"]));
}

#[test]
fn only_the_powers_gates_keep_the_powers_going() {
    // With r = 0 in the prover's head, every constraint but the first vanishes.
    let (circuit, graph, execution) = dense_case();
    let witness = circuit
        .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
            Hint::Instance { index: 2 } => honest + Fr::ONE,
            _ => honest,
        })
        .unwrap();
    let mut own = challenges();
    own[0] = Fr::ZERO;
    let cells = Cells::new(&witness, &own);
    assert_eq!(cells.rejections(), set(&["powers"]));

    // All powers zero: only the start forbids it.
    let mut cells = Cells::new(&witness, &challenges());
    for name in ["powers", "production", "factor", "coefficient", "total"] {
        cells.column(name).fill(Fr::ZERO);
    }
    assert_eq!(cells.rejections(), set(&["powers start"]));
}

#[test]
fn public_values_are_bound_one_by_one() {
    for (name, graph, inputs) in zoo() {
        let circuit = compile(&graph);
        let execution = execute(&graph, &inputs);
        for index in 0..FIRST_OUTPUT_INDEX + graph.instances() {
            let modulus_plus = Fr::ONE;
            let witness = circuit
                .witness_with(&graph, &execution, context(), &mut |hint, honest| {
                    if hint == (Hint::Instance { index }) { honest + modulus_plus } else { honest }
                })
                .unwrap();
            assert!(
                check(circuit.description(), &witness, &challenges()).is_err(),
                "{name}: public value {index}"
            );
        }
    }
}

#[test]
fn no_fixed_column_is_zero_and_no_gate_exceeds_degree_five() {
    for (name, graph, _) in zoo() {
        for width in 1..6 {
            let circuit = Circuit::compile_with(&graph, width).unwrap();
            let description = circuit.description();
            assert!(description.degree() <= 5, "{name}");
            for (column, values) in description.fixed.iter().zip(&description.fixed_values) {
                assert!(values.iter().any(|v| *v != Fr::ZERO), "{name}: {column} is all zero");
                assert!(values.len() <= description.rows, "{name}: {column} is too long");
            }
            // The structural lint: every advice column is read by a gate.
            let mut read = vec![false; description.advice.len()];
            for gate in &description.gates {
                gate.polynomial.for_each_query(&mut |query| {
                    if let Column::Advice(i) = query.column {
                        read[i] = true;
                    }
                });
            }
            assert!(read.iter().all(|r| *r), "{name}");
            assert!(description.advice.iter().any(|c| c.phase == Phase::Second));
            assert_eq!(Fr::NUM_BITS, 254);
        }
    }
}

/// The graphs of the zoo, and two whose first row is special: no input row at all, and a first block
/// that leaves the first value cell alone.
fn layouts() -> Vec<(&'static str, IntegerGraph, Vec<Vec<i128>>)> {
    let mut list = zoo();
    let mut b = Builder::new(SMALL);
    let x = b.input(1, 1);
    b.output(x);
    b.graph.outputs[0].elements = vec![Err(-17)];
    list.push(("a constant", b.graph, vec![vec![5]]));
    let mut b = Builder::new(SMALL);
    let x = b.input(1, 1);
    let y = b.linear(40, vec![dense(all(x, 1), 40, vec![1; 40])], vec![]);
    let z = b.activate(y, Function::Identity);
    b.output(z);
    list.push(("several weights of one input", b.graph, vec![vec![5]]));
    list
}

#[test]
fn any_context_can_be_proven_zero_included() {
    for (name, graph, inputs) in layouts() {
        let execution = execute(&graph, &inputs);
        for width in 1..6 {
            let circuit = Circuit::compile_with(&graph, width).unwrap();
            for context in [Context::UNBOUND, Context::new(-Fr::ONE), context()] {
                let witness = circuit.witness(&graph, &execution, context).unwrap();
                check(circuit.description(), &witness, &challenges())
                    .unwrap_or_else(|failures| panic!("{name}, width {width}: {:?}", failures[0]));
                assert_eq!(witness.instances()[CONTEXT_INDEX], context.value());
            }
        }
    }
}

#[test]
fn only_the_random_combination_ties_the_context_to_its_public_value() {
    for (name, graph, inputs) in layouts() {
        let circuit = compile(&graph);
        let execution = execute(&graph, &inputs);
        // The same cells, another public value: a proof taken to another context.
        for other in [Fr::ZERO, context().value() + Fr::ONE, -context().value()] {
            let moved = circuit
                .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
                    Hint::Instance { index: CONTEXT_INDEX } => other,
                    _ => honest,
                })
                .unwrap();
            let names = rejections(check(circuit.description(), &moved, &challenges()));
            assert_eq!(names, set(&["total boundary"]), "{name}: another public value");

            // Nothing recomputed at all: the row of the context alone complains.
            let mut cells =
                Cells::new(&circuit.witness(&graph, &execution, context()).unwrap(), &challenges());
            cells.instances[CONTEXT_INDEX] = other;
            let failures =
                check_cells(&cells.description, &cells.advice, &cells.instances, &challenges()).unwrap_err();
            assert!(
                matches!(&failures[..], [Failure::Gate { gate, row: 0, .. }] if gate == "total"),
                "{name}: {failures:?}"
            );

            // Another cell, the same public value.
            let changed = circuit
                .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
                    Hint::Value { row: 0 } => other,
                    _ => honest,
                })
                .unwrap();
            let names = rejections(check(circuit.description(), &changed, &challenges()));
            assert_eq!(names, set(&["total boundary"]), "{name}: another cell");

            // Both: an honest proof for the other context.
            let both = circuit
                .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
                    Hint::Value { row: 0 } | Hint::Instance { index: CONTEXT_INDEX } => other,
                    _ => honest,
                })
                .unwrap();
            check(circuit.description(), &both, &challenges()).unwrap();
            let honest = circuit.witness(&graph, &execution, Context::new(other)).unwrap();
            assert_eq!(both.first_phase(), honest.first_phase(), "{name}");
            assert_eq!(both.instances(), honest.instances(), "{name}");
        }
    }
}

#[test]
fn the_context_shares_no_power_of_the_challenge() {
    // An error of the context must not be made good by another constraint: its power of `r` occurs in
    // one production and in no coefficient.
    for (name, graph, inputs) in layouts() {
        for width in 1..6 {
            let circuit = Circuit::compile_with(&graph, width).unwrap();
            let execution = execute(&graph, &inputs);
            let total = |r: u64| {
                let mut challenges = challenges();
                challenges[0] = Fr::from(r);
                let witness = circuit
                    .witness_with(&graph, &execution, context(), &mut |hint, honest| match hint {
                        Hint::Value { row: 0 } => honest + Fr::ONE,
                        _ => honest,
                    })
                    .unwrap();
                *Cells::new(&witness, &challenges).column("total").last().unwrap()
            };
            // T(r) = r^e for one e, nothing more.
            let (two, three) = (total(2), total(3));
            let exponent = (0..1 << 16).find(|e| Fr::from(2).pow_vartime([*e]) == two);
            let exponent = exponent.unwrap_or_else(|| panic!("{name}, width {width}: not a power of r"));
            assert_eq!(three, Fr::from(3).pow_vartime([exponent]), "{name}, width {width}");
            let powers = circuit.description().advice.iter().position(|c| c.name == "powers").unwrap();
            let production =
                circuit.description().advice.iter().position(|c| c.name == "production").unwrap();
            let used: Vec<usize> = circuit
                .description()
                .copies
                .iter()
                .filter(|(_, power)| power.column == Column::Advice(powers) && power.row as u64 == exponent)
                .filter(|(cell, _)| cell.column == Column::Advice(production))
                .map(|(cell, _)| cell.row)
                .collect();
            assert_eq!(used, [0], "{name}, width {width}");
        }
    }
}
