//! The signed transaction that a verification is priced as.
//!
//! Data fees are functions of the bytes of the signed transaction, not of its calldata. Before there
//! is one, a plausible one has to stand in. The convention is: EIP-1559 (type 2), no value, empty
//! access list, and a signature with `yParity` 1, `r = keccak256("R")` and `s = keccak256("S")`:
//! 64 bytes that do not compress, like those of any signature. It verifies nowhere; nothing here is
//! ever sent.
//!
//! Chain id, nonce, fees and gas limit cost 1 to 9 bytes each, so that a real transaction differs by
//! a few bytes (tens of wei in a thousand).

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, Bytes, Signature, TxKind, U256, address, keccak256};

/// Recipient where none is given: any 20 bytes that do not compress would do.
pub const RECIPIENT: Address = address!("0xdc6ff44d5d932cbd77b52e5612ba0529dc6226f1");

/// Nonce where none is given: one byte, as for the first 127 transactions of an account.
pub const NONCE: u64 = 5;

/// The fields of the stand-in transaction that are not fixed by the convention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Chain id.
    pub chain_id: u64,
    /// Nonce of the sender.
    pub nonce: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// Most that is paid for a unit of gas, in wei.
    pub max_fee_per_gas: u128,
    /// Most of it that goes to the proposer, in wei.
    pub max_priority_fee_per_gas: u128,
    /// Recipient; none creates a contract.
    pub recipient: Option<Address>,
}

impl Envelope {
    /// As a wallet would fill it in: a fifth more gas than is used, and twice the base fee plus the
    /// priority fee as the most to pay.
    pub fn priced(chain_id: u64, gas_used: u64, base_fee: u128, priority_fee: u128) -> Self {
        Self {
            chain_id,
            nonce: NONCE,
            gas_limit: gas_used.saturating_add(gas_used / 5),
            max_fee_per_gas: base_fee.saturating_mul(2).saturating_add(priority_fee),
            max_priority_fee_per_gas: priority_fee,
            recipient: Some(RECIPIENT),
        }
    }

    /// The signed transaction with this calldata (or init code), EIP-2718 encoded.
    pub fn encode(&self, calldata: &[u8]) -> Vec<u8> {
        self.transaction(calldata).into_signed(signature()).encoded_2718()
    }

    /// The same without a signature: what is hashed for signing.
    pub fn encode_unsigned(&self, calldata: &[u8]) -> Vec<u8> {
        self.transaction(calldata).encoded_for_signing()
    }

    fn transaction(&self, calldata: &[u8]) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            max_fee_per_gas: self.max_fee_per_gas,
            max_priority_fee_per_gas: self.max_priority_fee_per_gas,
            to: self.recipient.map_or(TxKind::Create, TxKind::Call),
            value: U256::ZERO,
            access_list: Default::default(),
            input: Bytes::copy_from_slice(calldata),
        }
    }
}

fn signature() -> Signature {
    let word = |name: &str| U256::from_be_bytes(keccak256(name.as_bytes()).0);
    Signature::new(word("R"), word("S"), true)
}

/// Number of zero and of other bytes.
pub fn count_bytes(bytes: &[u8]) -> (u64, u64) {
    bytes.iter().fold((0, 0), |(zeros, nonzeros): (u64, u64), byte| {
        if *byte == 0 { (zeros.saturating_add(1), nonzeros) } else { (zeros, nonzeros.saturating_add(1)) }
    })
}
