//! Finding and driving the compiler.

use hallmark_solidity::Error;
use hallmark_solidity::solc::{CompilerSettings, Solc, SolcRequest, install_wrapper};

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("hallmark-solc-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("creates");
    folder
}

#[test]
fn says_what_was_tried() {
    let mut request = SolcRequest::new(folder("none"));
    request.explicit = Some("/no/such/solc".into());
    let error = Solc::locate(&request).expect_err("finds nothing");
    let Error::NoSolc { version, tried } = &error else { panic!("{error}") };
    assert_eq!(version, "0.8.30");
    assert!(tried.iter().any(|t| t.contains("/no/such/solc")), "{tried:?}");
    assert!(error.to_string().contains("npm install --save-dev solc@0.8.30"), "{error}");
}

#[test]
fn refuses_another_version() {
    let mut request = SolcRequest::new(env!("CARGO_MANIFEST_DIR"));
    request.cache = folder("cache");
    request.version = "0.8.1".into();
    let error = Solc::locate(&request).expect_err("has no such version");
    assert!(matches!(error, Error::NoSolc { .. }), "{error}");
}

#[test]
fn compiles_and_reports_errors() {
    let mut request = SolcRequest::new(env!("CARGO_MANIFEST_DIR"));
    request.cache = folder("compile");
    let solc = Solc::locate(&request).expect("a compiler");
    assert_eq!(solc.version(), "0.8.30");
    let settings = CompilerSettings::default();
    let source =
        "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.24;\ncontract A { uint256 public x; }";
    let artifact = solc.compile_contract("A", source, &settings).expect("compiles");
    assert!(!artifact.runtime_code.is_empty() && !artifact.runtime_source_map.is_empty());
    assert!(artifact.abi.contains("\"x\""));
    // paris has no PUSH0: the default must deploy on networks without it.
    assert!(!artifact.creation_code.starts_with(&[0x5f]));
    let error = solc.compile_contract("A", "contract A { x }", &settings).expect_err("is wrong");
    assert!(matches!(error, Error::Compile { .. }), "{error}");
    let error = solc.compile_contract("B", source, &settings).expect_err("has no B");
    assert!(error.to_string().contains("no contract `B`"), "{error}");
}

#[test]
fn installs_the_wrapper_once() {
    let cache = folder("wrapper");
    let first = install_wrapper(std::path::Path::new("/a"), &cache).expect("installs");
    let again = install_wrapper(std::path::Path::new("/a"), &cache).expect("installs");
    let other = install_wrapper(std::path::Path::new("/b"), &cache).expect("installs");
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert!(first.with_file_name("solcjs-wrapper.cjs").is_file());
}
