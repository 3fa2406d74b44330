//! Finding forge.

use crate::error::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Environment variable that names forge.
const VARIABLE: &str = "HALLMARK_FORGE";

/// A forge that answers.
#[derive(Clone, Debug)]
pub(crate) struct Forge {
    /// The executable.
    pub(crate) path: PathBuf,
    /// First line of `forge --version`.
    pub(crate) version: String,
}

impl Forge {
    /// Looks in the environment, on PATH, where foundryup puts it, and among npm packages of the
    /// project and the folders above.
    pub(crate) fn locate(project: &Path) -> Outcome<Self> {
        if let Some(named) = std::env::var_os(VARIABLE) {
            let path = PathBuf::from(named);
            return ask(&path).ok_or_else(|| {
                Failure::new(format!("{VARIABLE} names `{}`, which is not forge", path.display()))
            });
        }
        candidates(project).iter().find_map(|path| ask(path)).ok_or_else(|| {
            Failure::new("forge was not found on PATH, in ~/.foundry/bin or in node_modules")
                .hint(format!("install Foundry with foundryup, or set {VARIABLE}"))
        })
    }
}

fn candidates(project: &Path) -> Vec<PathBuf> {
    let name = format!("forge{}", std::env::consts::EXE_SUFFIX);
    let mut found: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).map(|folder| folder.join(&name)).collect())
        .unwrap_or_default();
    // npm's launcher always exits with 0, whatever forge says: useless for tests.
    found.retain(|path| !path.parent().is_some_and(|folder| folder.ends_with("node_modules/.bin")));
    if let Some(home) = std::env::var_os("HOME") {
        found.push(Path::new(&home).join(".foundry/bin").join(&name));
    }
    let root = project.canonicalize().unwrap_or_else(|_| project.to_path_buf());
    for folder in root.ancestors() {
        let scope = folder.join("node_modules/@foundry-rs");
        let Ok(packages) = std::fs::read_dir(scope) else { continue };
        let mut packages: Vec<_> = packages.flatten().map(|entry| entry.path()).collect();
        packages.sort();
        found.extend(
            packages
                .into_iter()
                .filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("forge-")))
                .map(|path| path.join("bin").join(&name)),
        );
    }
    found.retain(|path| path.is_file());
    found
}

fn ask(path: &Path) -> Option<Forge> {
    let output = Command::new(path).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().next()?.trim().to_owned();
    (output.status.success() && version.to_lowercase().contains("forge"))
        .then(|| Forge { path: path.to_path_buf(), version })
}
