//! Bursts at URLs, fired once.

use std::time::{Duration, SystemTime};

use judge::schedule::Schedule;
use judge::units;
use results::document::{Document, Run};

use super::measure::{self, CalibratedBurst};
use super::progress::{self, Progress};
use super::request::RequestSpec;
use crate::exit::Failure;
use crate::machine::descriptors;

/// A burst at a URL.
#[derive(Debug, Clone)]
pub struct UrlBurst {
    /// The URL.
    pub url: String,
    /// The send times.
    pub schedule: Schedule,
}

/// Resolves the URLs of `bursts`, and measures their service times if needed.
///
/// # Errors
///
/// As [`RequestSpec::prepare`].
pub async fn prepare(request: &RequestSpec, bursts: &[UrlBurst]) -> Result<Vec<CalibratedBurst>, Failure> {
    let mut prepared = Vec::new();
    for burst in bursts {
        let request = request.prepare(&burst.url).await?.with_time_for(&burst.schedule);
        prepared.push(request.burst(burst.schedule));
    }
    Ok(prepared)
}

/// Fires `bursts` together, at `start_at` if given, and adds them to `document` as a run on `system`. An interruption ends the
/// bursts early; the requests up to then are kept. Returns whether it was interrupted.
pub async fn fire(
    system: String,
    bursts: &[CalibratedBurst],
    start_at: Option<SystemTime>,
    is_quiet: bool,
    document: &mut Document,
    interrupted: impl Future<Output = ()>,
) -> bool {
    let until_start = start_at.and_then(|at| at.duration_since(SystemTime::now()).ok()).unwrap_or_default();
    let estimate = bursts.iter().map(estimate).max().unwrap_or_default();
    let names = measure::names(bursts);
    let title = progress::expected(&names).map_or("requests".to_owned(), units::requests);
    let step = Progress::begin(until_start + estimate, is_quiet).step(title, &names);
    let handle = step.handle.clone().starting_at(start_at);
    let (judged, is_interrupted) = measure::fire_until(bursts, &handle, interrupted).await;
    drop(step);
    judged.note_changes_after();
    judged.note_bad_answers();
    let run = Run {
        system,
        manifest: None,
        instances: None,
        round: 1,
        setup: "burst".to_owned(),
        title: String::new(),
        generator: None,
        bursts: judged.bursts,
    };
    document.add(run, judged.generator, descriptors::raise_limit());
    is_interrupted
}

/// The expected duration, from the schedule and the service time.
fn estimate(burst: &CalibratedBurst) -> Duration {
    let Schedule { n, delay, duration, open, .. } = burst.spec.schedule;
    let service = Duration::try_from_secs_f64(burst.service_ms / 1e3).unwrap_or_default();
    let planned = open.map(|open| {
        open.ramp / 2 + Duration::try_from_secs_f64(n as f64 / open.rate).unwrap_or(Duration::MAX)
    });
    delay + duration.into_iter().chain(planned).min().unwrap_or_default().saturating_add(service)
}
