//! The diagnosis in names, numbers and sentences.

use super::diagnosis::{Diagnosis, Finding};
use super::end::End;
use super::fit::Fitted;
use super::history::{Completed, History};
use super::interval::Interval;
use super::plan::Observed;
use super::posterior::Posterior;
use super::scope;
use crate::kind::Kind;
use crate::mechanism::{Mechanism, Name};
use crate::trace::{Ending, Trace};
use crate::units;
use crate::verdict::{self, Verdict};

/// A mechanism is named from this probability on.
const NAMED: f64 = 0.9;
/// As [`NAMED`], while other mechanisms could still be told apart: the likelihoods are not exact.
const NAMED_BEFORE_THE_END: f64 = 0.95;
/// Less probable mechanisms are not worth a mention.
const MENTIONED: f64 = 0.01;

pub(super) fn diagnosis(
    seen: &[Observed],
    history: &History,
    posterior: Option<&Posterior>,
    ended: End,
    same: &[Name],
) -> Diagnosis {
    // A stream is no burst: all of it may be served at once because it comes slowly.
    let bursts = || {
        let at_once =
            seen.iter().filter(|one| one.experiment.parts.iter().all(|part| part.spacing.is_zero()));
        at_once.filter_map(|one| one.traces.first())
    };
    let all_traces = || seen.iter().flat_map(|one| &one.traces);
    let shown = all_traces().find_map(shown_by_one_burst);
    let largest = bursts().max_by_key(|trace| trace.rows.len()).map(verdict::judge);
    let (mechanism, alternatives) = match (&shown, posterior) {
        (Some(verdict), _) => (verdict.mechanism.clone(), Vec::new()),
        (None, Some(posterior)) if ended != End::TooQuick && ended != End::Unanswered => {
            let (mechanism, mut alternatives) = named(posterior, ended, same);
            let is_pause = mechanism.as_ref().is_some_and(|one| one.name == Name::Pause);
            if is_pause && !was_larger_later(history, posterior.best()) {
                alternatives.splice(0..0, mechanism);
                (None, alternatives)
            } else {
                (mechanism, alternatives)
            }
        }
        _ => (None, Vec::new()),
    };
    // What a burst shows by itself is not fitted.
    let interval = match (&shown, &mechanism, posterior) {
        (None, Some(_), Some(posterior)) => Interval::of(history, posterior.best()),
        _ => None,
    };
    let ruled_out = posterior.filter(|_| shown.is_none()).map(|posterior| posterior.ruled_out(seen.len()));
    let ruled_out = ruled_out.unwrap_or_default();
    let finding = |(i, one): (usize, &Observed)| Finding {
        title: one.experiment.title.clone(),
        reason: one.experiment.reason.clone(),
        seen: history.seen.get(i).map(sentence).unwrap_or_default(),
        ruled_out: ruled_out.get(i).cloned().unwrap_or_default(),
    };
    Diagnosis {
        kind: largest.as_ref().map_or(Kind::Inconclusive, |verdict| verdict.kind),
        why: why(history, mechanism.as_ref(), posterior, ended, shown.as_ref()),
        remedy: match &shown {
            Some(verdict) => verdict.remedy.clone(),
            None => mechanism.as_ref().and_then(Mechanism::remedy),
        },
        mechanism,
        interval,
        alternatives,
        ended,
        experiments: seen.iter().enumerate().map(finding).collect(),
    }
}

/// Whether a larger burst came after the one with a pause: else new instances may have delayed the first burst of its size.
fn was_larger_later(history: &History, pause: &Fitted) -> bool {
    let size = |seen: &Completed| seen.outcomes.first().map_or(0, Vec::len);
    let (before, after) = history.seen.split_at((pause.hypothesis.experiment + 1).min(history.seen.len()));
    let paused = before.last().map_or(0, size);
    after.iter().any(|seen| size(seen) > paused)
}

/// Returns the mechanism, if one is probable enough and describes what was seen, and the alternatives. It is one class with
/// those that nothing tells from it.
fn named(posterior: &Posterior, ended: End, same: &[Name]) -> (Option<Mechanism>, Vec<Mechanism>) {
    let of = |one: &Fitted, probability: f64| Mechanism {
        name: one.hypothesis.name(),
        parameters: one.hypothesis.parameters(),
        or: Vec::new(),
        probability,
    };
    let mut best = of(posterior.best(), posterior.names[0].1);
    let others = posterior.rivals(0.0).map(|(rival, probability)| of(rival, probability));
    let (members, mut others): (Vec<Mechanism>, Vec<Mechanism>) =
        others.partition(|one| same.contains(&one.name));
    best.probability += members.iter().map(|one| one.probability).sum::<f64>();
    best.or = members.into_iter().map(|one| one.name).collect();
    others.retain(|one| one.probability >= MENTIONED);
    let least = if ended == End::OnlyFromInside { NAMED } else { NAMED_BEFORE_THE_END };
    if best.probability >= least && posterior.describes() {
        return (Some(best), others);
    }
    (None, [best].into_iter().chain(others).collect())
}

