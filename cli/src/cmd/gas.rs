//! `hallmark gas`.

use crate::cache::write_atomically;
use crate::error::{Failure, Outcome};
use crate::opts::{GasArgs, GasFormat};
use crate::output::{Shell, table};
use crate::pricing::{self, Pricing};
use crate::project::Project;
use crate::recorded::{self, Transaction};
use crate::settings::GasSettings;
use crate::subject::{self, Subject};
use hallmark_budget::amount::{gwei, percent, signed, thousands};
use hallmark_budget::check::{against_budgets, against_snapshot, changes};
use hallmark_budget::{Change, Item, NetworkReport, Report, Rule, Snapshot, Tolerance, Verdict, render};
use hallmark_gas::Profile;
use hallmark_gas::flamegraph::{self, Interaction};
use hallmark_network::{Confidence, Status};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The committed snapshot of the verifier.
const SNAPSHOT_FILE: &str = "hallmark-gas.json";

/// The committed snapshot of the consumer's transaction.
const CONSUMER_SNAPSHOT_FILE: &str = "hallmark-gas-consumer.json";

pub(crate) fn run(shell: &Shell, folder: Option<PathBuf>, args: GasArgs) -> Outcome<()> {
    if let [before, after] = args.diff.as_slice() {
        return diff(shell, before, after);
    }
    let mut project = match &args.contract {
        Some(_) => None,
        None => Some(Project::open(folder)?),
    };
    if let (Some(first), Some(name)) = (&project, &args.member) {
        project = Some(member(first, name)?);
    }
    let settings = project.as_ref().map(|project| project.settings.gas.clone()).unwrap_or_default();
    if project.is_none() && (args.check || args.snapshot) {
        return Err(Failure::new("`--check` and `--snapshot` are for the project's own verification")
            .hint("compare two `--json` reports of another contract with `--diff A B`"));
    }
    if let (Some(project), true) = (&mut project, args.transactions) {
        return list(shell, project, &args);
    }
    let root = project.as_ref().map(|project| project.root.clone());
    let pricing = pricing::gather(shell, root.as_deref(), &settings, &args.pricing)?;
    let subject = match (&mut project, &args.contract) {
        (Some(project), _) => match &args.transaction {
            Some(name) => recorded::one(shell, project, &args, name)?,
            None => subject::of_project(shell, project, &args)?,
        },
        (None, Some(contract)) => {
            subject::of_contract(shell, &args, contract, args.calldata.as_deref().unwrap_or_default())?
        }
        (None, None) => return Err(Failure::bug("nothing to measure")),
    };
    let report = measure(&subject, &pricing, args.gas_limit)?;
    let verdict = match (&project, args.check) {
        (Some(project), true) => Some(check(project, &settings, &args, &report)?),
        _ => None,
    };
    write_files(shell, &args, &report, verdict.as_ref())?;
    if let (Some(project), true) = (&project, args.snapshot) {
        let path = snapshot_path(&project.root, &settings, &args);
        write_atomically(&path, Snapshot::of(&report).to_json()?.as_bytes())?;
        shell.done("Wrote", &format!("`{}`", path.display()));
    }
    print(shell, &args, &report, verdict.as_ref())?;
    match verdict {
        Some(verdict) if !verdict.passed() => Err(refusal(&verdict)),
        _ => Ok(()),
    }
}

/// The project with a further model in the place of the first, if its verifier has a file of its own.
fn member(project: &Project, name: &str) -> Outcome<Project> {
    let member = project.member(name)?;
    let verifier = member.settings.contracts.verifier.clone().unwrap_or_default();
    if member.path(&verifier).is_file() {
        return Ok(member);
    }
    Err(Failure::new(format!("`{}` is not there", verifier.display())).hint(
        "run `hallmark build`; where all contracts are in one file, measure with `--contract FILE.sol:NAME \
         --calldata …`",
    ))
}

