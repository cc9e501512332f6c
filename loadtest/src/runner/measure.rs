//! From specs to judged bursts: what `run` and `burst` share.

use std::sync::Arc;
use std::time::Duration;

use judge::schedule::Schedule;
use judge::trace::{Generator, MissingData, Outcome, Row, Trace};
use judge::verdict;
use results::document::Burst;

use crate::exit::{Exit, Failure};
use crate::generator::{self, BurstHandle, BurstRecord, BurstSpec, RequestTemplate};

/// A burst to fire, and the service time of its request.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The burst.
    pub spec: BurstSpec,
    /// What one request of it takes alone, in milliseconds.
    pub service_ms: f64,
}

/// Bursts that were fired together, judged.
pub struct Judged {
    /// In the order of the specs.
    pub bursts: Vec<Burst>,
    /// What they were judged by, likewise.
    pub traces: Vec<Trace>,
    /// How the generator fared.
    pub generator: Generator,
}

/// What one request alone takes, in milliseconds, after `warm_up`, which doesn't count.
///
/// # Errors
///
/// Where the answer isn't a good one: ten quick 404s would look parallel.
pub async fn service_ms(
    request: &Arc<RequestTemplate>,
    warm_up: Option<RequestTemplate>,
    timeout: Option<Duration>,
) -> Result<f64, Failure> {
    if let Some(warm_up) = warm_up {
        alone(&Arc::new(warm_up), timeout).await?;
    }
    let row = alone(request, timeout).await?;
    Ok(row.latency_us().unwrap_or(row.done_us) / 1e3)
}

async fn alone(request: &Arc<RequestTemplate>, timeout: Option<Duration>) -> Result<Row, Failure> {
    let spec = BurstSpec { request: request.clone(), schedule: Schedule::together(1), timeout };
    let recording = generator::fire(&[spec], &BurstHandle::default()).await;
    let row = recording.bursts.into_iter().flat_map(|burst| burst.rows).next().unwrap_or_default();
    let reason = match &row.outcome {
        _ if row.is_ok() => return Ok(row),
        Outcome::Answered(status) => {
            format!("a request alone got status {status}; a burst of those would say nothing")
        }
        Outcome::Rejected(fault) | Outcome::Failed(fault) => {
            format!("a request alone got no answer: {}", fault.text)
        }
    };
    Err(Failure::new(Exit::System, format!("{}: {reason}", request.url)))
}

/// Fires the bursts together, and judges each.
pub async fn fire(measured: &[Measured], handle: &BurstHandle) -> Judged {
    let specs: Vec<_> = measured.iter().map(|measured| measured.spec.clone()).collect();
    let recording = generator::fire(&specs, handle).await;
    let judge = |(Measured { spec, service_ms }, record): (&Measured, BurstRecord)| {
        let BurstSpec { request, schedule, .. } = spec;
        let trace = Trace {
            schedule: Schedule { n: in_rows(schedule, &record), ..*schedule },
            service_ms: *service_ms,
            rows: record.rows,
            shared_clock: request.is_local(),
            keep_alive: request.keep_alive,
            generator: recording.generator,
            missing: MissingData::default(),
        };
        let verdict = verdict::judge(&trace);
        let endpoint = endpoint::name_of(request.url.path());
        let burst = Burst::new(request.url.to_string(), endpoint, schedule, &trace, record.beyond, verdict);
        let start_unix_us = Some(record.start_ns / 1_000);
        (Burst { unsent: record.unsent, http2: record.http2, start_unix_us, ..burst }, trace)
    };
    let (bursts, traces) = measured.iter().zip(recording.bursts).map(judge).unzip();
    Judged { bursts, traces, generator: recording.generator }
}

/// How many requests the rows should hold: what was only counted is not judged, and a time ends a burst
/// whatever the number.
fn in_rows(schedule: &Schedule, record: &BurstRecord) -> usize {
    match schedule.duration {
        Some(_) => record.rows.len(),
        None => schedule.n.min(schedule.keep),
    }
}
