//! Which experiment to fire next.

use super::budget::{Abilities, Budget, Left, Spent};
use super::candidates::{self, Candidate, LARGEST};
use super::choice::{Choice, choose, inseparable};
use super::diagnosis::Diagnosis;
use super::end::End;
use super::history::History;
use super::opening::opening;
use super::plan::{Connections, Experiment, Observed, Target};
use super::posterior::{Posterior, RULED_OUT};
use super::report;
use crate::mechanism::Name;
use crate::trace::{Baseline, Ending, Row};

/// The requests of a steady stream, and its pace, as a multiple of the rate that a server allows.
const STREAM: usize = 40;
const STREAM_PACE: f64 = 1.5;
/// The mechanism is known if all others are less probable than this share of it.
const KNOWN: f64 = 0.000_05;
/// Times below this can't be told from those of the network and the generator, in milliseconds.
const TOO_QUICK_MS: f64 = 1.0;

/// Chooses experiments. It has no state: what was seen determines the next one.
#[derive(Debug, Clone)]
pub struct Planner {
    /// The service time: how long one request alone takes, in milliseconds, as in a [`Trace`](crate::trace::Trace).
    pub service_ms: f64,
    /// The requests alone that were measured before the first experiment; empty if only `service_ms` is known.
    pub alone: Baseline,
    /// What the caller is able to send.
    pub abilities: Abilities,
    /// What the experiments may cost together, with the requests alone.
    pub budget: Budget,
}

/// The next step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Fire this experiment.
    Fire(Experiment),
    /// Stop.
    Done(End),
}

impl Planner {
    /// Returns the step after these experiments.
    ///
    /// A small burst, a larger one that is repeated, and pairs come first, so that there is something to explain. Then each hypothesis is fitted to all that was seen, and the experiment is chosen in which the most probable ones
    /// are expected to differ most for what it costs.
    pub fn next(&self, seen: &[Observed], spent: Spent) -> Step {
        if is_unanswered(seen) {
            return Step::Done(End::Unanswered);
        }
        let shown = seen.iter().flat_map(|one| &one.traces).find_map(report::shown_by_one_burst);
        if let Some(mechanism) = shown.and_then(|verdict| verdict.mechanism) {
            return Step::Done(if mechanism.or.is_empty() { End::Known } else { End::OnlyFromInside });
        }
        if !seen.is_empty() && self.is_too_quick() {
            return Step::Done(End::TooQuick);
        }
        let left = self.left(spent);
        if left.requests < 2 {
            return Step::Done(End::RequestsSpent);
        }
        if left.seconds <= 0.0 {
            return Step::Done(End::TimeSpent);
        }
        if let Some(first) = opening(self.service_ms, seen, left) {
            return Step::Fire(first);
        }
        let history = self.history(seen);
        let posterior = Posterior::of(&history);
        if let Some(larger) = larger(&history, &posterior, left) {
            return Step::Fire(larger);
        }
        let choice = choose(&history, &posterior, &self.abilities, left, KNOWN);
        if let Choice::Known | Choice::Same = choice
            && let Some(other) = beside(&history, &posterior, &self.abilities, left)
        {
            return Step::Fire(other);
        }
        if let Choice::Known = choice {
            let more =
                spread_anew(&history, &posterior, left).or_else(|| sustained(&history, &posterior, left));
            if let Some(more) = more {
                return Step::Fire(more);
            }
        }
        match choice {
            Choice::Fire(experiment) => Step::Fire(experiment),
            Choice::Known => Step::Done(if posterior.describes() { End::Known } else { End::NothingLeft }),
            Choice::Same => {
                Step::Done(if posterior.describes() { End::OnlyFromInside } else { End::NothingLeft })
            }
            Choice::RequestsSpent => Step::Done(End::RequestsSpent),
            Choice::TimeSpent => Step::Done(End::TimeSpent),
        }
    }

    /// Returns what the experiments show together. `ended` is why they ended: for a diagnosis in between,
    /// [`End::Interrupted`].
    pub fn diagnosis(&self, seen: &[Observed], ended: End) -> Diagnosis {
        let history = self.history(seen);
        let posterior = (!seen.is_empty()).then(|| Posterior::of(&history));
        let same = posterior
            .as_ref()
            .map(|posterior| inseparable(&history, posterior, &self.abilities, RULED_OUT))
            .unwrap_or_default();
        report::diagnosis(seen, &history, posterior.as_ref(), ended, &same)
    }

