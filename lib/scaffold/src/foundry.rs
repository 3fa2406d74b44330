//! The folders of an existing Foundry project.

use crate::Error;
use std::path::{Path, PathBuf};

/// Library folders that package managers fill and empty, npm and Soldeer; version control leaves them out.
const MANAGED: [&str; 2] = ["node_modules", "dependencies"];

/// Where a Foundry project keeps what, relative to its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundryLayout {
    /// Sources.
    pub src: PathBuf,
    /// Tests.
    pub test: PathBuf,
    /// Scripts.
    pub script: PathBuf,
    /// Libraries: the first of the project's library folders that forge searches and that no package
    /// manager fills. Empty without one: ours then goes to `hallmark` in the root, which forge finds
    /// imports from without any remapping.
    pub lib: PathBuf,
    /// Whether Soldeer installs the project's dependencies.
    pub soldeer: bool,
}

impl Default for FoundryLayout {
    fn default() -> Self {
        Self {
            src: "src".into(),
            test: "test".into(),
            script: "script".into(),
            lib: "lib".into(),
            soldeer: false,
        }
    }
}

impl FoundryLayout {
    /// Reads the default profile of the project's foundry.toml.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join("foundry.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotFoundry(root.to_path_buf()));
            }
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| Error::FoundryToml {
            path: path.clone(),
            message: error.message().to_owned(),
        })?;
        let profile = table.get("profile").and_then(|value| value.get("default"));
        let setting = |name: &str| profile.and_then(|profile| profile.get(name));
        let inside = |value: &str| -> Result<PathBuf, Error> {
            let folder = PathBuf::from(value);
            let plain = folder
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
            if plain {
                Ok(folder.components().filter(|c| *c != std::path::Component::CurDir).collect())
            } else {
                Err(Error::FoundryToml {
                    path: path.clone(),
                    message: format!("folder `{value}` is outside of the project"),
                })
            }
        };
        let folder = |name: &str, otherwise: &str| -> Result<PathBuf, Error> {
            inside(setting(name).and_then(toml::Value::as_str).unwrap_or(otherwise))
        };
        let libs = setting("libs").and_then(toml::Value::as_array);
        let searched = setting("auto_detect_remappings").and_then(toml::Value::as_bool).unwrap_or(true);
        let lib = match libs {
            _ if !searched => "",
            None => "lib",
            Some(libs) => {
                let mut names = libs.iter().filter_map(toml::Value::as_str);
                names.find(|name| !MANAGED.contains(&name.trim_matches(['.', '/']))).unwrap_or("")
            }
        };
        Ok(Self {
            src: folder("src", "src")?,
            test: folder("test", "test")?,
            script: folder("script", "script")?,
            lib: inside(lib)?,
            soldeer: table.contains_key("dependencies") || root.join("soldeer.toml").is_file(),
        })
    }
}

/// The relative path from one folder of a project to a file of it, with forward slashes, starting
/// with `./` or `../` as Solidity's relative imports must.
pub(crate) fn relative(from: &Path, to: &Path) -> String {
    let from: Vec<_> = from.components().collect();
    let to: Vec<_> = to.components().collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec!["..".to_owned(); from.len() - common];
    if parts.is_empty() {
        parts.push(".".to_owned());
    }
    parts.extend(to[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned()));
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths() {
        for (from, to, expected) in [
            ("test", "src/Verifier.sol", "../src/Verifier.sol"),
            ("test/deep", "src/a/B.sol", "../../src/a/B.sol"),
            ("src", "src/B.sol", "./B.sol"),
            ("contracts/test", "contracts/src", "../src"),
        ] {
            assert_eq!(relative(Path::new(from), Path::new(to)), expected);
        }
    }

    #[test]
    fn folders_come_from_the_default_profile() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("foundry.toml"), text).unwrap();
        write("[profile.default]\nsrc = './contracts'\nlibs = ['node_modules', 'deps']\n");
        let layout = FoundryLayout::read(folder.path()).unwrap();
        assert_eq!(layout.src, Path::new("contracts"));
        assert_eq!(layout.lib, Path::new("deps"));
        assert_eq!(layout.test, Path::new("test"));
        assert!(!layout.soldeer);

        // Nothing of ours survives where a package manager rules.
        write(
            "[profile.default]\nlibs = ['./dependencies/', 'node_modules']\n[dependencies]\nforge-std = '1'\n",
        );
        let layout = FoundryLayout::read(folder.path()).unwrap();
        assert_eq!((layout.lib.as_path(), layout.soldeer), (Path::new(""), true));
        write("[profile.default]\nlibs = ['dependencies', 'lib']\n");
        assert_eq!(FoundryLayout::read(folder.path()).unwrap().lib, Path::new("lib"));
        write("[profile.default]\nlibs = ['lib']\nauto_detect_remappings = false\n");
        assert_eq!(FoundryLayout::read(folder.path()).unwrap().lib, Path::new(""));

        write("[profile.default]\nsrc = '../elsewhere'\n");
        assert!(matches!(FoundryLayout::read(folder.path()), Err(Error::FoundryToml { .. })));
        write("[profile.default\n");
        assert!(matches!(FoundryLayout::read(folder.path()), Err(Error::FoundryToml { .. })));
        std::fs::remove_file(folder.path().join("foundry.toml")).unwrap();
        assert!(matches!(FoundryLayout::read(folder.path()), Err(Error::NotFoundry(_))));
    }
}
