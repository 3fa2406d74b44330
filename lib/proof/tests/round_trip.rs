//! Keys and proofs of a small circuit: prove, verify, store, read back, reject what is wrong.

use hallmark_circuit::field::{Field, Fr, PrimeField};
use hallmark_proof::{
    Backend, ContextParts, Error, Proof,
    halo2::{Halo2, ProvingKey, VerifyingKey},
    srs::Srs,
    testing::SmallCircuit,
};

#[test]
fn proves_and_verifies_with_and_without_public_values() {
    for instances in [0, 1, 7] {
        let (key, proof) = SmallCircuit::new(instances).prove().unwrap();
        assert_eq!(proof.instances.len(), instances);
        assert_eq!(proof.bytes.len(), key.verifying_key().parameters().proof_bytes());
        Halo2.verify(key.verifying_key(), &proof).unwrap();
    }
}

#[test]
fn rejects_changed_proofs_and_public_values() {
    let (key, proof) = SmallCircuit::new(3).prove().unwrap();
    for byte in (0..proof.bytes.len()).step_by(31) {
        let mut bad = proof.clone();
        bad.bytes[byte] ^= 1;
        assert!(matches!(Halo2.verify(key.verifying_key(), &bad), Err(Error::Rejected)), "byte {byte}");
    }
    let mut bad = proof.clone();
    bad.instances[1] += Fr::ONE;
    assert!(matches!(Halo2.verify(key.verifying_key(), &bad), Err(Error::Rejected)));
    let mut longer = proof.clone();
    longer.bytes.push(0);
    assert!(matches!(Halo2.verify(key.verifying_key(), &longer), Err(Error::Rejected)));
    let mut fewer = proof;
    fewer.instances.pop();
    assert!(matches!(
        Halo2.verify(key.verifying_key(), &fewer),
        Err(Error::Instances { expected: 3, found: 2 })
    ));
}

#[test]
fn keys_and_proofs_survive_their_files_and_damage_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let circuit = SmallCircuit::new(2);
    let (key, proof) = circuit.prove().unwrap();
    let path = |name: &str| folder.path().join(name);
    key.write(&path("proving.key")).unwrap();
    key.verifying_key().write(&path("verifying.key")).unwrap();
    proof.write(&path("proof.bin")).unwrap();

    let read_key = ProvingKey::read(&path("proving.key")).unwrap();
    let read_verifying_key = VerifyingKey::read(&path("verifying.key")).unwrap();
    assert_eq!(read_verifying_key.id(), key.verifying_key().id());
    assert_eq!(Proof::read(&path("proof.bin")).unwrap(), proof);
    let again = Halo2.prove(&read_key, &Srs::dev_from_seed(6, [7; 32]), &circuit).unwrap();
    Halo2.verify(&read_verifying_key, &again).unwrap();

    for name in ["proving.key", "verifying.key", "proof.bin"] {
        let bytes = std::fs::read(path(name)).unwrap();
        for damage in [bytes[..bytes.len() / 2].to_vec(), vec![], {
            let mut flipped = bytes.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            flipped
        }] {
            std::fs::write(path(name), &damage).unwrap();
            let error = match name {
                "proving.key" => ProvingKey::read(&path(name)).err(),
                "verifying.key" => VerifyingKey::read(&path(name)).err(),
                _ => Proof::read(&path(name)).err(),
            };
            assert!(matches!(error, Some(Error::Format { .. })), "{name}: {error:?}");
        }
        std::fs::write(path(name), &bytes).unwrap();
    }
    assert!(matches!(Proof::read(&path("verifying.key")), Err(Error::Format { .. })));
    assert!(matches!(Proof::read(&path("missing")), Err(Error::Io { .. })));
}

#[test]
fn the_same_description_and_srs_give_the_same_key() {
    let (one, _) = SmallCircuit::new(2).prove().unwrap();
    let (two, _) = SmallCircuit::new(2).prove().unwrap();
    assert_eq!(one.verifying_key().to_bytes().unwrap(), two.verifying_key().to_bytes().unwrap());
    let other = Halo2.setup(&SmallCircuit::new(2).description(), &Srs::dev_from_seed(6, [8; 32])).unwrap();
    assert_ne!(one.verifying_key().id(), other.verifying_key().id());
}

