//! Proving backends: SRS, keys, proofs, native verification, verifier parameters.

pub mod error;
mod file;
pub mod halo2;
pub mod parameters;
pub mod srs;
pub mod testing;

pub use error::Error;
use file::{open, read, seal, write_atomically};
use hallmark_circuit::{
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
}

#[derive(Serialize, Deserialize)]
struct ProofFile {
    bytes: Vec<u8>,
    instances: Vec<[u8; 32]>,
    verifying_key_id: [u8; 32],
    srs: SrsIdentity,
}

impl Proof {
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
        };
        let payload = bincode::serde::encode_to_vec(&file, bincode::config::standard())
            .map_err(|error| Error::Backend { action: "encode the proof", reason: error.to_string() })?;
        Ok(seal(PROOF_MAGIC, &payload))
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
    /// When the file is missing, truncated, corrupted or of another kind or version.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read(path)?;
        let payload = open("proof", PROOF_MAGIC, &bytes, path)?;
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
        Ok(Self { bytes: file.bytes, instances, verifying_key_id: file.verifying_key_id, srs: file.srs })
    }
}
