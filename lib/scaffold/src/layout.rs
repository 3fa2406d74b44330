//! The files of a project: where each goes and who may change it.

use crate::foundry::FoundryLayout;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the lock file.
pub const LOCK_FILE: &str = "hallmark.lock";

/// Name of the settings file.
pub(crate) const SETTINGS_FILE: &str = "hallmark.toml";

/// Who may change a file after it is first written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// The person: written once.
    Person,
    /// hallmark: rewritten when what it comes from changes, unless somebody edited it.
    Generated,
}

/// A rendered file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Path inside the project.
    pub(crate) path: PathBuf,
    /// Contents.
    pub(crate) contents: Vec<u8>,
    /// Who may change it.
    pub(crate) ownership: Ownership,
}

/// Folders and files of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Paths {
    pub(crate) foundry: FoundryLayout,
}

impl Paths {
    pub(crate) fn new(foundry: FoundryLayout) -> Self {
        Self { foundry }
    }

    /// The same with our sources, tests and scripts in folders of their own, for projects that have
    /// other files under our names.
    pub(crate) fn nested(&self) -> Self {
        let mut foundry = self.foundry.clone();
        for folder in [&mut foundry.src, &mut foundry.test, &mut foundry.script] {
            folder.push("hallmark");
        }
        Self { foundry }
    }

    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.foundry.src.join(name)
    }
    /// A generated source of one model: those of a member are in a folder of its name.
    pub(crate) fn model_source(&self, member: Option<&str>, name: &str) -> PathBuf {
        let folder = self.foundry.src.join(member.unwrap_or_default());
        if name.is_empty() { folder } else { folder.join(name) }
    }
    pub(crate) fn verifier(&self, member: Option<&str>) -> PathBuf {
        self.model_source(member, "Verifier.sol")
    }
    pub(crate) fn fixture(&self, member: Option<&str>) -> PathBuf {
        let folder = self.foundry.test.join("fixtures").join(member.unwrap_or_default());
        folder.join("InferenceFixture.sol")
    }
    pub(crate) fn library(&self) -> PathBuf {
        self.foundry.lib.join("hallmark")
    }
}

/// The lock file: what the generated files come from, and what they were when written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Lock {
    /// Format of this file.
    pub(crate) version: u32,
    /// Folders in use.
    pub(crate) layout: LockedLayout,
    /// Hashes and versions of what the generated files come from.
    pub(crate) provenance: BTreeMap<String, String>,
    /// SHA-256 of each generated file.
    pub(crate) files: BTreeMap<String, String>,
    /// What `init` added to somebody's project, for it to be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<Additions>,
}

/// What `init` added besides the generated files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Additions {
    /// Folders that did not exist, each after the one that it is in.
    pub(crate) folders: Vec<String>,
    /// SHA-256 of each file that is the person's since.
    pub(crate) files: BTreeMap<String, String>,
}

/// [`FoundryLayout`] as the lock file has it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct LockedLayout {
    src: String,
    test: String,
    script: String,
    lib: String,
}

impl Lock {
    /// Only version 1 exists.
    pub(crate) const VERSION: u32 = 1;

    pub(crate) fn paths(&self) -> Paths {
        Paths::new(FoundryLayout {
            src: self.layout.src.clone().into(),
            test: self.layout.test.clone().into(),
            script: self.layout.script.clone().into(),
            lib: self.layout.lib.clone().into(),
            finds_remappings: true,
        })
    }

    pub(crate) fn new(paths: &Paths, provenance: BTreeMap<String, String>) -> Self {
        let foundry = &paths.foundry;
        Self {
            version: Self::VERSION,
            layout: LockedLayout {
                src: slashes(&foundry.src),
                test: slashes(&foundry.test),
                script: slashes(&foundry.script),
                lib: slashes(&foundry.lib),
            },
            provenance,
            files: BTreeMap::new(),
            init: None,
        }
    }

    /// The file's text.
    pub(crate) fn render(&self) -> Vec<u8> {
        let body = toml::to_string(self).expect("strings and integers are always TOML");
        format!(
            "# What the generated files come from, and their hashes. Written by hallmark; commit it.\n{body}"
        )
        .into_bytes()
    }
}

/// A path with forward slashes.
pub(crate) fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
