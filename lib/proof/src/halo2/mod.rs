//! The halo2 backend: KZG commitments over BN254, SHPLONK openings, Keccak transcript.

mod circuit;
mod transcript;

use crate::{
    Backend, Proof,
    error::Error,
    file::{FORMAT_VERSION, open, read, seal, write_atomically},
    parameters::VerifierParameters,
    srs::{Srs, SrsIdentity},
};
use circuit::DescribedCircuit;
use hallmark_circuit::description::{Column, Description, Expression, Witness};
use halo2_proofs::{
    SerdeFormat,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine, G2Affine},
        ff::PrimeField,
    },
    plonk::{self, create_proof, keygen_pk, keygen_vk, verify_proof},
    poly::{
        VerificationStrategy,
        kzg::{
            commitment::{KZGCommitmentScheme, ParamsKZG},
            multiopen::{ProverSHPLONK, VerifierSHPLONK},
            strategy::AccumulatorStrategy,
        },
    },
    transcript::{TranscriptReadBuffer, TranscriptWriterBuffer},
};
use rand::{SeedableRng, rngs::OsRng};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{path::Path, sync::Arc};
use transcript::{Challenge, KeccakTranscript};

/// Largest gate degree: halo2-axiom clamps the degree to the environment variable `MAX_DEGREE`,
/// 5 when it is not set, without a word.
pub const MAXIMUM_DEGREE: usize = 5;

const PROVING_KEY_MAGIC: &[u8; 8] = b"HMH2PKEY";
const VERIFYING_KEY_MAGIC: &[u8; 8] = b"HMH2VKEY";

/// halo2 with KZG and SHPLONK over BN254.
#[derive(Clone, Copy, Debug, Default)]
pub struct Halo2;

/// What verifies proofs of one circuit.
#[derive(Clone, Debug)]
pub struct VerifyingKey {
    key: plonk::VerifyingKey<G1Affine>,
    shape: Arc<Description>,
    srs: SrsIdentity,
    g2: G2Affine,
    s_g2: G2Affine,
    id: [u8; 32],
}

/// What proves one circuit.
#[derive(Clone, Debug)]
pub struct ProvingKey {
    key: plonk::ProvingKey<G1Affine>,
    verifying_key: VerifyingKey,
}

#[derive(Serialize, Deserialize)]
struct VerifyingKeyFile {
    shape: Description,
    key: Vec<u8>,
    srs: SrsIdentity,
    g2: Vec<u8>,
    s_g2: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct ProvingKeyFile {
    verifying_key: VerifyingKeyFile,
    key: Vec<u8>,
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| Error::Backend { action: "encode a key", reason: error.to_string() })
}

fn decode<T: for<'d> Deserialize<'d>>(kind: &'static str, bytes: &[u8], path: &Path) -> Result<T, Error> {
    let fail = |reason: String| Error::Format { kind, path: path.to_owned(), reason };
    let (value, length) = bincode::serde::decode_from_slice(bytes, bincode::config::standard())
        .map_err(|error| fail(error.to_string()))?;
    if length != bytes.len() {
        return Err(fail(format!("{} bytes follow its end", bytes.len() - length)));
    }
    Ok(value)
}

/// Refuses what halo2-axiom would get wrong silently or answer with a panic.
fn validate(description: &Description) -> Result<(), Error> {
    let fail = |reason: String| Err(Error::Unsupported { reason });
    if let Some(gate) = description.gates.iter().find(|g| g.polynomial.degree() > MAXIMUM_DEGREE) {
        return fail(format!(
            "gate `{}` has degree {}, at most {MAXIMUM_DEGREE} is possible",
            gate.name,
            gate.polynomial.degree()
        ));
    }
    if let Ok(value) = std::env::var("MAX_DEGREE")
        && value.trim() != MAXIMUM_DEGREE.to_string()
    {
        return fail(format!(
            "the environment variable MAX_DEGREE={value} would change the verifying key: unset it"
        ));
    }
    let mut bad = None;
    for gate in &description.gates {
        gate.polynomial.for_each_query(&mut |query| {
            let missing = match query.column {
                Column::Advice(i) => i >= description.advice.len(),
                Column::Fixed(i) => i >= description.fixed.len(),
                Column::Instance => description.instances == 0,
            };
            if missing {
                bad = Some(format!("gate `{}` reads {:?}, which does not exist", gate.name, query.column));
            }
        });
        check_challenges(&gate.polynomial, description.challenges.len(), &mut bad, &gate.name);
    }
    if let Some(reason) = bad {
        return fail(reason);
    }
    Ok(())
}

