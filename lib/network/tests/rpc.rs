//! Parameters read from nodes: anvil with the contracts' storage set, and servers that misbehave.
#![cfg(feature = "rpc")]
#![allow(clippy::print_stderr)]

#[path = "support/anvil.rs"]
mod anvil;

use anvil::{Anvil, post};
use hallmark_network::{Error, Network, Networks, rpc};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

const LONG: Duration = Duration::from_secs(20);

fn network(name: &str) -> Network {
    Networks::shipped().unwrap().get(name).unwrap().clone()
}

impl Anvil {
    fn store(&self, address: impl ToString, slot: u64, word: &str) {
        assert_eq!(word.len(), 64);
        let params = json!([address.to_string(), format!("0x{slot:064x}"), format!("0x{word}")]);
        post(self.port, "anvil_setStorageAt", params);
    }

    /// Puts a contract there that answers to selectors with words.
    fn answer(&self, address: impl ToString, answers: &[(&str, u64)]) {
        let mut code = String::new();
        for (signature, value) in answers {
            let selector = hex::encode(&alloy_primitives::keccak256(signature.as_bytes())[..4]);
            // Jumps over where the selector is another: the JUMPDEST is byte 32 of the block.
            let next = code.len() / 2 + 0x20;
            // PUSH4 selector, PUSH1 0, CALLDATALOAD, PUSH1 0xe0, SHR, SUB, PUSH1 next, JUMPI,
            // PUSH8 value, PUSH1 0, MSTORE, PUSH1 32, PUSH1 0, RETURN, JUMPDEST.
            code += &format!("63{selector}60003560e01c0360{next:02x}5767{value:016x}60005260206000f35b");
        }
        code += "00";
        post(self.port, "anvil_setCode", json!([address.to_string(), format!("0x{code}")]));
    }
}

fn values(parameters: &hallmark_network::Parameters, names: &[&str]) -> Vec<u128> {
    names.iter().map(|name| parameters.get(name).unwrap()).collect()
}

/// Slot 3 with the scalars in bytes 16 to 24, and slot 8 with the fields of the operator fee.
fn l1_block(anvil: &Anvil) {
    anvil.store(rpc::L1_BLOCK, 1, &format!("{:064x}", 99_720_435));
    // A sequence number in the lowest bytes of slot 3 that must not be read.
    anvil.store(rpc::L1_BLOCK, 3, &format!("{:032x}{:08x}{:08x}{:016x}", 7, 2_269, 1_055_762, 5));
    anvil.store(rpc::L1_BLOCK, 7, &format!("{:064x}", 5_690_171));
    anvil.store(rpc::L1_BLOCK, 8, &format!("{:036x}{:04x}{:08x}{:016x}", 0, 148, 11, 22));
}

