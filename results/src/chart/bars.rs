//! The bars of a chart: one for each request, or for each group of requests.

use judge::stats;

use super::span::Span;
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
    let mut requests: Vec<&Request> = burst.requests.iter().collect();
    let group_size = requests.len().div_ceil(max_bars.max(1)).max(1);
    let is_failed = |request: &&Request| group_size > 1 && !is_good(request);
    requests.sort_by(|a, b| {
        let ends = |request: &&Request| Span::new(request).done_us;
        is_failed(a).cmp(&is_failed(b)).then(ends(a).total_cmp(&ends(b))).then(a.i.cmp(&b.i))
    });
    requests
        .chunk_by(|a, b| is_good(a) == is_good(b))
        .flat_map(|alike| alike.chunks(group_size))
        .map(bar)
        .collect()
}

/// Whether a request has a good answer.
fn is_good(request: &Request) -> bool {
    let is_good = |status: u16| request.good.unwrap_or((200..300).contains(&status));
    request.error.is_none() && request.status.is_some_and(is_good)
}

fn bar(requests: &[&Request]) -> Bar {
    let spans: Vec<Span> = requests.iter().map(|request| Span::new(request)).collect();
    let median_of = |values: Vec<f64>| stats::median(values).unwrap_or(0.0);
    let median = |of: fn(&Span) -> f64| median_of(spans.iter().map(of).collect());
    let stays: Option<Vec<(f64, f64)>> = spans.iter().map(|span| span.handler_us).collect();
    let handler_us = stays.map(|stays| {
        let (entered, left): (Vec<f64>, Vec<f64>) = stays.into_iter().unzip();
        (median_of(entered), median_of(left))
    });
    let first = requests.first();
    let instance = first.and_then(|request| request.instance.clone());
    let ends = || spans.iter().map(|span| span.done_us);
    Bar {
        i: first.map_or(0, |request| request.i),
        count: requests.len(),
        sent_us: median(|span| span.sent_us),
        first_byte_us: median(|span| span.first_byte_us),
        done_us: median(|span| span.done_us),
        done_range_us: (ends().fold(f64::INFINITY, f64::min), ends().fold(0.0, f64::max)),
        handler_us,
        instance: instance.filter(|name| requests.iter().all(|other| other.instance.as_ref() == Some(name))),
        is_good: first.is_some_and(|request| is_good(request)),
        outcome: first.map_or(String::new(), |request| outcome(request)),
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
