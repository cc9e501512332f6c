//! Who meets a limit: another endpoint, another session.

use super::history::History;
use super::hypothesis::Hypothesis;
use super::plan::Target;
use super::posterior::Posterior;
use crate::mechanism::Mechanism;

/// From this probability on, it is said.
const CERTAIN: f64 = 0.95;

/// Returns what requests to the second URL and of the other session show about the limit of the named mechanism.
pub(super) fn sentences(history: &History, mechanism: &Mechanism, posterior: &Posterior) -> Vec<String> {
    let is_named = |one: &Hypothesis| one.name() == mechanism.name;
    let url = history.sent(Target::Also).then(|| {
        said(
            posterior.share(is_named, |one| one.is_shared),
            "The second URL meets the same limit.",
            "The limit is this endpoint's own: the second URL doesn't meet it.",
        )
    });
    // Only some models can have a limit for each session. The class is one for the times: what one of its members tells about
    // sessions holds for all.
    let may_be_by_session =
        |one: &Hypothesis| mechanism.class().any(|name| name == one.name()) && one.model.may_be_by_session();
    let session = history.sent(Target::OtherHeader).then(|| {
        said(
            posterior.share(may_be_by_session, |one| one.by_session),
            "Each session has a limit of its own.",
            "Requests of another session meet the same limit.",
        )
    });
    [url, session].into_iter().flatten().flatten().map(str::to_owned).collect()
}

fn said<'a>(share: Option<f64>, yes: &'a str, no: &'a str) -> Option<&'a str> {
    match share? {
        share if share >= CERTAIN => Some(yes),
        share if share <= 1.0 - CERTAIN => Some(no),
        _ => None,
    }
}
