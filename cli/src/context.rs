//! The context of a proof, as a person writes and reads it.

use crate::deployed;
use crate::error::Outcome;
use crate::opts::ContextArgs;
use alloy_primitives::{Address, U256};
use hallmark_circuit::field::PrimeField;
use hallmark_proof::{ContextParts, Proof};
use serde_json::{Value, json};
use std::path::Path;

/// A number of 256 bits: decimal, or hexadecimal after `0x`.
pub(crate) fn number(text: &str) -> Result<U256, String> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err("expected a whole number, decimal or hexadecimal after 0x".into());
    }
    U256::from_str_radix(digits, u64::from(radix)).map_err(|_| "it does not fit in 256 bits".into())
}

/// An address that somebody can have: 20 bytes, not zero. Mixed case must be that of its checksum.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    let digits = text.strip_prefix("0x").unwrap_or_default();
    let expected = "expected 0x and 40 hexadecimal digits";
    if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(expected.into());
    }
    let address: Address = text.parse().map_err(|_| expected.to_owned())?;
    if address.is_zero() {
        return Err("nobody has the address zero".into());
    }
    let mixed = digits.contains(|c: char| c.is_ascii_uppercase())
        && digits.contains(|c: char| c.is_ascii_lowercase());
    let checked = address.to_checksum(None);
    if mixed && text != checked {
        return Err(format!("its checksum is wrong: a digit is mistyped, or it is {checked}"));
    }
    Ok(address)
}

impl ContextArgs {
    /// The context asked for, if any, with what the address book of the project in `root` says.
    pub(crate) fn resolve(&self, root: &Path) -> Outcome<Option<ContextParts>> {
        let Some(chain_id) = self.deployment else { return Ok(self.parts()) };
        let consumer = deployed::consumer_of(root, chain_id)?;
        let whole = Self { chain_id: Some(U256::from(chain_id)), consumer: Some(consumer), ..self.clone() };
        Ok(whole.parts())
    }

    /// The context asked for, if any; the command line has all of its parts or none.
    pub(crate) fn parts(&self) -> Option<ContextParts> {
        Some(ContextParts {
            chain_id: self.chain_id?.to_be_bytes(),
            consumer: self.consumer?.into_array(),
            account: self.account?.into_array(),
            nonce: self.nonce.unwrap_or_default().to_be_bytes(),
            deadline: self.deadline?.to_be_bytes(),
        })
    }
}

/// An address in the case of its checksum.
pub(crate) fn checksummed(address: &[u8; 20]) -> String {
    Address::from(*address).to_checksum(None)
}

fn decimal(word: &[u8; 32]) -> String {
    U256::from_be_bytes(*word).to_string()
}

/// The context of a proof for other tools: numbers as decimal strings, since they may have 256 bits;
/// parts that are not known are null.
pub(crate) fn to_json(proof: &Proof) -> Value {
    let hash = proof.context().map(|context| word(context.value()));
    let parts = proof.context_parts();
    json!({
        "context": hash,
        "chain_id": parts.map(|p| decimal(&p.chain_id)),
        "consumer": parts.map(|p| checksummed(&p.consumer)),
        "account": parts.map(|p| checksummed(&p.account)),
        "nonce": parts.map(|p| decimal(&p.nonce)),
        "deadline": parts.map(|p| decimal(&p.deadline)),
    })
}

/// The context of a proof in one line.
pub(crate) fn describe(proof: &Proof) -> String {
    match (proof.context_parts(), proof.context()) {
        (Some(parts), _) => format!(
            "bound to chain {}, consumer {}, account {}, nonce {}, deadline {}",
            decimal(&parts.chain_id),
            checksummed(&parts.consumer),
            checksummed(&parts.account),
            decimal(&parts.nonce),
            decimal(&parts.deadline)
        ),
        (None, Some(context)) if !context.is_unbound() => {
            format!("bound to context {}, of which the file does not say the parts", word(context.value()))
        }
        _ => "bound to no context: no consumer accepts it".to_owned(),
    }
}

fn word(value: hallmark_circuit::field::Fr) -> String {
    let bytes: Vec<u8> = value.to_repr().iter().rev().copied().collect();
    format!("0x{}", hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_256_bits() {
        assert_eq!(number("31337"), Ok(U256::from(31_337)));
        assert_eq!(number("0x7a69"), Ok(U256::from(31_337)));
        assert_eq!(number("0"), Ok(U256::ZERO));
        assert_eq!(number(&U256::MAX.to_string()), Ok(U256::MAX));
        assert_eq!(number(&format!("0x{}", "f".repeat(64))), Ok(U256::MAX));
        for bad in ["", "-1", "+1", "1e3", "1_0", " 1", "0x", "0xg", "0b1", "1.0", "abc"] {
            assert!(number(bad).is_err(), "{bad}");
        }
        assert!(number(&format!("0x1{}", "0".repeat(64))).is_err());
        assert!(number(&format!("{}0", U256::MAX)).is_err());
    }

    #[test]
    fn addresses_are_checked() {
        // The first example of EIP-55.
        let checked = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let expected = address(checked).unwrap();
        assert_eq!(checksummed(&expected.into_array()), checked);
        assert_eq!(address(&checked.to_lowercase()), Ok(expected));
        assert_eq!(address(&format!("0x{}", checked[2..].to_uppercase())), Ok(expected));
        for bad in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
            "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x0000000000000000000000000000000000000000",
            "0xg000000000000000000000000000000000000001",
            "vitalik.eth",
            "",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
