//! Keys, proof and native verification of the small test circuit.

#![allow(missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use hallmark_proof::{Backend, halo2::Halo2, srs::Srs, testing::SmallCircuit};

fn benches(c: &mut Criterion) {
    let circuit = SmallCircuit::new(7);
    let description = circuit.description();
    let srs = Srs::dev_from_seed(6, [7; 32]);
    c.bench_function("setup 2^6", |b| b.iter(|| Halo2.setup(&description, &srs).is_ok()));
    let Ok(key) = Halo2.setup(&description, &srs) else { return };
    c.bench_function("prove 2^6", |b| b.iter(|| Halo2.prove(&key, &srs, &circuit).is_ok()));
    let Ok(proof) = Halo2.prove(&key, &srs, &circuit) else { return };
    c.bench_function("verify", |b| b.iter(|| Halo2.verify(key.verifying_key(), &proof).is_ok()));
}

criterion_group! { name = prove; config = Criterion::default().sample_size(10); targets = benches }
criterion_main!(prove);
