//! The estimate of the capacity: a number of requests at a time, or a rate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bursts::Bursts;
use super::consensus::Consensus;
use super::end::End;
use super::larger::Larger;
use super::observation::Observation;
use super::sizes::{Size, Sizes};

/// The factor by which the capacity of a shared resource is uncertain: it rests on the service time, which is accurate to
/// a quarter.
const UNCERTAINTY: f64 = 1.25;

/// What happens to requests beyond the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// They wait until another request is done.
    Wait,
    /// The server refuses them.
    Refused,
    /// They slow all others: requests share a resource, such as processors.
    Slow,
}

/// The number of requests at a time, with its interval; or a rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) k: Option<f64>,
    pub(super) low: f64,
    pub(super) high: Option<f64>,
    pub(super) beyond: Option<Beyond>,
    /// Answers a second, and the number of requests that are let through at once.
    pub(super) rate: Option<(f64, f64)>,
    pub(super) is_open: bool,
}

impl Estimate {
    const fn at_least(low: f64) -> Self {
        Self { k: None, low, high: None, beyond: None, rate: None, is_open: false }
    }

    const fn open(low: f64) -> Self {
        Self { is_open: true, ..Self::at_least(low) }
    }

    /// Returns the estimate that the bursts give, after a search that ended for this reason.
    pub(super) fn of(bursts: &Bursts, ended: End) -> Self {
        let sizes = &bursts.sizes;
        if bursts.slower_than_a_queue().is_some() {
            return Self::open(1.0);
        }
        if bursts.is_judged(ended) {
            return by_judge(bursts, ended);
        }
        match sizes.too_large().next() {
            None => Self::at_least(sizes.taken() as f64),
            Some(_) if sizes.is_shared() => shared_resource(sizes, ended),
            Some(_) => match bursts.fresh_took_more() {
                Some(fresh) => over_connections(&fixed_limit(sizes), fresh),
                None => fixed_limit(sizes),
            },
        }
    }
}

/// Estimates by what the judge says of the larger bursts.
fn by_judge(bursts: &Bursts, ended: End) -> Estimate {
    let larger = Larger::of(bursts);
    let taken = larger.taken().unwrap_or(1) as f64;
    let is_shared = !bursts.is_varied() && bursts.sizes.is_shared();
    match larger.consensus() {
        Consensus::Rate { per_second, burst } => {
            let rate = Some((per_second, burst));
            Estimate { beyond: Some(Beyond::Wait), rate, ..Estimate::at_least(1.0) }
        }
        Consensus::Parallel => Estimate::at_least(taken),
        _ if is_shared && bursts.pause_took_more().is_none() => shared_resource(&bursts.sizes, ended),
        Consensus::AtATime { k, low, high } => {
            Estimate { k: Some(k), high: Some(high), beyond: Some(Beyond::Wait), ..Estimate::at_least(low) }
        }
        Consensus::Refused { k } => {
            Estimate { k: Some(k), high: Some(k), beyond: Some(Beyond::Refused), ..Estimate::at_least(k) }
        }
        Consensus::Open | Consensus::Near if ended == End::Found => Estimate::open(taken),
        Consensus::Open | Consensus::Near => Estimate::at_least(taken),
    }
}

/// Estimates the capacity of processes to which connections stick: it depends on how the connections spread.
fn over_connections(kept: &Estimate, fresh: &Observation) -> Estimate {
    let high = (!fresh.is_all_at_once()).then_some(fresh.at_once as f64);
    Estimate { k: None, high, ..*kept }
}

/// Estimates the capacity of a shared resource: the effective concurrency E rises to it, and stays there.
fn shared_resource(sizes: &Sizes, ended: End) -> Estimate {
    let most = sizes.iter().map(|(_, size)| size.effective()).fold(1.0, f64::max);
    let is_known = ended == End::Found;
    Estimate {
        k: is_known.then_some(most),
        high: is_known.then_some(most * UNCERTAINTY),
        beyond: Some(Beyond::Slow),
        ..Estimate::at_least((most / UNCERTAINTY).max(1.0))
    }
}

/// Estimates a fixed limit N: N requests take one service time, N + 1 take two.
fn fixed_limit(sizes: &Sizes) -> Estimate {
    let taken = sizes.taken();
    let refused = |size: &Size| size.median(|burst| burst.refused as f64);
    let (first, refused) = sizes.too_large().next().map_or((usize::MAX, 0.0), |(n, size)| (n, refused(size)));
    let beyond = Some(if refused > 0.0 { Beyond::Refused } else { Beyond::Wait });
    let ever_taken = || sizes.iter().filter(|(_, size)| size.all_at_once() > 0);
    let always_taken = ever_taken().filter(|(n, size)| *n <= taken && size.exceeded() == 0);
    let low = always_taken.map(|(n, _)| n).max().unwrap_or(1);
    if first > taken + 1 {
        return Estimate { high: Some((first - 1) as f64), beyond, ..Estimate::at_least(low as f64) };
    }
    // The upper bound: the largest burst that was ever taken, and the first answers of the largest burst of all.
    let once = ever_taken().map(|(n, _)| n).max().unwrap_or(taken);
    let largest = sizes.too_large().next_back().map_or(0, |(_, size)| size.at_once());
    let at_once = if largest == 0 { taken } else { largest };
    Estimate {
        k: Some(taken as f64),
        high: Some(once.max(at_once) as f64),
        beyond,
        ..Estimate::at_least(low.min(at_once) as f64)
    }
}
