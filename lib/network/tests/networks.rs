//! The shipped data files, and what is made of names, chain ids and wrong files.

use hallmark_gas::{HardFork, Rules};
use hallmark_network::{Confidence, Error, Network, Networks, Parameters, Status, network, parameters};
use std::{collections::BTreeSet, fs, path::Path};

fn shipped() -> Networks {
    Networks::shipped().unwrap()
}

#[test]
fn every_data_file_is_shipped_and_named_after_its_network() {
    let networks = shipped();
    let known: BTreeSet<String> = networks
        .iter()
        .map(|network| network.id.clone())
        .chain(networks.ended().iter().map(|ended| ended.id.clone()))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("networks");
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
        .collect();
    assert_eq!(known, files);
    assert_eq!((networks.iter().count(), networks.ended().len()), (14, 2));
}

#[test]
fn the_schema_is_that_of_the_format() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("networks/schema.json");
    let current = serde_json::to_string_pretty(&network::schema()).unwrap() + "\n";
    if std::env::var_os("HALLMARK_RENEW").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == current,
        "networks/schema.json is not that of the format any more; renew it with \
         `HALLMARK_RENEW=1 cargo test --release -p hallmark-network --test networks`"
    );
}

#[test]
fn networks_are_found_by_identifier_alias_and_chain_id() {
    let networks = shipped();
    for (name, id, chain_id) in [
        ("op", "optimism", 10),
        ("Arbitrum", "arbitrum-one", 42_161),
        (" base ", "base", 8_453),
        ("mainnet", "ethereum", 1),
        ("zksync", "zksync-era", 324),
    ] {
        assert_eq!(networks.get(name).unwrap().id, id);
        assert_eq!(networks.by_chain_id(chain_id).unwrap().id, id);
    }
    let error = networks.get("optimsm").unwrap_err();
    assert!(matches!(error, Error::UnknownNetwork { .. }));
    let text = error.to_string();
    assert!(text.contains("did you mean `optimism`?") || text.contains("did you mean `optimism`"), "{text}");
    assert!(text.contains("arbitrum-one"), "{text}");
    assert!(!networks.get("qqqqqqqq").unwrap_err().to_string().contains("did you mean"));
    assert!(matches!(networks.by_chain_id(999_999), Err(Error::UnknownChain { chain_id: 999_999, .. })));
}

#[test]
fn networks_that_have_ended_are_refused_with_date_and_reason() {
    let networks = shipped();
    for (name, chain_id) in [("polygon-zkevm", 1_101), ("Blast", 81_457)] {
        for error in [networks.get(name).unwrap_err(), networks.by_chain_id(chain_id).unwrap_err()] {
            assert!(matches!(error, Error::Ended { .. }), "{error}");
            assert!(error.to_string().contains("2026"), "{error}");
        }
    }
}

#[test]
fn rules_are_those_of_each_network() {
    let networks = shipped();
    let rules = |name: &str| networks.get(name).unwrap().rules();
    assert_eq!(rules("ethereum"), Rules::ethereum(HardFork::Osaka));
    assert_eq!(rules("glamsterdam"), Rules::ethereum(HardFork::Amsterdam));
    assert_eq!(rules("world").hard_fork, HardFork::Prague);
    assert_eq!(rules("world").transaction_gas_cap, None);
    assert!(!rules("arbitrum").calldata_floor);
    assert_eq!(rules("arbitrum").transaction_gas_cap, Some(32_000_000));
    assert_eq!(rules("polygon").transaction_gas_cap, Some(1 << 25));
    assert_eq!(rules("polygon").code_size_limit, 32_768);
    for network in networks.iter().filter(|network| network.id != "world-chain") {
        assert!(network.hard_fork >= HardFork::Osaka, "{}", network.id);
    }
}

#[test]
fn what_was_not_seen_on_mainnet_is_marked() {
    let networks = shipped();
    let assumed = |name: &str| -> Vec<String> {
        networks.get(name).unwrap().parameters.assumed().map(str::to_owned).collect()
    };
    assert_eq!(assumed("arbitrum"), ["price_per_unit"]);
    assert!(assumed("scroll").contains(&"commit_scalar".to_owned()));
    for network in networks.iter() {
        assert_ne!(network.status, Status::Ended);
        assert!(!network.parameters.as_of().is_empty());
    }
    assert_eq!(networks.get("op").unwrap().evidence.confidence, Confidence::Verified);
    assert_eq!(networks.get("mantle").unwrap().evidence.confidence, Confidence::Assumed);
}

fn text(id: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("networks/{id}.toml"))).unwrap()
}

#[test]
fn a_persons_own_network_is_read_and_added() {
    let own =
        text("base").replace("\"base\"", "\"own\"").replace("base-mainnet", "mine").replace("8453", "777");
    let own = Network::from_toml("own.toml", &own).unwrap();
    let mut networks = shipped();
    networks.add(own.clone()).unwrap();
    assert_eq!(networks.get("mine").unwrap(), &own);
    assert_eq!(networks.by_chain_id(777).unwrap().id, "own");
    assert!(matches!(networks.add(own), Err(Error::DuplicateName { .. })));
}

