//! What is deployed where: `deployments/<chain id>.json`, one file for each chain, for version control.
//!
//! The last complete deployment is `latest`; those before it, and those that stopped half-way, are kept
//! in `history`, the newest first. Nothing is ever taken out.

use crate::error::Error;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Folder of the address books, in the project's.
pub const FOLDER: &str = "deployments";

/// The format that this version writes.
const VERSION: u32 = 1;

/// One contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// Name of the contract.
    pub name: String,
    /// Address with its checksum.
    pub address: String,
    /// Keccak-256 of the code on the chain, hexadecimal after 0x.
    pub code_hash: String,
    /// Hash of the transaction that created it, hexadecimal after 0x.
    pub transaction: String,
    /// Number of that transaction's block.
    pub block: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// Fee as far as its receipt says, in wei, decimal.
    pub paid_wei: String,
}

/// Contracts that were deployed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Timestamp of the block of the last contract, in Unix seconds.
    pub timestamp: u64,
    /// Who deployed them, with checksum.
    pub deployer: String,
    /// Identity of the verifying key, hexadecimal after 0x.
    pub verifying_key_id: String,
    /// Identity of the structured reference string, hexadecimal after 0x.
    pub srs_id: String,
    /// The verifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Deployed>,
    /// The contract that acts on verified inferences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<Deployed>,
    /// What else the script created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Deployed>,
    /// Why it is not complete; nothing where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

/// All deployments on one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Version of the format.
    pub version: u32,
    /// Chain id (EIP-155).
    pub chain_id: u64,
    /// Name of the network, for people.
    pub network: String,
    /// The last complete deployment.
    #[serde(default)]
    pub latest: Option<Deployment>,
    /// The others, the newest first.
    #[serde(default)]
    pub history: Vec<Deployment>,
}

impl Book {
    /// The file of a chain, for the project in `root`.
    pub fn path(root: &Path, chain_id: u64) -> PathBuf {
        root.join(FOLDER).join(format!("{chain_id}.json"))
    }

    /// Reads the book of a chain; none where nothing was deployed yet.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Book`].
    pub fn read(root: &Path, chain_id: u64) -> Result<Option<Self>, Error> {
        let path = Self::path(root, chain_id);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { action: "read", path, source }),
        };
        let wrong = |reason: String| Error::Book { path: path.clone(), chain_id, reason };
        let book: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if book.version != VERSION {
            return Err(wrong(format!("it has version {}, this program writes {VERSION}", book.version)));
        }
        if book.chain_id != chain_id {
            return Err(wrong(format!("it says chain {}", book.chain_id)));
        }
        Ok(Some(book))
    }

    /// Adds a deployment, and writes the file beside its place before it takes it. A complete one
    /// becomes the latest; an incomplete one goes to the history.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Book`] when what is there cannot be read: it is left as it is.
    pub fn record(
        root: &Path,
        chain_id: u64,
        network: &str,
        deployment: Deployment,
    ) -> Result<PathBuf, Error> {
        let mut book = Self::read(root, chain_id)?.unwrap_or_else(|| Self {
            version: VERSION,
            chain_id,
            network: String::new(),
            latest: None,
            history: Vec::new(),
        });
        network.clone_into(&mut book.network);
        if deployment.incomplete.is_some() {
            book.history.insert(0, deployment);
        } else if let Some(former) = book.latest.replace(deployment) {
            book.history.insert(0, former);
        }
        let path = Self::path(root, chain_id);
        let failed = |source: std::io::Error| Error::Io { action: "write", path: path.clone(), source };
        let mut text = serde_json::to_string_pretty(&book).map_err(|error| failed(error.into()))?;
        text.push('\n');
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder).map_err(failed)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".deployment-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut draft = builder.tempfile_in(&folder).map_err(failed)?;
        draft.write_all(text.as_bytes()).map_err(failed)?;
        draft.as_file().sync_all().map_err(failed)?;
        draft.persist(&path).map_err(|error| failed(error.error))?;
        Ok(path)
    }

    /// Chains that a project has a book of, ascending.
    pub fn chains(root: &Path) -> Vec<u64> {
        let entries = fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
        let mut chains: Vec<u64> = entries
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
            .collect();
        chains.sort_unstable();
        chains
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, Deployment};
    use std::fs;

    fn deployment(timestamp: u64, incomplete: Option<&str>) -> Deployment {
        Deployment {
            timestamp,
            deployer: "0x".into(),
            verifying_key_id: "0x".into(),
            srs_id: "0x".into(),
            verifier: None,
            consumer: None,
            others: Vec::new(),
            incomplete: incomplete.map(str::to_owned),
        }
    }

    #[test]
    fn no_deployment_is_ever_lost() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(Book::read(root, 1).unwrap(), None);
        for (timestamp, incomplete) in [(1, None), (2, None), (3, Some("the node went away")), (4, None)] {
            Book::record(root, 1, "Ethereum", deployment(timestamp, incomplete)).unwrap();
        }
        let book = Book::read(root, 1).unwrap().unwrap();
        assert_eq!(book.latest.map(|latest| latest.timestamp), Some(4));
        let history: Vec<u64> = book.history.iter().map(|deployment| deployment.timestamp).collect();
        assert_eq!(history, [2, 3, 1]);
        assert_eq!(Book::chains(root), [1]);
        let files = fs::read_dir(root.join("deployments")).unwrap().count();
        assert_eq!(files, 1, "drafts are gone");
    }

    #[test]
    fn a_damaged_book_is_left_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let path = Book::record(root, 1, "Ethereum", deployment(1, None)).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for (damaged, word) in [
            (whole[..whole.len() / 2].to_owned(), "EOF"),
            (whole.replace("\"chain_id\": 1", "\"chain_id\": 2"), "chain 2"),
            (whole.replace("\"version\": 1", "\"version\": 9"), "version 9"),
        ] {
            fs::write(&path, &damaged).unwrap();
            for error in [
                Book::read(root, 1).unwrap_err().to_string(),
                Book::record(root, 1, "Ethereum", deployment(2, None)).unwrap_err().to_string(),
            ] {
                assert!(error.contains(word), "{error}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