/// Returns what an experiment showed.
fn sentence(seen: &Completed) -> String {
    let outcomes = || seen.outcomes.iter().flatten().flatten();
    let mut times: Vec<f64> = outcomes().filter(|one| one.1).map(|one| one.0).collect();
    times.sort_by(f64::total_cmp);
    let (all, refused) = (seen.experiment.requests(), outcomes().filter(|one| !one.1).count());
    let mut sentence = match times.as_slice() {
        [] => "No request was served".to_owned(),
        [one] => format!("One request took {}", time(*one)),
        [first, .., last] => format!(
            "{} of {all} requests took {} to {}, the median {}",
            times.len(),
            time(*first),
            time(*last),
            time(times[(times.len() - 1) / 2])
        ),
    };
    if refused > 0 {
        sentence += &format!("; {refused} were refused");
    }
    sentence + "."
}

fn why(
    history: &History,
    mechanism: Option<&Mechanism>,
    posterior: Option<&Posterior>,
    ended: End,
    shown: Option<&Verdict>,
) -> String {
    if let Some(verdict) = shown {
        return verdict.why.clone();
    }
    let alone = time(history.scale.alone);
    let count = match history.seen.len() {
        0 => return format!("A request alone takes {alone}. No experiment was completed."),
        1 => "1 experiment".to_owned(),
        count => format!("{count} experiments"),
    };
    let mut sentences = vec![format!("A request alone takes {alone}.")];
    match (ended, mechanism, posterior) {
        (End::TooQuick, ..) => sentences.push(
            "That is so little that the times show the network and the generator as much as the server: test an endpoint \
             that takes at least 1 ms, or more work in each request."
                .to_owned(),
        ),
        (End::Unanswered, ..) => {
            sentences.push(format!("The server stopped answering; {count} were made until then."));
        }
        (_, Some(one), _) if one.or.is_empty() => {
            sentences.push(format!("Of the known mechanisms, only one explains {count}: {}.", one.name.words()));
            if one.name == Name::None {
                let largest = history.largest();
                sentences.push(format!("Up to {largest} requests at once met no limit."));
            }
        }
        (_, Some(_), _) => sentences.push(format!(
            "Several mechanisms explain {count} alike, and no experiment that could be sent tells them apart."
        )),
        (_, None, Some(posterior)) if !posterior.describes() => {
            let nearest = posterior.best().hypothesis.name().words();
            sentences.push(format!("No known mechanism describes {count} well; the nearest one is {nearest}."));
        }
        (_, None, _) => sentences.push(format!("After {count}, several mechanisms are possible.")),
    }
    if let (Some(one), Some(posterior)) = (mechanism, posterior)
        && one.name != Name::None
    {
        sentences.extend(scope::sentences(history, one, posterior));
    }
    match ended {
        End::RequestsSpent => sentences.push("The requests are spent.".to_owned()),
        End::TimeSpent => sentences.push("The time is spent.".to_owned()),
        End::Interrupted => sentences.push("The experiments were interrupted.".to_owned()),
        _ => {}
    }
    sentences.join(" ")
}

/// Returns the verdict on a burst that shows by itself what no experiment can: the replies show that requests blocked each other in
/// a shared instance, or the server accepted one connection at a time, so that most requests of an experiment were never sent.
pub(super) fn shown_by_one_burst(trace: &Trace) -> Option<Verdict> {
    let has_evidence = trace.rows.iter().any(|row| row.evidence.is_some());
    let is_unsent = trace.rows.iter().any(|row| row.ending() == Ending::FailedAtClient);
    if !has_evidence && !is_unsent {
        return None;
    }
    let verdict = verdict::judge(trace);
    let name = verdict.mechanism.as_ref()?.name;
    let is_shared = has_evidence && name == Name::SharedInstance;
    (is_shared || is_unsent && verdict.kind == Kind::Sequential).then_some(verdict)
}

fn time(seconds: f64) -> String {
    units::time(1e3 * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{ErrorKind, Fault, Outcome, Row};

    #[test]
    fn a_server_that_accepts_one_connection_at_a_time_needs_no_experiment() {
        let row = |i: usize| Row {
            i,
            planned_us: Some(0.0),
            sent_us: Some(i as f64),
            first_byte_us: Some(200_000.0 * (i + 1) as f64 - 100.0),
            done_us: 200_000.0 * (i + 1) as f64,
            outcome: Outcome::Answered(200),
            ..Row::default()
        };
        let mut trace = Trace::new(Schedule::together(20), 200.0, (0..20).map(row).collect());
        assert_eq!(shown_by_one_burst(&trace), None, "a queue may have several causes");
        for row in &mut trace.rows[7..] {
            row.outcome = Outcome::Failed(Fault::new(ErrorKind::ConnectTimeout, "no connection within 4 s"));
            (row.sent_us, row.first_byte_us, row.done_us) = (None, None, 0.0);
        }
        let verdict = shown_by_one_burst(&trace).expect("a verdict");
        assert_eq!((verdict.kind, verdict.mechanism.unwrap().name), (Kind::Sequential, Name::WorkerPool));
    }
}
