#![allow(clippy::print_stdout, missing_docs)]
use hallmark_circuit::{Circuit, Objective, check::check, description::Witness};
use hallmark_graph::ir::QuantisationSettings;
use hallmark_proof::{Backend, halo2::Halo2, srs::Srs};
use std::{path::Path, time::Instant};
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let v: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (v[11].parse::<f64>().unwrap() + v[12].parse::<f64>().unwrap()) / 100.0
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let dir = Path::new(&args[1]);
    let n = |i: usize| args[i].parse::<u32>().unwrap();
    let settings = QuantisationSettings { limb_bits: n(2), low_limbs: n(3), high_limbs: n(4), fraction_bits: n(5) };
    let model = hallmark_graph::Model::load(&dir.join("network.onnx"), &Default::default()).unwrap();
    let inputs = hallmark_graph::input::read_inputs(&dir.join("input.json"), &model).unwrap();
    let graph = hallmark_graph::quantise(&model, &[inputs.clone()], settings, 4.0).unwrap();
    let t = Instant::now();
    let execution = hallmark_graph::execute(&graph, &inputs).unwrap();
    println!("execute {:?}", t.elapsed());
    let got = hallmark_graph::outputs(&graph, &execution);
    let want = model.run(&inputs).unwrap();
    let err = got.iter().flatten().zip(want.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    for node in &graph.nodes {
        if args.len() > 7 { println!("  {} {} len {} ", node.name, node.operator, graph.tensors[graph.nodes.iter().position(|n| std::ptr::eq(n, node)).unwrap()].len()); }
    }
    for w in 1..=12 {
        let c = Circuit::compile_with(&graph, w).unwrap();
        let e = c.estimate();
        println!("  w={w} rows {} k {} gas {} cpu {:.2}", c.statistics().rows, c.statistics().k, e.verify_gas, e.prove_cpu_seconds);
    }
    let t = Instant::now();
    let circuit = match args.get(6).map(|s| s.parse::<usize>()) {
        Some(Ok(w)) if w > 0 => Circuit::compile_with(&graph, w).unwrap(),
        _ => Circuit::compile(&graph, Objective::Balanced).unwrap(),
    };
    println!("{} err {err:.2e} compile {:?} {:?} est {:?}", args[1], t.elapsed(), circuit.statistics(), circuit.estimate());
    let t = Instant::now();
    let witness = circuit.witness(&graph, &execution).unwrap();
    println!("witness {:?} instances {}", t.elapsed(), witness.instances().len());
    if circuit.statistics().k < 12 {
        let ch = [3u64, 5, 7].map(|c| hallmark_circuit::field::Fr::from(c * 0x1234_5678_1111).square());
        if let Err(f) = check(circuit.description(), &witness, &ch) { println!("CHECK {} {:?}", f.len(), f[0]); }
    }
    std::fs::create_dir_all("/tmp/srs").unwrap();
    let srs = Srs::dev(circuit.statistics().k, Path::new("/tmp/srs")).unwrap();
    let (t, c) = (Instant::now(), cpu());
    let key = Halo2.setup(circuit.description(), &srs).unwrap();
    println!("setup {:?} cpu {:.2}", t.elapsed(), cpu() - c);
    for _ in 0..2 {
        std::fs::write("/proc/self/clear_refs", "5").ok();
        let (t, c) = (Instant::now(), cpu());
        let proof = Halo2.prove_unchecked(&key, &srs, &witness).unwrap();
        println!("prove {:?} cpu {:.2} bytes {}", t.elapsed(), cpu() - c, proof.bytes.len());
        let t = Instant::now();
        println!("verify {:?} {:?}", Halo2.verify(key.verifying_key(), &proof), t.elapsed());
    }
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", s.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