fn measure(subject: &Subject, pricing: &Pricing, gas_limit: Option<u64>) -> Outcome<Report> {
    let (report, output) = hallmark_budget::measure(
        &subject.name,
        subject.scenario.as_ref(),
        &pricing.networks,
        &pricing.tokens,
        gas_limit,
    )?;
    if let (Some((what, hint)), false) = (subject.must_succeed, report.profile.success) {
        let reason = report.profile.halt.clone().unwrap_or_else(|| subject.revert_reason(&output));
        return Err(Failure::new(format!("{} {what}: {reason}", subject.name)).hint(hint));
    }
    Ok(report)
}

/// A line of `--transactions`.
#[derive(Serialize)]
struct Listed {
    name: String,
    /// Name of the contract that is called, or its address.
    contract: String,
    test: String,
    /// Under Ethereum's rules.
    gas: u64,
    calldata_bytes: u64,
}

fn list(shell: &Shell, project: &mut Project, args: &GasArgs) -> Outcome<()> {
    let mut listed = Vec::new();
    for Transaction { name, contract, test, subject } in recorded::all(shell, project, args)? {
        let report = measure(&subject, &Pricing::default(), args.gas_limit)?;
        let calldata_bytes = report.subject.calldata_bytes;
        listed.push(Listed { name, contract, test, gas: report.profile.total, calldata_bytes });
    }
    shell.result(&listed, || {
        let mut rows =
            vec![["transaction", "contract", "gas (Ethereum)", "calldata bytes"].map(str::to_owned).to_vec()];
        rows.extend(listed.iter().map(|one| {
            vec![
                one.name.clone(),
                one.contract.clone(),
                thousands(one.gas.into()),
                thousands(one.calldata_bytes.into()),
            ]
        }));
        table(&rows)
    })
}

fn snapshot_path(root: &Path, settings: &GasSettings, args: &GasArgs) -> PathBuf {
    if let Some(name) = &args.transaction {
        return root.join(format!("hallmark-gas-{name}.json"));
    }
    if let Some(name) = &args.member {
        return root.join(format!("hallmark-gas-member-{name}.json"));
    }
    if args.consumer {
        return root.join(CONSUMER_SNAPSHOT_FILE);
    }
    root.join(settings.snapshot.as_deref().unwrap_or(Path::new(SNAPSHOT_FILE)))
}

fn check(project: &Project, settings: &GasSettings, args: &GasArgs, report: &Report) -> Outcome<Verdict> {
    let snapshot = Snapshot::read(&snapshot_path(&project.root, settings, args))?;
    let tolerance = match args.tolerance.as_ref().or(settings.tolerance.as_ref()) {
        Some(text) => Tolerance::parse(text)?,
        None => Tolerance::DEFAULT,
    };
    let mut verdict = against_snapshot(report, &snapshot, tolerance);
    let budgets = &project.settings.budget;
    for network in budgets.keys() {
        if report.networks.iter().all(|measured| measured.network != *network) {
            verdict.notes.push(format!("[budget.{network}] was not checked: the network is not priced"));
        }
    }
    for (network, budget) in budgets {
        let Some(measured) = report.networks.iter().find(|measured| measured.network == *network) else {
            continue;
        };
        for phase in budget.phases.keys().filter(|phase| !measured.phases.contains_key(*phase)) {
            let known: Vec<_> = measured.phases.keys().map(String::as_str).collect();
            verdict.notes.push(format!(
                "[budget.{network}] phase `{phase}` was not checked: nothing is spent in a phase of that name; there are {}",
                known.join(", ")
            ));
        }
    }
    verdict.findings.extend(against_budgets(report, budgets)?);
    Ok(verdict)
}

fn refusal(verdict: &Verdict) -> Failure {
    let count = verdict.findings.len();
    let mut text = format!("{count} rule{} of gas broken", if count == 1 { "" } else { "s" });
    for finding in &verdict.findings {
        text.push_str(&format!("\n  {finding}"));
    }
    let grown = verdict.findings.iter().any(|finding| finding.rule == Rule::Snapshot);
    Failure::new(text).hint(if grown {
        "make it cheaper, or accept it: `hallmark gas --snapshot`, and commit the file"
    } else {
        "make it cheaper, or raise the budget in hallmark.toml"
    })
}

