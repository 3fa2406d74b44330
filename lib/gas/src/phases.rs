//! Phases of verification: section markers in the source, code size by phase.

use crate::contract::{Contract, instructions};
use hallmark_solidity::solc::CODE_LIMIT;

/// The phase of code that belongs to no section: dispatch, ABI decoding, return.
pub const OTHER: &str = "other";

/// Starts a section in generated source; the phase's name follows.
pub const MARKER: &str = "// hallmark:phase ";

/// `(first byte, phase)` of every section in the source, ascending.
pub fn sections(source: &str) -> Vec<(usize, String)> {
    source
        .match_indices(MARKER)
        .map(|(at, _)| {
            let rest = source.get(at + MARKER.len()..).unwrap_or_default();
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            (at, name.to_owned())
        })
        .collect()
}

/// Bytes of runtime code by phase, largest first.
pub fn code_by_phase(contract: &Contract) -> Vec<(String, usize)> {
    let code = &contract.artifact().runtime_code;
    let starts: Vec<usize> = instructions(code).map(|(pc, _)| pc).chain([code.len()]).collect();
    let mut sizes = std::collections::BTreeMap::<&str, usize>::new();
    for pair in starts.windows(2) {
        if let [pc, next] = pair {
            *sizes.entry(contract.phase(contract.place(*pc), None)).or_default() += next.saturating_sub(*pc);
        }
    }
    let mut sizes: Vec<(String, usize)> =
        sizes.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    sizes
}

/// Refuses code that no network deploys, and says which phases of the verifier are large.
///
/// # Errors
/// [`hallmark_solidity::Error::CodeTooLarge`] above [`CODE_LIMIT`] bytes.
pub fn check_code_size(contract: &Contract) -> Result<(), hallmark_solidity::Error> {
    let bytes = contract.artifact().runtime_code.len();
    if bytes <= CODE_LIMIT {
        return Ok(());
    }
    Err(hallmark_solidity::Error::CodeTooLarge {
        contract: contract.name().to_owned(),
        bytes,
        limit: CODE_LIMIT,
        parts: code_by_phase(contract),
    })
}
