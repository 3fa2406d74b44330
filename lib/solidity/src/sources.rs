//! Source files from disk: a file and everything it imports, as forge would find it.

use crate::error::Error;
use foundry_compilers::artifacts::remappings::Remapping;
use foundry_compilers::resolver::Graph;
use foundry_compilers::resolver::parse::SolParser;
use foundry_compilers::solc::SolcLanguage;
use foundry_compilers::{ProjectPathsConfig, artifacts::Source, artifacts::Sources};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Files for the compiler, with the remappings that their imports need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTree {
    /// Contents by name. Names are paths from the root, or absolute for files outside it.
    pub files: BTreeMap<String, String>,
    /// Prefixes of imports, `prefix=folder/`.
    pub remappings: Vec<String>,
}

impl SourceTree {
    /// The name that the compiler knows a file by.
    pub fn name_of(root: &Path, path: &Path) -> String {
        let absolute = absolute(root, path);
        let root = absolute_root(root);
        absolute.strip_prefix(&root).unwrap_or(&absolute).to_string_lossy().replace('\\', "/")
    }

    /// Reads `entries` (paths from `root` or absolute) and everything that they import. Imports are
    /// looked for as forge does: relative ones from the file, others by the remappings in
    /// foundry.toml and remappings.txt, those found in `lib/`, and node_modules.
    ///
    /// # Errors
    /// [`Error::Io`] when an entry cannot be read, [`Error::Imports`] when one does not parse.
    pub fn collect(root: &Path, entries: &[PathBuf]) -> Result<Self, Error> {
        let root = absolute_root(root);
        let mut sources = Sources::new();
        for entry in entries {
            let path = absolute(&root, entry);
            let text =
                std::fs::read_to_string(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
            sources.insert(path, Source::new(text));
        }
        let remappings = remappings(&root);
        let paths: ProjectPathsConfig<SolcLanguage> = ProjectPathsConfig::builder()
            .root(&root)
            .remappings(remappings.iter().cloned())
            .lib(root.join("node_modules"))
            .build_with_root(&root);
        let entry = entries.first().cloned().unwrap_or_default();
        let graph = Graph::<SolParser>::resolve_sources(&paths, sources)
            .map_err(|error| Error::Imports { path: entry, message: error.to_string() })?;
        let (sources, _) = graph.into_sources();
        let files =
            sources.iter().map(|(path, source)| (Self::name_of(&root, path), source.content.to_string()));
        let files = files.collect();
        let remappings = remappings.into_iter().map(|remapping| relative(&root, &remapping)).collect();
        Ok(Self { files, remappings })
    }
}

fn absolute_root(root: &Path) -> PathBuf {
    let root = if root.as_os_str().is_empty() { Path::new(".") } else { root };
    root.canonicalize().unwrap_or_else(|_| root.to_path_buf())
}

fn absolute(root: &Path, path: &Path) -> PathBuf {
    let joined = absolute_root(root).join(path);
    joined.canonicalize().unwrap_or(joined)
}

/// As the compiler gets it: folders below the root are named from the root.
fn relative(root: &Path, remapping: &Remapping) -> String {
    let folder = Path::new(&remapping.path);
    let folder = folder.strip_prefix(root).unwrap_or(folder).to_string_lossy().replace('\\', "/");
    let slash = if folder.ends_with('/') { "" } else { "/" };
    let context = remapping.context.as_ref().map(|context| format!("{context}:")).unwrap_or_default();
    format!("{context}{}={folder}{slash}", remapping.name)
}

/// Remappings that a person wrote come before those found in library folders.
fn remappings(root: &Path) -> Vec<Remapping> {
    let mut texts: Vec<String> = Vec::new();
    let mut libraries = vec!["lib".to_owned(), "node_modules".to_owned()];
    if let Some(table) = std::fs::read_to_string(root.join("foundry.toml"))
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
    {
        let profile = table.get("profile").and_then(|profile| profile.get("default"));
        let list = |key: &str| -> Option<Vec<String>> {
            let values = profile?.get(key)?.as_array()?;
            Some(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
        };
        texts.extend(list("remappings").unwrap_or_default());
        libraries = list("libs").unwrap_or(libraries);
    }
    texts.extend(
        std::fs::read_to_string(root.join("remappings.txt")).unwrap_or_default().lines().map(str::to_owned),
    );
    let mut found: Vec<Remapping> = texts
        .iter()
        .filter_map(|text| text.trim().parse::<Remapping>().ok())
        .map(|mut remapping| {
            remapping.path = root.join(&remapping.path).to_string_lossy().into_owned();
            remapping
        })
        .collect();
    for library in libraries.iter().filter(|library| !library.contains("node_modules")) {
        let folder = root.join(library);
        if folder.is_dir() {
            let more = Remapping::find_many(&folder).into_iter();
            let more: Vec<_> = more.filter(|new| found.iter().all(|old| old.name != new.name)).collect();
            found.extend(more);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_followed_through_remappings_and_relative_paths() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("foundry.toml", "[profile.default]\nremappings = [\"far/=vendor/far/\"]\n");
        write("src/A.sol", "pragma solidity ^0.8.0;\nimport \"./B.sol\";\nimport {C} from \"far/C.sol\";\n");
        write("src/B.sol", "pragma solidity ^0.8.0;\ncontract B {}\n");
        write("vendor/far/C.sol", "pragma solidity ^0.8.0;\ncontract C {}\n");
        let tree = SourceTree::collect(root, &["src/A.sol".into()]).unwrap();
        assert_eq!(tree.files.keys().collect::<Vec<_>>(), ["src/A.sol", "src/B.sol", "vendor/far/C.sol"]);
        assert_eq!(tree.remappings, ["far/=vendor/far/"]);
    }

    #[test]
    fn a_missing_entry_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = SourceTree::collect(folder.path(), &["src/None.sol".into()]).unwrap_err();
        assert!(error.to_string().contains("None.sol"), "{error}");
    }
}
