//! Structured reference strings and where they come from.

use serde::{Deserialize, Serialize};

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