fn write_files(shell: &Shell, args: &GasArgs, report: &Report, verdict: Option<&Verdict>) -> Outcome<()> {
    let write = |path: &Path, text: &str| -> Outcome<()> {
        write_atomically(path, text.as_bytes())?;
        shell.done("Wrote", &format!("`{}`", path.display()));
        Ok(())
    };
    let title = format!("{}: {} gas", report.subject.name, thousands(report.profile.total.into()));
    if let Some(path) = &args.flamegraph {
        write(path, &flamegraph::svg(&report.profile, &title, Interaction::Full)?)?;
    }
    if let Some(path) = &args.folded {
        write(path, &flamegraph::folded(&report.profile))?;
    }
    if let Some(path) = &args.html {
        let graph = flamegraph::svg(&report.profile, &title, Interaction::None)?;
        let tool = concat!("hallmark ", env!("CARGO_PKG_VERSION"));
        write(path, &render::html(report, verdict, &graph, tool)?)?;
    }
    if let (Some(path), Some(verdict)) = (&args.junit, verdict) {
        write(path, &render::junit(report, verdict)?)?;
    }
    Ok(())
}

/// The report with what the comparison found.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'a Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passed: Option<bool>,
}

fn print(shell: &Shell, args: &GasArgs, report: &Report, verdict: Option<&Verdict>) -> Outcome<()> {
    let document = Document { report, verdict, passed: verdict.map(Verdict::passed) };
    match args.format {
        GasFormat::Json => shell.json_result(&document),
        GasFormat::Markdown => shell.result(&document, || render::markdown(report, verdict)),
        GasFormat::Table => shell.result(&document, || text(args, report, verdict, shell.detailed())),
    }
}

#[allow(clippy::cast_precision_loss)]
fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn gas_row(name: &str, gas: i64, total: u64) -> Vec<String> {
    let positive = u64::try_from(gas).unwrap_or(0);
    if gas < 0 {
        return vec![name.to_owned(), signed(gas.into()), format!("-{}", share(gas.unsigned_abs(), total))];
    }
    vec![name.to_owned(), thousands(positive.into()), share(positive, total)]
}

