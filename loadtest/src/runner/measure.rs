//! From shots to judged bursts: what `run` and `burst` share.

use std::sync::Arc;
use std::time::Duration;

use judge::schedule::Schedule;
use judge::trace::{Generator, MissingData, Outcome, Row, Trace};
use judge::verdict;
use results::document::Burst;

use crate::exit::{Exit, Failure};
use crate::generator::{self, Firing, Shot, Target, Volley};

/// A shot, and what one request of it takes alone, in milliseconds.
#[derive(Debug, Clone)]
pub struct Measured {
    /// What to fire.
    pub shot: Shot,
    /// What one request of it takes alone, in milliseconds.
    pub service_ms: f64,
}

/// Bursts that were fired together, judged.
pub struct Judged {
    /// In the order of the shots.
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
    target: &Arc<Target>,
    warm_up: Option<Target>,
    timeout: Option<Duration>,
) -> Result<f64, Failure> {
    if let Some(warm_up) = warm_up {
        alone(&Arc::new(warm_up), timeout).await?;
    }
    let row = alone(target, timeout).await?;
    Ok(row.latency_us().unwrap_or(row.done_us) / 1e3)
}

async fn alone(target: &Arc<Target>, timeout: Option<Duration>) -> Result<Row, Failure> {
    let shot = Shot { target: target.clone(), schedule: Schedule::together(1), timeout };
    let fired = generator::fire(&[shot], &Firing::default()).await;
    let row = fired.volleys.into_iter().flat_map(|volley| volley.rows).next().unwrap_or_default();
    let reason = match &row.outcome {
        _ if row.is_ok() => return Ok(row),
        Outcome::Answered(status) => {
            format!("a request alone got status {status}; a burst of those would say nothing")
        }
        Outcome::Rejected(fault) | Outcome::Failed(fault) => {
            format!("a request alone got no answer: {}", fault.text)
        }
    };
    Err(Failure::new(Exit::System, format!("{}: {reason}", target.url)))
}

/// Fires `shots` together, and judges each.
pub async fn fire(shots: &[Measured], firing: &Firing) -> Judged {
    let fired =
        generator::fire(&shots.iter().map(|measured| measured.shot.clone()).collect::<Vec<_>>(), firing)
            .await;
    let judge = |(Measured { shot, service_ms }, volley): (&Measured, Volley)| {
        let Shot { target, schedule, .. } = shot;
        let trace = Trace {
            schedule: Schedule { n: in_rows(schedule, &volley), ..*schedule },
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
    let (bursts, traces) = shots.iter().zip(fired.volleys).map(judge).unzip();
    Judged { bursts, traces, generator: fired.generator }
}

/// How many requests the rows should hold: what was only counted is not judged, and a time ends a burst
/// whatever the number.
fn in_rows(schedule: &Schedule, volley: &Volley) -> usize {
    match schedule.duration {
        Some(_) => volley.rows.len(),
        None => schedule.n.min(schedule.keep),
    }
}
