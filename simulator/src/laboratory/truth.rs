//! What is right to say about a server of the laboratory.

use judge::experiment::Diagnosis;
use judge::mechanism::Name;

use super::subject::{Case, Kind};
use crate::Random;
use crate::mechanism::unlimited::Unlimited;
use crate::mechanism::{Burst, Load, Noise, Server, burst};
use crate::scenarios::Subject;

/// Whether a diagnosis is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It names the mechanism, or a class that no experiment from outside splits.
    Right,
    /// It names none, or a class that an experiment splits.
    Open,
    /// It names another.
    Wrong,
}

const QUIET: Noise = Noise { network: 0.0, delayed: 0.0, delay: 0.0 };
/// Below this spread, service times count as constant.
const STEADY: f64 = 0.05;
/// A limit shows if the largest burst takes longer by more than this share.
const SHOWS: f64 = 0.15;

pub(super) fn verdict(allowed: &[Name], diagnosis: &Diagnosis) -> Verdict {
    let Some(said) = &diagnosis.mechanism else { return Verdict::Open };
    let right = said.class().filter(|name| allowed.contains(name)).count();
    match right {
        0 => Verdict::Wrong,
        right if right == said.class().count() => Verdict::Right,
        _ => Verdict::Open,
    }
}

/// The mechanisms that are right to name after a burst of `largest` requests.
pub(super) fn allowed(case: &Case, largest: usize, refused: bool) -> Vec<Name> {
    use Name::*;
    let knobs = case.draft.knobs;
    let steady = case.service.spread() <= STEADY;
    let also = case.abilities.also.is_some();
    let mean = case.service.mean();
    let fire = |server: &mut dyn Server| -> Burst {
        let load = Load { n: largest, c: largest, spacing: 0.0 };
        burst(server, case.service, load, QUIET, &mut Random::new(7))
    };
    let shows =
        fire(&mut *case.draft.server()).makespan() > (1.0 + SHOWS) * fire(&mut Unlimited::new()).makespan();
    let with = |mut names: Vec<Name>, more: &[(bool, Name)]| {
        names.extend(more.iter().filter(|one| one.0).map(|one| one.1));
        names
    };
    let Kind::Of(subject) = case.kind else { return vec![Lock, WorkerPool] };
    let own = match subject {
        Subject::OneWorker => {
            with(vec![WorkerPool, Lock], &[(steady, RateLimit), (steady && !also, Throughput)])
        }
        Subject::Priority => vec![WorkerPool, InnerPool, StickyConnections],
        Subject::Tandem => vec![InnerPool, WorkerPool, Lock],
        Subject::ContendedStarts => vec![ColdStart, WarmPool],
        Subject::Congested | Subject::Drift | Subject::Phases => vec![WorkerPool],
        Subject::Ticking => vec![None, UnevenBackends],
        Subject::Named(name) => match name {
            WorkerPool => with(vec![WorkerPool], &[(!also, InnerPool)]),
            RateLimit if knobs.bucket > 1 => vec![RateLimit],
            RateLimit => {
                let same = steady && knobs.gap.is_some_and(|gap| (gap / mean - 1.0).abs() < 0.15);
                with(vec![RateLimit, Throughput], &[(!also || steady, Lock), (same, WorkerPool)])
            }
            Throughput => with(vec![Throughput, RateLimit], &[(!also || steady, Lock)]),
            Lock => with(vec![Lock, RateLimit], &[(!also, Throughput), (knobs.share > 0.85, WorkerPool)]),
            InnerPool => with(vec![InnerPool], &[(!also || knobs.share > 0.85, WorkerPool)]),
            ColdStart | WarmPool => vec![ColdStart, WarmPool],
            UnevenBackends => {
                let spread = case.service.spread();
                with(vec![UnevenBackends], &[(spread > 0.25, None)])
            }
            ConcurrencyCap | QueueDeadline if !refused => with(vec![WorkerPool], &[(!also, InnerPool)]),
            RateCap if !refused => vec![None],
            RandomFailures if !refused => vec![None],
            // Hardly any growth, or one that is over before the first answer, is a pool afterwards.
            Growth
                if knobs.delay < 0.5 * mean
                    || knobs.to.zip(knobs.k).is_some_and(|(to, from)| 2 * to <= 3 * from) =>
            {
                vec![Growth, WorkerPool]
            }
            Pause if knobs.delay < 0.3 * mean => vec![Pause, None],
            name => vec![name],
        },
    };
    let unlimited = match subject {
        Subject::Named(None | SingleFlight | UnevenBackends | RandomFailures | Pause | Batching) => false,
        Subject::Named(ConcurrencyCap | QueueDeadline | RateCap) => !refused && !shows,
        Subject::Named(WarmPool) => knobs.k.is_some_and(|k| k >= largest),
        _ => !shows,
    };
    with(own, &[(unlimited, None)])
}
