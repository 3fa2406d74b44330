//! Several Solidity files as one, for compilers that are given one.

use crate::Error;
use std::collections::{BTreeMap, BTreeSet};

/// What the one file begins with.
const LICENSE: &str = "// SPDX-License-Identifier: MIT OR Apache-2.0";

/// `entries` with everything that they import from `sources`, each file after those that it imports:
/// one licence, one pragma, no imports. Meant for the library's own files and generated ones, whose
/// file-level names are all different and whose imports have no aliases.
pub(crate) fn flatten(sources: &BTreeMap<String, String>, entries: &[&str]) -> Result<String, Error> {
    let mut flattener = Flattener { sources, seen: BTreeSet::new(), minimum: (0, 0, 0), parts: Vec::new() };
    for entry in entries {
        flattener.visit(entry)?;
    }
    let (major, minor, patch) = flattener.minimum;
    let parts = flattener.parts.join("\n");
    Ok(format!("{LICENSE}\npragma solidity ^{major}.{minor}.{patch};\n\n{parts}"))
}

struct Flattener<'a> {
    sources: &'a BTreeMap<String, String>,
    seen: BTreeSet<String>,
    minimum: (u32, u32, u32),
    parts: Vec<String>,
}

impl Flattener<'_> {
    fn visit(&mut self, name: &str) -> Result<(), Error> {
        if !self.seen.insert(name.to_owned()) {
            return Ok(());
        }
        let invalid = |message: &str| Error::spec("sources", format!("`{name}`: {message}"));
        let text = self.sources.get(name).ok_or_else(|| invalid("is imported and not there"))?;
        let mut body = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.starts_with("// SPDX-License-Identifier:") {
                continue;
            }
            if let Some(version) = line.strip_prefix("pragma solidity ^") {
                let version = version_of(version).ok_or_else(|| invalid("its pragma is not a version"))?;
                self.minimum = self.minimum.max(version);
                continue;
            }
            if line.starts_with("import ") {
                let mut statement = line.to_owned();
                while !statement.trim_end().ends_with(';') {
                    statement.push_str(lines.next().ok_or_else(|| invalid("an import does not end"))?);
                }
                if statement.contains(" as ") {
                    return Err(invalid("an import has an alias"));
                }
                let path = statement.split('"').nth(1).ok_or_else(|| invalid("an import has no path"))?;
                self.visit(&resolve(name, path))?;
                continue;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.parts.push(format!("{}\n", body.trim()));
        Ok(())
    }
}

/// The name of what a file imports: relative paths are from the file's folder.
fn resolve(from: &str, path: &str) -> String {
    if !path.starts_with('.') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn version_of(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.trim_end().strip_suffix(';')?.split('.').map(|part| part.parse().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn every_file_comes_once_and_after_what_it_imports() {
        let files = sources(&[
            (
                "A.sol",
                "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\n\nimport {\n    B,\n    C\n} from \"lib/B.sol\";\nimport \"./C.sol\";\n\ncontract A is B, C {}\n",
            ),
            ("lib/B.sol", "pragma solidity ^0.8.24;\nimport {C} from \"../C.sol\";\ncontract B is C {}\n"),
            ("C.sol", "pragma solidity ^0.8.4;\ncontract C {}\n"),
        ]);
        assert_eq!(
            flatten(&files, &["A.sol"]).unwrap(),
            format!(
                "{LICENSE}\npragma solidity ^0.8.24;\n\ncontract C {{}}\n\ncontract B is C {{}}\n\ncontract A is B, C {{}}\n"
            )
        );
    }

    #[test]
    fn what_cannot_be_one_file_is_refused() {
        for (text, expected) in [
            ("import {B as C} from \"./B.sol\";\n", "alias"),
            ("import {B} from \"./B.sol\"\n", "does not end"),
            ("import {B} from \"./B.sol\";\n", "`B.sol`: is imported and not there"),
            ("pragma solidity ^0.8;\n", "not a version"),
        ] {
            let error = flatten(&sources(&[("A.sol", text)]), &["A.sol"]).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
