//! The gas of a commit as a file: exact, deterministic, made to be committed.

use crate::error::Error;
use crate::report::{Report, VERSION};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Gas on one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSnapshot {
    /// Hard fork of its rules.
    pub hard_fork: hallmark_gas::HardFork,
    /// Gas of the transaction.
    pub gas: u64,
    /// Gas of the deployment.
    pub deploy_gas: u64,
    /// Gas by phase.
    pub phases: BTreeMap<String, i64>,
}

/// Gas of one transaction on all networks of a project. There are no prices in it: those move by
/// themselves, gas only when the code does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Format.
    pub version: u32,
    /// What was measured.
    pub subject: String,
    /// SHA-256 of the calldata.
    pub calldata_sha256: String,
    /// Bytes of calldata.
    pub calldata_bytes: u64,
    /// Bytes of runtime code.
    pub code_bytes: u64,
    /// By identifier of the network.
    pub networks: BTreeMap<String, NetworkSnapshot>,
}

impl Snapshot {
    /// What a report measured.
    pub fn of(report: &Report) -> Self {
        Self {
            version: VERSION,
            subject: report.subject.name.clone(),
            calldata_sha256: report.subject.calldata_sha256.clone(),
            calldata_bytes: report.subject.calldata_bytes,
            code_bytes: report.subject.code_bytes,
            networks: report
                .networks
                .iter()
                .map(|network| {
                    let snapshot = NetworkSnapshot {
                        hard_fork: network.hard_fork,
                        gas: network.gas,
                        deploy_gas: network.deploy_gas,
                        phases: network.phases.clone(),
                    };
                    (network.network.clone(), snapshot)
                })
                .collect(),
        }
    }

    /// The file's text: the same for the same gas, whatever the machine.
    ///
    /// # Errors
    /// Never in practice; the encoder's own.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|error| Error::Render { what: "snapshot", reason: error.to_string() })
    }

    /// Reads a snapshot, or a report as `hallmark gas --json` prints it.
    ///
    /// # Errors
    /// [`Error::NoSnapshot`] when there is no file, [`Error::Damaged`] when it is neither.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoSnapshot { path: path.to_owned() });
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(Error::Damaged { path: path.to_owned(), reason: "it is not text".into() });
            }
            Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
        };
        let damaged = |reason: String| Error::Damaged { path: path.to_owned(), reason };
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let is_report = value.get("profile").is_some();
        let snapshot = if is_report {
            let report: Report = serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?;
            Self::of(&report)
        } else {
            serde_json::from_value(value).map_err(|error| damaged(error.to_string()))?
        };
        if snapshot.version != VERSION {
            return Err(damaged(format!("it has version {}, this is version {VERSION}", snapshot.version)));
        }
        for (network, entry) in &snapshot.networks {
            let sum: i128 = entry.phases.values().map(|gas| i128::from(*gas)).sum();
            if sum != i128::from(entry.gas) {
                return Err(damaged(format!(
                    "the phases of {network} add up to {sum}, its gas is {}: the file was edited",
                    entry.gas
                )));
            }
        }
        Ok(snapshot)
    }
}
