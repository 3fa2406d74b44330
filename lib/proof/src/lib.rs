//! Proving backends: SRS, keys, proofs, native verification, verifier parameters.

pub mod context;
pub mod error;
mod file;
pub mod halo2;
pub mod parameters;
pub mod srs;
pub mod testing;

pub use context::ContextParts;
pub use error::Error;
use file::{PROOF_VERSION, open, read, seal, write_atomically};
use hallmark_circuit::{
    CONTEXT_INDEX, Context,
    description::{Description, Witness},
    field::{Fr, PrimeField},
};
use serde::{Deserialize, Serialize};
use srs::{Srs, SrsIdentity};
use std::path::Path;

const PROOF_MAGIC: &[u8; 8] = b"HMPROOF\0";

/// A proof system: keys for a circuit, proofs for a witness.
pub trait Backend {
    /// What proves one circuit.
    type ProvingKey;
    /// What verifies its proofs.
    type VerifyingKey;

    /// Makes the keys of a circuit. Deterministic: the same description and SRS give the same keys.
    ///
    /// # Errors
    /// When the SRS is of another size or the description is beyond the backend's limits.
    fn setup(&self, description: &Description, srs: &Srs) -> Result<Self::ProvingKey, Error>;

    /// Proves that `witness` satisfies the circuit and verifies the proof before handing it out.
    ///
    /// # Errors
    /// [`Error::Unsatisfied`] when the witness breaks a constraint.
    fn prove(
        &self,
        key: &Self::ProvingKey,
        srs: &Srs,
        witness: &(dyn Witness + Sync),
    ) -> Result<Proof, Error>;

    /// Verifies a proof.
    ///
    /// # Errors
    /// [`Error::Rejected`] when it is not valid, [`Error::WrongKey`] when it names another key.
    fn verify(&self, key: &Self::VerifyingKey, proof: &Proof) -> Result<(), Error>;
}

/// A proof with its public values and the key and SRS it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The transcript's bytes: what goes into calldata.
    pub bytes: Vec<u8>,
    /// Public values, field elements.
    pub instances: Vec<Fr>,
    /// Identity of the verifying key.
    pub verifying_key_id: [u8; 32],
    /// The SRS.
    pub srs: SrsIdentity,
    /// What the context is the hash of, when it is known; see [`Proof::with_context`].
    context_parts: Option<ContextParts>,
}

#[derive(Serialize, Deserialize)]
struct ProofFile {
    bytes: Vec<u8>,
    instances: Vec<[u8; 32]>,
    verifying_key_id: [u8; 32],
    srs: SrsIdentity,
    context_parts: Option<ContextParts>,
}

impl Proof {
    /// A proof that says nothing of what its context is made of.
    pub fn new(bytes: Vec<u8>, instances: Vec<Fr>, verifying_key_id: [u8; 32], srs: SrsIdentity) -> Self {
        Self { bytes, instances, verifying_key_id, srs, context_parts: None }
    }

    /// The context: the first public value. A circuit without public values has none.
    pub fn context(&self) -> Option<Context> {
        self.instances.get(CONTEXT_INDEX).copied().map(Context::new)
    }

    /// What the context is the hash of, when it is known.
    pub fn context_parts(&self) -> Option<&ContextParts> {
        self.context_parts.as_ref()
    }

    /// Says what the context is the hash of.
    ///
    /// # Errors
    /// [`Error::Context`] when it is not the hash of `parts`.
    pub fn with_context(mut self, parts: ContextParts) -> Result<Self, Error> {
        if self.context() != Some(parts.context()) {
            return Err(Error::Context {
                expected: word(&parts.context().value()),
                found: self.context().map_or_else(|| "none".into(), |context| word(&context.value())),
            });
        }
        self.context_parts = Some(parts);
        Ok(self)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When the proof cannot be encoded (a bug).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let file = ProofFile {
            bytes: self.bytes.clone(),
            instances: self.instances.iter().map(|i| i.to_repr()).collect(),
            verifying_key_id: self.verifying_key_id,
            srs: self.srs.clone(),
            context_parts: self.context_parts,
        };
        let payload = bincode::serde::encode_to_vec(&file, bincode::config::standard())
            .map_err(|error| Error::Backend { action: "encode the proof", reason: error.to_string() })?;
        Ok(seal(PROOF_MAGIC, PROOF_VERSION, &payload))
    }

    /// Writes the proof through a temporary file.
    ///
    /// # Errors
    /// When `path` cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// When the file is missing, truncated, corrupted or of another kind or version, or when its
    /// context is not the hash of the parts it states.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let payload = open("proof", PROOF_MAGIC, PROOF_VERSION, &bytes, path)?;
        let fail = |reason: String| Error::Format { kind: "proof", path: path.to_owned(), reason };
        let (file, _): (ProofFile, usize) =
            bincode::serde::decode_from_slice(payload, bincode::config::standard())
                .map_err(|error| fail(error.to_string()))?;
        let instances = file
            .instances
            .into_iter()
            .map(|bytes| {
                Option::from(Fr::from_repr(bytes))
                    .ok_or_else(|| fail("a public value is not below the modulus".into()))
            })
            .collect::<Result<_, _>>()?;
        let proof = Self::new(file.bytes, instances, file.verifying_key_id, file.srs);
        match file.context_parts {
            Some(parts) => proof.with_context(parts).map_err(|error| fail(error.to_string())),
            None => Ok(proof),
        }
    }
}

/// A field element as a word in hexadecimal.
fn word(value: &Fr) -> String {
    let bytes: Vec<u8> = value.to_repr().iter().rev().copied().collect();
    format!("0x{}", hex::encode(bytes))
}