fn text(args: &GasArgs, report: &Report, verdict: Option<&Verdict>, detailed: bool) -> String {
    let profile = &report.profile;
    let mut parts = vec![summary(report), phases(profile), precompiles(profile), classes(profile)];
    parts.push(format!(
        "memory     {} bytes at most, {} gas for growth\naccess     {} accounts cold, {} warm; {} slots cold, {} warm\n",
        thousands(profile.memory.peak_bytes.into()),
        thousands(profile.memory.gas.into()),
        profile.access.cold_accounts,
        profile.access.warm_accounts,
        profile.access.cold_slots,
        profile.access.warm_slots,
    ));
    if let Some(count) = args.lines {
        parts.push(functions(profile, count));
        parts.push(lines(profile, count));
    }
    if !report.networks.is_empty() {
        parts.push(networks(report, detailed));
    }
    if args.sensitivity {
        parts.push(sensitivity(report));
    }
    if let Some(verdict) = verdict {
        parts.push(comparison(report, verdict));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn summary(report: &Report) -> String {
    let profile = &report.profile;
    let number = |gas: u64| i64::try_from(gas).unwrap_or(i64::MAX);
    let mut rows = vec![
        vec![report.subject.name.clone(), "gas (Ethereum)".into()],
        gas_row("base cost", number(profile.intrinsic), profile.total),
        gas_row("price of calldata", number(profile.calldata), profile.total),
        gas_row("execution", number(profile.execution()), profile.total),
    ];
    if profile.refund > 0 {
        rows.push(gas_row("refund", -number(profile.refund), profile.total));
    }
    rows.push(gas_row("total", number(profile.total), profile.total));
    // Nothing is deployed where a test has done it.
    if report.deploy_gas > 0 {
        rows.push(vec!["deployment".into(), thousands(report.deploy_gas.into())]);
    }
    rows.push(vec!["code bytes".into(), thousands(report.subject.code_bytes.into())]);
    rows.push(vec!["calldata bytes".into(), thousands(report.subject.calldata_bytes.into())]);
    let mut text = table(&rows);
    if !profile.success {
        let reason = profile.halt.as_deref().unwrap_or("it reverted");
        text.push_str(&format!("the call failed: {reason}\n"));
    }
    text
}

fn phases(profile: &Profile) -> String {
    let mut phases: Vec<_> = profile.phases.iter().collect();
    phases.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut rows = vec![vec!["by phase".to_owned()]];
    rows.extend(phases.into_iter().map(|(name, gas)| gas_row(name, *gas, profile.total)));
    table(&rows)
}

fn precompiles(profile: &Profile) -> String {
    if profile.precompiles.is_empty() {
        return String::new();
    }
    let mut rows = vec![["precompile", "calls", "pairs", "gas"].map(str::to_owned).to_vec()];
    for (name, usage) in &profile.precompiles {
        rows.push(vec![
            name.clone(),
            thousands(usage.calls.into()),
            usage.pairs.map_or_else(String::new, |pairs| pairs.to_string()),
            thousands(usage.gas.into()),
        ]);
    }
    table(&rows)
}

fn classes(profile: &Profile) -> String {
    let mut classes: Vec<_> = profile.classes().into_iter().collect();
    classes.sort_by_key(|(_, (_, gas))| std::cmp::Reverse(*gas));
    let mut rows = vec![["opcodes", "executions", "gas"].map(str::to_owned).to_vec()];
    for (class, (count, gas)) in classes {
        rows.push(vec![class.name().to_owned(), thousands(count.into()), thousands(gas.into())]);
    }
    table(&rows)
}

fn functions(profile: &Profile, count: usize) -> String {
    let mut rows = vec![["function", "own gas", "precompiles"].map(str::to_owned).to_vec()];
    for function in profile.functions.iter().take(count) {
        rows.push(vec![
            format!("{} {}", function.contract, function.function),
            thousands(function.gas.into()),
            thousands(function.precompile_gas.into()),
        ]);
    }
    table(&rows)
}

fn lines(profile: &Profile, count: usize) -> String {
    let mut lines: Vec<_> = profile.lines.iter().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.gas + line.precompile_gas));
    let mut rows = vec![["line", "runs", "own gas", "precompiles", "source"].map(str::to_owned).to_vec()];
    for line in lines.into_iter().take(count) {
        let source: String = line.text.chars().take(60).collect();
        rows.push(vec![
            format!("{}:{}", line.path, line.line),
            thousands(line.hits.into()),
            thousands(line.gas.into()),
            thousands(line.precompile_gas.into()),
            source,
        ]);
    }
    table(&rows)
}

