//! From program counters to phases: source map and section markers.

use crate::error::Error;
use foundry_compilers::artifacts::sourcemap;
use hallmark_solidity::solc::{Artifact, CODE_LIMIT};

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

/// The phase of every byte of runtime code that starts an instruction.
pub(crate) fn phase_of_pc(artifact: &Artifact) -> Result<Vec<String>, Error> {
    let map = sourcemap::parse(&artifact.runtime_source_map)
        .map_err(|e| Error::SourceMap { contract: artifact.name.clone(), reason: e.to_string() })?;
    let sections = sections(&artifact.source);
    let mut phases = vec![OTHER.to_owned(); artifact.runtime_code.len()];
    let mut pc = 0;
    let mut instruction = 0;
    while let Some(opcode) = artifact.runtime_code.get(pc) {
        if let (Some(element), Some(phase)) = (map.get(instruction), phases.get_mut(pc))
            && element.index() == Some(artifact.source_index)
        {
            let offset = element.offset() as usize;
            if let Some((_, name)) = sections.iter().rev().find(|(at, _)| *at <= offset) {
                phase.clone_from(name);
            }
        }
        // PUSH1 … PUSH32 carry their operand.
        pc += if (0x60..=0x7f).contains(opcode) { usize::from(opcode - 0x5f) + 1 } else { 1 };
        instruction += 1;
    }
    Ok(phases)
}

/// Bytes of runtime code by phase, largest first.
///
/// # Errors
/// When the source map cannot be read.
pub fn code_by_phase(artifact: &Artifact) -> Result<Vec<(String, usize)>, Error> {
    let phases = phase_of_pc(artifact)?;
    let mut sizes = std::collections::BTreeMap::<&str, usize>::new();
    let mut pc = 0;
    while let (Some(opcode), Some(phase)) = (artifact.runtime_code.get(pc), phases.get(pc)) {
        let length = if (0x60..=0x7f).contains(opcode) { usize::from(opcode - 0x5f) + 1 } else { 1 };
        *sizes.entry(phase).or_default() += length.min(artifact.runtime_code.len() - pc);
        pc += length;
    }
    let mut sizes: Vec<(String, usize)> =
        sizes.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sizes)
}

/// Refuses code that no network deploys, and says which phases of the verifier are large.
///
/// # Errors
/// [`hallmark_solidity::Error::CodeTooLarge`] above [`CODE_LIMIT`] bytes.
pub fn check_code_size(artifact: &Artifact) -> Result<(), hallmark_solidity::Error> {
    let bytes = artifact.runtime_code.len();
    if bytes <= CODE_LIMIT {
        return Ok(());
    }
    Err(hallmark_solidity::Error::CodeTooLarge {
        contract: artifact.name.clone(),
        bytes,
        limit: CODE_LIMIT,
        parts: code_by_phase(artifact).unwrap_or_default(),
    })
}
