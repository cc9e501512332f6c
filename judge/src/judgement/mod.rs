//! What a trace shows: the kind, the shape, the number of requests that were served at a time, and how sure that is.

mod at_a_time;
mod confidence;
mod cross_check;
mod range;
mod served;
mod shape;
mod steps;
mod validity;

use crate::evidence::waiting_order;
use crate::findings::Findings;
use crate::mechanism::{self, Mechanism, Name};
use crate::posterior::Posterior;
use crate::trace::{Ending, Trace};

pub use crate::kind::Kind;
pub use confidence::Confidence;
pub(crate) use cross_check::CrossCheck;
pub(crate) use range::Range;
pub use shape::Shape;
pub(crate) use validity::NO_SERVICE_TIME;
pub use validity::is_bottleneck;

/// Less probable mechanisms are not worth a mention.
const LEAST: f64 = 0.03;

/// What a trace shows.
pub(crate) struct Judgement<'a> {
    pub(crate) trace: &'a Trace,
    pub(crate) findings: &'a Findings,
    /// How the answered requests were served.
    pub(crate) served: Kind,
    pub(crate) shape: Option<Shape>,
    pub(crate) range: Option<Range>,
    pub(crate) cross_check: CrossCheck,
    pub(crate) confidence: Confidence,
    /// Why the measurement supports no verdict; empty if it does.
    pub(crate) reasons: Vec<String>,
}

impl<'a> Judgement<'a> {
    pub(crate) fn of(trace: &'a Trace, findings: &'a Findings) -> Self {
        let mut reasons = validity::reasons(trace, findings);
        let (mut served, probability) =
            if reasons.is_empty() { served::served(findings) } else { (Kind::Inconclusive, 1.0) };
        if served != Kind::Inconclusive && probability < confidence::POSSIBLE {
            reasons.push(open_question(findings));
            served = Kind::Inconclusive;
        }
        let shape = Shape::of(findings, served);
        if trace.missing.service && reasons.is_empty() && validity::needs_service_time(served, shape) {
            reasons.push(NO_SERVICE_TIME.to_owned());
            served = Kind::Inconclusive;
        }
        let range = at_a_time::at_a_time(findings, served, shape);
        let cross_check = CrossCheck::of(findings, range);
        let range = range.map(|range| cross_check.refine(range, findings, served));
        let confidence = Confidence::of(findings, served, probability, cross_check)
            .min(Confidence::limit(&trace.missing))
            .min(Confidence::limit_of_refusals(findings))
            .min(validity::limit(trace, findings));
        Self { trace, findings, served, shape, range, cross_check, confidence, reasons }
    }

    /// Returns the verdict's kind: requests that were refused because of the load matter more than how the others were
    /// served.
    pub(crate) fn kind(&self) -> Kind {
        if self.findings.is_refused() { Kind::Refused } else { self.served }
    }

    /// Returns the mechanism, if one is probable enough and agrees with the kind.
    pub(crate) fn mechanism(&self) -> Option<Mechanism> {
        self.named().map(|mechanism| self.with_order(mechanism))
    }

    /// As [`Self::mechanism`], without the order of a pool.
    fn named(&self) -> Option<&Mechanism> {
        let posterior = self.findings.posterior.as_ref().filter(|_| self.served != Kind::Inconclusive)?;
        posterior.mechanism().filter(|_| posterior.kind_of_mechanism() == self.served)
    }

    /// Returns the other mechanisms that may explain the burst.
    pub(crate) fn alternatives(&self) -> Vec<Mechanism> {
        let named = self.named().map(|mechanism| mechanism.name);
        let all = self.findings.posterior.as_ref().map_or(&[][..], |posterior| &posterior.mechanisms);
        all.iter()
            .filter(|one| Some(one.name) != named && one.probability >= LEAST)
            .take(4)
            .map(|mechanism| self.with_order(mechanism))
            .collect()
    }

    /// Returns the mechanism with the order in which waiting requests were served.
    fn with_order(&self, mechanism: &Mechanism) -> Mechanism {
        let mut mechanism = mechanism.clone();
        if let Some(workers) = mechanism.parameters.workers.filter(|_| mechanism.name == Name::WorkerPool) {
            mechanism.parameters.order = waiting_order(self.trace, workers);
        }
        mechanism
    }

    /// Whether the server took as many requests as it can hold, and rejected the others at once.
    pub(crate) fn is_capped(&self) -> bool {
        let Self { trace, findings, served, .. } = self;
        let mut rejected = trace.rows.iter().filter(|row| row.ending() == Ending::Refused);
        let is_quick = |done: f64, sent: Option<f64>| done - sent.unwrap_or(0.0) <= 500.0 * trace.service_ms;
        findings.is_refused()
            && *served == Kind::Parallel
            // In a burst with follow-ups, the rejections don't tell how many requests the server held.
            && findings.answered == findings.offered
            && rejected.all(|row| is_quick(row.done_us, row.sent_us))
    }
}

/// Returns the reason if several kinds of servers explain the answers, and what would split the two most probable ones.
fn open_question(findings: &Findings) -> String {
    let posterior = findings.posterior.as_ref();
    let mechanisms = posterior.map_or(&[][..], |posterior| &posterior.mechanisms);
    let probable = mechanisms.iter().filter(|one| one.probability >= 0.1);
    let names: Vec<&str> =
        probable.flat_map(|one| one.class().map(Name::words).collect::<Vec<_>>()).collect();
    let names = match names.as_slice() {
        [] => "several kinds of servers".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    let experiment = posterior
        .and_then(experiment)
        .unwrap_or_else(|| "send more requests at once, or measure the service time more often".to_owned());
    format!("{names} would explain the answers; {experiment}")
}

/// Returns what tells the class of the best explanation from that of the best one of another kind: the kind is the open
/// question. `None` if they are servers of the same sort, such as pools of different sizes.
fn experiment(posterior: &Posterior) -> Option<String> {
    let best = posterior.best();
    let rival = posterior.explanations.iter().find(|one| one.kind != best.kind)?;
    let class = |name: Name| posterior.mechanisms.iter().find(|one| one.class().any(|other| other == name));
    let classes = class(best.name).zip(class(rival.name)).filter(|(one, other)| one.name != other.name);
    match classes {
        Some((one, other)) => {
            mechanism::discriminating_experiment((one.name, one.parameters), (other.name, other.parameters))
        }
        None => {
            mechanism::discriminating_experiment((best.name, best.parameters), (rival.name, rival.parameters))
        }
    }
}
