//! A project for Remix: one Solidity file, and a page that says what to paste where.

use super::flatten::flatten;
use crate::Error;
use crate::foundry::FoundryLayout;
use crate::layout::{File, Ownership, Paths};
use crate::render::Renderer;
use crate::spec::ProjectSpec;
use crate::template::Template;
use include_dir::Dir;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything in one folder.
pub(crate) fn layout() -> FoundryLayout {
    FoundryLayout {
        src: PathBuf::new(),
        test: PathBuf::new(),
        script: PathBuf::new(),
        lib: PathBuf::new(),
        finds_remappings: true,
    }
}

/// All files but the model itself. The Solidity file and the page are generated as a whole: both say
/// what comes of the model.
pub(crate) fn files(
    renderer: &Renderer,
    spec: &ProjectSpec,
    paths: &Paths,
    library: &'static Dir<'static>,
) -> Result<Vec<File>, Error> {
    if !spec.members.is_empty() {
        return Err(Error::spec("members", "a project for Remix has one model"));
    }
    let consumer = format!("{}.sol", spec.template.consumer());
    let consumer_template = match spec.template {
        Template::Minimal => format!("src/{consumer}"),
        other => format!("{}/src/{consumer}", other.name()),
    };
    let mut sources = BTreeMap::from([
        ("Verifier.sol".to_owned(), spec.main.verifier_source.clone()),
        ("ModelInfo.sol".to_owned(), renderer.render("src/ModelInfo.sol")?),
        (consumer.clone(), renderer.render(&consumer_template)?),
    ]);
    let mut folders = vec![library];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        for file in folder.files() {
            if let Some(text) = file.contents_utf8() {
                let name = format!("hallmark/{}", crate::layout::slashes(file.path()));
                sources.insert(name, text.to_owned());
            }
        }
    }
    let flattened = flatten(&sources, &["Verifier.sol", &consumer])?;
    let generated = |path: PathBuf, contents: String| File {
        path,
        contents: contents.into_bytes(),
        ownership: Ownership::Generated,
    };
    Ok(vec![
        generated(consumer.into(), flattened),
        generated("README.md".into(), renderer.render("remix/README.md")?),
        generated("compiler_config.json".into(), renderer.render("remix/compiler_config.json")?),
        generated(paths.fixture(None), renderer.render("hardhat/test/fixtures/inference.json")?),
        File {
            path: ".gitignore".into(),
            contents: renderer.render("remix/gitignore")?.into_bytes(),
            ownership: Ownership::Person,
        },
    ])
}