fn networks(report: &Report, detailed: bool) -> String {
    let head = ["network", "gas", "execution", "data", "total, gwei", "", "USD", "prices of"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for network in &report.networks {
        let Some(quote) = &network.quote else {
            rows.push(vec![network.id_and_status(), "–".into()]);
            notes.extend(network.unpriced.clone());
            continue;
        };
        let assumed = if quote.assumed.is_empty() { "" } else { " *" };
        rows.push(vec![
            network.id_and_status(),
            thousands(quote.gas_used.into()),
            gwei(quote.execution_wei),
            gwei(quote.data_wei.saturating_add(quote.operator_wei)),
            gwei(quote.total_wei),
            quote.token.clone(),
            network.dollars().map_or_else(String::new, |dollars| dollars.to_string()),
            format!("{}{assumed}", quote.as_of),
        ]);
        if network.confidence == Confidence::Assumed {
            notes.push(format!("{}: its formula is inferred from a related network", network.network));
        }
        if detailed {
            if !quote.assumed.is_empty() {
                notes.push(format!("* {}: assumed, not seen: {}", network.network, quote.assumed.join(", ")));
            }
            notes.extend(quote.notes.iter().map(|note| format!("{}: {note}", network.network)));
        }
        notes.extend(
            quote
                .feasibility
                .iter()
                .map(|obstacle| format!("{} would refuse it: {obstacle}", network.network)),
        );
    }
    let assumes = |network: &NetworkReport| network.quote.as_ref().is_some_and(|q| !q.assumed.is_empty());
    if !detailed && report.networks.iter().any(assumes) {
        notes.push("* some parameters are assumed, not seen on the network: `-v` names them".into());
    }
    let mut text = table(&rows);
    for note in notes {
        text.push_str(&note);
        text.push('\n');
    }
    text
}

/// The network's name in tables.
trait Titled {
    fn id_and_status(&self) -> String;
}

impl Titled for NetworkReport {
    fn id_and_status(&self) -> String {
        match self.status {
            Status::WhatIf => format!("{} (what if)", self.network),
            _ => self.network.clone(),
        }
    }
}

fn sensitivity(report: &Report) -> String {
    let labels = report.networks.iter().find(|network| !network.sensitivity.is_empty());
    let mut head = vec!["L1 prices".to_owned()];
    head.extend(labels.into_iter().flat_map(|network| &network.sensitivity).map(|(label, _)| label.clone()));
    let mut rows = vec![head];
    for network in report.networks.iter().filter(|network| !network.sensitivity.is_empty()) {
        let mut row = vec![network.id_and_status()];
        row.extend(network.sensitivity.iter().map(|(_, wei)| wei.parse().map_or_else(|_| wei.clone(), gwei)));
        rows.push(row);
    }
    table(&rows)
}

fn change_rows<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Vec<Vec<String>> {
    changes
        .into_iter()
        .map(|change| {
            let (before, after) = (change.before, change.after);
            vec![
                change.network.clone(),
                change.item.to_string(),
                before.to_string(),
                after.to_string(),
                signed(after - before),
                percent(before, after),
            ]
        })
        .collect()
}

fn comparison(report: &Report, verdict: &Verdict) -> String {
    let mut text = String::new();
    if verdict.changes.is_empty() {
        text.push_str("no change against the snapshot\n");
    } else {
        let mut rows =
            vec![["against the snapshot", "", "before", "after", "change", ""].map(str::to_owned).to_vec()];
        rows.extend(change_rows(&verdict.changes));
        text.push_str(&table(&rows));
        let mut rows =
            vec![["cost of the change", "gwei before", "gwei now", ""].map(str::to_owned).to_vec()];
        for change in verdict.changes.iter().filter(|change| change.item == Item::Gas) {
            let network = report.networks.iter().find(|network| network.network == change.network);
            let Some(quote) = network.and_then(|network| network.quote.as_ref()) else { continue };
            let difference = (change.after - change.before).unsigned_abs();
            let difference = difference.saturating_mul(quote.effective_gas_price_wei);
            let before = if change.after > change.before {
                quote.total_wei.saturating_sub(difference)
            } else {
                quote.total_wei.saturating_add(difference)
            };
            rows.push(vec![change.network.clone(), gwei(before), gwei(quote.total_wei), quote.token.clone()]);
        }
        text.push_str(&format!("\n{}", table(&rows)));
    }
    for note in &verdict.notes {
        text.push_str(&format!("note: {note}\n"));
    }
    text.push_str(if verdict.passed() { "within budget\n" } else { "over budget\n" });
    text
}

fn diff(shell: &Shell, before: &Path, after: &Path) -> Outcome<()> {
    let (before, after) = (Snapshot::read(before)?, Snapshot::read(after)?);
    let changes = changes(&before, &after);
    shell.result(&changes, || {
        if changes.is_empty() {
            return "no difference".to_owned();
        }
        let mut rows = vec![["network", "", "before", "after", "change", ""].map(str::to_owned).to_vec()];
        rows.extend(change_rows(&changes));
        table(&rows)
    })
}
