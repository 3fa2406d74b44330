//! Which networks are priced, and at which parameters: shipped ones, a project's, a node's, a
//! person's.

use crate::cache::write_atomically;
use crate::error::{Failure, Outcome};
use crate::opts::PriceArgs;
use crate::output::Shell;
use crate::settings::GasSettings;
use hallmark_budget::amount::Dollars;
use hallmark_network::{Network, Networks, Parameters, Status, parameters, rpc};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The project's file of parameters that were read from chains.
const PARAMETERS_FILE: &str = "hallmark.parameters.toml";

/// Days after which prices are called old.
const OLD: u64 = 30;

/// Networks with their parameters, and prices of tokens.
#[derive(Debug, Default)]
pub(crate) struct Pricing {
    pub(crate) networks: Vec<(Network, Parameters)>,
    pub(crate) tokens: BTreeMap<String, Dollars>,
}

/// Gathers what the settings, the project's files, nodes and the command line say. `root` is the
/// project's folder, if there is one.
pub(crate) fn gather(
    shell: &Shell,
    root: Option<&Path>,
    settings: &GasSettings,
    args: &PriceArgs,
) -> Outcome<Pricing> {
    let all = known(root, settings)?;
    let nodes = nodes(&all, args)?;
    let names: Vec<String> = match (&args.networks, &settings.networks) {
        (named, _) if !named.is_empty() => named.clone(),
        (_, Some(named)) => named.clone(),
        _ if !nodes.is_empty() => nodes.keys().cloned().collect(),
        _ => {
            let live = |network: &&Network| matches!(network.status, Status::Live | Status::Unsupported);
            all.iter().filter(live).map(|network| network.id.clone()).collect()
        }
    };
    let mut networks: Vec<(Network, Parameters)> = Vec::new();
    for name in &names {
        let network = all.get(name)?.clone();
        if networks.iter().all(|(known, _)| known.id != network.id) {
            networks.push((network.clone(), network.parameters.clone()));
        }
    }
    let file =
        root.map(|root| root.join(settings.parameters.as_deref().unwrap_or(Path::new(PARAMETERS_FILE))));
    if let Some(file) = &file {
        load(&all, file, &mut networks)?;
    }
    refresh(shell, &all, &nodes, args, file.as_deref(), &mut networks)?;
    for assignment in &args.set {
        set(assignment, &mut networks)?;
    }
    warn_of_age(shell, &networks);
    Ok(Pricing { networks, tokens: tokens(settings, &args.prices)? })
}

/// The shipped networks and the project's own.
pub(crate) fn known(root: Option<&Path>, settings: &GasSettings) -> Outcome<Networks> {
    let mut all = Networks::shipped()?;
    for file in &settings.network_files {
        let path = root.map_or_else(|| file.clone(), |root| root.join(file));
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        all.add(Network::from_toml(&path.to_string_lossy(), &text)?)?;
    }
    Ok(all)
}

/// Node addresses by identifier of the network.
fn nodes(all: &Networks, args: &PriceArgs) -> Outcome<BTreeMap<String, String>> {
    let mut nodes = BTreeMap::new();
    for text in &args.rpc_urls {
        // A URL may hold `=`, but not before its scheme.
        let named = text.split_once('=').filter(|(name, _)| !name.contains(':') && !name.contains('/'));
        let (network, url) = match named {
            Some((name, url)) => (all.get(name)?, url),
            None => match args.networks.as_slice() {
                [only] => (all.get(only)?, text.as_str()),
                _ => {
                    let id = rpc::identify(text, Duration::from_secs(args.rpc_timeout))?;
                    (all.by_chain_id(id)?, text.as_str())
                }
            },
        };
        if nodes.insert(network.id.clone(), url.to_owned()).is_some() {
            return Err(Failure::new(format!("two nodes were given for {}", network.id)).hint("give one"));
        }
    }
    Ok(nodes)
}

/// Takes over what the project's file has.
fn load(all: &Networks, file: &PathBuf, networks: &mut [(Network, Parameters)]) -> Outcome<()> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io("read", file, &error)),
    };
    for (network, parameters) in networks {
        let known = all.get(&network.id)?;
        if let Some(found) = Parameters::from_toml(&file.to_string_lossy(), &text, known)? {
            *parameters = found;
        }
    }
    Ok(())
}

