//! Transactions on a chain of one's own.

#[path = "../../../lib/network/tests/support/anvil.rs"]
mod anvil;

pub use anvil::{Anvil, post};

use super::json;
use serde_json::{Value, json as value};
use std::fs;
use std::path::Path;

pub fn number(text: &Value) -> u64 {
    let text = text.as_str().expect("a quantity");
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("hex")
}

pub fn artifact(project: &Path, file: &str, contract: &str) -> Value {
    json(&fs::read_to_string(project.join(format!("out/{file}/{contract}.json"))).expect("forge built it"))
}

/// Sends a transaction and waits for the receipt.
pub fn send(port: u16, transaction: Value) -> Value {
    let hash = post(port, "eth_sendTransaction", value!([transaction]));
    for _ in 0..200 {
        let receipt = post(port, "eth_getTransactionReceipt", value!([hash]));
        if !receipt.is_null() {
            return receipt;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("no receipt");
}
