//! A bar a request; of many, a bar a group.

use judge::stats;

use super::Span;
use crate::document::{Burst, Request};

/// One request, or several that ended one after the other. Times are microseconds from the burst's start; of
/// several requests they are medians.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// The request's number; the first's, of several.
    pub i: usize,
    /// How many requests it stands for.
    pub count: usize,
    /// When the first byte went out.
    pub sent_us: f64,
    /// When the first byte of the answer came; the end, where none came.
    pub first_byte_us: f64,
    /// When it ended.
    pub done_us: f64,
    /// The earliest and the latest end.
    pub done_range_us: (f64, f64),
    /// When it was inside the handler, where all of them say so.
    pub inside_us: Option<(f64, f64)>,
    /// The instance that served it, where all of them name the same.
    pub instance: Option<String>,
    /// Whether it ended well; all of a bar did, or none.
    pub is_good: bool,
    /// Its status or error; that of the first, of several.
    pub outcome: String,
}

/// At most about `most` bars, in the order in which their requests ended; where requests must be grouped, those that
/// failed come last.
pub fn bars(burst: &Burst, most: usize) -> Vec<Bar> {
    let mut requests: Vec<&Request> = burst.requests.iter().collect();
    let groups_of = requests.len().div_ceil(most.max(1)).max(1);
    let is_failed = |request: &&Request| groups_of > 1 && !is_good(request);
    requests.sort_by(|a, b| {
        let ends = |request: &&Request| Span::of(request).done_us;
        is_failed(a).cmp(&is_failed(b)).then(ends(a).total_cmp(&ends(b))).then(a.i.cmp(&b.i))
    });
    requests
        .chunk_by(|a, b| is_good(a) == is_good(b))
        .flat_map(|alike| alike.chunks(groups_of))
        .map(bar)
        .collect()
}

/// Whether a request counts as answered well, as far as its row says.
fn is_good(request: &Request) -> bool {
    let is_good = |status: u16| request.good.unwrap_or((200..300).contains(&status));
    request.error.is_none() && request.status.is_some_and(is_good)
}

fn bar(requests: &[&Request]) -> Bar {
    let spans: Vec<Span> = requests.iter().map(|request| Span::of(request)).collect();
    let middle = |values: Vec<f64>| stats::median(values).unwrap_or(0.0);
    let median = |of: fn(&Span) -> f64| middle(spans.iter().map(of).collect());
    let inside: Option<Vec<(f64, f64)>> = spans.iter().map(|span| span.inside_us).collect();
    let inside_us = inside.map(|inside| {
        let (entered, left): (Vec<f64>, Vec<f64>) = inside.into_iter().unzip();
        (middle(entered), middle(left))
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
        inside_us,
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
    fn a_bar_a_request_in_the_order_of_their_ends() {
        let bars = bars(&sample::waves(), 120);
        assert_eq!(bars.iter().map(|bar| bar.i).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        assert_eq!((bars[4].sent_us, bars[4].done_us, bars[4].count), (4.0, 2e6, 1));
        assert!(bars[8].is_good && !bars[9].is_good);
        assert_eq!(bars[9].outcome, "503");
    }

    #[test]
    fn an_instance_is_named_where_it_took_all_of_a_bar() {
        let burst = sample::burst("http://a/", "a", sample::rows(41, 4, 4), sample::waves().verdict);
        let grouped = bars(&burst, 11);
        assert_eq!(grouped[0].instance.as_deref(), Some("0000000000000000"));
        assert_eq!(grouped.len(), 11, "the one that failed has a bar of its own");
        assert_eq!(bars(&burst, 5)[0].instance, None);
    }

    proptest! {
        #[test]
        fn no_request_is_lost_and_times_are_in_order(
            times in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), 100_u16..600), 0..300),
            most in 0_usize..130,
        ) {
            let mut burst = sample::waves();
            let template = burst.requests[0].clone();
            burst.requests = times.iter().enumerate().map(|(i, (sent, first, done, entered, status))| Request {
                i, sent_us: Some(*sent), first_byte_us: Some(*first), done_us: *done, status: Some(*status),
                entered_us: Some(*entered), left_us: Some(*first), ..template.clone()
            }).collect();
            let bars = bars(&burst, most);
            prop_assert_eq!(bars.iter().map(|bar| bar.count).sum::<usize>(), times.len());
            prop_assert!(bars.len() <= most.max(1) + 1);
            for bar in bars {
                prop_assert!(0.0 <= bar.sent_us && bar.sent_us <= bar.first_byte_us && bar.first_byte_us <= bar.done_us);
                let (entered, left) = bar.inside_us.unwrap();
                prop_assert!(entered <= left && left <= bar.done_us);
                prop_assert!(bar.done_us <= super::super::end_us(&burst));
            }
        }
    }
}
