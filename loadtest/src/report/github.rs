//! Annotations for GitHub Actions, which reads them from a step's output.

use judge::verdict::Kind;
use results::document::{Audit, AuditedRoute, Burst, Diagnosed, Document, Meaning, Run};

use results::sentences::explanation;

/// Returns an annotation for each expectation that isn't met, for each burst without a verdict, and for each route of an audit that
/// sharing slows.
pub fn annotations(document: &Document) -> Vec<String> {
    if let Some(found) = &document.diagnosis {
        return diagnosis_annotations(found);
    }
    let routes = document.audit.iter().flat_map(audit_annotations);
    let bursts = document.runs.iter().flat_map(|run| run.bursts.iter().map(move |burst| (run, burst)));
    routes.chain(bursts.flat_map(|(run, burst)| burst_annotations(run, burst))).collect()
}

fn audit_annotations(audit: &Audit) -> Vec<String> {
    let slower = audit.routes.iter().filter(|route| route.meaning == Meaning::SharedSlower);
    let line = |route: &AuditedRoute| {
        let title = format!("{}: {}", route.route, route.meaning.words());
        let message = [Some(&route.why), route.remedy.as_ref()].into_iter().flatten();
        let message: Vec<&str> = message.map(String::as_str).collect();
        format!("::warning title={}::{}", property(&title), escaped(&message.join(" ")))
    };
    slower.map(line).collect()
}

fn diagnosis_annotations(found: &Diagnosed) -> Vec<String> {
    let line = |level: &str, message: &str| {
        format!("::{level} title={}::{}", property(&found.url), escaped(message))
    };
    let unmet = found.unmet();
    match &found.diagnosis.mechanism {
        None if unmet.is_empty() => vec![line("warning", &found.headline())],
        _ => unmet.iter().map(|unmet| line(level(found.is_failed()), unmet)).collect(),
    }
}

fn burst_annotations(run: &Run, burst: &Burst) -> Vec<String> {
    let title = format!("{} on {}: {}", burst.name(), run.system, burst.verdict.headline());
    let line =
        |level: &str, message: &str| format!("::{level} title={}::{}", property(&title), escaped(message));
    let unmet = burst.unmet();
    if unmet.is_empty() && burst.verdict.kind == Kind::Inconclusive {
        return vec![line("warning", &burst.verdict.reasons.join("; "))];
    }
    let why = explanation(burst).join(" ");
    unmet.iter().map(|unmet| line(level(burst.is_failed()), &format!("{unmet}. {why}"))).collect()
}

/// An expectation that is only left open is no error.
const fn level(is_failed: bool) -> &'static str {
    if is_failed { "error" } else { "warning" }
}

/// Escapes a message like GitHub's toolkit (`@actions/core`, command.ts).
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property likewise.
fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use results::document::sample;

    use super::*;

    #[test]
    fn a_route_that_sharing_slows_is_a_warning() {
        let route = |name: &str, meaning| AuditedRoute {
            route: name.to_owned(),
            component: None,
            wasi: Some(3),
            path: None,
            alone_ms: None,
            shared: None,
            isolated: None,
            meaning,
            why: "It blocked.".to_owned(),
            remedy: Some("Await.".to_owned()),
        };
        let routes = vec![route("/a", Meaning::SharedSlower), route("/b", Meaning::NotSeen)];
        let (system, manifest) = ("embedded".to_owned(), "spin.toml".to_owned());
        let audit = Audit { system, manifest, n: 10, shared_components: Vec::new(), routes };
        let document = Document { audit: Some(audit), ..sample::document(Vec::new()) };
        let expected =
            format!("::warning title=/a%3A {}::It blocked. Await.", property(Meaning::SharedSlower.words()));
        assert_eq!(annotations(&document), [expected]);
    }

    #[test]
    fn an_unmet_expectation_is_an_error_on_one_line() {
        let mut burst = sample::together();
        burst.verdict.why = "a\n::error::b %".to_owned();
        assert_eq!(
            annotations(&sample::document(vec![burst, sample::waves()])),
            ["::error title=e1-p1 on embedded%3A parallel::NOT as expected: sequential. a%0A::error::b %25"]
        );
    }
}
