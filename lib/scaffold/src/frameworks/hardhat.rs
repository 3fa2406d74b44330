//! Hardhat 3 projects: the same contracts, with tests and scripts in TypeScript.

use crate::Error;
use crate::foundry::FoundryLayout;
use crate::layout::{File, Ownership, Paths};
use crate::render::{Renderer, solidity_tests};
use crate::spec::{Ci, ProjectSpec};
use crate::template::Template;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

/// The library in TypeScript: the same in every project.
static LIBRARY: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../templates/hardhat/typescript");

/// What Hardhat takes for its configuration.
const CONFIGURATIONS: [&str; 6] = [
    "hardhat.config.ts",
    "hardhat.config.js",
    "hardhat.config.mts",
    "hardhat.config.mjs",
    "hardhat.config.cts",
    "hardhat.config.cjs",
];

/// Packages that our tests and scripts import, and others that bring them along.
const PACKAGES: [(&str, &[&str]); 3] = [
    ("@nomicfoundation/hardhat-viem", &["@nomicfoundation/hardhat-toolbox-viem"]),
    ("@nomicfoundation/hardhat-node-test-runner", &["@nomicfoundation/hardhat-toolbox-viem"]),
    ("viem", &[]),
];

/// The first version of Hardhat that has all that the tests use.
const HARDHAT: (u32, u32) = (3, 4);

/// Node that generated workflows install.
pub(crate) const NODE_VERSION: &str = "22";

/// Hardhat's usual folders.
pub(crate) fn layout() -> FoundryLayout {
    FoundryLayout {
        src: "contracts".into(),
        test: "test".into(),
        script: "scripts".into(),
        lib: "lib".into(),
        soldeer: false,
    }
}

/// The configuration file of the Hardhat project in `dir`.
pub(crate) fn configuration(dir: &Path) -> Option<PathBuf> {
    CONFIGURATIONS.iter().map(|name| dir.join(name)).find(|path| path.is_file())
}

/// The folders of the existing project in `dir`, which must be one of Hardhat 3.
pub(crate) fn read(dir: &Path) -> Result<FoundryLayout, Error> {
    if configuration(dir).is_none() {
        return Err(Error::NotHardhat(dir.to_path_buf()));
    }
    let installed = json(&dir.join("node_modules/hardhat/package.json"));
    let installed = installed.get("version").and_then(|version| version.as_str()).map(str::to_owned);
    let found = dependencies(dir);
    let wanted = found.iter().find(|(name, _)| name == "hardhat").map(|(_, version)| version.clone());
    // A range says no more than which major version it is of.
    let is_old = match (&installed, &wanted) {
        (Some(version), _) => version_of(version).is_some_and(|version| version < HARDHAT),
        (None, Some(range)) => version_of(range).is_some_and(|(major, _)| major < HARDHAT.0),
        (None, None) => false,
    };
    if is_old {
        let version = installed.or(wanted).unwrap_or_default();
        return Err(Error::OldHardhat { dir: dir.to_path_buf(), version });
    }
    Ok(layout())
}

/// What the person of the existing project in `dir` has to add to it.
pub(crate) fn notes(dir: &Path, paths: &Paths, spec: &ProjectSpec) -> Vec<String> {
    let mut notes = Vec::new();
    let found = dependencies(dir);
    let has = |name: &str| found.iter().any(|(found, _)| found == name);
    let missing =
        PACKAGES.iter().filter(|(name, bundles)| !has(name) && !bundles.iter().any(|other| has(other)));
    let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        notes.push(format!(
            "the tests need more packages: `npm install --save-dev {}`, and `plugins` in the configuration of Hardhat",
            missing.join(" ")
        ));
    }
    let remapping = format!("hallmark/={}/", crate::layout::slashes(&paths.library_sources()));
    if let Ok(text) = std::fs::read_to_string(dir.join("remappings.txt"))
        && !text.lines().any(|line| line.trim().starts_with("hallmark/="))
    {
        notes.push(format!("`remappings.txt` exists: add the line `{remapping}` to it"));
    }
    for folder in [&paths.foundry.src, &paths.foundry.test] {
        if !dir.join(folder).exists() {
            notes.push(format!(
                "`{}` does not exist: where the configuration of Hardhat names another folder, move the files there",
                folder.display()
            ));
        }
    }
    notes.push(format!(
        "gas is measured with solc {}, the optimizer at {} runs and evmVersion `{}`: use these settings for the same",
        spec.versions.solc, spec.versions.optimizer_runs, spec.versions.evm
    ));
    notes
}

