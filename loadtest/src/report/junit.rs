//! `junit.xml` for CI systems: one suite for each system, one test case for each burst.

use std::time::Duration;

use judge::mechanism::Mechanism;
use judge::verdict::Kind;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use results::document::{Burst, Diagnosed, Document, Run};
use results::sentences;
use results::summary::columns;

use super::diagnosis;
use super::format::Format;

/// The format.
pub(super) const FORMAT: Format =
    Format { name: "junit", file: "junit.xml", help: "One test case for each burst, for CI", render: text };

/// Returns the report. An expectation that isn't met is a failure. A burst without a verdict is an error, because it
/// proves nothing; so is an expectation that it leaves open.
fn text(document: &Document) -> anyhow::Result<String> {
    let mut report = Report::new(document.tool.clone());
    if let Some(found) = &document.diagnosis {
        let mut suite = TestSuite::new(found.url.clone());
        suite.add_test_case(diagnosed(found));
        report.add_test_suite(suite);
        return Ok(report.to_string()?);
    }
    for column in columns(document) {
        let manifest = column.manifest.map_or(String::new(), |manifest| format!(" {manifest}"));
        let mut suite = TestSuite::new(format!("{}{manifest}", column.system));
        let bursts = column.runs.iter().flat_map(|run| run.bursts.iter().map(move |burst| (run, burst)));
        suite.add_test_cases(bursts.map(|(run, burst)| case(run, burst)));
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn case(run: &Run, burst: &Burst) -> TestCase {
    let round = if run.round > 1 { format!(", round {}", run.round) } else { String::new() };
    let name = format!("setup {}{round}: {}", run.setup, burst.name());
    let mut case = TestCase::new(name, status(burst));
    case.set_classname(run.system.clone());
    case.set_time(Duration::try_from_secs_f64(burst.makespan_ms / 1e3).unwrap_or_default());
    let explanation = sentences::explanation(burst).join(" ");
    case.set_system_out(format!("{}: {}. {explanation}", burst.url, burst.verdict.headline()));
    add_mechanism(&mut case, burst.verdict.mechanism.as_ref());
    case
}

fn add_mechanism(case: &mut TestCase, mechanism: Option<&Mechanism>) {
    if let Some(mechanism) = mechanism {
        case.add_property(("mechanism", mechanism.name.as_str()));
        case.add_property(("mechanism_probability", mechanism.probability.to_string().as_str()));
    }
}

/// Returns the test case of a diagnosis. Without a mechanism it is an error, as a burst without a verdict is.
fn diagnosed(found: &Diagnosed) -> TestCase {
    let unmet = found.unmet();
    let kind = match &found.diagnosis.mechanism {
        _ if !unmet.is_empty() => Some((failure_or_error(found.is_failed()), unmet.join("; "))),
        None => Some((NonSuccessKind::Error, "the mechanism is open".to_owned())),
        Some(_) => None,
    };
    let explanation = diagnosis::sentences(found).join(" ");
    let status = kind.map_or_else(TestCaseStatus::success, |(kind, message)| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message).set_description(explanation.clone());
        status
    });
    let mut case = TestCase::new("diagnosis", status);
    case.set_classname(found.url.clone());
    case.set_system_out(format!("{}. {explanation}", found.headline()));
    add_mechanism(&mut case, found.diagnosis.mechanism.as_ref());
    case
}

fn failure_or_error(is_failed: bool) -> NonSuccessKind {
    if is_failed { NonSuccessKind::Failure } else { NonSuccessKind::Error }
}

fn status(burst: &Burst) -> TestCaseStatus {
    let unmet = burst.unmet();
    let (kind, message) = match burst.verdict.kind {
        _ if !unmet.is_empty() => (failure_or_error(burst.is_failed()), unmet.join("; ")),
        Kind::Inconclusive => {
            (NonSuccessKind::Error, format!("no verdict: {}", burst.verdict.reasons.join("; ")))
        }
        _ => return TestCaseStatus::success(),
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(format!("{}; {message}", burst.verdict.headline()));
    status.set_description(sentences::explanation(burst).join(" "));
    status
}

#[cfg(test)]
mod tests {
    use results::document::sample;

    use super::*;

    #[test]
    fn the_report_of_a_fixed_result_is_unchanged() {
        let unclear = sample::burst(
            "http://127.0.0.1:3000/a",
            "a",
            sample::rows(3, 3, 1),
            judge::verdict::Verdict {
                reasons: vec!["too few requests".to_owned()],
                ..judge::verdict::Verdict::of(Kind::Inconclusive)
            },
        );
        insta::assert_snapshot!(
            text(&sample::document(vec![sample::together(), sample::waves(), sample::pool(), unclear]))
                .unwrap()
        );
    }

    #[test]
    fn hostile_text_is_escaped() {
        let mut burst = sample::together();
        burst.endpoint = "]]><failure/>\0\u{1b}[31m".to_owned();
        burst.makespan_ms = f64::NAN;
        let text = text(&sample::document(vec![burst])).unwrap();
        assert!(
            !text.contains("]]><failure/>") && !text.contains('\0') && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
