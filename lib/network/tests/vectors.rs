//! The formulas give the values that other implementations, receipts and specifications give.
//!
//! `own` in the data marks values that were computed for this project from a published formula; all
//! others were published or charged.
#![allow(clippy::print_stdout)]

use hallmark_network::{
    compress,
    envelope::{Envelope, RECIPIENT, count_bytes},
    fees::{arbitrum, era, ethereum, linea, optimism, scroll},
};
use serde::Deserialize;
use serde_json::{Value, json};

const NETWORKS: &str = include_str!("vectors/networks.json");
const SYNTHETIC: &str = include_str!("vectors/synthetic.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "note")]
    _note: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    source: String,
    own: bool,
    #[serde(rename = "fn")]
    function: String,
    args: Vec<Value>,
    want: Value,
}

struct Arguments<'a>(&'a Vector);

impl Arguments<'_> {
    fn integer(&self, index: usize) -> u128 {
        self.0.args[index].as_u64().unwrap_or_else(|| panic!("{}: argument {index}", self.0.id)).into()
    }

    fn small(&self, index: usize) -> u64 {
        self.0.args[index].as_u64().unwrap_or_else(|| panic!("{}: argument {index}", self.0.id))
    }

    fn length(&self, index: usize) -> u32 {
        self.small(index).try_into().unwrap()
    }

    fn text(&self, index: usize) -> &str {
        self.0.args[index].as_str().unwrap()
    }

    fn flag(&self, index: usize) -> bool {
        self.0.args.get(index).is_some_and(|value| value.as_bool().unwrap())
    }

    fn bytes(&self, index: usize) -> Vec<u8> {
        hex::decode(self.text(index).trim_start_matches("0x")).unwrap()
    }

    fn optimism(&self, first: usize) -> optimism::DataPrice {
        optimism::DataPrice {
            l1_base_fee: self.integer(first),
            blob_base_fee: self.integer(first + 1),
            base_fee_scalar: self.integer(first + 2),
            blob_base_fee_scalar: self.integer(first + 3),
        }
    }

    fn scroll(&self, first: usize) -> scroll::DataPrice {
        scroll::DataPrice {
            l1_base_fee: self.integer(first),
            blob_base_fee: self.integer(first + 1),
            commit_scalar: self.integer(first + 2),
            blob_scalar: self.integer(first + 3),
        }
    }
}

fn one(value: u128) -> Value {
    json!(u64::try_from(value).unwrap())
}

fn two(first: u128, second: u128) -> Value {
    Value::Array(vec![one(first), one(second)])
}

