//! Prices of a verification on every network, and what would keep it out.

use hallmark_network::{
    Error, Network, Networks, Obstacle, PrecompileCount, Quote, Usage, compress,
    envelope::Envelope,
    fees::{arbitrum, linea, optimism, scroll},
    quote,
};
use std::collections::BTreeMap;

fn network(name: &str) -> Network {
    Networks::shipped().unwrap().get(name).unwrap().clone()
}

/// Bytes that do not compress, with a sixth of zeros like a verifier's calldata.
fn calldata(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|index| if index % 6 == 0 { 0 } else { next() }).collect()
}

fn usage(calldata: &[u8]) -> Usage<'_> {
    let precompiles = [
        (0x05, PrecompileCount { calls: 1, gas: 4_048, largest_input: 192 }),
        (0x06, PrecompileCount { calls: 40, gas: 6_000, largest_input: 128 }),
        (0x07, PrecompileCount { calls: 40, gas: 240_000, largest_input: 96 }),
        (0x08, PrecompileCount { calls: 1, gas: 113_000, largest_input: 384 }),
    ];
    Usage {
        gas_used: 496_104,
        calldata,
        precompiles: precompiles.into(),
        opcode_gas: BTreeMap::from([(0x09, 40_000), (0x51, 9_000), (0xfa, 400_000)]),
        opcode_counts: BTreeMap::from([(0x09, 5_000), (0x51, 3_000), (0xfa, 82)]),
        runtime_bytes: 20_480,
    }
}

fn price(name: &str, usage: &Usage<'_>) -> Quote {
    let network = network(name);
    quote(&network, usage, &network.parameters).unwrap()
}

#[test]
fn every_live_network_has_a_price_that_is_the_sum_of_its_parts() {
    let data = calldata(5_156);
    for network in Networks::shipped().unwrap().iter() {
        let result = quote(network, &usage(&data), &network.parameters);
        if network.id == "zksync-era" {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::Unsupported { calldata_bytes: 5_156, .. }), "{error}");
            continue;
        }
        let quote = result.unwrap();
        assert_eq!(quote.total_wei, quote.execution_wei + quote.data_wei + quote.operator_wei);
        assert_eq!(quote.network, network.id);
        assert!(quote.feasibility.is_empty(), "{:?}", quote.feasibility);
        // Where the receipt shows one gas price for all, it pays for all but L1 and operator fee.
        let by_price = u128::from(quote.gas_used) * quote.effective_gas_price_wei;
        match network.id.as_str() {
            "linea" | "arbitrum-one" | "arbitrum-nova" => assert_eq!(quote.total_wei, by_price),
            _ => assert_eq!(quote.execution_wei, by_price),
        }
        let text = serde_json::to_string(&quote).unwrap();
        assert!(text.contains(&format!("\"total_wei\":\"{}\"", quote.total_wei)), "{text}");
        assert_eq!(serde_json::from_str::<Quote>(&text).unwrap(), quote);
    }
}

/// Own arithmetic on the formulas, at the prices of Base block 0x2f7e54f (2026-08-10).
#[test]
fn worked_bills_come_out() {
    let data = calldata(5_156);
    let at = |name: &str| {
        let network = network(name);
        let mut parameters = network.parameters.clone();
        for (name, value) in [("l1_base_fee", 99_720_435), ("blob_base_fee", 5_690_171)] {
            parameters.set(name, value).unwrap();
        }
        let quote = quote(&network, &usage(&data), &parameters).unwrap();
        let signed = Envelope::priced(
            network.chain_id,
            496_104,
            parameters.get("base_fee").unwrap(),
            parameters.get("priority_fee").unwrap(),
        )
        .encode(&data);
        assert_eq!(quote.signed_bytes, signed.len() as u64);
        (quote, signed)
    };

    let mut ethereum = network("ethereum");
    ethereum.parameters.set("base_fee", 99_720_435).unwrap();
    let bill = quote(&ethereum, &usage(&data), &ethereum.parameters).unwrap();
    assert_eq!(bill.total_wei, 49_471_706_685_240);

    let (base, signed) = at("base");
    let price = optimism::DataPrice {
        l1_base_fee: 99_720_435,
        blob_base_fee: 5_690_171,
        base_fee_scalar: 2_269,
        blob_base_fee_scalar: 1_055_762,
    };
    assert_eq!(base.execution_wei, 2_480_520_000_000);
    assert_eq!(base.data_wei, optimism::fjord_fee(compress::fastlz(&signed), &price).unwrap());
    assert_eq!(base.operator_wei, 0);

    let (op, _) = at("op");
    assert_eq!(op.execution_wei, 174_132_504);
    assert!(op.data_wei > 50_000_000_000, "{}", op.data_wei);
    assert!(op.notes[0].contains("counts as"), "{:?}", op.notes);

    let (scroll, signed) = at("scroll");
    let price = scroll::DataPrice {
        l1_base_fee: 99_720_435,
        blob_base_fee: 5_690_171,
        commit_scalar: 2_394_981_796,
        blob_scalar: 1_019_097_245,
    };
    let compressed = compress::zstandard(&signed).unwrap() as u64;
    assert_eq!(scroll.compressed_bytes, Some(compressed));
    assert_eq!(scroll.data_wei, scroll::galileo_fee(compressed, &price, 10_000).unwrap());

    let mantle = network("mantle");
    let bill = quote(&mantle, &usage(&data), &mantle.parameters).unwrap();
    assert_eq!(bill.operator_wei, 496_104 * 100_000_000 * 100);
    assert_eq!(bill.token, "MNT");
}

