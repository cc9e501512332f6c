//! An estimate from a load generator's summary, which has no single requests.
//!
//! Let X be the throughput and s the service time. By the utilization law, X s requests were in service at a time on average
//! (Denning and Buzen, "The Operational Analysis of Queueing Network Models", 1978), whatever the order and the distribution.
//! A server that has always work, and takes k at a time, has X s = k. The throughput times the mean latency, in contrast, is
//! only the number of requests in flight (Little's law): the load, not the server.

mod figures;
mod pool;
mod summary;
mod why;

use crate::judgement::Confidence;
use crate::kind::Kind;
use crate::verdict::Verdict;

use figures::Figures;
pub use summary::{Quantile, Summary};

/// Estimates how the requests of a summary were served. The confidence is low: many servers have such a summary.
///
/// With a known service time, the throughput decides. Without it, the fastest answer stands in for it, as a lower bound, provided
/// that it waited for no other. That gives a verdict only if the distribution is that of a pool with this service time; otherwise
/// slow answers may have taken longer by themselves. If all answers took equally long, the service time is unknown, and so is the
/// kind.
pub fn estimate(summary: &Summary) -> Verdict {
    let (served, reasons) = match Figures::of(summary).and_then(|figures| Served::of(summary, figures)) {
        Ok(served) => (Some(served), Vec::new()),
        Err(reason) => (None, vec![reason]),
    };
    let is_refused = summary.refused > 0 && summary.answered > 0;
    let kind = match served {
        _ if is_refused => Kind::Refused,
        Some(served) => served.kind,
        None => Kind::Inconclusive,
    };
    let range = served.and_then(|served| served.range).filter(|_| !is_refused);
    Verdict {
        at_a_time: range.map(|range| range.k),
        at_a_time_low: range.map(|range| range.low),
        at_a_time_high: range.map(|range| range.high),
        confidence: Confidence::Low,
        why: why::why(summary, served.as_ref(), &reasons),
        reasons,
        ..Verdict::of(kind)
    }
}

/// How the answered requests were served.
#[derive(Debug, Clone, Copy)]
struct Served {
    kind: Kind,
    range: Option<Range>,
    figures: Figures,
    /// Whether the distribution of the times is that of a pool of so many workers.
    is_pool: bool,
}

/// A number of requests at a time, with its interval.
#[derive(Debug, Clone, Copy)]
struct Range {
    k: f64,
    low: f64,
    high: f64,
}

impl Served {
    /// Returns how the requests were served, or the reason why the summary doesn't tell.
    fn of(summary: &Summary, figures: Figures) -> Result<Self, String> {
        figures.check(summary)?;
        let kind = figures.kind()?;
        let pool = figures.pool(summary);
        if figures.is_guessed && kind != Kind::Parallel && pool.is_none() {
            return Err(why::waited_or_slow(&figures));
        }
        Ok(Self { kind, range: figures.range(kind, pool), figures, is_pool: pool.is_some() })
    }
}

#[cfg(test)]
mod tests;
