//! A comment on a pull request.

use crate::amount::{gwei, percent, signed, thousands};
use crate::check::{Change, Item, Rule, Verdict};
use crate::report::{NetworkReport, Report};
use std::fmt::Write;

/// First line of the comment, by which CI finds it again to update it.
pub const MARKER: &str = "<!-- hallmark-gas -->";

/// Renders a report, with what a comparison found when there was one (GitHub's markdown).
pub fn markdown(report: &Report, verdict: Option<&Verdict>) -> String {
    let mut text = format!("{MARKER}\n");
    // Writing to a string does not fail.
    let _ = write(&mut text, report, verdict);
    text
}

fn change<'a>(verdict: Option<&'a Verdict>, network: &str, item: &Item) -> Option<&'a Change> {
    verdict?.changes.iter().find(|change| change.network == network && change.item == *item)
}

/// Price now, and before the change of gas at the same parameters.
fn price_change(network: &NetworkReport, gas: Option<&Change>) -> String {
    let Some(quote) = &network.quote else { return "not priced".into() };
    let now = gwei(quote.total_wei);
    let Some(gas) = gas else { return now };
    let difference = (gas.after - gas.before).unsigned_abs().saturating_mul(quote.effective_gas_price_wei);
    let sign = if gas.after < gas.before { "-" } else { "+" };
    format!("{now} ({sign}{})", gwei(difference))
}

fn write(text: &mut String, report: &Report, verdict: Option<&Verdict>) -> std::fmt::Result {
    let title = match verdict {
        Some(verdict) if verdict.passed() => "Gas: within budget",
        Some(_) => "Gas: over budget",
        None => "Gas",
    };
    let subject = &report.subject;
    writeln!(text, "## {title}\n")?;
    writeln!(
        text,
        "`{}`: {} bytes of calldata, {} bytes of code.\n",
        subject.name,
        thousands(subject.calldata_bytes.into()),
        thousands(subject.code_bytes.into())
    )?;
    if let Some(verdict) = verdict.filter(|verdict| !verdict.passed()) {
        for finding in &verdict.findings {
            let rule = match finding.rule {
                Rule::Snapshot => "snapshot",
                Rule::Budget => "budget",
                Rule::Feasibility => "feasibility",
            };
            writeln!(text, "- **{rule}**: {finding}")?;
        }
        writeln!(text)?;
    }
    writeln!(
        text,
        "| network | gas | change | execution, gwei | data, gwei | total, gwei | parameters of |"
    )?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---|")?;
    for network in &report.networks {
        let gas = change(verdict, &network.network, &Item::Gas);
        let delta = gas.map_or_else(
            || "=".to_owned(),
            |gas| format!("{} ({})", signed(gas.after - gas.before), percent(gas.before, gas.after)),
        );
        let delta = if verdict.is_some() { delta } else { String::new() };
        match &network.quote {
            Some(quote) => writeln!(
                text,
                "| {} | {} | {delta} | {} | {} | {} | {} |",
                network.name,
                thousands(network.gas.into()),
                gwei(quote.execution_wei),
                gwei(quote.data_wei.saturating_add(quote.operator_wei)),
                price_change(network, gas),
                quote.as_of,
            )?,
            None => writeln!(text, "| {} | – | – | – | – | not priced | |", network.name)?,
        }
    }
    let phases: Vec<&Change> = verdict
        .into_iter()
        .flat_map(|verdict| &verdict.changes)
        .filter(|change| matches!(change.item, Item::Phase(_)))
        .collect();
    if !phases.is_empty() {
        writeln!(text, "\n<details><summary>Changes by phase</summary>\n")?;
        writeln!(text, "| network | phase | before | after | change |")?;
        writeln!(text, "|---|---|---:|---:|---:|")?;
        for change in phases {
            let Item::Phase(name) = &change.item else { continue };
            let (before, after) = (change.before, change.after);
            writeln!(
                text,
                "| {} | {name} | {before} | {after} | {} ({}) |",
                change.network,
                signed(after - before),
                percent(before, after)
            )?;
        }
        writeln!(text, "\n</details>")?;
    }
    for note in verdict.into_iter().flat_map(|verdict| &verdict.notes) {
        writeln!(text, "\n> {note}")?;
    }
    Ok(())
}
