//! A lock, or a pool inside the handler: a share of the service time is spent in it.
//!
//! Requests come to the lock when the rest of their service is done, so it is a pool whose services are scaled by the
//! share.

use super::{Explanation, Fitter, Model};
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR_LOCK: f64 = 0.4;
const PRIOR_INNER_POOL: f64 = 0.15;
const PRIOR_THROUGHPUT: f64 = 0.25;
/// A larger share is a pool around the whole handler.
const MOST: f64 = 0.93;
/// A smaller share, with gaps of their own, is the server's own cost for each request.
const OWN_COST: f64 = 0.2;
const LEAST: f64 = 2e-4;

pub(super) struct Lock;

impl Model for Lock {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let Some(gap) = burst.mean_gap(1) else { return Vec::new() };
        let share = gap / burst.alone;
        let mut explanations = Vec::new();
        if (LEAST..MOST).contains(&share) {
            explanations.extend(lock(fitter, 1, share));
            let most = ((MOST / share) as usize).min(burst.offered / 2);
            let mut holders: Vec<usize> = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 40].to_vec();
            holders.push(burst.at_first());
            // Fewer requests show no waves.
            holders.retain(|holders| (2..=most).contains(holders) && burst.offered >= 3 * holders);
            holders.sort_unstable();
            holders.dedup();
            // Only the most promising sizes are fitted.
            let holders = Fitter::most_likely(holders, 3, |holders, least| {
                let share = (share * *holders as f64).min(0.95 * MOST);
                let service = fitter.service();
                let hypothesis = hypothesis(fitter, *holders, service, share, service.sigma);
                fitter.log_above(&hypothesis, &service, least)
            });
            explanations.extend(holders.into_iter().filter_map(|holders| lock(fitter, holders, share)));
        }
        if (LEAST..OWN_COST).contains(&share) {
            explanations.extend(throughput(fitter, share));
        }
        explanations
    }
}

fn hypothesis(fitter: &Fitter, holders: usize, service: ServiceTime, share: f64, spread: f64) -> Hypothesis {
    let rest = (1.0 - share) * service.median();
    Hypothesis {
        ready: fitter.burst.observed.arrivals.iter().map(|at| at + rest).collect(),
        capacity: Capacity::Workers(holders),
        speed: Speed::Full,
        service: ServiceTime { sigma: spread, ..service.scaled(share) },
    }
}

/// Whether services vary no more than requests alone do: the part outside the lock is taken to be the same for all.
fn is_even(fitter: &Fitter, service: &ServiceTime) -> bool {
    service.sigma <= (2.0 * fitter.burst.spread).max(0.25)
}

fn lock(fitter: &Fitter, holders: usize, gap_share: f64) -> Option<Explanation> {
    let burst = fitter.burst;
    let share = (gap_share * holders as f64).min(0.95 * MOST);
    let evaluations = if holders == 1 { 40 } else { 24 };
    let fitted = fitter.fit(fitter.service(), &[share.ln()], &[0.03], evaluations, |service, at| {
        let share = at[0].exp();
        (share < MOST && is_even(fitter, &service))
            .then(|| hypothesis(fitter, holders, service, share, service.sigma))
    })?;
    let share = fitted.parameters[0].exp();
    let held = share * fitted.service.mean();
    let (name, prior) = match holders {
        1 => (Name::Lock, PRIOR_LOCK.ln()),
        _ => (Name::InnerPool, PRIOR_INNER_POOL.ln() - (holders as f64).ln()),
    };
    let workers = (holders > 1).then_some(holders as f64);
    let per_second = Some(holders as f64 / held);
    let parameters = Parameters { share: Some(share), workers, per_second, ..Parameters::default() };
    let (score, kind) = ((fitted.log, prior + fitter.penalty(1)), burst.kind(&fitted.service));
    Some(Explanation { k: workers, ..Explanation::new(name, parameters, score, kind, fitted.hypothesis) })
}

/// The server's own cost for each request: its gaps have a spread of their own.
fn throughput(fitter: &Fitter, share: f64) -> Option<Explanation> {
    let burst = fitter.burst;
    let start = [share.ln(), 0.3_f64.ln()];
    let fitted = fitter.fit(fitter.service(), &start, &[0.05, 0.5], 40, |service, at| {
        let (share, spread) = (at[0].exp(), at[1].exp());
        (share < OWN_COST && (0.02..1.5).contains(&spread) && is_even(fitter, &service))
            .then(|| hypothesis(fitter, 1, service, share, spread))
    })?;
    let held = fitted.hypothesis.service.mean();
    let parameters = Parameters { per_second: Some(1.0 / held), ..Parameters::default() };
    let prior = PRIOR_THROUGHPUT.ln() + fitter.penalty(2);
    let kind = burst.kind(&fitted.service);
    Some(Explanation::new(Name::Throughput, parameters, (fitted.log, prior), kind, fitted.hypothesis))
}
