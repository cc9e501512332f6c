//! How sure an answer is, and why.

use std::collections::BTreeMap;

use super::bursts::Bursts;
use super::consensus::Consensus;
use super::end::End;
use super::estimate::Estimate;
use super::firing::Purpose;
use super::larger::Larger;
use super::observation::Observation;
use crate::mechanism::Mechanism;
use crate::trace::Baseline;
use crate::units::{self, time};
use crate::verdict::Confidence::{self, High, Low, Medium};

/// The number of bursts in a list.
const LISTED: usize = 4;

/// What speaks against an answer, and the highest confidence that it leaves.
type Reason = (Confidence, String);

/// Returns how sure the estimate is, and why it isn't sure.
pub(super) fn of(
    bursts: &Bursts,
    baseline: &Baseline,
    estimate: &Estimate,
    ended: End,
) -> (Confidence, Vec<String>) {
    let mut reasons: Vec<Reason> = Vec::new();
    reasons.extend(slower_than_a_queue(bursts));
    reasons.extend(varied(bursts, baseline));
    reasons.extend(paused(bursts, estimate));
    reasons.extend(fresh(bursts));
    reasons.extend(refused_by_size(bursts, estimate));
    reasons.extend(judged(bursts, estimate, ended));
    reasons.extend(disagreeing(bursts));
    let mut confidence = reasons.iter().map(|(limit, _)| *limit).min().unwrap_or(High);
    if !matches!(ended, End::Found | End::Limit | End::Descriptors) {
        let shows_something = estimate.low > 1.0 && !estimate.is_open;
        confidence = confidence.min(if shows_something { Medium } else { Low });
    }
    if estimate.is_open {
        confidence = Low;
    }
    (confidence, reasons.into_iter().map(|(_, reason)| reason).collect())
}

fn slower_than_a_queue(bursts: &Bursts) -> Option<Reason> {
    let (n, times) = bursts.slower_than_a_queue()?;
    let slower = format!(
        "{n} requests at once took {} times as long as one alone; one after the other, they would take only {n} times as \
         long: they waited for something besides each other",
        units::two_digits(times),
    );
    let larger = times_by_size(bursts).into_iter().filter(|(size, _)| *size > n);
    let larger: Vec<String> = larger.map(|(n, ms)| format!("{n} requests took {}", time(ms))).collect();
    let larger = if larger.is_empty() { String::new() } else { format!("; {}", larger.join(", ")) };
    Some((Low, slower + &larger))
}

/// Returns the median time of the bursts of each size.
fn times_by_size(bursts: &Bursts) -> BTreeMap<usize, f64> {
    let sizes = super::sizes::Sizes::with_larger(bursts.observed, bursts.repeat);
    sizes.iter().map(|(n, size)| (n, size.median(|burst| burst.makespan_ms))).collect()
}

fn varied(bursts: &Bursts, baseline: &Baseline) -> Option<Reason> {
    if bursts.spread.is_none() {
        return Some((Medium, "how much the time of a request alone varies is not known".to_owned()));
    }
    let times = || baseline.times_ms();
    let (least, most) = (times().reduce(f64::min)?, times().reduce(f64::max)?);
    if bursts.is_varied() {
        let took = format!("requests alone took {} to {}", time(least), time(most));
        return Some((Medium, format!("{took}, so that a late answer doesn't show that a request waited")));
    }
    let is_quick = |burst: &&Observation| burst.n > 1 && burst.is_trusted() && burst.has_quick_answers();
    let quick = bursts.observed.iter().find(is_quick)?;
    let first = time(quick.first_ms?);
    let text = format!(
        "the first of {} answers came in {first}, and one alone in {}",
        quick.n,
        time(quick.service_ms)
    );
    Some((Medium, text))
}

fn paused(bursts: &Bursts, estimate: &Estimate) -> Option<Reason> {
    if estimate.rate.is_some() {
        return None;
    }
    let after = |burst: &Observation| {
        let count = format!("after a pause of {}, {} of {}", time(burst.pause_ms), burst.at_once, burst.n);
        format!("{count} requests were answered at once")
    };
    if let Some(burst) = bursts.pause_took_more() {
        let most = bursts.most_at_once();
        return Some((Low, format!("{}, and without it at most {most}: something refills", after(burst))));
    }
    let burst = bursts.pause_took_fewer()?;
    let taken = bursts.sizes.taken();
    Some((Medium, format!("{}, and without it {taken}", after(burst))))
}

fn fresh(bursts: &Bursts) -> Option<Reason> {
    let burst = bursts.fresh_took_more()?;
    let opened = bursts.sizes.too_large().map(|(_, size)| size.at_once()).max().unwrap_or(0);
    Some((
        Low,
        format!(
            "over connections that were opened one after the other, as the requests were sent, {} of {} requests were \
             answered at once, and at most {opened} over connections that were opened before: connections stay with the \
             process that accepted them",
            burst.at_once, burst.n
        ),
    ))
}