/// Reads parameters from nodes. In a project they are kept; nothing is written unless all answered.
fn refresh(
    shell: &Shell,
    all: &Networks,
    nodes: &BTreeMap<String, String>,
    args: &PriceArgs,
    file: Option<&Path>,
    networks: &mut [(Network, Parameters)],
) -> Outcome<()> {
    let mut fresh = Vec::new();
    for (id, url) in nodes {
        let Some((network, parameters)) = networks.iter_mut().find(|(network, _)| network.id == *id) else {
            return Err(Failure::new(format!("a node was given for {id}, which is not priced"))
                .hint(format!("add `--network {id}`, or leave the node away")));
        };
        let step = shell.step("Reading", format!("parameters of {}", network.name));
        *parameters = rpc::refresh(network, url, Duration::from_secs(args.rpc_timeout)).map_err(|error| {
            Failure::new(error.to_string())
                .hint("nothing was changed; leave `--rpc-url` away to use stored parameters")
        })?;
        step.finish("Read", &format!("parameters of {}, as of {}", network.name, parameters.as_of()));
        fresh.push(parameters.clone());
    }
    let (Some(file), false) = (file, fresh.is_empty()) else { return Ok(()) };
    let old = std::fs::read_to_string(file).unwrap_or_default();
    let mut kept = fresh;
    for network in all.iter().filter(|network| !nodes.contains_key(&network.id)) {
        kept.extend(Parameters::from_toml(&file.to_string_lossy(), &old, network)?);
    }
    let text = format!(
        "# Parameters that `hallmark gas --rpc-url` read. Commit it: CI then prices as you do.\n{}",
        parameters::write_toml(&kept)?
    );
    write_atomically(file, text.as_bytes())?;
    shell.done("Wrote", &format!("`{}`", file.display()));
    Ok(())
}

/// `[NETWORK.]NAME=VALUE`
fn set(assignment: &str, networks: &mut [(Network, Parameters)]) -> Outcome<()> {
    let malformed = || {
        Failure::new(format!("`--set {assignment}` is not [NETWORK.]NAME=VALUE with a whole number"))
            .hint("for example `--set l1_base_fee=500000000` or `--set base.base_fee=5000000` (wei)")
    };
    let (name, value) = assignment.split_once('=').ok_or_else(malformed)?;
    let value: u128 = value.replace('_', "").parse().map_err(|_| malformed())?;
    if let Some((id, name)) = name.split_once('.') {
        let found = networks
            .iter_mut()
            .find(|(network, _)| network.id == id || network.aliases.iter().any(|alias| alias == id));
        let (_, parameters) = found.ok_or_else(|| {
            Failure::new(format!("`--set {assignment}`: {id} is not among the networks that are priced"))
                .hint(format!("add `--network {id}`"))
        })?;
        return Ok(parameters.set(name, value)?);
    }
    let mut last = None;
    let mut found = false;
    for (_, parameters) in networks {
        match parameters.set(name, value) {
            Ok(()) => found = true,
            Err(error) => last = Some(error),
        }
    }
    match last {
        Some(error) if !found => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prices of tokens: the settings', and over them those of the command line.
pub(crate) fn tokens(settings: &GasSettings, prices: &[String]) -> Outcome<BTreeMap<String, Dollars>> {
    let mut tokens = BTreeMap::new();
    for (symbol, price) in &settings.prices {
        tokens.insert(symbol.clone(), Dollars::parse(price)?);
    }
    for text in prices {
        let (symbol, price) = text.split_once('=').ok_or_else(|| {
            Failure::new(format!("`--price {text}` is not SYMBOL=USD")).hint("for example `--price ETH=2510`")
        })?;
        tokens.insert(symbol.to_owned(), Dollars::parse(price)?);
    }
    Ok(tokens)
}

/// Prices move by a factor of five within months: old ones are said.
fn warn_of_age(shell: &Shell, networks: &[(Network, Parameters)]) {
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return };
    let old: Vec<String> = networks
        .iter()
        .filter(|(network, _)| network.status != Status::Unsupported)
        .filter(|(_, parameters)| parameters.age_at(now.as_secs()).is_some_and(|days| days > OLD))
        .map(|(network, parameters)| format!("{} ({})", network.id, parameters.as_of()))
        .collect();
    if !old.is_empty() {
        shell.warn(&format!(
            "prices are older than {OLD} days for {}; read them from a node with `--rpc-url`",
            old.join(", ")
        ));
    }
}