#[test]
fn an_op_stack_node_gives_the_prices_of_l1_block() {
    let Some(anvil) = Anvil::start(8_453) else { return };
    l1_block(&anvil);
    let base = network("base");
    let read = rpc::refresh(&base, &anvil.url(), LONG).unwrap();
    let names = [
        "l1_base_fee",
        "blob_base_fee",
        "base_fee_scalar",
        "blob_base_fee_scalar",
        "operator_fee_scalar",
        "operator_fee_constant",
        "da_footprint_gas_scalar",
    ];
    assert_eq!(values(&read, &names), [99_720_435, 5_690_171, 2_269, 1_055_762, 11, 22, 148]);
    let header = post(anvil.port, "eth_getBlockByNumber", json!(["latest", false]));
    let base_fee =
        u128::from_str_radix(header["baseFeePerGas"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    assert_eq!(read.get("base_fee"), Some(base_fee));
    assert_ne!(read.as_of(), base.parameters.as_of());
    assert!(read.source().starts_with("block 0 of http://127.0.0.1:"), "{}", read.source());
    assert_eq!(read.assumed().collect::<Vec<_>>(), ["priority_fee"]);
    assert_eq!(rpc::identify(&anvil.url(), LONG).unwrap(), 8_453);
}

#[test]
fn a_mantle_node_gives_the_token_ratio_too() {
    let Some(anvil) = Anvil::start(5_000) else { return };
    l1_block(&anvil);
    let error = rpc::refresh(&network("mantle"), &anvil.url(), LONG).unwrap_err();
    assert!(matches!(error, Error::MissingPredeploy { contract: "GasPriceOracle", .. }), "{error}");
    anvil.answer(rpc::GAS_PRICE_ORACLE, &[("tokenRatio()", 3_789)]);
    let read = rpc::refresh(&network("mantle"), &anvil.url(), LONG).unwrap();
    assert_eq!(values(&read, &["token_ratio", "l1_base_fee"]), [3_789, 99_720_435]);
}

#[test]
fn an_arbitrum_node_gives_the_price_per_unit() {
    let Some(anvil) = Anvil::start(42_161) else { return };
    let arbitrum = network("arbitrum");
    let error = rpc::refresh(&arbitrum, &anvil.url(), LONG).unwrap_err();
    assert!(matches!(error, Error::MissingPredeploy { contract: "ArbGasInfo", .. }), "{error}");
    anvil.answer(
        rpc::ARB_GAS_INFO,
        &[("getL1BaseFeeEstimate()", 2_718_281), ("getMinimumGasPrice()", 20_000_000)],
    );
    let read = rpc::refresh(&arbitrum, &anvil.url(), LONG).unwrap();
    assert_eq!(values(&read, &["price_per_unit", "minimum_base_fee"]), [2_718_281, 20_000_000]);
    assert_eq!(read.assumed().count(), 0);
}

#[test]
fn a_scroll_node_gives_scalars_and_must_have_galileo() {
    let Some(anvil) = Anvil::start(534_352) else { return };
    let scroll = network("scroll");
    let error = rpc::refresh(&scroll, &anvil.url(), LONG).unwrap_err();
    assert!(matches!(error, Error::MissingPredeploy { contract: "L1GasPriceOracle", .. }), "{error}");
    for (slot, value) in [(1, 11_u64), (5, 12), (6, 13), (7, 14), (10, 15)] {
        anvil.store(rpc::L1_GAS_PRICE_ORACLE, slot, &format!("{value:064x}"));
    }
    let error = rpc::refresh(&scroll, &anvil.url(), LONG).unwrap_err();
    assert!(error.to_string().contains("Galileo"), "{error}");
    anvil.store(rpc::L1_GAS_PRICE_ORACLE, 12, &format!("{:064x}", 1));
    let read = rpc::refresh(&scroll, &anvil.url(), LONG).unwrap();
    let names = ["l1_base_fee", "blob_base_fee", "commit_scalar", "blob_scalar", "penalty_factor"];
    assert_eq!(values(&read, &names), [11, 12, 13, 14, 15]);
}

#[test]
fn an_ethereum_node_gives_the_blob_base_fee() {
    let Some(anvil) = Anvil::start(1) else { return };
    let read = rpc::refresh(&network("ethereum"), &anvil.url(), LONG).unwrap();
    assert_eq!(read.get("blob_base_fee"), Some(1));
    // Networks without a contract to read.
    for (name, chain_id) in [("polygon", 137), ("taiko", 167_000)] {
        let Some(anvil) = Anvil::start(chain_id) else { return };
        let read = rpc::refresh(&network(name), &anvil.url(), LONG).unwrap();
        assert!(read.get("base_fee") > Some(0));
        assert_eq!(read.assumed().collect::<Vec<_>>(), ["priority_fee"]);
    }
}

#[test]
fn a_node_of_another_network_is_refused_by_name() {
    let Some(anvil) = Anvil::start(10) else { return };
    let error = rpc::refresh(&network("base"), &anvil.url(), LONG).unwrap_err();
    assert!(matches!(error, Error::WrongChain { expected: 8_453, found: 10, .. }), "{error}");
    assert!(error.to_string().contains("OP Mainnet, `optimism`"), "{error}");
    // The right chain id alone does not make it the network.
    let error = rpc::refresh(&network("op"), &anvil.url(), LONG).unwrap_err();
    assert!(matches!(error, Error::MissingPredeploy { contract: "L1Block", .. }), "{error}");
    assert!(error.to_string().contains("slot 1"), "{error}");
    anvil.store(rpc::L1_BLOCK, 1, &format!("{:064x}", 1));
    let error = rpc::refresh(&network("op"), &anvil.url(), LONG).unwrap_err();
    assert!(error.to_string().contains("slot 3"), "{error}");
    let Some(anvil) = Anvil::start(31_337) else { return };
    let error = rpc::refresh(&network("base"), &anvil.url(), LONG).unwrap_err();
    assert!(error.to_string().contains("serves chain 31337, base"), "{error}");
}

/// A server that answers every request with what `answer` makes of its method and parameters.
fn server(answer: impl Fn(&str, &Value) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let request: Value = serde_json::from_slice(&body).unwrap_or_default();
            let body = answer(request["method"].as_str().unwrap_or(""), &request);
            let mut stream = reader.into_inner();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    format!("http://127.0.0.1:{port}/v3/SECRETKEY")
}

fn result(request: &Value, value: Value) -> String {
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": value }).to_string()
}

#[test]
fn a_linea_node_gives_the_costs_of_its_header() {
    let url = |extra: &'static str| {
        server(move |method, request| match method {
            "eth_chainId" => result(request, json!("0xe708")),
            _ => result(
                request,
                json!({ "number": "0x10", "timestamp": "0x69b00000", "baseFeePerGas": "0x7", "extraData": extra }),
            ),
        })
    };
    let linea = network("linea");
    let good = "0x0100007530000027100000ffff00000000000000000000000000000000000000";
    let read = rpc::refresh(&linea, &url(good), LONG).unwrap();
    assert_eq!(
        values(&read, &["base_fee", "fixed_cost", "variable_cost", "margin"]),
        [7, 30_000_000, 10_000_000, 120]
    );
    assert_eq!(read.as_of(), "2026-03-10");
    for wrong in ["0x", "0x02", "zz"] {
        let error = rpc::refresh(&linea, &url(wrong), LONG).unwrap_err();
        assert!(error.to_string().contains("extraData"), "{error}");
    }
}

#[test]
fn a_node_that_is_down_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://user:SECRETWORD@127.0.0.1:{port}/v3/SECRETKEY?token=SECRETTOKEN");
    for error in
        [rpc::refresh(&network("base"), &url, LONG).unwrap_err(), rpc::identify(&url, LONG).unwrap_err()]
    {
        assert!(matches!(error, Error::Unreachable { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&format!("http://127.0.0.1:{port}/…")) && !text.contains("SECRET"), "{text}");
    }
}

#[test]
fn a_node_that_does_not_answer_runs_out_of_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/SECRETKEY", listener.local_addr().unwrap());
    let start = Instant::now();
    let error = rpc::refresh(&network("base"), &url, Duration::from_millis(300)).unwrap_err();
    assert!(matches!(error, Error::Timeout { milliseconds: 300, .. }), "{error}");
    assert!(!error.to_string().contains("SECRET"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn nonsense_is_told_with_the_call_and_what_came() {
    let base = network("base");
    let garbage = [
        "",
        "<html>welcome</html>",
        "{}",
        "[]",
        "null",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":5}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0xzz\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":\"0xffffffffffffffffffff\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":null}",
        "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32601,\"message\":\"no v3/SECRETKEY here\"}}",
    ];
    for body in garbage {
        let url = server(move |_, _| body.to_owned());
        let error = rpc::refresh(&base, &url, LONG).unwrap_err();
        assert!(matches!(&error, Error::Nonsense { call, .. } if call == "eth_chainId"), "{body}: {error:?}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
    let url = server(|_, _| "<html>".to_owned() + &"x".repeat(100_000));
    assert!(rpc::identify(&url, LONG).unwrap_err().to_string().len() < 500);

    // The right chain id, then nonsense in the place of each other answer.
    let header = || json!({ "number": "0x1", "timestamp": "0x1", "baseFeePerGas": "0x1" });
    type Case = (&'static str, fn() -> Value, &'static str);
    let wrong: [Case; 7] = [
        ("eth_getBlockByNumber", || Value::Null, "number"),
        ("eth_getBlockByNumber", || json!([]), "number"),
        ("eth_getBlockByNumber", || json!({ "number": "0x1", "timestamp": "0x1" }), "baseFeePerGas"),
        (
            "eth_getBlockByNumber",
            || json!({ "number": "0x1", "timestamp": 1, "baseFeePerGas": "0x1" }),
            "timestamp",
        ),
        ("eth_getStorageAt", || json!({}), "slot 1 of L1Block"),
        ("eth_getStorageAt", || json!("0x"), "slot 1 of L1Block"),
        ("eth_getStorageAt", || json!(format!("0x{}", "f".repeat(64))), "slot 1 of L1Block"),
    ];
    for (which, value, expected) in wrong {
        let url = server(move |method, request| match method {
            "eth_chainId" => result(request, json!("0x2105")),
            _ if method == which => result(request, value()),
            "eth_getBlockByNumber" => result(request, header()),
            _ => result(request, json!("0x1")),
        });
        let error = rpc::refresh(&base, &url, LONG).unwrap_err();
        assert!(
            matches!(&error, Error::Nonsense { call, .. } if call.contains(expected)),
            "{which}: {error:?}"
        );
    }
}

#[test]
fn addresses_that_are_none_and_networks_that_are_not_priced_are_refused() {
    for url in ["", "localhost:8545", "ws://localhost:8545", "file:///etc/passwd"] {
        let error = rpc::refresh(&network("base"), url, LONG).unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{url}: {error}");
    }
    let error = rpc::refresh(&network("zksync"), "http://localhost", LONG).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

#[test]
fn a_caller_that_has_a_runtime_may_call() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(async { rpc::identify(&url, Duration::from_millis(100)).unwrap_err() });
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
}
