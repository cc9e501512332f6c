//! How many requests were in a handler at once.

use crate::stats::percentile;
use crate::trace::{Evidence, Trace};

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
        let replies: Vec<&Evidence> =
            trace.answered().map(|row| row.evidence.as_ref()).collect::<Option<_>>()?;
        if !trace.shared_clock
            || replies.is_empty()
            || replies.iter().any(|reply| reply.left_ns < reply.entered_ns)
        {
            return None;
        }
        let mut stays_ms: Vec<f64> =
            replies.iter().map(|reply| (reply.left_ns - reply.entered_ns) as f64 / 1e6).collect();
        stays_ms.sort_by(f64::total_cmp);
        Some(Self { at_once: most_at_once(&replies), stay_ms: percentile(&stays_ms, 0.5)? })
    }
}

/// Returns the largest number of requests that were in a handler at once. The replies share a clock.
pub(super) fn most_at_once(replies: &[&Evidence]) -> usize {
    let stays: Vec<_> = replies.iter().map(|reply| stay(reply)).collect();
    largest_overlap(&stays)
}

/// Returns the time that a request was in its handler, without the part in which it left.
fn stay(reply: &Evidence) -> (u64, u64) {
    let duration = reply.left_ns.saturating_sub(reply.entered_ns);
    (reply.entered_ns, reply.entered_ns + (duration - duration / LEAVING))
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
