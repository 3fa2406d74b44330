//! A project on disk: its folder, its settings, its cache.

use crate::cache::Cache;
use crate::error::{Failure, Outcome};
use crate::settings::{FIXTURE_FILE, SETTINGS_FILE, Settings, VERIFIER_FILE};
use std::path::{Path, PathBuf};

/// A project.
#[derive(Debug)]
pub(crate) struct Project {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// hallmark.toml.
    pub(crate) settings: Settings,
    /// What was made so far.
    pub(crate) cache: Cache,
}

impl Project {
    /// Opens the project in `folder`, or the nearest one above the working folder.
    pub(crate) fn open(folder: Option<PathBuf>) -> Outcome<Self> {
        let root = match folder {
            Some(folder) if folder.join(SETTINGS_FILE).is_file() => folder,
            Some(folder) => {
                return Err(Failure::new(format!(
                    "`{}` is not a hallmark project: it has no {SETTINGS_FILE}",
                    folder.display()
                ))
                .hint("make one with `hallmark new` or `hallmark init`"));
            }
            None => find()?,
        };
        let settings = Settings::read(&root.join(SETTINGS_FILE))?;
        let cache = Cache::open(&root);
        Ok(Self { root, settings, cache })
    }

    /// The same project with one of its further models in the place of the first.
    pub(crate) fn member(&self, name: &str) -> Outcome<Self> {
        let mut settings = self.settings.clone();
        settings.model = self.settings.members.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.settings.members.keys().map(String::as_str).collect();
            let hint = match known.as_slice() {
                [] => format!("{SETTINGS_FILE} has one model only; leave `--member` out"),
                known => format!("the members of {SETTINGS_FILE} are {}", known.join(", ")),
            };
            Failure::new(format!("no model `{name}` under [members]")).hint(hint)
        })?;
        // Where `build` writes the member's files: beside those of the first model.
        let own = |path: &Option<PathBuf>, usual: &str| {
            let path = path.as_deref().unwrap_or(Path::new(usual));
            let folder = path.parent().unwrap_or(Path::new(""));
            Some(folder.join(name).join(path.file_name().unwrap_or_default()))
        };
        let contracts = &mut settings.contracts;
        contracts.verifier = own(&contracts.verifier, VERIFIER_FILE);
        contracts.fixture = own(&contracts.fixture, FIXTURE_FILE);
        let cache = Cache::open_member(&self.root, name);
        Ok(Self { root: self.root.clone(), settings, cache })
    }

    /// A path of the settings, from the project's folder.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }
}

/// The nearest folder at or above the working folder that has settings.
fn find() -> Outcome<PathBuf> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::new(format!("cannot tell the working folder: {error}")))?;
    let found = here.ancestors().find(|folder| folder.join(SETTINGS_FILE).is_file());
    found.map(Path::to_path_buf).ok_or_else(|| {
        Failure::new(format!("no {SETTINGS_FILE} in `{}` or above", here.display()))
            .hint("make a project with `hallmark new DIR`, or name one with `--project DIR`")
    })
}
