//! Test results for CI systems: one test case for each network.

use crate::check::{Rule, Verdict};
use crate::error::Error;
use crate::report::Report;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

/// Renders a comparison as JUnit XML.
///
/// # Errors
/// Never in practice; the encoder's own.
pub fn junit(report: &Report, verdict: &Verdict) -> Result<String, Error> {
    let mut document = Document::new("hallmark gas");
    let mut suite = TestSuite::new(report.subject.name.clone());
    for network in &report.networks {
        let findings: Vec<_> =
            verdict.findings.iter().filter(|finding| finding.network == network.network).collect();
        let status = if findings.is_empty() {
            TestCaseStatus::success()
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let text: Vec<String> = findings.iter().map(ToString::to_string).collect();
            let kinds: Vec<&str> = findings
                .iter()
                .map(|finding| match finding.rule {
                    Rule::Snapshot => "snapshot",
                    Rule::Budget => "budget",
                    Rule::Feasibility => "feasibility",
                })
                .collect();
            status.set_type(kinds.join(" "));
            status.set_message(text.first().cloned().unwrap_or_default());
            status.set_description(text.join("\n"));
            status
        };
        let mut case = TestCase::new(network.network.clone(), status);
        case.set_classname("hallmark.gas");
        suite.add_test_case(case);
    }
    document.add_test_suite(suite);
    document.to_string().map_err(|error| Error::Render { what: "JUnit report", reason: error.to_string() })
}