fn check_challenges(expression: &Expression, challenges: usize, bad: &mut Option<String>, gate: &str) {
    match expression {
        Expression::Challenge(i) if *i >= challenges => {
            *bad = Some(format!("gate `{gate}` reads challenge {i}, which does not exist"))
        }
        Expression::Sum(a, b) | Expression::Product(a, b) => {
            check_challenges(a, challenges, bad, gate);
            check_challenges(b, challenges, bad, gate);
        }
        Expression::Scaled(a, _) => check_challenges(a, challenges, bad, gate),
        _ => {}
    }
}

impl VerifyingKey {
    fn new(
        key: plonk::VerifyingKey<G1Affine>,
        shape: Arc<Description>,
        srs: SrsIdentity,
        g2: G2Affine,
        s_g2: G2Affine,
    ) -> Result<Self, Error> {
        let mut verifying_key = Self { key, shape, srs, g2, s_g2, id: [0; 32] };
        verifying_key.id = Sha256::digest(encode(&verifying_key.to_file())?).into();
        Ok(verifying_key)
    }

    fn to_file(&self) -> VerifyingKeyFile {
        VerifyingKeyFile {
            shape: (*self.shape).clone(),
            key: self.key.to_bytes(SerdeFormat::RawBytes),
            srs: self.srs.clone(),
            g2: encode_g2(&self.g2),
            s_g2: encode_g2(&self.s_g2),
        }
    }

    fn from_file(file: VerifyingKeyFile, kind: &'static str, path: &Path) -> Result<Self, Error> {
        let fail = |reason: String| Error::Format { kind, path: path.to_owned(), reason };
        validate(&file.shape)?;
        let shape = Arc::new(file.shape);
        let key = plonk::VerifyingKey::from_bytes::<DescribedCircuit<'_>>(
            &file.key,
            SerdeFormat::RawBytes,
            Some(shape.clone()),
        )
        .map_err(|error| fail(error.to_string()))?;
        let point = |bytes: &[u8]| {
            decode_g2(bytes).ok_or_else(|| fail("a point of the SRS is not on the curve".into()))
        };
        let (g2, s_g2) = (point(&file.g2)?, point(&file.s_g2)?);
        Self::new(key, shape, file.srs, g2, s_g2)
    }

    /// SHA-256 of the serialised key: names it in proofs and contracts.
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// The SRS it was made with.
    pub fn srs(&self) -> &SrsIdentity {
        &self.srs
    }

    /// The circuit without its fixed values and copies.
    pub fn shape(&self) -> &Description {
        &self.shape
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When the key cannot be encoded (a bug).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        Ok(seal(VERIFYING_KEY_MAGIC, FORMAT_VERSION, &encode(&self.to_file())?))
    }

    /// Writes the key through a temporary file.
    ///
    /// # Errors
    /// When `path` cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// Reads a key and checks every point.
    ///
    /// # Errors
    /// When the file is missing, truncated, corrupted or of another kind or version.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let payload = open("verifying key", VERIFYING_KEY_MAGIC, FORMAT_VERSION, &bytes, path)?;
        Self::from_file(decode("verifying key", payload, path)?, "verifying key", path)
    }

    /// All that a verifier contract must know.
    pub fn parameters(&self) -> VerifierParameters {
        let cs = self.key.cs();
        let column = |column: &plonk::Column<plonk::Any>| match column.column_type() {
            plonk::Any::Advice(_) => Column::Advice(column.index()),
            plonk::Any::Fixed => Column::Fixed(column.index()),
            plonk::Any::Instance => Column::Instance,
        };
        VerifierParameters {
            k: self.shape.k,
            srs: self.srs.clone(),
            transcript_seed: self.key.transcript_repr(),
            omega: self.key.get_domain().get_omega(),
            delta: Fr::DELTA,
            blinding_factors: cs.blinding_factors(),
            quotient_pieces: self.key.get_domain().get_quotient_poly_degree(),
            advice_phases: self.shape.advice.iter().map(|c| c.phase).collect(),
            challenges: self.shape.challenges.len(),
            advice_queries: cs.advice_queries().iter().map(|(c, r)| (c.index(), r.0)).collect(),
            fixed_queries: cs.fixed_queries().iter().map(|(c, r)| (c.index(), r.0)).collect(),
            instance_queries: cs.instance_queries().iter().map(|(_, r)| r.0).collect(),
            gates: self.shape.gates.clone(),
            permutation: cs.permutation().get_columns().iter().map(column).collect(),
            permutation_chunk: cs.degree() - 2,
            fixed_commitments: self.key.fixed_commitments().clone(),
            permutation_commitments: self.key.permutation().commitments().clone(),
            instances: self.shape.instances,
            g1: G1Affine::generator(),
            g2: self.g2,
            s_g2: self.s_g2,
        }
    }
}

