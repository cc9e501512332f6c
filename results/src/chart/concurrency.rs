//! How many requests were under way, over time.

use super::{Span, end_us};
use crate::document::Burst;

/// The most in each of some intervals of equal length, from the burst's start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// Sent, and not ended.
    pub in_flight: Vec<usize>,
    /// Inside a handler; `None` where the replies don't say.
    pub inside: Option<Vec<usize>>,
}

/// Over so many intervals.
pub fn concurrency(burst: &Burst, intervals: usize) -> Concurrency {
    let spans: Vec<Span> = burst.requests.iter().map(Span::of).collect();
    let inside: Vec<(f64, f64)> = spans.iter().filter_map(|span| span.inside_us).collect();
    let over = |of: Vec<(f64, f64)>| most(of, end_us(burst), intervals);
    Concurrency {
        in_flight: over(spans.iter().map(|span| (span.sent_us, span.done_us)).collect()),
        inside: (!inside.is_empty()).then(|| over(inside)),
    }
}

fn most(stays: Vec<(f64, f64)>, end_us: f64, intervals: usize) -> Vec<usize> {
    let mut changes: Vec<(f64, bool)> =
        stays.iter().flat_map(|(from, to)| [(*from, true), (*to, false)]).collect();
    // One that leaves when another comes makes room for it.
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut most = vec![0; intervals];
    let mut changes = changes.into_iter().peekable();
    let mut now = 0_usize;
    for (interval, most) in most.iter_mut().enumerate() {
        let until = end_us * (interval + 1) as f64 / intervals as f64;
        *most = now;
        while let Some((_, comes)) = changes.next_if(|(at, _)| *at < until) {
            now = if comes { now + 1 } else { now.saturating_sub(1) };
            *most = now.max(*most);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    #[test]
    fn waves_go_down_by_four() {
        let concurrency = concurrency(&sample::waves(), 6);
        assert_eq!(concurrency, Concurrency { in_flight: vec![10, 10, 10, 6, 6, 2], inside: None });
    }

    #[test]
    fn four_are_inside_at_once() {
        let burst = sample::burst("http://a/", "a", sample::rows(11, 4, 1), sample::waves().verdict);
        assert_eq!(concurrency(&burst, 3).inside, Some(vec![4, 4, 2]), "the last names no instance");
    }

    proptest! {
        #[test]
        fn never_more_than_there_are(stays in prop::collection::vec((0.0..100.0, 0.0..100.0), 0..50), intervals in 1_usize..40) {
            let stays: Vec<(f64, f64)> = stays.into_iter().map(|(from, more)| (from, from + more)).collect();
            let end = stays.iter().map(|stay| stay.1).fold(0.0, f64::max);
            let most = most(stays.clone(), end, intervals);
            prop_assert!(most.iter().all(|most| *most <= stays.len()));
            prop_assert_eq!(stays.is_empty() || end == 0.0, most.iter().all(|most| *most == 0));
        }
    }
}
