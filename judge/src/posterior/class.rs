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

/// Mechanisms that only the variation of services tells apart.
const SAME_IF_STEADY: [&[Name]; 3] = [
    &[Name::WorkerPool, Name::Batching],
    &[Name::RateLimit, Name::Lock, Name::Throughput, Name::SlowAccept],
    &[Name::SharedCpu, Name::Pause],
];

fn is_same_if_steady(one: Name, other: Name) -> bool {
    SAME_IF_STEADY.iter().any(|class| class.contains(&one) && class.contains(&other))
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
    for (name, probability, _, best) in &names {
        if taken.contains(name) {
            continue;
        }
        taken.push(*name);
        let same = |other: Name| CLASSES.iter().any(|class| class.contains(name) && class.contains(&other));
        let mut class =
            Mechanism { name: *name, parameters: best.parameters, or: Vec::new(), probability: *probability };
        for (other, weight, ..) in &names {
            if !taken.contains(other)
                && same(*other)
                && (*weight >= TOLD_APART * probability || steady && is_same_if_steady(*name, *other))
            {
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
