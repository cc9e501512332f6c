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

/// Returns the mechanisms by class, the most probable first. If services are `steady`, workers finish together as batches
/// do.
pub(super) fn mechanisms(explanations: &[Explanation], weights: &[f64], steady: bool) -> Vec<Mechanism> {
    // Each mechanism with its probability and its best explanation.
    let mut names: Vec<(Name, f64, f64, &Explanation)> = Vec::new();
    for (explanation, weight) in explanations.iter().zip(weights) {
        match names.iter_mut().find(|one| one.0 == explanation.name) {
            Some(one) => {
                one.1 += weight;
                if *weight > one.2 {
                    (one.2, one.3) = (*weight, explanation);
                }
            }
            None => names.push((explanation.name, *weight, *weight, explanation)),
        }
    }
    names.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut mechanisms: Vec<Mechanism> = Vec::new();
    let mut taken: Vec<Name> = Vec::new();
    let likelihood = |name: Name| {
        let all = explanations.iter().filter(|one| one.name == name);
        all.map(|one| one.log).fold(f64::NEG_INFINITY, f64::max)
    };
    for (name, probability, _, best) in &names {
        if taken.contains(name) {
            continue;
        }
        taken.push(*name);
        let is_open = |other: Name, weight: f64| {
            weight >= TOLD_APART * probability
                || steady && are_together(&SAME_IF_STEADY, *name, other)
                || are_together(&EQUALLY_COMMON, *name, other)
                    && likelihood(other) > likelihood(*name) - LEAST_DIFFERENCE
        };
        let mut class =
            Mechanism { name: *name, parameters: best.parameters, or: Vec::new(), probability: *probability };
        for (other, weight, ..) in &names {
            if !taken.contains(other) && are_together(&CLASSES, *name, *other) && is_open(*other, *weight) {
                taken.push(*other);
                class.or.push(*other);
                class.probability += weight;
            }
        }
        let models = || std::iter::once(*name).chain(class.or.iter().copied());
        let same_model = SAME_MODEL.iter().filter(|(model, _)| models().any(|name| name == *model));
        let mut same_model: Vec<Name> = same_model.map(|(_, other)| *other).collect();
        same_model.dedup();
        class.or.extend(same_model);
        if !USUAL.contains(&class.name)
            && let Some(usual) = USUAL.into_iter().find(|usual| class.or.contains(usual))
        {
            class.or.retain(|name| *name != usual);
            class.or.push(class.name);
            class.name = usual;
            class.parameters =
                names.iter().find(|one| one.0 == usual).map_or(class.parameters, |one| one.3.parameters);
        }
        mechanisms.push(class);
    }
    mechanisms.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    mechanisms
}
