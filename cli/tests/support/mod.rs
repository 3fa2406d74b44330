//! The real binary from outside, and a demo project made once.
#![allow(dead_code, unreachable_pub, unused_imports)]

pub mod chain;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub const DEMO_MODEL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/models/credit_scorer/model.onnx");
pub const DEMO_INPUT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/models/credit_scorer/input.json");
pub const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models");

/// A run of the binary. The working folder is never inside a project.
pub fn hallmark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // One SRS for all tests, apart from the user's own.
        .env("HALLMARK_SRS_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/srs"));
    command
}

pub fn run(command: &mut Command) -> (Output, String, String) {
    let output = command.output().expect("the binary starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

/// Runs and expects success; returns stdout.
pub fn succeed(arguments: &[&str]) -> String {
    let (output, stdout, stderr) = run(&mut hallmark(arguments));
    assert!(output.status.success(), "{arguments:?}\n{stdout}{stderr}");
    stdout
}

/// Runs and expects a refusal: exit code 1, all words in the error, nothing on stdout, no panic.
pub fn refuse(command: &mut Command, words: &[&str]) -> String {
    let (output, stdout, stderr) = run(command);
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("error: "), "{stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("bug"), "{stderr}");
    assert_eq!(stdout, "", "stdout is for results");
    for word in words {
        assert!(stderr.contains(word), "`{word}` is not in: {stderr}");
    }
    stderr
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

pub fn str_of(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// forge as `make test` provides it. Without one the tests that need it are skipped on a person's
/// machine, never in CI.
pub fn forge_is_there() -> bool {
    let there = Command::new("forge").arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "forge is not on PATH: run `make test`");
    there
}

pub fn forge(root: &Path, arguments: &[&str]) {
    if !forge_is_there() {
        return;
    }
    let (output, stdout, stderr) = run(Command::new("forge").args(arguments).current_dir(root));
    assert!(output.status.success(), "forge {arguments:?}\n{stdout}{stderr}");
}

/// The demo project, made once. Tests must not change it.
pub fn demo() -> &'static Path {
    static DEMO: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = DEMO.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo");
        succeed(&["new", str_of(&path)]);
        (folder, path)
    });
    path
}

/// A copy of the demo project that may be changed.
pub fn demo_copy() -> (tempfile::TempDir, PathBuf) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo");
    copy(demo(), &path);
    (folder, path)
}