/// Says how many requests were refused if that doesn't depend on the size as a limit on concurrent requests would.
fn refused_by_size(bursts: &Bursts, estimate: &Estimate) -> Option<Reason> {
    let refused: Vec<&Observation> = bursts.observed.iter().filter(|burst| burst.refused > 0).collect();
    if refused.is_empty() || !bursts.needs_larger() || estimate.k.is_some() {
        return None;
    }
    let ordinary =
        |burst: &&Observation| matches!(burst.purpose, Purpose::Search | Purpose::Judge) && burst.n > 1;
    let last: Vec<&Observation> = bursts.observed.iter().filter(ordinary).rev().take(LISTED).collect();
    let listed = last.iter().rev().map(|burst| {
        let pause = if burst.pause_ms > 0.0 { " after a pause" } else { "" };
        format!("{} of {}{pause}", burst.refused, burst.n)
    });
    let listed = listed.collect::<Vec<_>>().join(", ");
    let limit = if Larger::of(bursts).consensus() == Consensus::Parallel { Medium } else { Low };
    Some((
        limit,
        format!("it refused {listed} requests of the last bursts: that is no limit on requests at a time"),
    ))
}

/// Returns the mechanism that the judge names for a large burst of which it says the same as the estimate.
pub(super) fn mechanism(bursts: &Bursts, estimate: &Estimate) -> Option<Mechanism> {
    let larger = Larger::of(bursts);
    let is_one = |burst: &&Observation| match (Consensus::of(burst), estimate.k) {
        _ if estimate.is_open => false,
        (Consensus::Rate { .. }, _) => estimate.rate.is_some(),
        _ if estimate.rate.is_some() => false,
        (Consensus::AtATime { low, high, .. }, Some(k)) => low - 0.5 <= k && k <= high + 0.5,
        (Consensus::Refused { k }, Some(known)) => k == known,
        (Consensus::Parallel, None) => burst.n as f64 >= estimate.low,
        _ => false,
    };
    // After a pause, a rate lets through what it can.
    let mut asked = larger.paused().into_iter().chain(larger.last());
    asked.find(is_one)?.verdict.as_ref()?.mechanism.clone()
}

/// What the judge says of the larger bursts.
fn judged(bursts: &Bursts, estimate: &Estimate, ended: End) -> Option<Reason> {
    let larger = Larger::of(bursts);
    let class =
        || mechanism(bursts, estimate).map_or_else(String::new, |one| format!(" ({})", one.class_in_words()));
    if estimate.rate.is_some() {
        let is_sure = |burst: &Observation| {
            burst.verdict.as_ref().is_some_and(|judged| judged.confidence == High)
                && matches!(Consensus::of(burst), Consensus::Rate { .. })
        };
        let is_sure = larger.last().all(is_sure);
        return (!is_sure).then(|| (Medium, format!("not all bursts show the same rate{}", class())));
    }
    if !bursts.is_judged(ended) || estimate.is_open && bursts.slower_than_a_queue().is_some() {
        return contradiction(bursts, estimate);
    }
    match larger.consensus() {
        Consensus::Open if estimate.is_open => {
            Some((Low, "the larger bursts don't tell what limits the requests".to_owned()))
        }
        Consensus::Open => Some((Low, "the larger bursts look like no known kind of server".to_owned())),
        Consensus::AtATime { .. } if !larger.is_sure() => {
            Some((Low, format!("the number follows from bursts of one size{}", class())))
        }
        Consensus::AtATime { .. } => {
            Some((Medium, format!("the number follows from larger bursts{}", class())))
        }
        Consensus::Refused { .. } => Some((Medium, "the number follows from larger bursts".to_owned())),
        Consensus::Parallel => {
            Some((Medium, format!("the bursts fit models of servers in which no request waits{}", class())))
        }
        Consensus::Rate { .. } | Consensus::Near => None,
    }
}

/// Says that the judge is sure of something else than a fixed limit.
fn contradiction(bursts: &Bursts, estimate: &Estimate) -> Option<Reason> {
    let k = estimate.k?;
    let contradicts = |burst: &&Observation| match Consensus::of(burst) {
        Consensus::AtATime { low, high, .. } => k < low - 0.5 || k > high + 0.5,
        Consensus::Parallel => burst.n as f64 > 2.0 * k,
        Consensus::Rate { .. } => true,
        Consensus::Refused { .. } | Consensus::Near | Consensus::Open => false,
    };
    let larger = bursts.sizes.too_large().flat_map(|(_, size)| size.trusted());
    let (against, all) =
        larger.fold((0, 0), |(against, all), burst| (against + usize::from(contradicts(&burst)), all + 1));
    (2 * against > all).then(|| (Low, "single bursts look like another kind of server".to_owned()))
}

/// Says that bursts of one size differ.
fn disagreeing(bursts: &Bursts) -> Option<Reason> {
    let differs =
        |n: usize| bursts.sizes.get(n).is_some_and(|size| size.all_at_once() > 0 && size.exceeded() > 0);
    let (n, size) = bursts.sizes.iter().rfind(|(n, _)| *n > 1 && differs(*n))?;
    Some((
        Medium,
        format!(
            "bursts of {n} requests differ: {} of {} were answered at once",
            size.all_at_once(),
            size.count()
        ),
    ))
}
