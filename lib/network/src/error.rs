//! Errors of this crate.

/// What can go wrong when networks are looked up, priced or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A formula left the range of its numbers.
    #[error(
        "{formula}: the result does not fit 128 bits; a parameter is far too large, print and check them"
    )]
    Overflow {
        /// The formula.
        formula: &'static str,
    },
    /// A formula would divide by zero.
    #[error("{formula}: `{name}` is 0 and divides; set it to the value of the network")]
    ZeroDivisor {
        /// The formula.
        formula: &'static str,
        /// What is zero.
        name: &'static str,
    },
    /// A compressor failed, which it does for want of memory only.
    #[error("{algorithm} could not compress {length} bytes: {reason}")]
    Compression {
        /// Name of the compressor.
        algorithm: &'static str,
        /// Length of its input in bytes.
        length: usize,
        /// What it says.
        reason: String,
    },
    /// There is no network of that name.
    #[error("unknown network `{name}`{suggestion}; known: {known}")]
    UnknownNetwork {
        /// The name asked for.
        name: String,
        /// Names that are near, as a clause, or nothing.
        suggestion: String,
        /// All names that can be asked for.
        known: String,
    },
    /// There is no network of that chain id.
    #[error("no network with chain id {chain_id} is known; known: {known}")]
    UnknownChain {
        /// The chain id asked for.
        chain_id: u64,
        /// All names, with chain ids.
        known: String,
    },
    /// The network does not exist any more.
    #[error("{name} ended on {since}: {reason}; choose another network")]
    Ended {
        /// Display name.
        name: String,
        /// Date, year-month-day.
        since: String,
        /// What happened.
        reason: String,
    },
    /// The network cannot be priced from the gas that an EVM reports.
    #[error(
        "{name} cannot be priced: {reason}; the calldata has {calldata_bytes} bytes there as everywhere, \
         for a price deploy and measure on the network"
    )]
    Unsupported {
        /// Display name.
        name: String,
        /// Why.
        reason: String,
        /// Length of the calldata in bytes.
        calldata_bytes: usize,
    },
    /// A network's or parameters' file cannot be read.
    #[error("{file}: {reason}")]
    File {
        /// Name of the file.
        file: String,
        /// What is wrong and where.
        reason: String,
    },
    /// A network's or parameters' file reads, but what it says cannot be.
    #[error("{file}: `{field}` {reason}")]
    Field {
        /// Name of the file.
        file: String,
        /// Dotted name of the field.
        field: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Two networks have the same name or alias.
    #[error("`{name}` names both {first} and {second}; rename one of them")]
    DuplicateName {
        /// The name.
        name: String,
        /// Identifier of the network that is there.
        first: String,
        /// Identifier of the one that is added.
        second: String,
    },
    /// The network's fee model has no such parameter.
    #[error("{network} has no parameter `{name}`{suggestion}; it has: {known}")]
    UnknownParameter {
        /// Identifier of the network.
        network: String,
        /// The name given.
        name: String,
        /// Names that are near, as a clause, or nothing.
        suggestion: String,
        /// All names.
        known: String,
    },
    /// A value that the formula needs is not there.
    #[error("the parameters of {network} lack `{name}`; set it")]
    MissingParameter {
        /// Identifier of the network.
        network: String,
        /// The name.
        name: &'static str,
    },
    /// Parameters of one network were given with another.
    #[error("these are the parameters of {found}, the network is {expected}; take that network's own")]
    OtherNetwork {
        /// Identifier in the parameters.
        found: String,
        /// Identifier of the network.
        expected: String,
    },
    /// The node cannot be reached.
    #[error("cannot reach {url}: {reason}; check the address and that the node is up")]
    Unreachable {
        /// The address, without credentials and path.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The address is none.
    #[error("`{url}` is not the address of a node: {reason}; give an http:// or https:// address")]
    Address {
        /// The address, without credentials and path where it has that much form.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node did not answer in time.
    #[error("{url} did not answer within {milliseconds} ms; try again, or allow it more time")]
    Timeout {
        /// The address, without credentials and path.
        url: String,
        /// The time allowed.
        milliseconds: u128,
    },
    /// The node serves another network.
    #[error(
        "{url} serves chain {found}{found_name}, {network} is chain {expected}; give the address of a node of it"
    )]
    WrongChain {
        /// The address, without credentials and path.
        url: String,
        /// Identifier of the network wanted.
        network: String,
        /// Its chain id.
        expected: u64,
        /// Chain id of the node.
        found: u64,
        /// The network with that chain id, as a clause, or nothing.
        found_name: String,
    },
    /// The node answered something that is no answer to the question.
    #[error("{url} answered `{call}` with {found}; {expected} was expected: is that a node of this network?")]
    Nonsense {
        /// The address, without credentials and path.
        url: String,
        /// Which call.
        call: String,
        /// What came, shortened.
        found: String,
        /// What would have been right.
        expected: String,
    },
    /// A contract that every node of the network has from genesis is not there.
    #[error(
        "{url} has no {contract} at {address} ({found}): the chain id is that of {network}, the state is not; \
         give the address of a node of the real network, or of a fork of it"
    )]
    MissingPredeploy {
        /// The address, without credentials and path.
        url: String,
        /// Identifier of the network.
        network: String,
        /// Name of the contract.
        contract: &'static str,
        /// Its address.
        address: String,
        /// What was found in its place.
        found: String,
    },
    /// No runtime for the network's requests can be had.
    #[error("cannot start the runtime for requests: {reason}")]
    Runtime {
        /// What the system says.
        reason: String,
    },
}

/// `, did you mean …` for the names near to `name`, or nothing.
pub(crate) fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let name = name.to_ascii_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .map(|candidate| (strsim::damerau_levenshtein(&name, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= 2.max(candidate.len() / 4) || (name.len() >= 3 && candidate.starts_with(&name))
        })
        .collect();
    near.sort();
    near.truncate(2);
    if near.is_empty() {
        return String::new();
    }
    let names: Vec<String> = near.into_iter().map(|(_, candidate)| format!("`{candidate}`")).collect();
    format!(", did you mean {}", names.join(" or "))
}
