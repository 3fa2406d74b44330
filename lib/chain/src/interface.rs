//! Errors and events of contracts in words.

use alloy_dyn_abi::{DynSolValue, ErrorExt, EventExt};
use alloy_json_abi::{Error as AbiError, Event, JsonAbi, Param};
use alloy_primitives::hex;
use serde::Serialize;

use crate::chain::Log;

/// The errors and events of some contracts together.
#[derive(Clone, Debug, Default)]
pub struct Interface {
    errors: Vec<AbiError>,
    events: Vec<Event>,
}

/// An argument of an error or event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Argument {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its value as text: numbers decimal, bytes hexadecimal.
    pub value: String,
}

/// An error or event with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its arguments, in order.
    pub arguments: Vec<Argument>,
}

impl std::fmt::Display for Named {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| match argument.name.as_str() {
                "" => argument.value.clone(),
                name => format!("{name}: {}", argument.value),
            })
            .collect();
        write!(formatter, "{}({})", self.name, arguments.join(", "))
    }
}

impl Interface {
    /// Takes the errors and events of contracts, given their ABIs as JSON. What is no ABI is left out.
    pub fn of<'a>(abis: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self {
            // What the compiler itself reverts with.
            errors: ["error Error(string reason)", "error Panic(uint256 code)"]
                .iter()
                .filter_map(|text| AbiError::parse(text).ok())
                .collect(),
            events: Vec::new(),
        };
        for abi in abis.into_iter().filter_map(|text| serde_json::from_str::<JsonAbi>(text).ok()) {
            all.errors.extend(abi.errors().cloned());
            all.events.extend(abi.events().cloned());
        }
        all
    }

    /// The error that a call reverted with, where it is known.
    pub fn error(&self, data: &[u8]) -> Option<Named> {
        let selector = data.first_chunk::<4>()?;
        self.errors.iter().filter(|error| error.selector().0 == *selector).find_map(|error| {
            let values = error.decode_error(data).ok()?.body;
            let arguments = error.inputs.iter().zip(values).map(|(input, value)| argument(input, &value));
            Some(Named { name: error.name.clone(), arguments: arguments.collect() })
        })
    }

    /// The error that a call reverted with in words: by its name, or as bytes.
    pub fn describe(&self, data: &[u8]) -> String {
        match self.error(data) {
            Some(error) => error.to_string(),
            None if data.is_empty() => "no reason".to_owned(),
            None => hex::encode_prefixed(data),
        }
    }

    /// The event of a log, where it is known.
    pub fn event(&self, log: &Log) -> Option<Named> {
        let selector = log.topics.first()?;
        self.events.iter().filter(|event| event.selector() == *selector).find_map(|event| {
            let decoded = event.decode_log_parts(log.topics.iter().copied(), &log.data).ok()?;
            let (mut indexed, mut body) = (decoded.indexed.into_iter(), decoded.body.into_iter());
            let arguments = event.inputs.iter().map(|input| {
                let value = if input.indexed { indexed.next() } else { body.next() }?;
                Some(Argument { name: input.name.clone(), value: shown(&value) })
            });
            Some(Named { name: event.name.clone(), arguments: arguments.collect::<Option<_>>()? })
        })
    }
}

fn argument(input: &Param, value: &DynSolValue) -> Argument {
    Argument { name: input.name.clone(), value: shown(value) }
}

fn shown(value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(word.get(..*size).unwrap_or(&word.0)),
        DynSolValue::Address(address) => address.to_string(),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes),
        DynSolValue::String(text) => format!("{text:?}"),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::Interface;
    use crate::chain::Log;
    use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

    const ABI: &str = r#"[
        {"type":"error","name":"Late","inputs":[
            {"name":"deadline","type":"uint256"},{"name":"who","type":"address"},{"name":"reason","type":"bytes"}]},
        {"type":"event","name":"Opened","anonymous":false,"inputs":[
            {"name":"account","type":"address","indexed":true},{"name":"score","type":"int256","indexed":false},
            {"name":"tag","type":"bytes4","indexed":true}]}
    ]"#;

    fn word(number: u64) -> [u8; 32] {
        U256::from(number).to_be_bytes()
    }

    #[test]
    fn errors_are_named_with_their_arguments() {
        let interface = Interface::of([ABI]);
        let selector = &keccak256("Late(uint256,address,bytes)")[..4];
        let mut data = [selector, &word(7), &word(0xaa), &word(96), &word(2)].concat();
        data.extend([0xab, 0xcd]);
        data.extend([0; 30]);
        assert_eq!(
            interface.describe(&data),
            "Late(deadline: 7, who: 0x00000000000000000000000000000000000000AA, reason: 0xabcd)"
        );
        // Cut short, it is not that error: it is shown as it is.
        assert_eq!(interface.error(&data[..60]), None);
        assert_eq!(interface.describe(&[1, 2, 3]), "0x010203");
        assert_eq!(interface.describe(&[]), "no reason");
        let panic = [&keccak256("Panic(uint256)")[..4], &word(0x11)].concat();
        assert_eq!(interface.describe(&panic), "Panic(code: 17)");
        assert_eq!(Interface::of(["nonsense"]).describe(&panic), "Panic(code: 17)");
    }

    #[test]
    fn events_are_named_with_their_arguments() {
        let interface = Interface::of([ABI]);
        let mut tag = [0; 32];
        tag[..4].copy_from_slice(&[1, 2, 3, 4]);
        let mut log = Log {
            address: Address::ZERO,
            topics: vec![keccak256("Opened(address,int256,bytes4)"), B256::from(word(0xaa)), B256::from(tag)],
            data: Bytes::from([0xff; 32]),
        };
        let event = interface.event(&log).expect("known");
        assert_eq!(
            event.to_string(),
            "Opened(account: 0x00000000000000000000000000000000000000AA, score: -1, tag: 0x01020304)"
        );
        log.data = Bytes::new();
        assert_eq!(interface.event(&log), None);
        log.topics.clear();
        assert_eq!(interface.event(&log), None);
    }
}
