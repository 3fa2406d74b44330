//! The files of a project: where each goes and who may change it.

use crate::foundry::FoundryLayout;
use crate::frameworks::{Framework, hardhat, remix};
use crate::{Error, Template};
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
    pub(crate) framework: Framework,
    /// Folders; those of another framework in the same roles.
    pub(crate) foundry: FoundryLayout,
}

impl Paths {
    /// The usual ones.
    pub(crate) fn of(framework: Framework) -> Self {
        let foundry = match framework {
            Framework::Foundry => FoundryLayout::default(),
            Framework::Hardhat => hardhat::layout(),
            Framework::Remix => remix::layout(),
        };
        Self { framework, foundry }
    }

    /// Those of the existing project in `dir`.
    pub(crate) fn read(framework: Framework, dir: &Path) -> Result<Self, Error> {
        let foundry = match framework {
            Framework::Foundry => FoundryLayout::read(dir)?,
            Framework::Hardhat => hardhat::read(dir)?,
            Framework::Remix => return Err(Error::NothingToInit(dir.to_path_buf())),
        };
        Ok(Self { framework, foundry })
    }

    /// The same with our sources, tests and scripts in folders of their own, for projects that have
    /// other files under our names.
    pub(crate) fn nested(&self) -> Self {
        let mut foundry = self.foundry.clone();
        for folder in [&mut foundry.src, &mut foundry.test, &mut foundry.script] {
            folder.push("hallmark");
        }
        Self { framework: self.framework, foundry }
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
        let solidity = self.solidity_fixture(member);
        match self.framework {
            Framework::Foundry => solidity,
            Framework::Hardhat => solidity.with_file_name("inference.json"),
            Framework::Remix => "inference.json".into(),
        }
    }
    /// The stored proofs of one model for tests in Solidity.
    pub(crate) fn solidity_fixture(&self, member: Option<&str>) -> PathBuf {
        self.foundry.test.join("fixtures").join(member.unwrap_or_default()).join("InferenceFixture.sol")
    }
    /// Numbers of one model for programs in TypeScript.
    pub(crate) fn typescript_info(&self, member: Option<&str>) -> PathBuf {
        Path::new("model").join(member.unwrap_or_default()).join("ModelInfo.ts")
    }
    /// The folder of hallmark's own library.
    pub(crate) fn library(&self) -> PathBuf {
        self.foundry.lib.join("hallmark")
    }
    /// What `hallmark/` in imports stands for.
    pub(crate) fn library_sources(&self) -> PathBuf {
        let library = self.library();
        if self.foundry.lib.as_os_str().is_empty() { library } else { library.join("src") }
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
    /// Foundry without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    framework: Option<String>,
    /// Where generated files depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    src: String,
    test: String,
    script: String,
    lib: String,
}

impl Lock {
    /// Only version 1 exists.
    pub(crate) const VERSION: u32 = 1;

    /// The folders; none when the framework is not known.
    pub(crate) fn paths(&self) -> Option<Paths> {
        let framework = match &self.layout.framework {
            None => Framework::Foundry,
            Some(name) => Framework::parse(name)?,
        };
        let foundry = FoundryLayout {
            src: self.layout.src.clone().into(),
            test: self.layout.test.clone().into(),
            script: self.layout.script.clone().into(),
            lib: self.layout.lib.clone().into(),
            soldeer: false,
        };
        Some(Paths { framework, foundry })
    }

    /// What the project's consumer does, where generated files depend on it.
    pub(crate) fn template(&self) -> Option<Template> {
        self.layout.template.as_deref().and_then(Template::parse)
    }

    pub(crate) fn new(paths: &Paths, template: Template, provenance: BTreeMap<String, String>) -> Self {
        let foundry = &paths.foundry;
        let framework = paths.framework;
        Self {
            version: Self::VERSION,
            layout: LockedLayout {
                framework: (framework != Framework::Foundry).then(|| framework.name().to_owned()),
                template: (framework == Framework::Remix).then(|| template.name().to_owned()),
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
