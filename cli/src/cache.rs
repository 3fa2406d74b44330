//! The cache of a project: what was made, from what, so that a second run does only what changed.

use crate::error::{Failure, Outcome};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Name of the folder.
pub(crate) const CACHE_FOLDER: &str = ".hallmark";

/// Format of the manifest; another one means an empty cache.
const VERSION: u32 = 1;

/// One folder with a manifest.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    manifest: Manifest,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Manifest {
    version: u32,
    stages: BTreeMap<String, Stage>,
}

/// What one stage made.
#[derive(Debug, Serialize, Deserialize)]
struct Stage {
    /// Hash of everything it depends on.
    key: String,
    /// SHA-256 of each file it wrote.
    files: BTreeMap<String, String>,
}

impl Cache {
    /// Opens the cache below `root`; a manifest that cannot be read is an empty cache.
    pub(crate) fn open(root: &Path) -> Self {
        Self::open_folder(root.join(CACHE_FOLDER))
    }

    /// Opens the cache of one of several models.
    pub(crate) fn open_member(root: &Path, name: &str) -> Self {
        Self::open_folder(root.join(CACHE_FOLDER).join(name))
    }

    fn open_folder(folder: PathBuf) -> Self {
        let manifest = fs::read(folder.join("manifest.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok())
            .filter(|manifest| manifest.version == VERSION)
            .unwrap_or_default();
        Self { folder, manifest }
    }

    /// Where a file of the cache is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether `stage` ran on the same inputs and its files are as it left them.
    pub(crate) fn is_fresh(&self, stage: &str, key: &str) -> bool {
        self.manifest.stages.get(stage).is_some_and(|found| {
            found.key == key
                && found
                    .files
                    .iter()
                    .all(|(name, hash)| file_hash(&self.path(name)).is_some_and(|found| found == *hash))
        })
    }

    /// SHA-256 of a file that a stage wrote, as recorded.
    pub(crate) fn hash_of(&self, name: &str) -> Option<&str> {
        let mut files = self.manifest.stages.values().flat_map(|stage| &stage.files);
        files.find(|(file, _)| *file == name).map(|(_, hash)| hash.as_str())
    }

    /// Records that `stage` wrote `files` from inputs with hash `key`.
    pub(crate) fn record(&mut self, stage: &str, key: &str, files: &[&str]) -> Outcome<()> {
        let mut hashes = BTreeMap::new();
        for name in files {
            let path = self.path(name);
            let hash =
                file_hash(&path).ok_or_else(|| Failure::new(format!("`{}` has gone", path.display())))?;
            hashes.insert((*name).to_owned(), hash);
        }
        self.manifest.version = VERSION;
        self.manifest.stages.insert(stage.to_owned(), Stage { key: key.to_owned(), files: hashes });
        let text =
            serde_json::to_vec_pretty(&self.manifest).map_err(|error| Failure::bug(error.to_string()))?;
        self.write("manifest.json", &text)
    }

    /// Writes a file of the cache, completely or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Outcome<()> {
        self.create()?;
        write_atomically(&self.path(name), bytes)
    }

    /// Makes the folder, invisible to git.
    pub(crate) fn create(&self) -> Outcome<()> {
        fs::create_dir_all(&self.folder).map_err(|error| Failure::io("create", &self.folder, &error))?;
        let ignore = self.path(".gitignore");
        if !ignore.exists() {
            write_atomically(&ignore, b"*\n")?;
        }
        Ok(())
    }

    /// Writes a value as JSON.
    pub(crate) fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Outcome<()> {
        let text = serde_json::to_vec(value).map_err(|error| Failure::bug(error.to_string()))?;
        self.write(name, &text)
    }

    /// Reads a value that [`Cache::write_json`] wrote.
    pub(crate) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Outcome<T> {
        let path = self.path(name);
        let bytes = fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!("`{}` is damaged: {error}", path.display()))
                .hint("run `hallmark build --force`")
        })
    }
}

/// Hash of a list of parts, each marked off from the next.
pub(crate) fn key(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn file_hash(path: &Path) -> Option<String> {
    fs::read(path).ok().map(|bytes| sha256(&bytes))
}

/// Writes beside the place, then moves there.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let fail = |error: std::io::Error| Failure::io("write", path, &error);
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hallmark-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut draft = builder.tempfile_in(folder).map_err(fail)?;
    draft.write_all(bytes).map_err(fail)?;
    draft.persist(path).map_err(|error| fail(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_fresh_until_its_inputs_or_files_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Cache::open(folder.path());
        assert!(!cache.is_fresh("graph", "a"));
        cache.write("graph.json", b"1").unwrap();
        cache.record("graph", "a", &["graph.json"]).unwrap();
        assert!(cache.is_fresh("graph", "a"));
        assert!(!cache.is_fresh("graph", "b"));
        assert!(Cache::open(folder.path()).is_fresh("graph", "a"));
        cache.write("graph.json", b"2").unwrap();
        assert!(!cache.is_fresh("graph", "a"));
        fs::write(folder.path().join(".hallmark/manifest.json"), "damaged").unwrap();
        assert!(!Cache::open(folder.path()).is_fresh("graph", "a"));
    }

    #[test]
    fn parts_are_marked_off() {
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_ne!(key(&[b"ab"]), key(&[b"ab", b""]));
    }
}
