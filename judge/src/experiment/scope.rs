//! Who meets a limit: another endpoint, another session.

use super::history::History;
use super::hypothesis::Hypothesis;
use super::plan::Target;
use super::posterior::Posterior;

/// From this probability on, it is said.
const CERTAIN: f64 = 0.95;

/// Returns what requests to the second URL and of the other session show about the limit of the most probable mechanism.
pub(super) fn sentences(history: &History, posterior: &Posterior) -> Vec<String> {
    let is_shared = |hypothesis: &Hypothesis| hypothesis.is_shared;
    let by_session = |hypothesis: &Hypothesis| hypothesis.by_session;
    let url = history.sent(Target::Also).then(|| {
        said(
            posterior,
            is_shared,
            "The second URL meets the same limit.",
            "The limit is this endpoint's own: the second URL doesn't meet it.",
        )
    });
    // Other models have no sessions: what fits them says nothing about these.
    let has_sessions = posterior.best().hypothesis.model.may_be_by_session();
    let session = (has_sessions && history.sent(Target::OtherHeader)).then(|| {
        said(
            posterior,
            by_session,
            "Each session has a limit of its own.",
            "Requests of another session meet the same limit.",
        )
    });
    [url, session].into_iter().flatten().flatten().map(str::to_owned).collect()
}

fn said<'a>(
    posterior: &Posterior,
    holds: impl Fn(&Hypothesis) -> bool,
    yes: &'a str,
    no: &'a str,
) -> Option<&'a str> {
    match posterior.share_of_best(holds) {
        share if share >= CERTAIN => Some(yes),
        share if share <= 1.0 - CERTAIN => Some(no),
        _ => None,
    }
}