#[test]
fn the_dev_srs_keeps_its_secret_across_sizes_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let small = Srs::dev(4, folder.path()).unwrap();
    let large = Srs::dev(5, folder.path()).unwrap();
    let again = Srs::dev(4, folder.path()).unwrap();
    assert_eq!(small.identity(), large.identity());
    assert_eq!(small.identity(), again.identity());
    let elsewhere = tempfile::tempdir().unwrap();
    assert_ne!(Srs::dev(4, elsewhere.path()).unwrap().identity(), small.identity());
}

#[test]
fn an_unsatisfied_witness_is_never_handed_out() {
    let description = SmallCircuit::new(2).description();
    let srs = Srs::dev_from_seed(6, [7; 32]);
    let key = Halo2.setup(&description, &srs).unwrap();
    struct Bad(SmallCircuit);
    impl hallmark_circuit::description::Witness for Bad {
        fn first_phase(&self) -> Vec<(usize, Vec<Fr>)> {
            let mut columns = self.0.first_phase();
            columns[1].1[4] += Fr::ONE;
            columns
        }
        fn second_phase(&self, challenges: &[Fr]) -> Vec<(usize, Vec<Fr>)> {
            self.0.second_phase(challenges)
        }
        fn instances(&self) -> Vec<Fr> {
            self.0.instances()
        }
    }
    assert!(matches!(Halo2.prove(&key, &srs, &Bad(SmallCircuit::new(2))), Err(Error::Unsatisfied)));
}

/// The hashes are those of a contract in an EVM: `lib/gas/tests/context.rs` computes them again.
#[test]
fn contexts_are_the_hashes_that_contracts_compute() {
    let hexadecimal = |parts: ContextParts| {
        let repr: Vec<u8> = parts.context().value().to_repr().iter().rev().copied().collect();
        hex::encode(repr)
    };
    assert_eq!(
        hexadecimal(ContextParts::fixture()),
        "005c516b7cdf3cdf25ad4c6b3c3f861eda277f4d3b256e15888b1bbe576d97ad"
    );
    let largest = ContextParts {
        chain_id: [0xff; 32],
        consumer: [0xff; 20],
        account: [0xff; 20],
        nonce: [0xff; 32],
        deadline: [0xff; 32],
    };
    assert_eq!(hexadecimal(largest), "00bb07750a48a571259de99c271480811465040947c9f52b292c76c63f1699f1");
}

#[test]
fn every_part_of_a_context_changes_it() {
    let fixture = ContextParts::fixture();
    let mut contexts = vec![fixture.context().value()];
    for bit in [0, 7] {
        for byte in 0..32 {
            let mut parts = [fixture; 5];
            parts[0].chain_id[byte] ^= 1 << bit;
            parts[1].nonce[byte] ^= 1 << bit;
            parts[2].deadline[byte] ^= 1 << bit;
            parts[3].consumer[byte % 20] ^= 1 << bit;
            parts[4].account[byte % 20] ^= 1 << bit;
            let count = if byte < 20 { 5 } else { 3 };
            contexts.extend(parts[..count].iter().map(|parts| parts.context().value()));
        }
    }
    let swapped = ContextParts { consumer: fixture.account, account: fixture.consumer, ..fixture };
    contexts.push(swapped.context().value());
    let count = contexts.len();
    contexts.sort_unstable();
    contexts.dedup();
    assert_eq!(contexts.len(), count);
}

#[test]
fn a_proof_states_no_parts_that_are_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proof.bin");
    let parts = ContextParts::fixture();
    let (_, proof) = SmallCircuit::new(2).prove().unwrap();
    assert!(matches!(proof.clone().with_context(parts), Err(Error::Context { .. })));
    let (_, none) = SmallCircuit::new(0).prove().unwrap();
    assert!(matches!(none.with_context(parts), Err(Error::Context { .. })));

    let mut bound = proof;
    bound.instances[0] = parts.context().value();
    let mut bound = bound.with_context(parts).unwrap();
    bound.write(&path).unwrap();
    let read = Proof::read(&path).unwrap();
    assert_eq!(read, bound);
    assert_eq!(read.context_parts(), Some(&parts));
    // The file says otherwise.
    bound.instances[0] += Fr::ONE;
    bound.write(&path).unwrap();
    assert!(matches!(Proof::read(&path), Err(Error::Format { .. })));
}
