//! Measures service times, and fires and judges bursts.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use judge::schedule::Schedule;
use judge::trace::{Generator, MissingData, Outcome, Row, Trace};
use judge::verdict;
use results::document::Burst;

use crate::exit::{Exit, Failure};
use crate::generator::{self, Firing, Shot, Target, Volley};

/// A burst to fire, with its service time.
#[derive(Debug, Clone)]
pub struct CalibratedBurst {
    /// The burst.
    pub shot: Shot,
    /// The time that one of its requests takes alone, in milliseconds.
    pub service_ms: f64,
}

impl CalibratedBurst {
    /// The same burst with another service time, in milliseconds.
    pub fn with_service_ms(self, service_ms: f64) -> Self {
        Self { service_ms, ..self }
    }
}

/// Bursts that were fired together, judged.
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
    target: &Arc<Target>,
    warm_up: Option<Target>,
    timeout: Option<Duration>,
) -> Result<f64, Failure> {
    if let Some(warm_up) = warm_up {
        solo_row(&Arc::new(warm_up), timeout).await?;
    }
    let row = solo_row(target, timeout).await?;
    Ok(row.latency_us().unwrap_or(row.done_us) / 1e3)
}

async fn solo_row(target: &Arc<Target>, timeout: Option<Duration>) -> Result<Row, Failure> {
    let shot = Shot { target: target.clone(), schedule: Schedule::together(1), timeout };
    let fired = generator::fire(&[shot], &Firing::default()).await;
    let row = fired.volleys.into_iter().flat_map(|volley| volley.rows).next().unwrap_or_default();
    let reason = match &row.outcome {
        _ if row.is_ok() => return Ok(row),
        Outcome::Answered(status) => {
            format!("a request alone got status {status}, so a burst would measure nothing")
        }
        Outcome::Rejected(fault) | Outcome::Failed(fault) => {
            format!("a request alone got no answer: {}", fault.text)
        }
    };
    Err(Failure::new(Exit::System, format!("{}: {reason}", target.url)))
}

/// Fires `bursts` together, and judges each.
pub async fn fire(bursts: &[CalibratedBurst], firing: &Firing) -> JudgedBursts {
    let shots: Vec<Shot> = bursts.iter().map(|burst| burst.shot.clone()).collect();
    let fired = generator::fire(&shots, firing).await;
    let judge = |(CalibratedBurst { shot, service_ms }, volley): (&CalibratedBurst, Volley)| {
        let Shot { target, schedule, .. } = shot;
        let trace = Trace {
            schedule: Schedule { n: expected_rows(schedule, &volley), ..*schedule },
            service_ms: *service_ms,
            rows: volley.rows,
            shared_clock: target.is_local(),
            keep_alive: target.keep_alive,
            generator: fired.generator,
            missing: MissingData::default(),
        };
        let verdict = verdict::judge(&trace);
        let endpoint = endpoint::name_of(target.url.path());
        let burst = Burst::new(target.url.to_string(), endpoint, schedule, &trace, volley.beyond, verdict);
        let start_unix_us = Some(volley.start_ns / 1_000);
        (Burst { unsent: volley.unsent, http2: volley.http2, start_unix_us, ..burst }, trace)
    };
    let (bursts, traces) = bursts.iter().zip(fired.volleys).map(judge).unzip();
    JudgedBursts { bursts, traces, generator: fired.generator }
}

/// As [`fire`], but ends the bursts as soon as `interrupted` completes; the requests up to then are kept. Also returns whether
/// it was interrupted.
pub async fn fire_until(
    bursts: &[CalibratedBurst],
    firing: &Firing,
    interrupted: impl Future<Output = ()>,
) -> (JudgedBursts, bool) {
    let mut fired = pin!(fire(bursts, firing));
    tokio::select! {
        judged = &mut fired => (judged, false),
        () = interrupted => {
            firing.stop();
            (fired.await, true)
        }
    }
}

/// The number of requests that should have rows. Requests beyond `keep` are only counted and are not judged. A duration
/// ends a burst at any number of requests.
fn expected_rows(schedule: &Schedule, volley: &Volley) -> usize {
    match schedule.duration {
        Some(_) => volley.rows.len(),
        None => schedule.n.min(schedule.keep),
    }
}
