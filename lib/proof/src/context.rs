//! What a context is made of, and its hash: the same as the contracts compute.

use hallmark_circuit::Context;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

/// Hashed into the first word, so that no other hash of the same fields is a context.
pub const CONTEXT_DOMAIN: &str = "hallmark.context.v1";

/// For whom, where and until when a proof is good. Numbers are big-endian words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContextParts {
    /// The chain.
    pub chain_id: [u8; 32],
    /// The contract that may use the proof.
    pub consumer: [u8; 20],
    /// The account that may use it there.
    pub account: [u8; 20],
    /// Which of the account's inferences it is.
    pub nonce: [u8; 32],
    /// Until when it is good: seconds since 1970.
    pub deadline: [u8; 32],
}

impl ContextParts {
    /// `uint256(keccak256(abi.encode(keccak256(CONTEXT_DOMAIN), chainId, consumer, account, nonce,
    /// deadline))) >> 8`: 248 bits, always below the field's modulus.
    pub fn context(&self) -> Context {
        let address = |address: &[u8; 20]| {
            let mut word = [0u8; 32];
            word[12..].copy_from_slice(address);
            word
        };
        let mut hasher = Keccak256::new();
        hasher.update(keccak(CONTEXT_DOMAIN.as_bytes()));
        hasher.update(self.chain_id);
        hasher.update(address(&self.consumer));
        hasher.update(address(&self.account));
        hasher.update(self.nonce);
        hasher.update(self.deadline);
        Context::from_hash(&hasher.finalize().into())
    }

    /// The context of proofs that serve as fixtures: local chain, addresses that nobody has the key
    /// of (the lower 20 bytes of a hash), nonce 0, the year 2100.
    pub fn fixture() -> Self {
        Self {
            chain_id: word(31_337),
            consumer: nobody("hallmark.fixture.consumer"),
            account: nobody("hallmark.fixture.account"),
            nonce: word(0),
            deadline: word(4_102_444_800),
        }
    }

    /// Another account for fixtures.
    pub fn other_fixture_account() -> [u8; 20] {
        nobody("hallmark.fixture.account.2")
    }
}

/// Deadline of fixtures that end before [`ContextParts::fixture`]'s: the year 2099.
pub const EARLY_FIXTURE_DEADLINE: u64 = 4_070_908_800;

/// An address that nobody has the key of.
fn nobody(name: &str) -> [u8; 20] {
    let mut address = [0u8; 20];
    address.copy_from_slice(&keccak(name.as_bytes())[12..]);
    address
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

fn word(number: u64) -> [u8; 32] {
    let mut word = [0u8; 32];
    word[24..].copy_from_slice(&number.to_be_bytes());
    word
}
