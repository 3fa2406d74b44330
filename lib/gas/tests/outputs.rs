//! The library of a model's outputs, in a contract of its own.

mod common;

use alloy_primitives::{I256, U256};
use common::settings;
use hallmark_gas::{Evm, HardFork};
use hallmark_solidity::calldata::encode_words;
use hallmark_solidity::{OutputTensor, generate_outputs, selector};
use std::collections::BTreeMap;
use std::path::Path;

const READER: &str = r#"
pragma solidity ^0.8.20;
import {SmallOutputs} from "./SmallOutputs.sol";
import {Wad} from "hallmark/types/Wad.sol";
contract Reader {
    function read(bytes calldata, uint256[] calldata v) external pure returns (int256, int256, int256, int256, uint256) {
        Wad[] memory scores = SmallOutputs.classScoresOf(v);
        return (
            Wad.unwrap(SmallOutputs.input1Of(v)),
            Wad.unwrap(SmallOutputs.afterOf(v)),
            Wad.unwrap(scores[0]),
            Wad.unwrap(scores[1]),
            SmallOutputs.largestClassScoresOf(v)
        );
    }
    function element(bytes calldata, uint256[] calldata v) external pure returns (int256) {
        return Wad.unwrap(SmallOutputs.classScoresOf(v, v[0]));
    }
}
"#;

/// Deployed reader of a model whose names are none in Solidity.
struct Reader {
    evm: Evm,
    address: alloy_primitives::Address,
}

impl Reader {
    fn new() -> Self {
        let tensor = |name: &str, shape: &[usize], fraction_bits| OutputTensor {
            name: name.into(),
            shape: shape.to_vec(),
            fraction_bits,
        };
        let outputs =
            [tensor("input.1", &[], 0), tensor("after", &[1, 1], 8), tensor("class-scores", &[1, 2], 16)];
        let library = generate_outputs("Small */ model", "SmallOutputs", &outputs).expect("generates");
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
        let mut sources = BTreeMap::from([
            ("src/SmallOutputs.sol".to_owned(), library),
            ("src/Reader.sol".to_owned(), READER.to_owned()),
        ]);
        for name in ["libraries/FixedPoint.sol", "types/FieldElement.sol", "types/Wad.sol"] {
            let text = std::fs::read_to_string(contracts.join(name)).expect("the file");
            sources.insert(format!("hallmark/{name}"), text);
        }
        let artifacts =
            common::solc().compile(&sources, &settings(false, true)).unwrap_or_else(|e| panic!("{e}"));
        let reader = artifacts.into_iter().find(|artifact| artifact.name == "Reader").expect("Reader");
        let mut evm = Evm::new(HardFork::Osaka);
        let address = evm.deploy(&reader.creation_code).expect("deploys").address;
        Self { evm, address }
    }

    /// What a function of the reader returns, or the selector that it reverts with.
    fn call(&mut self, function: &str, values: &[U256]) -> Result<Vec<I256>, [u8; 4]> {
        let words: Vec<[u8; 32]> = values.iter().map(|value| value.to_be_bytes()).collect();
        let mut call = encode_words(&[], &words);
        call[..4].copy_from_slice(&selector(&format!("{function}(bytes,uint256[])")));
        let outcome = self.evm.call(self.address, &call, None).expect("runs");
        let words = outcome.output.chunks(32);
        if outcome.success {
            return Ok(words.map(|word| I256::from_raw(U256::from_be_slice(word))).collect());
        }
        Err(outcome.output[..4].try_into().expect("a selector"))
    }
}

fn wad(numerator: i64, fraction_bits: u32) -> I256 {
    let one = I256::try_from(1_000_000_000_000_000_000_i64).expect("fits");
    (I256::try_from(numerator).expect("fits") * one).asr(fraction_bits as usize)
}

fn modulus() -> U256 {
    U256::from_str_radix("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001", 16)
        .expect("a number")
}

#[test]
fn outputs_are_read_by_name() {
    let mut reader = Reader::new();
    let word = |value: i64| {
        if value < 0 { modulus() - U256::from(value.unsigned_abs()) } else { U256::from(value as u64) }
    };
    for [input, after, low, high] in [[3, 8, 13, 18], [-3, -8, -13, -18], [0, 255, -1, -70_000], [7, 7, 7, 7]]
    {
        let values = [U256::from(1), word(input), word(after), word(low), word(high)];
        let largest = I256::from_raw(U256::from(u8::from(high > low)));
        let read = reader.call("read", &values).expect("is read");
        assert_eq!(read, [wad(input, 0), wad(after, 8), wad(low, 16), wad(high, 16), largest]);
        assert_eq!(reader.call("element", &values).expect("is read"), [wad(high, 16)]);
    }
}

#[test]
fn what_is_no_output_is_refused() {
    let mut reader = Reader::new();
    let values = [1, 3, 8, 13, 18].map(U256::from);
    let error = |signature: &str| Err(selector(signature));
    let count = error("WrongInstanceCount(uint256,uint256)");
    assert_eq!(reader.call("read", &values[..4]), count);
    assert_eq!(reader.call("element", &[values.as_slice(), &[U256::ZERO]].concat()), count);
    let mut index = values;
    index[0] = U256::from(2);
    assert_eq!(reader.call("element", &index), error("IndexOutOfRange(uint256,uint256)"));
    for position in 1..5 {
        for (value, signature) in [
            (values[position] + modulus(), "NotCanonical(uint256)"),
            (U256::MAX, "NotCanonical(uint256)"),
            (U256::from(1) << 127, "MagnitudeTooLarge(uint256,uint256)"),
            (modulus() - (U256::from(1) << 127), "MagnitudeTooLarge(uint256,uint256)"),
        ] {
            let mut values = values;
            values[position] = value;
            assert_eq!(reader.call("read", &values), error(signature), "{position} {value}");
        }
    }
}
