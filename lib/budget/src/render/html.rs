//! A page that stands by itself: no script, style or picture from elsewhere.

use crate::amount::{gwei, percent, signed, thousands};
use crate::check::Verdict;
use crate::error::Error;
use crate::report::Report;
use base64::Engine;
use minijinja::{Environment, context};
use serde::Serialize;

/// Rows of the longer tables.
const ROWS: usize = 40;

/// A bar of a chart: label, text beside it, width in per cent with one decimal, colour index.
#[derive(Serialize)]
struct Bar {
    label: String,
    value: String,
    detail: String,
    width: String,
    colour: usize,
}

/// Tenths of a per cent as a CSS length.
fn width(part: u128, whole: u128) -> String {
    let tenths = part.saturating_mul(1000) / whole.max(1);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// As much of a source line as a table has room for.
fn short(text: &str) -> String {
    const MOST: usize = 76;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn bars<'a>(rows: impl Iterator<Item = (&'a str, u64, String)>, total: u64) -> Vec<Bar> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    rows.into_iter()
        .enumerate()
        .map(|(index, (label, gas, detail))| Bar {
            label: label.to_owned(),
            value: thousands(gas.into()),
            detail,
            width: width(gas.into(), total.into()),
            colour: index % 8,
        })
        .collect()
}