    fn history<'a>(&self, seen: &'a [Observed]) -> History<'a> {
        let also = self.abilities.also.map(|also| also.as_secs_f64());
        History::new(self.service_ms, &self.alone, also, seen)
    }

    fn is_too_quick(&self) -> bool {
        self.service_ms.is_nan() || self.service_ms < TOO_QUICK_MS
    }

    fn left(&self, spent: Spent) -> Left {
        Left {
            requests: self.budget.max_requests.saturating_sub(spent.requests),
            seconds: self.budget.max_time.saturating_sub(spent.time).as_secs_f64(),
        }
    }
}

/// Returns a larger burst if none met a limit yet.
fn larger(history: &History, posterior: &Posterior, left: Left) -> Option<Experiment> {
    let largest = history.largest();
    let name = posterior.best().hypothesis.name();
    let is_unlimited = matches!(name, Name::None | Name::UnevenBackends | Name::SingleFlight | Name::Pause);
    let last = history.requests().map(|one| one.0).fold(0.0, f64::max);
    let by_time = 0.5 * left.seconds / (last / largest.max(1) as f64).max(1e-6);
    let size = LARGEST.min(left.requests / 2).min(by_time as usize);
    let reason = "no limit was met yet: more requests may meet one";
    (is_unlimited && 2 * largest <= size).then(|| candidates::burst(size, reason))
}

/// Returns a burst over fresh connections if a pool is all that is left after a single one: connections that stick to a process
/// may have been spread evenly by chance.
fn spread_anew(history: &History, posterior: &Posterior, left: Left) -> Option<Experiment> {
    let largest = history.largest();
    let is_pool = posterior.best().hypothesis.name() == Name::WorkerPool;
    let is_fresh = |one: &Experiment| one.connections == Connections::Fresh && one.parts.len() == 1;
    let bursts = || history.seen.iter().filter(|one| one.experiment.parts.len() == 1);
    let is_large = |n: usize| 2 * n >= largest;
    let fresh =
        bursts().filter(|one| is_fresh(one.experiment) && is_large(one.experiment.requests())).count();
    let last = history.requests().map(|one| one.0).fold(0.0, f64::max);
    let may_be_sent = largest <= left.requests && last < 0.9 * left.seconds;
    let reason =
        "to tell a worker pool from connections that stick to a process: fresh connections are spread anew";
    (is_pool && fresh < 2 && may_be_sent).then(|| candidates::burst(largest, reason))
}

/// Returns requests beside a burst that the caller is able to send, if a limit was met and none were sent yet: whom else the limit
/// delays is worth to know.
fn beside(history: &History, posterior: &Posterior, abilities: &Abilities, left: Left) -> Option<Experiment> {
    let target = |one: &Experiment| one.parts.iter().map(|part| part.target).find(|one| *one != Target::Main);
    let is_new = |item: &Candidate| {
        let own = target(&item.experiment);
        own.is_some() && history.seen.iter().all(|seen| target(seen.experiment) != own)
    };
    if matches!(
        posterior.best().hypothesis.name(),
        Name::None | Name::UnevenBackends | Name::Pause | Name::RandomFailures
    ) {
        return None;
    }
    let fits =
        |item: &Candidate| item.experiment.requests() <= left.requests && item.seconds < 0.9 * left.seconds;
    let new = candidates::candidates(history, posterior, abilities)
        .into_iter()
        .find(|item| is_new(item) && fits(item));
    new.map(|item| item.experiment)
}

/// Returns a steady stream if a cap on the rate is all that is left: bursts show how many it takes at once better than how many
/// in the long run.
fn sustained(history: &History, posterior: &Posterior, left: Left) -> Option<Experiment> {
    let best = &posterior.best().hypothesis;
    let per_second = best.parameters().per_second.filter(|_| best.name() == Name::RateCap)?;
    let is_stream =
        |one: &Experiment| one.parts.iter().any(|part| part.n >= STREAM && !part.spacing.is_zero());
    let was_sent = history.seen.iter().any(|one| is_stream(one.experiment));
    let spacing = 1.0 / (STREAM_PACE * per_second);
    let lasts = STREAM as f64 * spacing + history.scale.alone;
    let may_be_sent = STREAM <= left.requests && lasts < 0.6 * left.seconds;
    (!was_sent && may_be_sent)
        .then(|| candidates::stream(STREAM, spacing, "measures the rate that is allowed in the long run"))
}

/// Whether the server answered nothing in the last two experiments. A connection that is refused is no answer: nobody listens.
fn is_unanswered(seen: &[Observed]) -> bool {
    let is_answer =
        |row: &Row| row.sent_us.is_some() && matches!(row.ending(), Ending::Answered | Ending::Refused);
    let answers = |one: &Observed| one.traces.iter().flat_map(|trace| &trace.rows).any(is_answer);
    seen.len() >= 2 && !seen.iter().rev().take(2).any(answers)
}
