//! The transactions that a deployment script makes, as forge writes them.
//!
//! A simulated `forge script` writes them to `broadcast/<script>/<chain id>/dry-run/run-latest.json` where
//! it has a node; without one there are the traces on its standard output (`--json`), which show the
//! contracts that the script creates.

use crate::{
    chain::{Message, decoded, quantity},
    error::Error,
};
use alloy_primitives::{Address, U256};
use serde_json::Value;

/// One transaction of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Name of the contract that it creates or calls, where forge knows it.
    pub contract: Option<String>,
    /// The contract that it creates.
    pub creates: Option<Address>,
    /// Who sends it.
    pub from: Address,
    /// Number of transactions that the sender has sent before it, where there is a node.
    pub nonce: Option<u64>,
    /// What is sent.
    pub message: Message,
    /// Gas as forge estimates it, where there is a node.
    pub gas: Option<u64>,
}

fn wrong(reason: impl Into<String>) -> Error {
    Error::Script { reason: reason.into() }
}

/// Reads the transactions of `run-latest.json`, in order.
///
/// # Errors
/// [`Error::Script`] when it is none, or a field is missing.
pub fn of_broadcast(text: &str) -> Result<Vec<Planned>, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let list = value.get("transactions").and_then(Value::as_array);
    let list = list.ok_or_else(|| wrong("it has no list `transactions`"))?;
    list.iter().enumerate().map(|(index, entry)| transaction(index, entry)).collect()
}

fn transaction(index: usize, entry: &Value) -> Result<Planned, Error> {
    let sent = entry.get("transaction").unwrap_or(&Value::Null);
    let missing = |name: &str| wrong(format!("transaction {index} has no `{name}` as expected"));
    let address = |value: Option<&Value>| value.and_then(Value::as_str).and_then(|text| text.parse().ok());
    let number = |name: &str| -> Option<u64> { sent.get(name).and_then(quantity)?.try_into().ok() };
    let to = match sent.get("to") {
        None | Some(Value::Null) => None,
        to => Some(address(to).ok_or_else(|| missing("to"))?),
    };
    let data = sent.get("input").or_else(|| sent.get("data")).and_then(decoded);
    let value = match sent.get("value") {
        None | Some(Value::Null) => U256::ZERO,
        Some(value) => quantity(value).ok_or_else(|| missing("value"))?,
    };
    let kind = entry.get("transactionType").and_then(Value::as_str).unwrap_or_default();
    let creates = match kind {
        "CREATE" | "CREATE2" => {
            Some(address(entry.get("contractAddress")).ok_or_else(|| missing("contractAddress"))?)
        }
        _ => None,
    };
    Ok(Planned {
        contract: entry.get("contractName").and_then(Value::as_str).map(str::to_owned),
        creates,
        from: address(sent.get("from")).ok_or_else(|| missing("from"))?,
        nonce: number("nonce"),
        message: Message { to, data: data.ok_or_else(|| missing("input"))?, value },
        gas: number("gas"),
    })
}

/// Reads the contracts that a script created when it was run without a node, in order, from the
/// standard output of `forge script --json`.
///
/// # Errors
/// [`Error::Script`] when there are no traces of an execution.
pub fn of_traces(text: &str) -> Result<Vec<Planned>, Error> {
    let output = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let traces = output.filter_map(|value| value.get("traces").cloned()).next();
    let traces = traces.as_ref().and_then(Value::as_array).ok_or_else(|| wrong("it has no `traces`"))?;
    let execution = traces.iter().find(|pair| pair.get(0).and_then(Value::as_str) == Some("Execution"));
    let arena = execution.and_then(|pair| pair.get(1)?.get("arena")?.as_array());
    let arena = arena.ok_or_else(|| wrong("it has no trace of an execution"))?;
    let nodes = arena.iter().filter_map(|node| node.get("trace"));
    let sender = nodes
        .clone()
        .find(|trace| depth(trace) == Some(0))
        .and_then(|trace| trace.get("caller")?.as_str()?.parse().ok())
        .ok_or_else(|| wrong("it does not say who runs the script"))?;
    nodes
        .filter(|trace| depth(trace) == Some(1))
        .filter(|trace| matches!(trace.get("kind").and_then(Value::as_str), Some("CREATE" | "CREATE2")))
        .map(|trace| {
            let address = trace.get("address").and_then(Value::as_str).and_then(|text| text.parse().ok());
            let data = trace.get("data").and_then(decoded);
            let value = trace.get("value").and_then(quantity).unwrap_or_default();
            Ok(Planned {
                contract: None,
                creates: Some(address.ok_or_else(|| wrong("a creation has no `address`"))?),
                from: sender,
                nonce: None,
                message: Message {
                    to: None,
                    data: data.ok_or_else(|| wrong("a creation has no `data`"))?,
                    value,
                },
                gas: None,
            })
        })
        .collect()
}

