//! Who sends a transaction.

use crate::error::Error;
use alloy_primitives::{Address, hex};
use alloy_signer_local::PrivateKeySigner;
use std::fmt;

/// Who sends.
pub enum Account {
    /// The holder of a private key, in this process.
    Key(PrivateKeySigner),
    /// An account whose key the node holds, and signs with.
    Node(Address),
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Account({})", self.address())
    }
}

impl Account {
    /// The account of the private key in the environment variable `name`: 32 bytes in hexadecimal.
    ///
    /// # Errors
    /// [`Error::Key`], which names the variable and never what is in it.
    pub fn from_environment(name: &str) -> Result<Self, Error> {
        // Somebody may have given the key itself: it must not get into a log.
        let digits = name.trim().trim_start_matches("0x");
        let secret = digits.len() >= 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shown = if secret { "…" } else { name };
        let wrong = |reason: &'static str| Error::Key { variable: shown.to_owned(), reason };
        if secret {
            return Err(wrong("is no name but looks like a key: do not type keys on command lines"));
        }
        // A name with `=` or of no characters would not be a variable to any system.
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(wrong("cannot exist"));
        }
        let text = std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => wrong("is not set"),
            std::env::VarError::NotUnicode(_) => wrong("is not text"),
        })?;
        Self::from_key(&text)
            .ok_or_else(|| wrong("holds no private key: 64 hexadecimal digits were expected"))
    }

    fn from_key(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()?;
        PrivateKeySigner::from_slice(&bytes).ok().map(Self::Key)
    }

    /// Its address.
    pub fn address(&self) -> Address {
        match self {
            Self::Key(signer) => signer.address(),
            Self::Node(address) => *address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Account;
    use alloy_primitives::address;

    #[test]
    fn keys_are_read_and_not_shown() {
        // The first of anvil's accounts, known to everybody.
        let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        for text in [key.to_owned(), format!("0x{key}"), format!(" 0x{key}\n")] {
            let account = Account::from_key(&text).expect("a key");
            assert_eq!(account.address(), address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
            assert!(!format!("{account:?}").contains("ac0974"), "{account:?}");
        }
        let zero = "0".repeat(64);
        // The order of the group: no key is as large.
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
        for wrong in ["", "0x", "12", &key[1..], &format!("{key}00"), "zz", &zero, order] {
            assert!(Account::from_key(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn variables_that_hold_no_key_are_named() {
        for name in ["", "A=B", "HALLMARK_TEST_NO_SUCH_VARIABLE"] {
            let error = Account::from_environment(name).unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
        let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        for typed in [key.to_owned(), format!("0x{key}")] {
            let error = Account::from_environment(&typed).unwrap_err().to_string();
            assert!(error.contains("looks like a key") && !error.contains(key), "{error}");
        }
        // Set on every system, and no key: its text is not in the message.
        let path = std::env::var("PATH").expect("PATH");
        let error = Account::from_environment("PATH").unwrap_err().to_string();
        assert!(error.contains("`PATH` holds no private key") && !error.contains(&path), "{error}");
    }
}