fn compute(vector: &Vector) -> Value {
    let args = Arguments(vector);
    match vector.function.as_str() {
        "flz_len" => one(compress::fastlz(&args.bytes(0)).into()),
        "op_bedrock" => {
            let gas = optimism::data_gas(args.small(0), args.small(1), args.flag(5)).unwrap();
            one(optimism::bedrock_fee(gas, args.integer(2), args.integer(3), args.integer(4)).unwrap())
        }
        "op_ecotone" => {
            let gas = optimism::data_gas(args.small(0), args.small(1), false).unwrap();
            one(optimism::ecotone_fee(gas, &args.optimism(2)).unwrap())
        }
        "op_fjord" => one(optimism::fjord_fee(args.length(0), &args.optimism(1)).unwrap()),
        "op_l1_gas_used" => one(optimism::l1_gas_used(args.length(0)).into()),
        "op_operator" => {
            let rule =
                if args.flag(3) { optimism::OperatorFee::Jovian } else { optimism::OperatorFee::Isthmus };
            one(optimism::operator_fee(args.small(0), args.integer(1), args.integer(2), rule).unwrap())
        }
        "op_da_footprint" => one(optimism::da_footprint(args.length(0), args.integer(1)).unwrap()),
        "blob_base_fee" => {
            let schedule =
                ethereum::BlobSchedule::ALL.into_iter().find(|each| each.name == args.text(1)).unwrap();
            one(schedule.base_fee(args.small(0)).unwrap())
        }
        "next_base_fee" => {
            let mut rule = ethereum::BaseFeeRule::ETHEREUM;
            if vector.args.len() == 6 {
                rule = ethereum::BaseFeeRule {
                    elasticity: args.small(3),
                    denominator: args.small(4),
                    minimum: args.integer(5),
                };
            }
            one(rule.next(args.integer(0), args.small(1), args.small(2)).unwrap())
        }
        "l1_gas_used" => {
            one(ethereum::call_gas(args.small(0), args.small(1), args.small(2), true).unwrap().into())
        }
        "modexp_gas" => {
            let price = match args.text(3) {
                "berlin" => ethereum::ModexpPrice::Berlin,
                "osaka" => ethereum::ModexpPrice::Osaka,
                other => panic!("{}: unknown fork {other}", vector.id),
            };
            one(ethereum::modexp_gas(args.small(0), args.small(1), args.small(2), price).unwrap().into())
        }
        "pairing_gas" => one(ethereum::pairing_gas(args.small(0)).unwrap().into()),
        "approx_exp_bips" => one(arbitrum::exponential_basis_points(args.integer(0)).unwrap()),
        "arb_poster" => {
            let fee = arbitrum::poster_fee(args.small(0), args.integer(1), args.integer(2)).unwrap();
            two(fee.gas, fee.wei)
        }
        "arb_estimate_units" => one(arbitrum::estimation_units(args.small(0))),
        "arb_gas_for_l1" => {
            let (price, base, minimum) = (args.integer(1), args.integer(2), args.integer(3));
            one(arbitrum::estimation_gas(args.small(0), price, base, minimum).unwrap())
        }
        "arb_base_fee" => {
            let backlogs: Vec<u64> =
                vector.args[0].as_array().unwrap().iter().map(|each| each.as_u64().unwrap()).collect();
            let fee = arbitrum::base_fee(&backlogs, 20_000_000, &arbitrum::CONSTRAINTS).unwrap();
            two(fee.wei, fee.exponent)
        }
        "scroll_curie" => one(scroll::curie_fee(args.small(0), &args.scroll(1)).unwrap()),
        "scroll_galileo" => {
            one(scroll::galileo_fee(args.small(0), &args.scroll(1), args.integer(5)).unwrap())
        }
        "linea_priority" => {
            let (fixed, variable) = (args.integer(2), args.integer(3));
            one(linea::priority_fee(args.small(0), args.small(1), fixed, variable, 120).unwrap())
        }
        "era_fair_prices" => {
            let prices = era::fair_prices(args.integer(0), args.integer(1), &era::Settings::MAINNET).unwrap();
            two(prices.gas, prices.pubdata)
        }
        "era_base_fee" => {
            let prices = era::FairPrices { gas: args.integer(0), pubdata: args.integer(1) };
            let fee = era::base_fee(&prices, 50_000).unwrap();
            two(fee.wei, fee.gas_per_pubdata)
        }
        other => panic!("{}: no formula is named {other}", vector.id),
    }
}

