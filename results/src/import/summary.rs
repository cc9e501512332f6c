//! Estimates the bursts of summaries.

use std::time::Duration;

use anyhow::Context;
use judge::estimate::estimate;
use judge::schedule::{Arrivals, Open, Schedule};
use judge::trace::{Baseline, MissingData, Trace};
use judge::verdict::{Kind, Verdict};

use super::options::Options;
use super::summed::Summed;
use super::urls::endpoint_of;
use crate::document::Burst;

/// Returns the burst of a summary. `name` stands for its URL if that is unknown.
///
/// # Errors
///
/// If the summary has more requests than `options` say that were sent.
pub fn burst(summed: Summed, options: &Options, name: &str) -> anyhow::Result<Burst> {
    let requests = summed.requests();
    options.check_number(requests).with_context(|| name.to_owned())?;
    let url = if summed.url.is_empty() { name.to_owned() } else { summed.url.clone() };
    let (mut summary, aggregate) = summed.counted(&options.good);
    if let Some((service_ms, baseline)) = Baseline::given(&options.service_ms) {
        (summary.service_ms, summary.baseline) = (Some(service_ms), baseline);
    }
    summary.connections = options.c.or(summary.connections);
    let mut verdict = estimate(&summary);
    if let Some(n) = options.n.filter(|n| *n > requests) {
        let reason = format!("only {requests} of {n} requests are in the summary");
        let why = format!("{} No verdict: {reason}.", verdict.why);
        verdict = Verdict { why, reasons: vec![reason], ..Verdict::of(Kind::Inconclusive) };
    }
    let n = options.n.unwrap_or(requests);
    let open =
        summary.per_second.map(|rate| Open { rate, ramp: Duration::ZERO, arrivals: Arrivals::Even, seed: 0 });
    let in_flight = summary.mean_ms.map(|mean| aggregate.ok as f64 / summary.duration_ms * mean);
    let connections = summary.connections.or(summary.is_sent_at_once().then_some(aggregate.ok));
    let connections = connections.or(in_flight.map(|count| count.round() as usize)).unwrap_or(1);
    let schedule = Schedule { c: connections.max(1), open, ..Schedule::together(n) };
    let service_ms = summary.service_ms.or(summary.fastest_ms).filter(|ms| ms.is_finite()).unwrap_or(0.0);
    let trace = Trace {
        baseline: summary.baseline,
        shared_clock: false,
        missing: MissingData { service: summary.service_ms.is_none(), ..MissingData::default() },
        ..Trace::new(schedule, service_ms, Vec::new())
    };
    Ok(Burst::new(url.clone(), endpoint_of(&url), &schedule, &trace, aggregate, verdict))
}