/// Names and versions of the packages that the project's package.json asks for.
fn dependencies(dir: &Path) -> Vec<(String, String)> {
    let manifest = json(&dir.join("package.json"));
    let lists = ["dependencies", "devDependencies", "peerDependencies"];
    let entries = lists.iter().filter_map(|list| manifest.get(list)?.as_object());
    let pairs =
        entries.flatten().filter_map(|(name, version)| Some((name.clone(), version.as_str()?.to_owned())));
    pairs.collect()
}

/// What a JSON file says; nothing when it is not there or no JSON.
fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Major and minor version, also of a range as npm writes it: `^3.1.0`, `~3.1`, `>=3`.
fn version_of(range: &str) -> Option<(u32, u32)> {
    let digits = range.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = digits.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

/// All files but those of the models and the library's contracts.
pub(crate) fn files(renderer: &Renderer, spec: &ProjectSpec, paths: &Paths) -> Result<Vec<File>, Error> {
    let mut files = Vec::new();
    let mut template = |name: &str, path: PathBuf| -> Result<(), Error> {
        let contents = renderer.render(name)?.into_bytes();
        files.push(File { path, contents, ownership: Ownership::Person });
        Ok(())
    };
    for name in ["package.json", "hardhat.config.ts", "tsconfig.json", "remappings.txt", "README.md"] {
        template(&format!("hardhat/{name}"), name.into())?;
    }
    template("hardhat/gitignore", ".gitignore".into())?;
    match spec.ci {
        Ci::Github => template("hardhat/.github/workflows/ci.yml", ".github/workflows/ci.yml".into())?,
        Ci::Gitlab => template("hardhat/gitlab-ci.yml", ".gitlab-ci.yml".into())?,
        Ci::None => {}
    }
    let (test, script) = (&paths.foundry.test, &paths.foundry.script);
    template("hardhat/scripts/deploy.ts", script.join("deploy.ts"))?;
    let test_file = format!("{}.test.ts", spec.template.consumer());
    // What all consumers of one model have to pass.
    if spec.template.members().is_empty() {
        template("hardhat/test/consumerTests.ts", test.join("consumerTests.ts"))?;
        template("hardhat/test/types.test.ts", test.join("types.test.ts"))?;
    } else {
        let types = format!("{}/hardhat/test/types.test.ts", spec.template.name());
        template(&types, test.join("types.test.ts"))?;
    }
    if spec.template == Template::Minimal {
        template("hardhat/test/ModelConsumer.test.ts", test.join(test_file))?;
        template("hardhat/scripts/deployment.ts", script.join("deployment.ts"))?;
    } else {
        let own = |name: &str| format!("{}/hardhat/{name}", spec.template.name());
        template(&own(&format!("test/{test_file}")), test.join(test_file))?;
        template(&own("scripts/deployment.ts"), script.join("deployment.ts"))?;
    }
    for (name, path) in solidity_tests(spec, paths) {
        template(&name, path)?;
    }
    if let Some(name) = spec.template.test_contract() {
        let own = format!("{}/hardhat/contracts/{name}", spec.template.name());
        template(&own, paths.source("testing").join(name))?;
    }
    let library = paths.library().join("typescript");
    for file in LIBRARY.files() {
        files.push(File {
            path: library.join(file.path()),
            contents: file.contents().to_vec(),
            ownership: Ownership::Generated,
        });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_range() {
        for (range, expected) in [
            ("^3.1.0", Some((3, 1))),
            ("~2.22.1", Some((2, 22))),
            (">=3", Some((3, 0))),
            ("3.x", Some((3, 0))),
            ("latest", None),
        ] {
            assert_eq!(version_of(range), expected, "{range}");
        }
    }

    #[test]
    fn only_projects_of_hardhat_3_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert!(matches!(read(folder.path()), Err(Error::NotHardhat(_))));
        write("hardhat.config.ts", "export default {};\n");
        read(folder.path()).unwrap();
        write("package.json", r#"{ "devDependencies": { "hardhat": "^2.26.0" } }"#);
        assert!(matches!(read(folder.path()), Err(Error::OldHardhat { .. })));
        write("package.json", r#"{ "devDependencies": { "hardhat": "^3.1.0" } }"#);
        read(folder.path()).unwrap();
        std::fs::create_dir_all(folder.path().join("node_modules/hardhat")).unwrap();
        write("node_modules/hardhat/package.json", r#"{ "version": "3.3.9" }"#);
        assert!(matches!(read(folder.path()), Err(Error::OldHardhat { .. })));
        write("node_modules/hardhat/package.json", r#"{ "version": "3.18.0" }"#);
        read(folder.path()).unwrap();
    }
}