#[test]
fn formulas_give_what_others_published_or_charged() {
    let file: File = serde_json::from_str(NETWORKS).unwrap();
    let mut wrong = Vec::new();
    let mut own = 0;
    for vector in &file.vectors {
        let kind = if vector.own { "own arithmetic" } else { "published" };
        own += usize::from(vector.own);
        let got = compute(vector);
        println!("{:28} {kind:14} {}", vector.id, vector.source);
        if got != vector.want {
            wrong.push(format!("{} ({kind}): {got} instead of {}", vector.id, vector.want));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Nothing was skipped.
    assert_eq!((file.vectors.len(), own), (75, 38));
}

#[derive(Deserialize)]
struct Synthetic {
    cases: Vec<Case>,
    fee_params: Prices,
    raw_tx_case0: String,
}

#[derive(Deserialize)]
struct Prices {
    l1_base_fee: u128,
    l1_blob_base_fee: u128,
    op_scalars: [u128; 2],
    base_scalars: [u128; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    proof_len: usize,
    instances: u64,
    calldata_len: usize,
    calldata_zero: u64,
    calldata_nonzero: u64,
    calldata_keccak: String,
    signed_tx_len: usize,
    signed_tx_keccak: String,
    calldata_gas_4_16: u64,
    floor_7623_incl_21000: u64,
    floor_7976_per_byte_64: usize,
    fastlz_len: u32,
    fjord_estimated_size_scaled: u64,
    fjord_l1_gas_used: u64,
    gas_price_oracle_flz_unsigned_plus_68: u32,
    op_l1_fee_wei: String,
    base_l1_fee_wei: String,
    op_l1_fee_ecotone_formula_wei: String,
    brotli_q1_lgwin22_len: usize,
    arb_units: u128,
    zstd_l3_nomagic_csize_wlog22_len: usize,
}

fn keccak(bytes: &[u8]) -> String {
    alloy_primitives::keccak256(bytes).to_string()
}

/// `verifyProof(bytes,uint256[])` with the proof bytes and instances of the data's generator line.
fn calldata(proof_bytes: usize, instances: u64) -> Vec<u8> {
    let mut proof = Vec::new();
    for index in 0_u32.. {
        if proof.len() >= proof_bytes {
            break;
        }
        let seed = [b"zkml-l2-vector".as_slice(), &index.to_be_bytes()].concat();
        proof.extend_from_slice(alloy_primitives::keccak256(seed).as_slice());
    }
    proof.truncate(proof_bytes);
    let word = |value: u64| alloy_primitives::U256::from(value).to_be_bytes::<32>();
    let padded = proof_bytes.next_multiple_of(32);
    let mut data = alloy_primitives::keccak256("verifyProof(bytes,uint256[])")[..4].to_vec();
    data.extend(word(64));
    data.extend(word(96 + padded as u64));
    data.extend(word(proof_bytes as u64));
    data.extend(&proof);
    data.resize(4 + 96 + padded, 0);
    data.extend(word(instances));
    for instance in 0..instances {
        data.extend(word(1_000 * instance + 7));
    }
    data
}

#[test]
fn the_envelope_and_its_compressed_lengths_are_byte_exact() {
    let file: Synthetic = serde_json::from_str(SYNTHETIC).unwrap();
    let prices = &file.fee_params;
    let price = |scalars: [u128; 2]| optimism::DataPrice {
        l1_base_fee: prices.l1_base_fee,
        blob_base_fee: prices.l1_blob_base_fee,
        base_fee_scalar: scalars[0],
        blob_base_fee_scalar: scalars[1],
    };
    let envelope = Envelope {
        chain_id: 10,
        nonce: 5,
        gas_limit: 600_000,
        max_fee_per_gas: 10_000_000,
        max_priority_fee_per_gas: 1_000_000,
        recipient: Some(RECIPIENT),
    };
    for (index, case) in file.cases.iter().enumerate() {
        let data = calldata(case.proof_len, case.instances);
        assert_eq!(data.len(), case.calldata_len);
        assert_eq!(keccak(&data), case.calldata_keccak);
        let (zeros, nonzeros) = count_bytes(&data);
        assert_eq!((zeros, nonzeros), (case.calldata_zero, case.calldata_nonzero));
        assert_eq!(ethereum::calldata_gas(zeros, nonzeros).unwrap(), case.calldata_gas_4_16);
        assert_eq!(ethereum::call_gas(zeros, nonzeros, 0, true).unwrap(), case.floor_7623_incl_21000);
        assert_eq!(data.len() * 64, case.floor_7976_per_byte_64);

        let signed = envelope.encode(&data);
        if index == 0 {
            assert_eq!(format!("0x{}", hex::encode(&signed)), file.raw_tx_case0);
        }
        assert_eq!(signed.len(), case.signed_tx_len);
        assert_eq!(keccak(&signed), case.signed_tx_keccak);

        let fastlz = compress::fastlz(&signed);
        assert_eq!(fastlz, case.fastlz_len);
        let unsigned = compress::fastlz(&envelope.encode_unsigned(&data));
        assert_eq!(unsigned + 68, case.gas_price_oracle_flz_unsigned_plus_68);
        assert_eq!(compress::brotli(&signed).unwrap(), case.brotli_q1_lgwin22_len);
        assert_eq!(compress::zstandard(&signed).unwrap(), case.zstd_l3_nomagic_csize_wlog22_len);

        assert_eq!(optimism::fjord_size(fastlz), case.fjord_estimated_size_scaled);
        assert_eq!(optimism::l1_gas_used(fastlz), case.fjord_l1_gas_used);
        let (op, base) = (price(prices.op_scalars), price(prices.base_scalars));
        assert_eq!(optimism::fjord_fee(fastlz, &op).unwrap().to_string(), case.op_l1_fee_wei);
        assert_eq!(optimism::fjord_fee(fastlz, &base).unwrap().to_string(), case.base_l1_fee_wei);
        let (zeros, nonzeros) = count_bytes(&signed);
        let gas = optimism::data_gas(zeros, nonzeros, false).unwrap();
        assert_eq!(optimism::ecotone_fee(gas, &op).unwrap().to_string(), case.op_l1_fee_ecotone_formula_wei);
        assert_eq!(arbitrum::units(case.brotli_q1_lgwin22_len as u64), case.arb_units);
    }
    assert_eq!(file.cases.len(), 6);
}

#[test]
fn formulas_of_former_forks_give_published_values() {
    // rollup_fee_test.go of scroll-tech/go-ethereum: the bytes 0, 10, 1, 0 before Curie.
    assert_eq!(scroll::precurie_fee(2, 2, 15_000_000, 100, 10).unwrap(), 30);
    // The same file: 100 bytes under Feynman, without and with a penalty.
    let price = scroll::DataPrice {
        l1_base_fee: 1_000_000_000,
        blob_base_fee: 1_000_000_000,
        commit_scalar: 10,
        blob_scalar: 20,
    };
    assert_eq!(scroll::feynman_fee(100, &price, 1_000_000_000).unwrap(), 3_000);
    assert_eq!(scroll::feynman_fee(100, &price, 2_000_000_000).unwrap(), 6_000);
    // GasPriceOracle.t.sol: 0x0000010203 at 2e6, 3e6, 20 and 15 is of the smallest size.
    let price = optimism::DataPrice {
        l1_base_fee: 2_000_000,
        blob_base_fee: 3_000_000,
        base_fee_scalar: 20,
        blob_base_fee_scalar: 15,
    };
    assert_eq!(optimism::fjord_fee(5, &price).unwrap(), 68_500);
    assert_eq!(optimism::fjord_fee(170, &price).unwrap(), 68_500);
    assert!(optimism::fjord_fee(171, &price).unwrap() > 68_500);
}

#[test]
fn the_reserve_price_keeps_the_excess_of_blobs_up() {
    // Own arithmetic on EIP-7918 with the blob schedule of January 2026.
    let schedule = ethereum::BlobSchedule::BPO2;
    let blob = ethereum::GAS_PER_BLOB;
    assert_eq!(schedule.next_excess(0, 13 * blob, 1).unwrap(), 0);
    assert_eq!(schedule.next_excess(100_000_000, 14 * blob, 1).unwrap(), 100_000_000);
    assert_eq!(schedule.next_excess(100_000_000, 0, 1).unwrap(), 100_000_000 - 14 * blob);
    // At a base fee of 1 gwei the reserve of 62.5 Mwei is above the price of 5,209 wei.
    assert_eq!(schedule.next_excess(100_000_000, 0, 1_000_000_000).unwrap(), 100_000_000);
    assert_eq!(
        schedule.next_excess(100_000_000, 21 * blob, 1_000_000_000).unwrap(),
        100_000_000 + 21 * blob * 7 / 21
    );
}

#[test]
fn the_extra_data_of_linea_is_read() {
    // LineaExtraData's own example.
    let mut bytes = hex::decode("017ffffffe7fffffff80000000").unwrap();
    bytes.resize(32, 0);
    let data = linea::ExtraData::decode(&bytes).unwrap();
    assert_eq!(data.fixed_cost, 0x7fff_fffe_u128 * 1_000);
    assert_eq!(data.variable_cost, 0x7fff_ffff_u128 * 1_000);
    assert_eq!(data.l1_gas_price, 0x8000_0000_u128 * 1_000);
    assert_eq!(linea::ExtraData::decode(&[1, 2, 3]), None);
    assert_eq!(linea::ExtraData::decode(&[]), None);
    assert_eq!(linea::ExtraData::decode(&[2; 32]), None);
}

#[derive(Deserialize)]
struct Ratios {
    vectors: Vec<Ratio>,
}

#[derive(Deserialize)]
struct Ratio {
    transaction: String,
    bytes: String,
    ratio: usize,
}

#[test]
fn transactions_of_scroll_compress_as_its_node_says() {
    let file: Ratios = serde_json::from_str(include_str!("vectors/scroll-ratios.json")).unwrap();
    for vector in &file.vectors {
        let bytes = hex::decode(&vector.bytes).unwrap();
        assert_eq!(keccak(&bytes), vector.transaction);
        let compressed = compress::zstandard(&bytes).unwrap().min(bytes.len());
        assert_eq!(bytes.len() * 1_000_000_000 / compressed, vector.ratio, "{}", vector.transaction);
    }
    assert_eq!(file.vectors.len(), 5);
}
