//! How many requests were in a handler at once.

use crate::stats::percentile;
use crate::trace::{Evidence, Stay, Trace};

/// The last part of a stay, one of this many, is ignored: a request that enters while another leaves doesn't overlap
/// with it.
const LEAVING: u64 = 20;

/// How many requests were in a handler at once, by the replies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Overlap {
    /// The largest number at once, over all instances.
    pub(crate) at_once: usize,
    /// The median time of a request in its handler, in milliseconds.
    pub(crate) stay_ms: f64,
}

impl Overlap {
    /// Returns `None` if a reply doesn't tell its times, or the clocks may differ.
    pub(crate) fn of(trace: &Trace) -> Option<Self> {
        let stays: Vec<Stay> =
            trace.answered().map(|row| row.evidence.as_ref()?.stay).collect::<Option<_>>()?;
        if !trace.shared_clock || stays.is_empty() || stays.iter().any(|stay| stay.left_ns < stay.entered_ns)
        {
            return None;
        }
        let mut stays_ms: Vec<f64> =
            stays.iter().map(|stay| (stay.left_ns - stay.entered_ns) as f64 / 1e6).collect();
        stays_ms.sort_by(f64::total_cmp);
        Some(Self { at_once: most_of(&stays), stay_ms: percentile(&stays_ms, 0.5)? })
    }
}

/// Returns the largest number of requests that were in a handler at once; `None` if a reply doesn't tell its times. The
/// replies share a clock.
pub(super) fn most_at_once(replies: &[&Evidence]) -> Option<usize> {
    let stays: Option<Vec<Stay>> = replies.iter().map(|reply| reply.stay).collect();
    stays.map(|stays| most_of(&stays))
}

fn most_of(stays: &[Stay]) -> usize {
    largest_overlap(&stays.iter().map(without_leaving).collect::<Vec<_>>())
}

/// Returns a stay without the part in which the request left.
fn without_leaving(stay: &Stay) -> (u64, u64) {
    let duration = stay.left_ns.saturating_sub(stay.entered_ns);
    (stay.entered_ns, stay.entered_ns + (duration - duration / LEAVING))
}

/// Returns the largest number of stays that cover one moment. Stays of which one ends when the other begins don't
/// overlap.
fn largest_overlap(stays: &[(u64, u64)]) -> usize {
    let mut steps: Vec<(u64, isize)> =
        stays.iter().flat_map(|(entered, left)| [(*entered, 1), (*left, -1)]).collect();
    steps.sort_unstable();
    let counts = steps.iter().scan(0, |count, (_, step)| {
        *count += step;
        Some(*count)
    });
    counts.max().map_or(0, |most| most.max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_of_overlapping_stays_is_counted() {
        assert_eq!(largest_overlap(&[]), 0);
        assert_eq!(largest_overlap(&[(0, 10), (10, 20)]), 1);
        assert_eq!(largest_overlap(&[(0, 10), (5, 20), (9, 12), (12, 30)]), 3);
    }
}
