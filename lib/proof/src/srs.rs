//! Structured reference strings and where they come from.
//!
//! Whoever knows the secret `s` of an SRS can forge proofs. A [`Provenance::Dev`] SRS is made on
//! the user's machine and its secret is kept in a file: it must never guard anything of value. The
//! provenance travels into keys, proofs and contracts, and a contract made from it refuses every
//! chain but 31337.

use crate::{
    error::Error,
    file::{FORMAT_VERSION, open, read, seal, write_atomically},
};
use halo2_proofs::{
    SerdeFormat,
    halo2curves::{
        CurveAffine,
        bn256::{Bn256, G2Affine},
        ff::PrimeField,
    },
    poly::{commitment::Params, kzg::commitment::ParamsKZG},
};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

const SRS_MAGIC: &[u8; 8] = b"HMSRSDEV";
const SEED_MAGIC: &[u8; 8] = b"HMDEVTAU";

/// Who knows the secret of an SRS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// Made on one machine: whoever made it can forge proofs. Never deployable outside chain 31337.
    Dev,
    /// Made by a public ceremony, named.
    Ceremony(String),
}

/// Identity of an SRS: travels into keys, proofs and contracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SrsIdentity {
    /// Where it comes from.
    pub provenance: Provenance,
    /// SHA-256 of the uncompressed `[s]₂`; the same for every size of one SRS.
    pub id: [u8; 32],
}

/// A KZG structured reference string over BN254 for polynomials of degree below `2^k`.
#[derive(Clone, Debug)]
pub struct Srs {
    pub(crate) params: ParamsKZG<Bn256>,
    identity: SrsIdentity,
}

impl Srs {
    /// Its `k`: it serves circuits of exactly `2^k` rows.
    pub fn k(&self) -> u32 {
        self.params.k()
    }

    /// Its identity.
    pub fn identity(&self) -> &SrsIdentity {
        &self.identity
    }

    /// An SRS whose secret follows from `seed`: for tests only, anybody can forge proofs under it.
    pub fn dev_from_seed(k: u32, seed: [u8; 32]) -> Self {
        // `setup` draws the secret first, so that one seed gives one secret whatever the size.
        let params = ParamsKZG::<Bn256>::setup(k, ChaCha20Rng::from_seed(seed));
        let identity = SrsIdentity { provenance: Provenance::Dev, id: identify(&params.s_g2()) };
        Self { params, identity }
    }

    /// The user's own dev SRS of size `2^k`: drawn from the operating system's randomness once,
    /// kept in `folder`, the same secret for every size.
    ///
    /// # Errors
    /// When the folder cannot be written, or a file in it is corrupted.
    pub fn dev(k: u32, folder: &Path) -> Result<Self, Error> {
        let seed_path = folder.join("dev.seed");
        let seed: [u8; 32] = if seed_path.exists() {
            let bytes = read(&seed_path)?;
            let payload = open("dev SRS seed", SEED_MAGIC, FORMAT_VERSION, &bytes, &seed_path)?;
            payload.try_into().map_err(|_| Error::Format {
                kind: "dev SRS seed",
                path: seed_path.clone(),
                reason: "it does not hold 32 bytes".into(),
            })?
        } else {
            let mut seed = [0u8; 32];
            rand::rngs::OsRng.fill_bytes(&mut seed);
            write_atomically(&seed_path, &seal(SEED_MAGIC, FORMAT_VERSION, &seed))?;
            seed
        };
        let path = folder.join(format!("dev-{k}.srs"));
        if path.exists() {
            let bytes = read(&path)?;
            let payload = open("dev SRS", SRS_MAGIC, FORMAT_VERSION, &bytes, &path)?;
            let fail = |reason: String| Error::Format { kind: "dev SRS", path: path.clone(), reason };
            let params = ParamsKZG::<Bn256>::read_custom(&mut &payload[..], SerdeFormat::RawBytes)
                .map_err(|error| fail(error.to_string()))?;
            if params.k() != k {
                return Err(fail(format!("it is of size 2^{}, not 2^{k}", params.k())));
            }
            let identity = SrsIdentity { provenance: Provenance::Dev, id: identify(&params.s_g2()) };
            return Ok(Self { params, identity });
        }
        let srs = Self::dev_from_seed(k, seed);
        let mut payload = Vec::new();
        srs.params.write_custom(&mut payload, SerdeFormat::RawBytes).map_err(|source| Error::Io {
            action: "write",
            path: path.clone(),
            source,
        })?;
        write_atomically(&path, &seal(SRS_MAGIC, FORMAT_VERSION, &payload))?;
        Ok(srs)
    }
}

/// SHA-256 of `[s]₂` as EVM words: `x₁ ‖ x₀ ‖ y₁ ‖ y₀`, big-endian (EIP-197 order).
fn identify(s_g2: &G2Affine) -> [u8; 32] {
    let mut hasher = Sha256::new();
    if let Some(coordinates) =
        Option::<halo2_proofs::halo2curves::Coordinates<G2Affine>>::from(s_g2.coordinates())
    {
        for coordinate in [coordinates.x(), coordinates.y()] {
            for part in [&coordinate.c1, &coordinate.c0] {
                let mut bytes = [0u8; 32];
                bytes.copy_from_slice(part.to_repr().as_ref());
                bytes.reverse();
                hasher.update(bytes);
            }
        }
    }
    hasher.finalize().into()
}