fn depth(trace: &Value) -> Option<u64> {
    trace.get("depth").and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::{of_broadcast, of_traces};
    use alloy_primitives::address;
    use serde_json::{Value, json};

    fn broadcast() -> Value {
        json!({ "transactions": [
            { "transactionType": "CREATE", "contractName": "Verifier",
              "contractAddress": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
              "transaction": { "from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "to": null, "gas": "0x23ed8d",
                "value": "0x0", "input": "0x6080", "nonce": "0x5" } },
            { "transactionType": "CALL", "contractName": null, "contractAddress": null,
              "transaction": { "from": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
                "to": "0x00000000000000000000000000000000000000aa", "value": "0x2", "input": "0x01" } } ] })
    }

    #[test]
    fn transactions_are_read_in_order() {
        let planned = of_broadcast(&broadcast().to_string()).unwrap();
        assert_eq!(planned[0].creates, Some(address!("0x5FbDB2315678afecb367f032d93F642f64180aa3")));
        assert_eq!((planned[0].nonce, planned[0].gas), (Some(5), Some(0x23_ed8d)));
        assert_eq!((planned[0].contract.as_deref(), planned[0].message.to), (Some("Verifier"), None));
        assert_eq!((planned[1].creates, planned[1].message.value.to::<u64>()), (None, 2));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (pointer, name) in [
            ("/transactions/0/transaction/from", "`from`"),
            ("/transactions/0/transaction/input", "`input`"),
            ("/transactions/0/transaction/value", "`value`"),
            ("/transactions/0/contractAddress", "`contractAddress`"),
            ("/transactions/1/transaction/to", "`to`"),
            ("/transactions", "`transactions`"),
        ] {
            let mut value = broadcast();
            *value.pointer_mut(pointer).unwrap() = json!("nonsense");
            let error = of_broadcast(&value.to_string()).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(of_broadcast("").is_err());
    }

    #[test]
    fn creations_are_read_from_traces() {
        let trace = |depth: u64, kind: &str, data: &str| {
            json!({ "trace": { "depth": depth, "kind": kind, "data": data, "value": "0x0",
                "caller": "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
                "address": "0x5fbdb2315678afecb367f032d93f642f64180aa3" } })
        };
        let arena = [
            trace(0, "CALL", "0xc0406226"),
            trace(1, "CALL", "0x7fb5297f"),
            trace(1, "CREATE", "0x6001"),
            trace(2, "CREATE", "0x6002"),
            trace(1, "CREATE2", "0x6003"),
        ];
        let traces = json!([["Deployment", { "arena": [trace(0, "CREATE", "0x6000")] }], ["Execution", { "arena": arena }]]);
        let output = format!("{}\n{{\"other\":1}}\n", json!({ "success": true, "traces": traces }));
        let planned = of_traces(&output).unwrap();
        let data: Vec<u8> = planned.iter().map(|planned| planned.message.data[1]).collect();
        assert_eq!(data, [1, 3]);
        for wrong in ["", "{}", "{\"traces\":[]}", "{\"traces\":[[\"Execution\",{\"arena\":[]}]]}"] {
            assert!(of_traces(wrong).is_err(), "{wrong}");
        }
    }
}
