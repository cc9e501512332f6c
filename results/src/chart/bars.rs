//! The bars of a chart: one for each request, or for each group of requests.

use judge::stats;

use super::span::{Span, spans};
use crate::document::{Burst, Request};

/// A request, or a group of requests that ended one after the other. Times are in microseconds from the burst's start;
/// those of a group are medians.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The number of the first request.
    pub i: usize,
    /// The number of requests.
    pub count: usize,
    /// The send of the first byte.
    pub sent_us: f64,
    /// The arrival of the answer's first byte; the end if there was none.
    pub first_byte_us: f64,
    /// The end.
    pub done_us: f64,
    /// The earliest and the latest end.
    pub done_range_us: (f64, f64),
    /// The entry into the handler and the exit; `None` if unknown for one of the requests.
    pub handler_us: Option<(f64, f64)>,
    /// The start and the end of the service, inferred from the mechanism; `None` if they are known, or can't be inferred.
    pub inferred_us: Option<(f64, f64)>,
    /// The instance; `None` if unknown, or not the same for all requests.
    pub instance: Option<String>,
    /// Whether the requests ended well: all of them, or none.
    pub is_good: bool,
    /// The status or the error of the first request.
    pub outcome: String,
}

/// Returns at most about `max_bars` bars, in the order of their requests' ends. If requests are grouped, failed requests
/// come last.
pub fn bars(burst: &Burst, max_bars: usize) -> Vec<Bar> {
    let mut requests: Vec<(&Request, Span)> = burst.requests.iter().zip(spans(burst)).collect();
    let group_size = requests.len().div_ceil(max_bars.max(1)).max(1);
    let is_failed = |span: &Span| group_size > 1 && !span.is_good;
    requests.sort_by(|(a, first), (b, second)| {
        is_failed(first)
            .cmp(&is_failed(second))
            .then(first.done_us.total_cmp(&second.done_us))
            .then(a.i.cmp(&b.i))
    });
    requests
        .chunk_by(|(_, a), (_, b)| a.is_good == b.is_good)
        .flat_map(|alike| alike.chunks(group_size))
        .map(bar)
        .collect()
}

fn bar(requests: &[(&Request, Span)]) -> Bar {
    let spans = || requests.iter().map(|(_, span)| span);
    let median_of = |values: Vec<f64>| stats::median(values).unwrap_or(0.0);
    let median = |of: fn(&Span) -> f64| median_of(spans().map(of).collect());
    let median_stay = |of: fn(&Span) -> Option<(f64, f64)>| {
        let stays: Vec<(f64, f64)> = spans().map(of).collect::<Option<_>>()?;
        let (starts, ends): (Vec<f64>, Vec<f64>) = stays.into_iter().unzip();
        Some((median_of(starts), median_of(ends)))
    };
    let first = requests.first().map(|(request, _)| *request);
    let instance = first.and_then(|request| request.instance.clone());
    let ends = || spans().map(|span| span.done_us);
    Bar {
        i: first.map_or(0, |request| request.i),
        count: requests.len(),
        sent_us: median(|span| span.sent_us),
        first_byte_us: median(|span| span.first_byte_us),
        done_us: median(|span| span.done_us),
        done_range_us: (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max)),
        handler_us: median_stay(|span| span.handler_us),
        inferred_us: median_stay(|span| span.inferred_us),
        instance: instance
            .filter(|name| requests.iter().all(|(other, _)| other.instance.as_ref() == Some(name))),
        is_good: spans().next().is_some_and(|span| span.is_good),
        outcome: first.map_or(String::new(), outcome),
    }
}

fn outcome(request: &Request) -> String {
    match (&request.error, request.status) {
        (Some(error), _) => error.clone(),
        (None, Some(status)) => status.to_string(),
        (None, None) => "no answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    #[test]
    fn each_request_has_a_bar_in_the_order_of_their_ends() {
        let bars = bars(&sample::waves(), 120);
        assert_eq!(bars.iter().map(|bar| bar.i).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert_eq!((bars[4].sent_us, bars[4].done_us, bars[4].count), (4.0, 2e6, 1));
        assert!(bars[8].is_good && !bars[9].is_good);
        assert_eq!(bars[9].outcome, "503");
    }

    #[test]
    fn a_bar_has_an_instance_if_all_its_requests_have_the_same() {
        let burst = sample::burst("http://a/", "a", sample::rows(41, 4, 4), sample::waves().verdict);
        let grouped = bars(&burst, 11);
        assert_eq!(grouped[0].instance.as_deref(), Some("0000000000000000"));
        assert_eq!(grouped.len(), 11, "the failed request has its own bar");
        assert_eq!(bars(&burst, 5)[0].instance, None);
    }

    proptest! {
        #[test]
        fn no_request_is_lost_and_times_are_in_order(
            times in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), 100_u16..600), 0..300),
            max_bars in 0_usize..130,
        ) {
            let mut burst = sample::waves();
            let template = burst.requests[0].clone();
            burst.requests = times.iter().enumerate().map(|(i, (sent, first, done, entered, status))| Request {
                i, sent_us: Some(*sent), first_byte_us: Some(*first), done_us: *done, status: Some(*status),
                entered_us: Some(*entered), left_us: Some(*first), ..template.clone()
            }).collect();
            let bars = bars(&burst, max_bars);
            prop_assert_eq!(bars.iter().map(|bar| bar.count).sum::<usize>(), times.len());
            prop_assert!(bars.len() <= max_bars.max(1) + 1);
            for bar in bars {
                prop_assert!(0.0 <= bar.sent_us && bar.sent_us <= bar.first_byte_us && bar.first_byte_us <= bar.done_us);
                let (entered, left) = bar.handler_us.unwrap();
                prop_assert!(entered <= left && left <= bar.done_us);
                prop_assert!(bar.done_us <= crate::chart::end_us(&burst));
            }
        }
    }
}