#[test]
fn arbitrum_charges_data_as_gas() {
    let data = calldata(5_156);
    let network = network("arbitrum");
    let bill = quote(&network, &usage(&data), &network.parameters).unwrap();
    let compressed = bill.compressed_bytes.unwrap();
    let poster = arbitrum::poster_fee(compressed, 3_000_000, 20_000_000).unwrap();
    assert_eq!(u128::from(bill.gas_used), 496_104 + poster.gas);
    assert_eq!(bill.data_wei, poster.wei);
    assert_eq!(bill.assumed, ["price_per_unit"]);
    // The gas limit of a wallet would not be that without data.
    assert!(bill.notes[0].contains(&poster.gas.to_string()), "{:?}", bill.notes);
}

#[test]
fn linea_charges_data_in_the_priority_fee() {
    let data = calldata(5_156);
    let bill = price("linea", &usage(&data));
    let priority = linea::priority_fee(bill.signed_bytes, 496_104, 30_000_000, 10_000_000, 120).unwrap();
    assert_eq!(bill.effective_gas_price_wei, priority + 7);
    assert_eq!(bill.execution_wei, 496_104 * (36_000_000 + 7));
    assert_eq!(bill.compressed_bytes, None);
}

#[test]
fn parameters_of_another_network_are_refused() {
    let data = calldata(10);
    let error = quote(&network("op"), &usage(&data), &network("base").parameters).unwrap_err();
    assert!(matches!(error, Error::OtherNetwork { .. }), "{error}");
}

#[test]
fn zk_gas_counts_opcodes_spawns_and_precompiles() {
    let data = calldata(5_156);
    let bill = price("taiko", &usage(&data));
    // Own arithmetic: 243,000 + 40,000*113 + 9,000*18 + 82*3,500*23 + 4,048*154 + 6,000*19 + 240,000*58
    // + 113,000*54; the gas of STATICCALL itself is not counted.
    let expected = 243_000 + 4_520_000 + 162_000 + 6_601_000 + 623_392 + 114_000 + 13_920_000 + 6_102_000;
    assert!(
        bill.notes.iter().any(|note| note.starts_with(&format!("{expected} zk gas"))),
        "{:?}",
        bill.notes
    );

    let bare = Usage { opcode_gas: BTreeMap::new(), opcode_counts: BTreeMap::new(), ..usage(&data) };
    assert!(price("taiko", &bare).notes.iter().any(|note| note.contains("at least")));
}

#[test]
fn limits_of_networks_are_told_with_found_and_limit() {
    let data = calldata(5_156);
    let many = |calls: u64| {
        let mut usage = usage(&data);
        usage.precompiles.insert(0x07, PrecompileCount { calls, gas: calls * 6_000, largest_input: 96 });
        usage.precompiles.insert(0x06, PrecompileCount { calls, gas: calls * 150, largest_input: 128 });
        usage.opcode_counts.insert(0xfa, 2 * calls + 2);
        usage
    };
    assert!(price("linea", &many(80)).feasibility.is_empty());
    assert_eq!(
        price("linea", &many(81)).feasibility,
        [Obstacle::PrecompileCalls { precompile: 7, found: 81, limit: 80 }]
    );
    assert!(price("taiko", &many(150)).feasibility.is_empty());
    assert!(matches!(
        price("taiko", &many(250)).feasibility[..],
        [Obstacle::ZkGas { limit: 100_000_000, .. }]
    ));

    let large = calldata(60_001);
    assert_eq!(
        price("linea", &usage(&large)).feasibility,
        [Obstacle::CalldataBytes { found: 60_001, limit: 60_000 }]
    );
    let large = calldata(95_000);
    assert!(matches!(
        price("arbitrum", &usage(&large)).feasibility[..],
        [Obstacle::TransactionBytes { limit: 95_000, .. }]
    ));
    assert!(price("op", &usage(&large)).feasibility.is_empty());
    let large = calldata(131_072);
    assert!(matches!(
        price("op", &usage(&large)).feasibility[..],
        [Obstacle::TransactionBytes { limit: 131_072, .. }]
    ));

    let heavy = |gas_used, runtime_bytes, pairing: usize| {
        let mut usage = usage(&data);
        usage.gas_used = gas_used;
        usage.runtime_bytes = runtime_bytes;
        let gas = 45_000 + 34_000 * (pairing as u64 / 192);
        usage.precompiles.insert(0x08, PrecompileCount { calls: 1, gas, largest_input: pairing });
        usage
    };
    assert_eq!(
        price("ethereum", &heavy(16_777_217, 24_577, 384)).feasibility,
        [
            Obstacle::TransactionGasCap { found: 16_777_217, limit: 16_777_216 },
            Obstacle::CodeSize { found: 24_577, limit: 24_576 }
        ]
    );
    assert!(price("polygon", &heavy(16_777_217, 24_577, 384)).feasibility.is_empty());
    assert!(price("glamsterdam", &heavy(1, 65_536, 384)).feasibility.is_empty());
    assert_eq!(
        price("op", &heavy(1, 1, 57_792)).feasibility,
        [Obstacle::PairingInput { found: 57_792, limit: 57_600 }]
    );
    assert_eq!(
        price("linea", &heavy(1, 1, 129 * 192)).feasibility,
        [Obstacle::Pairs { found: 129, limit: 128 }]
    );

    let obstacle = Obstacle::PrecompileCalls { precompile: 7, found: 81, limit: 80 };
    let text = obstacle.to_string();
    assert!(text.contains("ecMul") && text.contains("81") && text.contains("80"), "{text}");
    let json = serde_json::to_string(&obstacle).unwrap();
    assert_eq!(json, r#"{"kind":"precompile-calls","precompile":7,"found":81,"limit":80}"#);
}
