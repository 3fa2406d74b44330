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
        soldeer: false,
    }
}

/// Name of a further model's verifier in a file that has several. Its code is the same under any name.
pub(crate) fn verifier_of(contract: &str, member: &str) -> String {
    let mut letters = member.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter();
    format!("{contract}Of{}", first.chain(letters).collect::<String>())
}

/// The source with an identifier changed, wherever it stands for itself.
fn rename(source: &str, from: &str, to: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    let mut renamed = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let alone = !before.ends_with(is_part) && !after.starts_with(is_part);
        renamed.push_str(before);
        renamed.push_str(if alone { to } else { from });
        rest = after;
    }
    renamed.push_str(rest);
    renamed
}

/// All files but the model itself. The Solidity file and the page are generated as a whole: both say
/// what comes of the model.
pub(crate) fn files(
    renderer: &Renderer,
    spec: &ProjectSpec,
    paths: &Paths,
    library: &'static Dir<'static>,
) -> Result<Vec<File>, Error> {
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
    let mut entries = vec!["Verifier.sol".to_owned()];
    for member in &spec.members {
        let entry = format!("{}/Verifier.sol", member.name);
        let contract = &member.model.verifier_contract;
        let renamed = rename(&member.model.verifier_source, contract, &verifier_of(contract, &member.name));
        sources.insert(entry.clone(), renamed);
        entries.push(entry);
    }
    entries.push(consumer.clone());
    let flattened = flatten(&sources, &entries.iter().map(String::as_str).collect::<Vec<_>>())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_renamed_as_a_whole() {
        assert_eq!(verifier_of("Verifier", "keras"), "VerifierOfKeras");
        let source = "contract V is IV, V_ {\n V.f(aV, V$);\n} // V";
        assert_eq!(rename(source, "V", "W"), "contract W is IV, V_ {\n W.f(aV, V$);\n} // W");
        assert_eq!(rename("", "V", "W"), "");
    }
}
