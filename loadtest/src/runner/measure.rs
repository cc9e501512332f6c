//! Measures service times, and fires and judges bursts.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use judge::schedule::Schedule;
use judge::trace::{Baseline, Generator, MissingData, Outcome, Row, Trace};
use judge::verdict;
use results::document::Burst;

use crate::exit::{Exit, Failure};
use crate::generator::{self, BurstHandle, BurstRecord, BurstSpec, RequestTemplate};

/// A burst to fire, with its service time.
#[derive(Debug, Clone)]
pub struct CalibratedBurst {
    /// The burst.
    pub spec: BurstSpec,
    /// The time that one of its requests takes alone, in milliseconds.
    pub service_ms: f64,
}

impl CalibratedBurst {
    /// The same burst with another service time, in milliseconds.
    pub fn with_service_ms(self, service_ms: f64) -> Self {
        Self { service_ms, ..self }
    }
}

/// Bursts that were recording together, judged.
pub struct JudgedBursts {
    /// The judged bursts, in the order in which they were given.
    pub bursts: Vec<Burst>,
    /// Their traces, in the same order.
    pub traces: Vec<Trace>,
    /// The load generator's own state.
    pub generator: Generator,
}

/// Measures the time that a request takes alone, in milliseconds. The request `warm_up` goes first, if given.
///
/// # Errors
///
/// If there is no good answer: a burst of quick 404s would look parallel.
pub async fn service_ms(
    request: &Arc<RequestTemplate>,
    warm_up: Option<RequestTemplate>,
    timeout: Option<Duration>,
) -> Result<f64, Failure> {
    if let Some(warm_up) = warm_up {
        solo_row(&Arc::new(warm_up), timeout).await?;
    }
    let row = solo_row(request, timeout).await?;
    Ok(row.latency_us().unwrap_or(row.done_us) / 1e3)
}

async fn solo_row(request: &Arc<RequestTemplate>, timeout: Option<Duration>) -> Result<Row, Failure> {
    let spec = BurstSpec { request: request.clone(), schedule: Schedule::together(1), timeout };
    let recording = generator::fire(&[spec], &BurstHandle::default()).await;
    let row = recording.bursts.into_iter().flat_map(|record| record.rows).next().unwrap_or_default();
    let reason = match &row.outcome {
        _ if row.is_ok() => return Ok(row),
        Outcome::Answered(status) => {
            format!("a request alone got status {status}, so a burst would measure nothing")
        }
        Outcome::Rejected(fault) | Outcome::Failed(fault) => {
            format!("a request alone got no answer: {}", fault.text)
        }
    };
    Err(Failure::new(Exit::System, format!("{}: {reason}", request.url)))
}

/// Fires `bursts` together, and judges each.
pub async fn fire(bursts: &[CalibratedBurst], handle: &BurstHandle) -> JudgedBursts {
    let specs: Vec<BurstSpec> = bursts.iter().map(|burst| burst.spec.clone()).collect();
    let recording = generator::fire(&specs, handle).await;
    let judge = |(CalibratedBurst { spec, service_ms }, record): (&CalibratedBurst, BurstRecord)| {
        let BurstSpec { request, schedule, .. } = spec;
        let trace = Trace {
            schedule: Schedule { n: expected_rows(schedule, &record), ..*schedule },
            service_ms: *service_ms,
            baseline: Baseline::default(),
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
    let (bursts, traces) = bursts.iter().zip(recording.bursts).map(judge).unzip();
    JudgedBursts { bursts, traces, generator: recording.generator }
}

/// As [`fire`], but ends the bursts as soon as `interrupted` completes; the requests up to then are kept. Also returns whether
/// it was interrupted.
pub async fn fire_until(
    bursts: &[CalibratedBurst],
    handle: &BurstHandle,
    interrupted: impl Future<Output = ()>,
) -> (JudgedBursts, bool) {
    let mut recording = pin!(fire(bursts, handle));
    tokio::select! {
        judged = &mut recording => (judged, false),
        () = interrupted => {
            handle.stop();
            (recording.await, true)
        }
    }
}

/// The number of requests that should have rows. Requests beyond `keep` are only counted and are not judged. A duration
/// ends a burst at any number of requests.
fn expected_rows(schedule: &Schedule, record: &BurstRecord) -> usize {
    match schedule.duration {
        Some(_) => record.rows.len(),
        None => schedule.n.min(schedule.keep),
    }
}
