//! A cap on the rate: a token bucket, which lets some requests pass at once and then so many per second, or a window,
//! which lets so many pass in any period. More are refused at once.

use super::concurrency_cap::limited;
use super::evidence::{mean_of_logs, penalty, sum_of_logs};
use super::explanation::Explanation;
use super::load::{Group, Load};
use super::order::first_come;
use super::slots::{Slots, ln_taken};
use super::waits::Waits;
use crate::mechanism::{Name, Parameters};
use crate::stats;

/// The rates that are tried, as factors of the rate by the acceptances.
const FACTORS: [f64; 7] = [0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25];
/// The accuracy of the number of tokens: requests pass a little before or after their time.
const TOKENS: f64 = 0.15;
/// A rate that the burst doesn't show: one request in so many times the burst's length.
const UNSEEN: f64 = 10.0;

/// A token bucket.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    per_us: f64,
    burst: usize,
}

pub(super) fn explain(load: &Load, waits: &Waits) -> Explanation {
    let (bucket_ln, bucket) = bucket(load);
    let (window_ln, limit, period_us) = window(load);
    let shows_rate = refilled(load) > 1;
    let (per_us, burst) =
        if window_ln > bucket_ln { (limit as f64 / period_us, limit) } else { (bucket.per_us, bucket.burst) };
    let parameters = Parameters {
        // A single burst that is over before the bucket refills shows no rate.
        per_second: shows_rate.then_some(per_us * 1e6),
        burst: Some(burst as f64),
        ..Parameters::default()
    };
    let which = sum_of_logs(&[0.7_f64.ln() + bucket_ln, 0.3_f64.ln() + window_ln]);
    Explanation {
        name: Name::RateCap,
        parameters,
        evidence: which + waits.ln_at_once()
            - (load.connections.max(1) as f64).ln()
            - penalty(usize::from(shows_rate), load.count()),
        prior: 0.25,
    }
}

/// Returns the number of requests that were taken after the first refusal.
fn refilled(load: &Load) -> usize {
    let refusal =
        load.requests.iter().find(|request| !request.taken).map_or(f64::INFINITY, |request| request.sent);
    // Requests of one moment may have arrived before the refused one.
    let moment = refusal + load.service_us / 10.0;
    load.requests.iter().filter(|request| request.taken && request.sent > moment).count()
}

/// Returns the best token bucket, with the logarithm of the probability of which requests were taken.
fn bucket(load: &Load) -> (f64, Bucket) {
    let (mut best, mut all) = ((f64::NEG_INFINITY, Bucket { per_us: 0.0, burst: 1 }), Vec::new());
    for groups in load.groupings() {
        let order = first_come(load, &groups, |_| true);
        let mut fit = (f64::NEG_INFINITY, best.1);
        for bucket in buckets(load, &groups) {
            let ln = order + bucket.ln_taken(&groups);
            fit = if ln > fit.0 { (ln, bucket) } else { fit };
        }
        all.push(fit.0);
        best = if fit.0 > best.0 { fit } else { best };
    }
    (mean_of_logs(&all), best.1)
}

/// Returns buckets near the line of the acceptances: while requests are refused, the number of acceptances is the
/// bucket's size plus the rate times the time.
fn buckets(load: &Load, groups: &[Group]) -> Vec<Bucket> {
    let full = groups.iter().filter(|group| group.has_refusal());
    let points: Vec<(f64, f64)> = full
        .map(|group| (group.start - groups[0].start, (group.taken_before + group.taken) as f64))
        .collect();
    let length = load.requests.iter().map(|request| request.done).fold(0.0, f64::max) - groups[0].start;
    let unseen = 1.0 / (UNSEEN * length.max(1.0));
    let first = points.first().copied().unwrap_or_default();
    let slope = slope(&points).filter(|slope| *slope > unseen);
    let rates = FACTORS.iter().filter_map(|factor| slope.map(|slope| slope * factor)).chain([unseen]);
    rates
        .flat_map(|per_us| {
            let size = (first.1 - per_us * first.0).max(1.0);
            [size.floor() - 1.0, size.floor(), size.floor() + 1.0]
                .into_iter()
                .filter(|size| *size >= 1.0)
                .map(move |size| Bucket { per_us, burst: size as usize })
        })
        .collect()
}

/// Returns the slope of the least squares line; `None` for fewer than two times.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let products: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    (squares > 0.0).then(|| products / squares)
}

impl Bucket {
    fn ln_taken(self, groups: &[Group]) -> f64 {
        let (mut tokens, mut at) = (self.burst as f64, groups[0].start);
        let mut ln = 0.0;
        for group in groups {
            tokens = (tokens + self.per_us * (group.start - at)).min(self.burst as f64);
            let refill = self.per_us * (group.end - group.start);
            let (least, most) = (tokens - TOKENS, tokens + refill + TOKENS);
            ln += ln_taken(group, least.max(0.0) as usize, most.max(0.0) as usize);
            // What was taken or refused shows the number of tokens, so an inaccurate rate adds up to no error.
            tokens = (tokens - group.taken as f64).max(0.0);
            if group.has_refusal() {
                tokens = tokens.min(1.0 - TOKENS);
            }
            at = group.start;
        }
        ln
    }
}

/// Returns the best limit on the number in any period: its logarithm, the number, and the period. Each request that is
/// taken holds a place for the period.
fn window(load: &Load) -> (f64, usize, f64) {
    let periods = [Some(1e6), Some(60e6), recurrence(load)].into_iter().flatten();
    let fits = periods.map(|period| {
        let slots = Slots::new(load, |request| request.sent + period);
        let (ln, limit) = limited(load, &slots, load.taken);
        (ln, limit, period)
    });
    fits.fold((f64::NEG_INFINITY, 1, 1e6), |best, fit| if fit.0 > best.0 { fit } else { best })
}

/// Returns the median time between acceptances that follow refusals, if it is plain.
fn recurrence(load: &Load) -> Option<f64> {
    let again = load.requests.windows(2).filter(|pair| !pair[0].taken && pair[1].taken);
    let times: Vec<f64> = again.map(|pair| pair[1].sent).collect();
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    stats::median(gaps).filter(|gap| *gap > load.service_us / 10.0)
}