#[test]
fn wrong_files_are_refused_with_the_field() {
    let good = text("base");
    let cases = [
        ("chain_id = 8453", "chain_id = 0", "`chain_id`"),
        ("chain_id = 8453", "chain_id = \"x\"", "chain_id"),
        ("chain_id = 8453", "chain_id = 8453\nnonsense = 1", "nonsense"),
        ("id = \"base\"", "id = \"Base Net\"", "`id`"),
        ("hard_fork = \"osaka\"", "hard_fork = \"tokyo\"", "tokyo"),
        ("since = \"2026-05-28\"", "since = \"2026-02-30\"", "execution.since"),
        ("as_of = \"2026-10-04\"", "as_of = \"yesterday\"", "as_of"),
        ("base_fee = 5_000_000", "base_fee = -1", "values.base_fee"),
        ("base_fee = 5_000_000", "base_fee = \"1e9\"", "values.base_fee"),
        ("base_fee = 5_000_000", "base_fee = \"999999999999999999999999999999999999999999\"", "128 bits"),
        ("base_fee = 5_000_000", "", "lacks `base_fee`"),
        ("base_fee = 5_000_000", "base_fee = 5_000_000\nbase_fe = 1", "did you mean `base_fee`"),
        ("fee_model = \"optimism\"", "fee_model = \"optimsm\"", "optimsm"),
        ("fee_model = \"optimism\"", "", "`fee_model` is missing"),
        ("pairing_input_bytes = 81_984", "pairing_input_bytes = 0", "pairing_input_bytes"),
        ("assumed = [\"priority_fee\"]", "assumed = [\"tip\"]", "`tip`"),
        ("status = \"live\"", "status = \"unsupported\"", "status_reason"),
        ("status = \"live\"", "status = \"ended\"\nstatus_reason = \"over\"", "status_since"),
    ];
    for (from, to, expected) in cases {
        assert!(good.contains(from), "{from}");
        let error = Network::from_toml("mine.toml", &good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains("mine.toml") || error.contains("parameter"), "{to}: {error}");
        assert!(error.contains(expected), "{to}: {error}");
    }
    assert!(matches!(Network::from_toml("blast.toml", &text("blast")), Err(Error::Ended { .. })));
    for wrong in ["", "[", "\u{0}", "id = 1"] {
        assert!(Network::from_toml("x.toml", wrong).is_err());
    }
}

#[test]
fn parameters_are_set_by_name_and_remember_it() {
    let networks = shipped();
    let mut parameters = networks.get("arbitrum").unwrap().parameters.clone();
    parameters.set("price_per_unit", 5).unwrap();
    assert_eq!(parameters.get("price_per_unit"), Some(5));
    assert_eq!(parameters.assumed().count(), 0);
    assert_eq!(parameters.overridden().collect::<Vec<_>>(), ["price_per_unit"]);
    let error = parameters.set("l1_base_fee", 1).unwrap_err();
    assert!(matches!(&error, Error::UnknownParameter { network, .. } if network == "arbitrum-one"));
    assert!(error.to_string().contains("price_per_unit"), "{error}");
    assert!(
        parameters.set("price_per_unt", 1).unwrap_err().to_string().contains("did you mean `price_per_unit`")
    );
    assert_eq!(parameters.age("2026-10-05"), Some(1));
    assert_eq!(parameters.age("2026-10-03"), None);
}

#[test]
fn scaling_moves_what_follows_l1_and_nothing_else() {
    for network in shipped().iter() {
        let scaled = network.parameters.scale_l1(5, 1).unwrap();
        for known in network.fee_model.parameters() {
            let (before, after) =
                (network.parameters.get(known.name).unwrap(), scaled.get(known.name).unwrap());
            assert_eq!(
                after,
                if known.follows_l1 { before * 5 } else { before },
                "{} {}",
                network.id,
                known.name
            );
        }
        assert_eq!(network.parameters.scale_l1(1, 1).unwrap(), network.parameters);
        assert!(matches!(network.parameters.scale_l1(1, 0), Err(Error::ZeroDivisor { .. })));
    }
    let mut parameters = shipped().get("op").unwrap().parameters.clone();
    parameters.set("l1_base_fee", u128::MAX).unwrap();
    assert!(matches!(parameters.scale_l1(u128::MAX, 1), Err(Error::Overflow { .. })));
}

#[test]
fn parameters_survive_a_file() {
    let networks = shipped();
    let mut all: Vec<Parameters> = networks.iter().map(|network| network.parameters.clone()).collect();
    for parameters in &mut all {
        let name = parameters.values().next().unwrap().0.to_owned();
        parameters.set(&name, u128::MAX).unwrap();
    }
    let text = parameters::write_toml(&all).unwrap();
    for (network, parameters) in networks.iter().zip(&all) {
        assert_eq!(Parameters::from_toml("p.toml", &text, network).unwrap().as_ref(), Some(parameters));
        let one = parameters.to_toml().unwrap();
        assert_eq!(Parameters::from_toml("p.toml", &one, network).unwrap().as_ref(), Some(parameters));
    }
    let base = networks.get("base").unwrap();
    assert_eq!(Parameters::from_toml("p.toml", "", base).unwrap(), None);
    let error = Parameters::from_toml("p.toml", "[base]\nas_of = 1\n", base).unwrap_err();
    assert!(error.to_string().starts_with("p.toml: "), "{error}");
    let wrong =
        base.parameters.to_toml().unwrap().replace("base_fee_scalar = 2269", "base_fee_scaler = 2269");
    let error = Parameters::from_toml("p.toml", &wrong, base).unwrap_err();
    assert!(matches!(error, Error::UnknownParameter { .. }), "{error}");
}