fn encode_g2(point: &G2Affine) -> Vec<u8> {
    use halo2_proofs::halo2curves::serde::SerdeObject;
    point.to_raw_bytes()
}

fn decode_g2(bytes: &[u8]) -> Option<G2Affine> {
    use halo2_proofs::halo2curves::serde::SerdeObject;
    G2Affine::from_raw_bytes(bytes)
}

impl ProvingKey {
    /// The verifying key inside.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When the key cannot be encoded (a bug).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let file = ProvingKeyFile {
            verifying_key: self.verifying_key.to_file(),
            key: self.key.to_bytes(SerdeFormat::RawBytesUnchecked),
        };
        Ok(seal(PROVING_KEY_MAGIC, FORMAT_VERSION, &encode(&file)?))
    }

    /// Writes the key through a temporary file.
    ///
    /// # Errors
    /// When `path` cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// Reads a key; its checksum covers all of it.
    ///
    /// # Errors
    /// When the file is missing, truncated, corrupted or of another kind or version.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let payload = open("proving key", PROVING_KEY_MAGIC, FORMAT_VERSION, &bytes, path)?;
        let file: ProvingKeyFile = decode("proving key", payload, path)?;
        let verifying_key = VerifyingKey::from_file(file.verifying_key, "proving key", path)?;
        let key = plonk::ProvingKey::from_bytes::<DescribedCircuit<'_>>(
            &file.key,
            SerdeFormat::RawBytesUnchecked,
            Some(verifying_key.shape.clone()),
        )
        .map_err(|error| Error::Format {
            kind: "proving key",
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { key, verifying_key })
    }
}

fn backend_error(action: &'static str) -> impl Fn(plonk::Error) -> Error {
    move |error| Error::Backend { action, reason: error.to_string() }
}

impl Backend for Halo2 {
    type ProvingKey = ProvingKey;
    type VerifyingKey = VerifyingKey;

    fn setup(&self, description: &Description, srs: &Srs) -> Result<ProvingKey, Error> {
        validate(description)?;
        if description.k != srs.k() {
            return Err(Error::SrsTooSmall { needed: description.k, available: srs.k() });
        }
        let circuit = DescribedCircuit { description: Some(Arc::new(description.clone())), witness: None };
        let key = keygen_vk(&srs.params, &circuit).map_err(backend_error("generate the verifying key"))?;
        let verifying_key = VerifyingKey::new(
            key.clone(),
            Arc::new(description.shape()),
            srs.identity().clone(),
            srs.params.g2(),
            srs.params.s_g2(),
        )?;
        let key = keygen_pk(&srs.params, key, &circuit).map_err(backend_error("generate the proving key"))?;
        Ok(ProvingKey { key, verifying_key })
    }

