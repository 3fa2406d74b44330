//! Transactions that a project's Forge tests record with `transact` (`HallmarkTest`).

use crate::error::{Failure, Outcome};
use crate::forge::Forge;
use crate::opts::GasArgs;
use crate::output::Shell;
use crate::pipeline;
use crate::project::Project;
use crate::subject::{Repository, Subject};
use alloy_primitives::{B256, Bytes};
use hallmark_gas::Recorded;
use hallmark_scaffold::{self as scaffold, Framework};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Tests that may record, as forge's regular expression.
const TESTS: &str = "^test_?[gG]as";

/// Asks `transact` to record.
const VARIABLE: &str = "HALLMARK_RECORD_TRANSACTIONS";

/// A recorded transaction that can be measured.
pub(crate) struct Transaction {
    /// Its name.
    pub(crate) name: String,
    /// The contract that it calls, or its address where the source is not known.
    pub(crate) contract: String,
    /// The test that records it, as `contract.function`.
    pub(crate) test: String,
    /// What is measured.
    pub(crate) subject: Subject,
}

/// The parts of `forge test --json` that are read here: contracts, by file and name.
type Suites = BTreeMap<String, Suite>;

#[derive(Deserialize)]
struct Suite {
    test_results: BTreeMap<String, TestResult>,
}

#[derive(Deserialize)]
struct TestResult {
    status: String,
    reason: Option<String>,
    #[serde(default)]
    logs: Vec<Log>,
}

#[derive(Deserialize)]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
}

/// The transaction `name` of the project's Forge tests.
pub(crate) fn one(shell: &Shell, project: &mut Project, args: &GasArgs, name: &str) -> Outcome<Subject> {
    // It is part of a file's name.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(Failure::new(format!("`{name}` is no name of a transaction"))
            .hint("a name has letters, digits, `-` and `_`"));
    }
    let mut transactions = all(shell, project, args)?;
    let names: Vec<String> = transactions.iter().map(|transaction| transaction.name.clone()).collect();
    match transactions.iter().position(|transaction| transaction.name == name) {
        Some(index) => Ok(transactions.swap_remove(index).subject),
        None => Err(Failure::new(format!("no Forge test records a transaction `{name}`"))
            .hint(format!("recorded are: {}", names.join(", ")))),
    }
}

/// All transactions of the project's Forge tests, by name.
pub(crate) fn all(shell: &Shell, project: &mut Project, args: &GasArgs) -> Outcome<Vec<Transaction>> {
    let found = run_tests(shell, &project.root, args)?;
    if found.is_empty() {
        return Err(Failure::new("no Forge test records a transaction").hint(
            "call `transact(name, from, to, value, data)` of HallmarkTest in a test whose name starts with test_Gas",
        ));
    }
    let repository = Repository::read(shell, project, &args.solc, true)?;
    let mut transactions: BTreeMap<String, Transaction> = BTreeMap::new();
    for (test, mut recorded) in found {
        let contract = recorded.attribute(repository.artifacts())?;
        let contract = contract.unwrap_or_else(|| recorded.to.to_string());
        let name = recorded.name.clone();
        let subject = Subject::recorded(format!("{contract}, {name}"), recorded, &repository);
        let transaction = Transaction { name: name.clone(), contract, test, subject };
        if let Some(other) = transactions.insert(name.clone(), transaction) {
            let test = transactions.get(&name).map_or("", |now| now.test.as_str());
            return Err(Failure::new(format!("{} and {test} record a transaction `{name}`", other.test))
                .hint("give one of them another name"));
        }
    }
    Ok(transactions.into_values().collect())
}

/// What the tests record, with the test of each.
fn run_tests(shell: &Shell, root: &Path, args: &GasArgs) -> Outcome<Vec<(String, Recorded)>> {
    if scaffold::framework_of(root)? != Framework::Foundry {
        return Err(Failure::new(
            "transactions are recorded by Forge tests, which this project does not have",
        )
        .hint("measure the verifier with `hallmark gas`, or the consumer with `hallmark gas --consumer`"));
    }
    let forge = Forge::locate(root)?;
    let solc = pipeline::locate_solc(&args.solc, root)?;
    let step = shell.step("Running", "Forge tests that record transactions");
    let output = Command::new(&forge.path)
        // Logs are kept from this verbosity on.
        .args(["test", "--json", "-vv", "--match-test", TESTS])
        .current_dir(root)
        .env("FOUNDRY_SOLC", solc.path())
        .env(VARIABLE, "true")
        .output()
        .map_err(|error| Failure::io("run", &forge.path, &error))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let text = stdout.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    let suites: Option<Suites> = match text {
        // It says in words that there are none.
        "" if output.status.success() => Some(Suites::new()),
        text => serde_json::from_str(text).ok(),
    };
    let Some(suites) = suites else {
        let said = String::from_utf8_lossy(&output.stderr);
        let reason = said.lines().find_map(|line| line.trim().strip_prefix("Error: "));
        let reason = reason.unwrap_or_else(|| said.trim()).to_owned();
        return Err(Failure::new(format!("forge cannot run the tests: {reason}"))
            .hint(format!("`forge test --match-test '{TESTS}'` says more")));
    };
    let mut found = Vec::new();
    for (suite, results) in &suites {
        let contract = suite.rsplit_once(':').map_or(suite.as_str(), |(_, name)| name);
        for (function, result) in &results.test_results {
            let test = format!("{contract}.{}", function.trim_end_matches("()"));
            if result.status == "Failure" {
                let reason = result.reason.as_deref().unwrap_or("it reverted");
                return Err(Failure::new(format!("{test} fails: {reason}")).hint(format!(
                    "`forge test --match-test {} -vvv` shows where",
                    function.trim_end_matches("()")
                )));
            }
            for log in &result.logs {
                if let Some(recorded) = Recorded::of_event(&log.topics, &log.data)? {
                    found.push((test.clone(), recorded));
                }
            }
        }
    }
    step.finish("Ran", &format!("Forge tests, {} transaction(s)", found.len()));
    Ok(found)
}
