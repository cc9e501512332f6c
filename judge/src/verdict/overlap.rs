//! What the replies say of how many were inside a handler at once.

use std::collections::BTreeMap;

use crate::trace::{Evidence, Trace};

/// The last of so many parts of a stay isn't counted.
const LEAVING: u64 = 20;

/// How many requests were inside handlers together, by the replies.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// The most at once, in all instances.
    pub all: usize,
    /// The most at once in any one instance.
    pub in_one: usize,
    /// How long a request was inside, in milliseconds: the median.
    pub inside_ms: f64,
}

impl Overlap {
    /// `None` where some replies don't say, or instances need not share a clock.
    pub fn of(trace: &Trace) -> Option<Self> {
        let replies: Vec<&Evidence> =
            trace.answered().map(|row| row.evidence.as_ref()).collect::<Option<_>>()?;
        if !trace.shared_clock
            || replies.is_empty()
            || replies.iter().any(|reply| reply.left_ns < reply.entered_ns)
        {
            return None;
        }
        let mut instances: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
        for reply in &replies {
            instances.entry(&reply.instance).or_default().push(stay(reply));
        }
        let mut inside: Vec<f64> =
            replies.iter().map(|reply| (reply.left_ns - reply.entered_ns) as f64 / 1e6).collect();
        inside.sort_by(f64::total_cmp);
        Some(Self {
            all: largest(instances.values().flatten()),
            in_one: instances.values().map(|stays| largest(stays.iter())).max()?,
            inside_ms: crate::stats::percentile(&inside, 0.5)?,
        })
    }
}

/// The most that were inside at once, of replies that share a clock.
pub fn most_inside(replies: &[&Evidence]) -> usize {
    let stays: Vec<_> = replies.iter().map(|reply| stay(reply)).collect();
    largest(stays.iter())
}

/// When a request was inside. Whoever leaves as another comes did not share the time.
fn stay(reply: &Evidence) -> (u64, u64) {
    let inside = reply.left_ns.saturating_sub(reply.entered_ns);
    (reply.entered_ns, reply.entered_ns + (inside - inside / LEAVING))
}

/// The most of these stays that cover one moment. One that ends when another begins doesn't meet it.
fn largest<'a>(stays: impl Iterator<Item = &'a (u64, u64)>) -> usize {
    let mut steps: Vec<(u64, isize)> =
        stays.flat_map(|(entered, left)| [(*entered, 1), (*left, -1)]).collect();
    steps.sort_unstable();
    let inside = steps.iter().scan(0, |inside, (_, step)| {
        *inside += step;
        Some(*inside)
    });
    inside.max().map_or(0, |most| most.max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_are_inside_at_once() {
        assert_eq!(largest([].iter()), 0);
        assert_eq!(largest([(0, 10), (10, 20)].iter()), 1);
        assert_eq!(largest([(0, 10), (5, 20), (9, 12), (12, 30)].iter()), 3);
    }
}
