//! Fires bursts, and judges them.

use std::pin::pin;
use std::sync::Arc;

use judge::schedule::Schedule;
use judge::trace::{Baseline, Generator, Origin, Trace, note_answers_beside};
use judge::verdict;
use results::document::Burst;
use results::import::server_of;

use super::{bad_answer, baseline};
use crate::console::note;
use crate::generator::{self, BurstHandle, BurstRecord, BurstSpec};
use crate::targets::ServerTrace;

/// A burst to fire, with its service time.
#[derive(Debug, Clone)]
pub struct CalibratedBurst {
    /// The burst.
    pub spec: BurstSpec,
    /// The time that one of its requests takes alone, in milliseconds.
    pub service_ms: f64,
    /// The times of requests alone; empty if only the service time is known.
    pub baseline: Baseline,
    /// Whether a request is sent alone after the burst, before the burst is judged.
    pub solo_after: bool,
}

impl CalibratedBurst {
    /// The burst over connections that are opened as its requests are sent.
    pub fn over_fresh_connections(mut self) -> Self {
        Arc::make_mut(&mut self.spec.request).keep_alive = false;
        self
    }
}

/// Returns the paths and the sizes of bursts, for the progress display.
pub fn names(bursts: &[CalibratedBurst]) -> Vec<(String, usize)> {
    let name = |burst: &CalibratedBurst| (burst.spec.request.url.path().to_owned(), burst.spec.schedule.n);
    bursts.iter().map(name).collect()
}

/// Bursts that were recording together, judged.
pub struct JudgedBursts {
    /// The judged bursts, in the order in which they were given.
    pub bursts: Vec<Burst>,
    /// Their traces, in the same order.
    pub traces: Vec<Trace>,
    /// The first answer of each burst without a good status.
    bad_answers: Vec<Option<String>>,
    /// The load generator's own state.
    pub generator: Generator,
}

impl JudgedBursts {
    /// Notes what the first answers without a good status say.
    pub fn note_bad_answers(&self) {
        for (burst, said) in self.bursts.iter().zip(&self.bad_answers) {
            said.iter().for_each(|said| note(&format!("{}: an answer had {said}", burst.url)));
        }
    }

    /// Notes which requests alone took a clearly different time after the burst.
    pub fn note_changes_after(&self) {
        for (burst, trace) in self.bursts.iter().zip(&self.traces) {
            if let Some(change) = trace.baseline.change_after() {
                note(&format!("{}: {change}", burst.url));
            }
        }
    }
}

/// Fires `bursts` together, measures requests alone after them if needed, and judges each burst. `trace` is the server's.
pub async fn fire(
    bursts: &[CalibratedBurst],
    handle: &BurstHandle,
    trace: Option<&ServerTrace>,
) -> JudgedBursts {
    let specs: Vec<BurstSpec> = bursts.iter().map(|burst| burst.spec.clone()).collect();
    let mut recording = generator::fire(&specs, handle).await;
    if let Some(trace) = trace {
        trace.join(recording.bursts.iter_mut().flat_map(|record| &mut record.rows)).await;
    }
    let mut measured = Vec::new();
    for burst in bursts {
        measured.push(with_solo_after(burst, handle).await);
    }
    let origin = |(burst, record): (&CalibratedBurst, &BurstRecord)| {
        let server = server_of(&burst.spec.request.url.to_string())?;
        Some(Origin { server, start_us: record.start_ns / 1_000 })
    };
    let origins: Vec<Option<Origin>> = measured.iter().zip(&recording.bursts).map(origin).collect();
    let trace = |(burst, record): (&CalibratedBurst, &mut BurstRecord)| {
        let BurstSpec { request, schedule, .. } = &burst.spec;
        Trace {
            baseline: burst.baseline.clone(),
            shared_clock: request.is_local(),
            keep_alive: request.keep_alive,
            generator: recording.generator,
            ..Trace::new(
                Schedule { n: expected_rows(schedule, record), ..*schedule },
                burst.service_ms,
                std::mem::take(&mut record.rows),
            )
        }
    };
    let mut traces: Vec<Trace> = measured.iter().zip(&mut recording.bursts).map(trace).collect();
    note_answers_beside(&mut traces, &origins);
    let judge =
        |((CalibratedBurst { spec, .. }, trace), record): ((&CalibratedBurst, &Trace), BurstRecord)| {
            let BurstSpec { request, schedule, .. } = spec;
            let verdict = verdict::judge(trace);
            let endpoint = endpoint::name_of(request.url.path());
            let burst =
                Burst::new(request.url.to_string(), endpoint, schedule, trace, record.beyond, verdict);
            let start_unix_us = Some(record.start_ns / 1_000);
            Burst { unsent: record.unsent, http2: record.http2, start_unix_us, ..burst }
        };
    let said = |(burst, record): (&CalibratedBurst, &BurstRecord)| {
        let answer = record.bad_answer.as_ref()?;
        Some(format!("status {}{}", answer.status, bad_answer::explain(answer, &burst.spec.request)))
    };
    let bad_answers = bursts.iter().zip(&recording.bursts).map(said).collect();
    let bursts = measured.iter().zip(&traces).zip(recording.bursts).map(judge).collect();
    JudgedBursts { bursts, traces, bad_answers, generator: recording.generator }
}

/// The burst with the time of a request alone after it, if one is to be sent. At a common start of several generators, none
/// is sent: another generator may still be firing.
async fn with_solo_after(burst: &CalibratedBurst, handle: &BurstHandle) -> CalibratedBurst {
    let mut burst = burst.clone();
    if burst.solo_after && handle.start_at().is_none() {
        burst.baseline.after_ms = baseline::after_ms(&burst.spec, handle).await;
        burst.service_ms = burst.baseline.median_ms().unwrap_or(burst.service_ms);
    }
    burst
}

/// As [`fire`], but ends the bursts as soon as `interrupted` completes; the requests up to then are kept. Also returns whether
/// it was interrupted.
pub async fn fire_until(
    bursts: &[CalibratedBurst],
    handle: &BurstHandle,
    interrupted: impl Future<Output = ()>,
) -> (JudgedBursts, bool) {
    let mut recording = pin!(fire(bursts, handle, None));
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