    fn prove(&self, key: &ProvingKey, srs: &Srs, witness: &(dyn Witness + Sync)) -> Result<Proof, Error> {
        let proof = self.prove_unchecked(key, srs, witness)?;
        // The prover never notices a bad witness.
        self.verify(&key.verifying_key, &proof).map_err(|error| match error {
            Error::Rejected => Error::Unsatisfied,
            other => other,
        })?;
        Ok(proof)
    }

    fn verify(&self, key: &VerifyingKey, proof: &Proof) -> Result<(), Error> {
        if proof.verifying_key_id != key.id {
            return Err(Error::WrongKey {
                expected: hex::encode(key.id),
                found: hex::encode(proof.verifying_key_id),
            });
        }
        verify_bytes(key, &proof.bytes, &proof.instances)
    }
}

impl Halo2 {
    /// Makes a proof without verifying it: for tests that need a bad one.
    ///
    /// # Errors
    /// As [`Backend::prove`], except that an unsatisfied witness is not noticed.
    pub fn prove_unchecked(
        &self,
        key: &ProvingKey,
        srs: &Srs,
        witness: &(dyn Witness + Sync),
    ) -> Result<Proof, Error> {
        let verifying_key = &key.verifying_key;
        if verifying_key.srs != *srs.identity() {
            return Err(Error::WrongSrs {
                expected: hex::encode(srs.identity().id),
                found: hex::encode(verifying_key.srs.id),
            });
        }
        if verifying_key.shape.k != srs.k() {
            return Err(Error::SrsTooSmall { needed: verifying_key.shape.k, available: srs.k() });
        }
        let instances = witness.instances();
        if instances.len() != verifying_key.shape.instances {
            return Err(Error::Instances { expected: verifying_key.shape.instances, found: instances.len() });
        }
        let circuit =
            DescribedCircuit { description: Some(verifying_key.shape.clone()), witness: Some(witness) };
        let columns: Vec<&[Fr]> = if instances.is_empty() { vec![] } else { vec![&instances] };
        let mut transcript: KeccakTranscript<Vec<u8>> =
            TranscriptWriterBuffer::<_, G1Affine, Challenge>::init(Vec::new());
        create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            &srs.params,
            &key.key,
            &[circuit],
            &[&columns],
            OsRng,
            &mut transcript,
        )
        .map_err(backend_error("make the proof"))?;
        let bytes = TranscriptWriterBuffer::<_, G1Affine, Challenge>::finalize(transcript);
        Ok(Proof::new(bytes, instances, verifying_key.id, verifying_key.srs.clone()))
    }
}

/// Verifies raw proof bytes; rejects trailing bytes and a wrong number of instances.
fn verify_bytes(key: &VerifyingKey, bytes: &[u8], instances: &[Fr]) -> Result<(), Error> {
    if instances.len() != key.shape.instances {
        return Err(Error::Instances { expected: key.shape.instances, found: instances.len() });
    }
    if bytes.len() != key.parameters().proof_bytes() {
        return Err(Error::Rejected);
    }
    // Verification needs the SRS only for [1]₁, [1]₂ and [s]₂.
    let smallest = ParamsKZG::<Bn256>::setup(1, rand_chacha::ChaCha20Rng::from_seed([0; 32]));
    let params = smallest.from_parts(
        key.shape.k,
        vec![G1Affine::generator()],
        Some(vec![G1Affine::generator()]),
        key.g2,
        key.s_g2,
    );
    let columns: Vec<&[Fr]> = if instances.is_empty() { vec![] } else { vec![instances] };
    let mut transcript: KeccakTranscript<&[u8]> = TranscriptReadBuffer::<_, G1Affine, Challenge>::init(bytes);
    let strategy = verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>, _, _, _>(
        &params,
        &key.key,
        AccumulatorStrategy::new(&params),
        &[&columns],
        &mut transcript,
    )
    .map_err(|_| Error::Rejected)?;
    if VerificationStrategy::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<'_, Bn256>>::finalize(strategy) {
        Ok(())
    } else {
        Err(Error::Rejected)
    }
}
