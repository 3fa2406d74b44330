//! What holds for any transaction and any parameters.

use hallmark_network::{
    Networks, PrecompileCount, Usage, compress,
    fees::{arbitrum, era, ethereum, optimism, scroll},
    quote,
};
use proptest::{collection, prelude::*};
use std::collections::BTreeMap;

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        collection::vec(any::<u8>(), 0..2_000),
        // Few distinct bytes and long runs: what compresses.
        collection::vec((0..3_u8, 1..400_usize), 0..40)
            .prop_map(|runs| runs.into_iter().flat_map(|(byte, length)| vec![byte; length]).collect()),
    ]
}

/// Small, usual and absurd amounts.
fn any_amount() -> impl Strategy<Value = u128> {
    prop_oneof![0..10_u128, any::<u64>().prop_map(u128::from), any::<u128>()]
}

fn any_counts() -> impl Strategy<Value = BTreeMap<u8, u64>> {
    collection::btree_map(any::<u8>(), prop_oneof![0..100_000_u64, any::<u64>()], 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fastlz_grows_by_one_byte_in_32_at_most(bytes in any_bytes()) {
        let length = bytes.len();
        prop_assert!(compress::fastlz(&bytes) as usize <= length + length.div_ceil(32));
    }

    #[test]
    fn zstandard_and_brotli_take_anything(bytes in any_bytes()) {
        prop_assert!(compress::zstandard(&bytes).is_ok());
        prop_assert!(compress::brotli(&bytes).is_ok());
    }

    #[test]
    fn quotes_never_panic_and_are_the_sum_of_their_parts(
        calldata in any_bytes(),
        gas_used in any::<u64>(),
        opcode_gas in any_counts(),
        opcode_counts in any_counts(),
        calls in any_counts(),
        runtime_bytes in any::<usize>(),
        amounts in collection::vec(any_amount(), 10),
    ) {
        let precompiles = calls
            .iter()
            .map(|(precompile, gas)| {
                (*precompile, PrecompileCount { calls: gas / 2, gas: *gas, largest_input: runtime_bytes })
            })
            .collect();
        let usage =
            Usage { gas_used, calldata: &calldata, precompiles, opcode_gas, opcode_counts, runtime_bytes };
        for network in Networks::shipped().unwrap().iter() {
            let mut parameters = network.parameters.clone();
            for (known, amount) in network.fee_model.parameters().iter().zip(&amounts) {
                parameters.set(known.name, *amount).unwrap();
            }
            for parameters in [&network.parameters, &parameters] {
                if let Ok(quote) = quote(network, &usage, parameters) {
                    prop_assert_eq!(quote.total_wei, quote.execution_wei + quote.data_wei + quote.operator_wei);
                    for obstacle in &quote.feasibility {
                        prop_assert!(!obstacle.to_string().is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn formulas_never_panic(a in any_amount(), b in any_amount(), c in any_amount(), d in any_amount(), n in any::<u64>(), m in any::<u64>(), small in any::<u32>()) {
        let price = optimism::DataPrice { l1_base_fee: a, blob_base_fee: b, base_fee_scalar: c, blob_base_fee_scalar: d };
        let _ = optimism::fjord_fee(small, &price);
        let _ = optimism::ecotone_fee(n, &price);
        let _ = optimism::bedrock_fee(n, a, b, c);
        let _ = optimism::data_gas(n, m, true);
        let _ = optimism::l1_gas_used(small);
        let _ = optimism::da_footprint(small, a);
        for rule in [optimism::OperatorFee::Isthmus, optimism::OperatorFee::Jovian] {
            let _ = optimism::operator_fee(n, a, b, rule);
        }
        let _ = ethereum::fake_exponential(a, b, c);
        let _ = ethereum::BlobSchedule::BPO2.base_fee(n);
        let _ = ethereum::BlobSchedule::BPO2.next_excess(n, m, a);
        let _ = ethereum::BaseFeeRule { elasticity: n, denominator: m, minimum: a }.next(b, n, m);
        let _ = ethereum::BaseFeeRule::ETHEREUM.next(a, n, m);
        let _ = ethereum::call_gas(n, m, n, true);
        for price in [ethereum::ModexpPrice::Berlin, ethereum::ModexpPrice::Osaka] {
            let _ = ethereum::modexp_gas(n, m, n, price);
        }
        let _ = ethereum::pairing_gas(n);
        let _ = arbitrum::poster_fee(n, a, b);
        let _ = arbitrum::estimation_gas(n, a, b, c);
        let _ = arbitrum::exponential_basis_points(a);
        let _ = arbitrum::base_fee(&[n, m], a, &arbitrum::CONSTRAINTS);
        let price = scroll::DataPrice { l1_base_fee: a, blob_base_fee: b, commit_scalar: c, blob_scalar: d };
        let _ = scroll::galileo_fee(n, &price, a);
        let _ = scroll::feynman_fee(n, &price, b);
        let _ = scroll::curie_fee(n, &price);
        let _ = scroll::precurie_fee(n, m, a, b, c);
        let settings = era::Settings { minimum_l2_gas_price: a, batch_overhead_l1_gas: b, batch_gas: c, batch_pubdata: d, compute_percent: a, pubdata_percent: b };
        let _ = era::fair_prices(a, b, &settings);
        let _ = era::base_fee(&era::FairPrices { gas: a, pubdata: b }, c);
    }

    #[test]
    fn data_fees_do_not_fall_with_the_length(length in 0..200_000_u32, more in 0..10_000_u32, a in 1..10_000_000_000_u128, b in 1..1_000_000_000_u128) {
        let price = optimism::DataPrice { l1_base_fee: a, blob_base_fee: b, base_fee_scalar: 5_227, blob_base_fee_scalar: 1_014_213 };
        prop_assert!(optimism::fjord_fee(length + more, &price).unwrap() >= optimism::fjord_fee(length, &price).unwrap());
        let (short, long) = (u64::from(length), u64::from(length + more));
        prop_assert!(optimism::ecotone_fee(long, &price).unwrap() >= optimism::ecotone_fee(short, &price).unwrap());
        prop_assert!(arbitrum::poster_fee(long, a, b).unwrap().wei >= arbitrum::poster_fee(short, a, b).unwrap().wei);
        let price = scroll::DataPrice { l1_base_fee: a, blob_base_fee: b, commit_scalar: 2_394_981_796, blob_scalar: 1_019_097_245 };
        prop_assert!(scroll::galileo_fee(long, &price, 10_000).unwrap() >= scroll::galileo_fee(short, &price, 10_000).unwrap());
    }

    #[test]
    fn calldata_gas_does_not_fall_with_another_byte(zeros in 0..1_000_000_u64, nonzeros in 0..1_000_000_u64, gas in 0..30_000_000_u64, floor in any::<bool>()) {
        let before = ethereum::call_gas(zeros, nonzeros, gas, floor).unwrap();
        prop_assert!(ethereum::call_gas(zeros + 1, nonzeros, gas, floor).unwrap() > before);
        prop_assert!(ethereum::call_gas(zeros, nonzeros + 1, gas, floor).unwrap() > before);
    }
}

/// `getL1FeeUpperBound` of the GasPriceOracle takes a length of `n + n / 255 + 16`, which bytes that do
/// not compress exceed: FastLZ spends a byte on every 32 literals.
#[test]
fn the_upper_bound_of_the_gas_price_oracle_is_none_for_proofs() {
    let bytes: Vec<u8> =
        (0..640_u32).flat_map(|index| alloy_primitives::keccak256(index.to_be_bytes()).0).collect();
    let length = bytes.len();
    assert_eq!(length, 20_480);
    let compressed = compress::fastlz(&bytes) as usize;
    assert!(compressed > length + length / 255 + 16, "{compressed}");
    assert!(compressed <= length + length.div_ceil(32), "{compressed}");
}