/// Renders a report, with what a comparison found when there was one, and a flame graph (SVG).
///
/// # Errors
/// [`Error::Render`] when the template fails (a bug).
pub fn html(
    report: &Report,
    verdict: Option<&Verdict>,
    flamegraph: &str,
    tool: &str,
) -> Result<String, Error> {
    let failed = |error: minijinja::Error| Error::Render { what: "page", reason: format!("{error:#}") };
    let profile = &report.profile;
    let total = profile.total;
    let phases = bars(
        profile.phases.iter().filter_map(|(name, gas)| {
            let gas = u64::try_from(*gas).ok()?;
            Some((name.as_str(), gas, width(gas.into(), total.into())))
        }),
        total,
    );
    let precompiles = bars(
        profile.precompiles.iter().map(|(name, usage)| {
            let pairs = usage.pairs.map_or_else(String::new, |pairs| format!(", {pairs} pairs"));
            (name.as_str(), usage.gas, format!("{} calls{pairs}", usage.calls))
        }),
        total,
    );
    let classes = profile.classes();
    let classes = bars(
        classes.iter().map(|(class, (count, gas))| {
            (class.name(), *gas, format!("{} executions", thousands((*count).into())))
        }),
        total,
    );
    let dearest =
        report.networks.iter().filter_map(|n| n.quote.as_ref()).map(|q| q.total_wei).max().unwrap_or(0);
    // Prices span orders of magnitude, and tokens differ: widths are of the logarithm.
    let magnitude = |wei: u128| u128::from(128 - wei.leading_zeros());
    let networks: Vec<_> = report
        .networks
        .iter()
        .map(|network| {
            let quote = network.quote.as_ref();
            let amount = |wei: fn(&hallmark_network::Quote) -> u128| quote.map(|q| gwei(wei(q)));
            context! {
                id => network.network,
                name => network.name,
                chain_id => network.chain_id,
                token => quote.map(|q| q.token.clone()),
                hard_fork => network.hard_fork.name(),
                what_if => network.status == hallmark_network::Status::WhatIf,
                gas => thousands(network.gas.into()),
                gas_used => quote.map(|q| thousands(q.gas_used.into())),
                deploy_gas => thousands(network.deploy_gas.into()),
                execution => amount(|q| q.execution_wei),
                data => amount(|q| q.data_wei.saturating_add(q.operator_wei)),
                total => amount(|q| q.total_wei),
                dollars => network.dollars().map(|dollars| dollars.to_string()),
                as_of => quote.map(|q| q.as_of.clone()),
                assumed => quote.map(|q| q.assumed.join(", ")),
                assumed_count => quote.map(|q| q.assumed.len()),
                notes => quote.map(|q| q.notes.clone()),
                obstacles => quote.map(|q| q.feasibility.iter().map(ToString::to_string).collect::<Vec<_>>()),
                unpriced => network.unpriced,
                confidence => format!("{:?}", network.confidence).to_lowercase(),
                width => quote.map(|q| width(magnitude(q.total_wei), magnitude(dearest))),
                data_share => quote.map(|q| {
                    width(q.data_wei.saturating_add(q.operator_wei), q.total_wei)
                }),
                sensitivity => network.sensitivity.iter()
                    .map(|(_, wei)| wei.parse::<u128>().map_or_else(|_| wei.clone(), gwei))
                    .collect::<Vec<_>>(),
            }
        })
        .collect();
    let mut lines: Vec<_> = profile.lines.iter().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.gas + line.precompile_gas));
    let most = lines.first().map_or(1, |line| line.gas + line.precompile_gas);
    let lines: Vec<_> = lines
        .into_iter()
        .take(ROWS)
        .map(|line| {
            let gas = line.gas + line.precompile_gas;
            context! {
                place => format!("{}:{}", line.path, line.line),
                text => line.text,
                short => short(&line.text),
                hits => thousands(line.hits.into()),
                own => thousands(line.gas.into()),
                gas => thousands(gas.into()),
                width => width(gas.into(), most.into()),
            }
        })
        .collect();
    let functions: Vec<_> = profile
        .functions
        .iter()
        .take(ROWS)
        .map(|function| {
            let gas = function.gas + function.precompile_gas;
            context! {
                contract => function.contract,
                function => function.function,
                own => thousands(function.gas.into()),
                precompiles => thousands(function.precompile_gas.into()),
                gas => thousands(gas.into()),
                share => width(gas.into(), total.into()),
            }
        })
        .collect();
    let labels: Vec<_> = report
        .networks
        .iter()
        .find(|network| !network.sensitivity.is_empty())
        .map(|network| network.sensitivity.iter().map(|(label, _)| label.clone()).collect())
        .unwrap_or_default();
    let changes: Vec<_> = verdict
        .into_iter()
        .flat_map(|verdict| &verdict.changes)
        .map(|change| {
            context! {
                network => change.network,
                item => change.item.to_string(),
                before => change.before.to_string(),
                after => change.after.to_string(),
                delta => signed(change.after - change.before),
                percent => percent(change.before, change.after),
            }
        })
        .collect();
    let mut environment = Environment::new();
    environment.add_template("report.html", include_str!("../../templates/report.html")).map_err(failed)?;
    let template = environment.get_template("report.html").map_err(failed)?;
    let image = base64::engine::general_purpose::STANDARD.encode(flamegraph);
    template
        .render(context! {
            tool => tool,
            subject => report.subject,
            calldata_bytes => thousands(report.subject.calldata_bytes.into()),
            code_bytes => thousands(report.subject.code_bytes.into()),
            total => thousands(total.into()),
            intrinsic => thousands(profile.intrinsic.into()),
            calldata => thousands(profile.calldata.into()),
            execution => thousands(profile.execution().into()),
            refund => thousands(profile.refund.into()),
            deploy_gas => thousands(report.deploy_gas.into()),
            success => profile.success,
            halt => profile.halt,
            phases => phases,
            precompiles => precompiles,
            classes => classes,
            networks => networks,
            labels => labels,
            lines => lines,
            functions => functions,
            peak_memory => thousands(profile.memory.peak_bytes.into()),
            memory_gas => thousands(profile.memory.gas.into()),
            access => profile.access,
            flamegraph => image,
            compared => verdict.is_some(),
            passed => verdict.is_none_or(Verdict::passed),
            findings => verdict.into_iter().flat_map(|v| &v.findings).map(ToString::to_string).collect::<Vec<_>>(),
            notes => verdict.into_iter().flat_map(|v| &v.notes).cloned().collect::<Vec<_>>(),
            changes => changes,
        })
        .map_err(failed)
}
