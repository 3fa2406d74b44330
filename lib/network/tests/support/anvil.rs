//! A chain of one's own: anvil, started for a test and ended with it.
#![allow(dead_code, unreachable_pub, clippy::print_stderr)]

use serde_json::{Value, json};
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Sends a request and gives the result.
pub fn post(port: u16, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let answer: Value = serde_json::from_str(body).unwrap();
    assert!(answer.get("error").is_none(), "{method}: {answer}");
    answer["result"].clone()
}

pub struct Anvil {
    process: Child,
    pub port: u16,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn anvil_binary() -> Option<PathBuf> {
    let runs = |path: &Path| {
        Command::new(path)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|above| above.join("package.json").is_file()).unwrap_or(here);
    let package = |name: &str| root.join(format!("node_modules/@foundry-rs/{name}/bin/anvil"));
    [PathBuf::from("anvil"), package("anvil-linux-amd64"), package("anvil-darwin-arm64")]
        .into_iter()
        .find(|path| runs(path))
}

impl Anvil {
    /// A fresh chain; none, with a message, where there is no anvil and this is not CI.
    pub fn start(chain_id: u64) -> Option<Self> {
        let Some(binary) = anvil_binary() else {
            assert!(env::var_os("CI").is_none(), "no anvil on PATH or in node_modules; run `make setup`");
            eprintln!("skipped: no anvil on PATH or in node_modules; run `make setup`");
            return None;
        };
        let mut process = Command::new(binary)
            .args(["--port", "0", "--accounts", "1", "--chain-id", &chain_id.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .find_map(|line| {
                line.unwrap().strip_prefix("Listening on 127.0.0.1:").map(|port| port.trim().parse().unwrap())
            })
            .unwrap();
        // Drained, so that anvil does not block on a full pipe.
        thread::spawn(move || lines.for_each(drop));
        Some(Self { process, port })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
