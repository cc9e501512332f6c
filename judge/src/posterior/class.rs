//! Classes of mechanisms that give the same times.

use crate::mechanism::{Mechanism, Name};
use crate::model::Explanation;

/// Mechanisms whose times can be the same. They are one class where a burst doesn't tell them apart.
const CLASSES: [&[Name]; 8] = [
    &[Name::RateLimit, Name::Lock, Name::Throughput, Name::SlowAccept],
    &[Name::WorkerPool, Name::Batching],
    &[Name::WorkerPool, Name::InnerPool],
    &[Name::WorkerPool, Name::Lock, Name::RateLimit],
    &[Name::ColdStart, Name::Pause],
    &[Name::SharedCpu, Name::ColdStart, Name::Pause],
    &[Name::None, Name::SingleFlight],
    &[Name::WorkerPool, Name::StickyConnections],
];
/// Mechanisms that another one's model describes, too.
const SAME_MODEL: [(Name, Name); 2] =
    [(Name::RateLimit, Name::SlowAccept), (Name::Throughput, Name::SlowAccept)];
/// The names that a class has if it contains them: they are far more common than what looks the same.
const USUAL: [Name; 2] = [Name::WorkerPool, Name::SharedCpu];
/// A burst tells two mechanisms apart if one is less probable than this share of the other.
pub(super) const TOLD_APART: f64 = 0.05;

/// Mechanisms of which neither is far more common than the other: only what the burst shows tells them apart, not how probable
/// they are beforehand.
const EQUALLY_COMMON: [&[Name]; 3] = [
    &[Name::RateLimit, Name::Lock, Name::Throughput, Name::SlowAccept],
    &[Name::SharedCpu, Name::ColdStart, Name::Pause],
    &[Name::WorkerPool, Name::StickyConnections],
];
/// Those are told apart if the logarithms of their likelihoods differ by more than this.
const LEAST_DIFFERENCE: f64 = 4.0;

/// Mechanisms that only the variation of services tells apart.
const SAME_IF_STEADY: [&[Name]; 3] = [
    &[Name::WorkerPool, Name::Batching],
    &[Name::RateLimit, Name::Lock, Name::Throughput, Name::SlowAccept],
    &[Name::SharedCpu, Name::Pause],
];

fn are_together(classes: &[&[Name]], one: Name, other: Name) -> bool {
    classes.iter().any(|class| class.contains(&one) && class.contains(&other))
}

/// A mechanism, with all its explanations of a burst.
struct Candidate<'a> {
    name: Name,
    /// The probability of all its explanations.
    probability: f64,
    /// The largest logarithm of a likelihood.
    log: f64,
    /// The most probable explanation, with its probability.
    best: (f64, &'a Explanation),
}

impl<'a> Candidate<'a> {
    /// Returns the mechanisms, the most probable first.
    fn all(explanations: &'a [Explanation], weights: &[f64]) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (explanation, weight) in explanations.iter().zip(weights) {
            let Some(one) = all.iter_mut().find(|one| one.name == explanation.name) else {
                let Explanation { name, log, .. } = *explanation;
                all.push(Self { name, probability: *weight, log, best: (*weight, explanation) });
                continue;
            };
            one.probability += weight;
            one.log = one.log.max(explanation.log);
            if *weight > one.best.0 {
                one.best = (*weight, explanation);
            }
        }
        all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        all
    }

    /// Whether the burst doesn't tell the other mechanism, which is less probable, from this one.
    fn is_open(&self, other: &Self, steady: bool) -> bool {
        let together = |classes: &[&[Name]]| are_together(classes, self.name, other.name);
        let is_similar = other.probability >= TOLD_APART * self.probability
            || steady && together(&SAME_IF_STEADY)
            || together(&EQUALLY_COMMON) && other.log > self.log - LEAST_DIFFERENCE;
        is_similar && together(&CLASSES)
    }
}

/// Returns the mechanisms by class, the most probable first. If services are `steady`, workers finish together as batches
/// do.
pub(super) fn mechanisms(explanations: &[Explanation], weights: &[f64], steady: bool) -> Vec<Mechanism> {
    let candidates = Candidate::all(explanations, weights);
    let mut mechanisms: Vec<Mechanism> = Vec::new();
    let mut rest: Vec<&Candidate> = candidates.iter().collect();
    while !rest.is_empty() {
        let first = rest.remove(0);
        let (members, others) = rest.into_iter().partition(|other| first.is_open(other, steady));
        rest = others;
        mechanisms.push(class(first, &members, &candidates));
    }
    mechanisms.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    mechanisms
}

/// Returns the class of a mechanism with these other members.
fn class(first: &Candidate, members: &[&Candidate], candidates: &[Candidate]) -> Mechanism {
    let mut class = Mechanism {
        name: first.name,
        parameters: first.best.1.parameters,
        or: members.iter().map(|member| member.name).collect(),
        probability: members.iter().fold(first.probability, |sum, member| sum + member.probability),
    };
    let models: Vec<Name> = class.class().collect();
    let same_model = SAME_MODEL.iter().filter(|(model, _)| models.contains(model));
    let mut same_model: Vec<Name> = same_model.map(|(_, other)| *other).collect();
    same_model.dedup();
    class.or.extend(same_model);
    let usual = USUAL.into_iter().find(|usual| class.or.contains(usual));
    if let Some(usual) = usual.filter(|_| !USUAL.contains(&class.name)) {
        class.or.retain(|name| *name != usual);
        class.or.push(class.name);
        class.name = usual;
        let named = candidates.iter().find(|one| one.name == usual);
        class.parameters = named.map_or(class.parameters, |one| one.best.1.parameters);
    }
    class
}
