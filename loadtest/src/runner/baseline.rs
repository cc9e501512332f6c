//! Measures how long requests take alone.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use judge::schedule::Schedule;
use judge::stats;
use judge::trace::{Baseline, ErrorKind, Outcome, Row};

use super::bad_answer;
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::{self, BurstHandle, BurstSpec, RequestTemplate};
use crate::targets::ServerTrace;

/// The most requests alone before a burst.
pub const MOST: usize = 8;
/// No further request is sent alone if it would end later than this: three requests of a second fit in, with their overhead.
pub const MAX_TIME: Duration = Duration::from_millis(3_200);
/// So many requests are sent until one has a good answer.
const TRIES: usize = 4;
/// If the wait is known, one request of this time shows it. Above it, no request is sent after the burst.
pub const ENOUGH: Duration = Duration::from_secs(1);
/// The time limit of a request after the burst. One that takes much longer waits for the burst's abandoned requests.
const AFTER_TIMEOUT: Duration = Duration::from_secs(3);

/// The request before all others.
#[derive(Debug, Clone)]
pub enum WarmUp {
    /// None.
    None,
    /// The same request as the others: its time is kept.
    Same,
    /// A request that does other work.
    Other(Arc<RequestTemplate>),
}

/// How a baseline is measured.
#[derive(Debug, Clone)]
pub struct SoloSpec {
    /// The request before all others.
    pub warm_up: WarmUp,
    /// Whether a request's time is a wait that its endpoint adds, so that a long one needs no repetition.
    pub is_wait_known: bool,
    /// The time limit for a request.
    pub timeout: Option<Duration>,
    /// The server's trace, if it writes one: it has the times in the handler.
    pub trace: Option<ServerTrace>,
}

/// The expected number of requests alone if each takes `service`.
pub fn expected_number(service: Duration, is_wait_known: bool) -> u32 {
    (1..MOST as u32)
        .find(|sent| is_enough(*sent as usize, service * *sent, service, is_wait_known))
        .unwrap_or(MOST as u32)
}

/// Whether no further request is needed after `sent` requests in the time `elapsed`, the last of which took `last`.
fn is_enough(sent: usize, elapsed: Duration, last: Duration, is_wait_known: bool) -> bool {
    sent >= MOST || elapsed + last > MAX_TIME || (is_wait_known && last >= ENOUGH)
}

/// The times of requests alone.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// The times.
    pub baseline: Baseline,
    /// The number of requests that were sent, those without a good answer included.
    pub sent: usize,
}

/// Measures how long `request` takes alone, before a burst.
///
/// # Errors
///
/// If the first requests have no good answer: a burst of quick 404s would look parallel. A later one ends the measurement.
pub async fn measure(request: &Arc<RequestTemplate>, spec: &SoloSpec) -> Result<Measured, Failure> {
    try_measure(request, spec).await.map_err(|reason| {
        let text = format!("{}: a request alone {reason}", request.url);
        Failure::new(Exit::System, text)
    })
}

/// As [`measure`].
///
/// # Errors
///
/// Why the first requests have no good answer, such as `got status 404`.
pub async fn try_measure(request: &Arc<RequestTemplate>, spec: &SoloSpec) -> Result<Measured, String> {
    let mut measured = Measured::default();
    let Measured { baseline, sent } = &mut measured;
    match &spec.warm_up {
        WarmUp::None => {}
        WarmUp::Same => baseline.warm_up_ms = Some(latency_ms(&first(request, spec.timeout, sent).await?)),
        WarmUp::Other(other) => {
            first(other, spec.timeout, sent).await?;
        }
    }
    let begin = Instant::now();
    let mut rows = vec![first(request, spec.timeout, sent).await?];
    while !is_enough(rows.len(), begin.elapsed(), last_time(&rows), spec.is_wait_known) {
        *sent += 1;
        match alone(request, spec.timeout).await {
            Ok(row) => rows.push(row),
            Err(Useless { text: reason, .. }) => {
                let count = rows.len();
                note(&format!("{}: after {count} good answers to requests alone, one {reason}", request.url));
                break;
            }
        }
    }
    baseline.before_ms = rows.iter().map(latency_ms).collect();
    if let Some(trace) = &spec.trace {
        trace.join(&mut rows).await;
        let handler_ms = rows.iter().filter_map(|row| Some(row.phases?.handler_us / 1e3)).collect();
        baseline.handler_ms = stats::median(handler_ms);
    }
    Ok(measured)
}

fn last_time(rows: &[Row]) -> Duration {
    milliseconds(rows.last().map_or(0.0, latency_ms))
}

/// A request alone. A few requests may fail: a server that fails at random can be measured, too.
async fn first(
    request: &Arc<RequestTemplate>,
    timeout: Option<Duration>,
    sent: &mut usize,
) -> Result<Row, String> {
    let mut reason = String::new();
    for _ in 0..TRIES {
        *sent += 1;
        match alone(request, timeout).await {
            Ok(row) => return Ok(row),
            // Nobody listens, or nobody answers: another try would take as long.
            Err(fault) if fault.is_final => return Err(fault.text),
            Err(fault) => reason = fault.text,
        }
    }
    Err(reason)
}

/// Why a request alone has no good answer.
struct Useless {
    text: String,
    /// Whether another request would have the same outcome.
    is_final: bool,
}

/// Whether a request is sent after a burst of this service time.
pub fn is_repeated_after(service_ms: f64) -> bool {
    milliseconds(service_ms) < ENOUGH
}

/// Measures how long the request of `burst` takes alone, after the burst; `None` if it has no good answer, or if `handle` is
/// stopped meanwhile.
pub async fn after_ms(burst: &BurstSpec, handle: &BurstHandle) -> Option<f64> {
    let timeout = burst.timeout.map_or(AFTER_TIMEOUT, |timeout| timeout.min(AFTER_TIMEOUT));
    tokio::select! {
        biased;
        () = handle.stopped().cancelled() => None,
        alone = alone(&burst.request, Some(timeout)) => alone.ok().as_ref().map(latency_ms),
    }
}

fn milliseconds(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1e3).unwrap_or(Duration::MAX)
}

/// Sends `request` alone, and returns its time in milliseconds.
///
/// # Errors
///
/// Why it has no good answer, such as `got status 404`.
pub async fn try_alone(request: &Arc<RequestTemplate>, timeout: Duration) -> Result<f64, String> {
    match alone(request, Some(timeout)).await {
        Ok(row) => Ok(latency_ms(&row)),
        Err(useless) => Err(useless.text),
    }
}

/// Sends `request` alone. Returns its record, or why there is no good answer.
async fn alone(request: &Arc<RequestTemplate>, timeout: Option<Duration>) -> Result<Row, Useless> {
    let had_many_fields = request.many_fields.load(Relaxed);
    let alone = send_alone(request, timeout).await;
    // The first answer with many header fields shows that they must be expected.
    match alone {
        Err(_) if !had_many_fields && request.many_fields.load(Relaxed) => send_alone(request, timeout).await,
        alone => alone,
    }
}

async fn send_alone(request: &Arc<RequestTemplate>, timeout: Option<Duration>) -> Result<Row, Useless> {
    let spec = BurstSpec::new(request.clone(), Schedule::together(1), timeout);
    let recording = generator::fire(&[spec], &BurstHandle::default()).await;
    let record = recording.bursts.into_iter().next().unwrap_or_default();
    let row: Row = record.rows.into_iter().next().unwrap_or_default();
    if row.is_ok() {
        return Ok(row);
    }
    let said = record.bad_answer.map_or_else(String::new, |answer| bad_answer::explain(&answer, request));
    match &row.outcome {
        Outcome::Answered(status) => {
            let help = bad_answer::help(*status);
            Err(Useless { text: format!("got status {status}{said}{help}"), is_final: *status < 429 })
        }
        Outcome::Rejected(fault) | Outcome::Failed(fault) => {
            let whole = if row.first_byte_us.is_some() { "no whole answer" } else { "no answer" };
            let help = match fault.kind {
                ErrorKind::ConnectRefused | ErrorKind::ConnectTimeout => {
                    "; check the address, and that the server runs"
                }
                _ => "",
            };
            Err(Useless { text: format!("got {whole}: {}{help}", fault.text), is_final: true })
        }
    }
}

fn latency_ms(row: &Row) -> f64 {
    row.latency_us().unwrap_or(row.done_us) / 1e3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_of_requests_alone_follows_from_their_time() {
        let number = |ms: u64, is_wait_known| expected_number(Duration::from_millis(ms), is_wait_known);
        assert_eq!([1, 300, 400, 1_003, 1_700, 10_000].map(|ms| number(ms, false)), [8, 8, 8, 3, 1, 1]);
        assert_eq!([300, 900, 1_003, 10_000].map(|ms| number(ms, true)), [8, 3, 1, 1]);
    }

    proptest! {
        #[test]
        fn requests_alone_take_three_seconds_or_are_one(ms in 1_u64..20_000, is_wait_known: bool) {
            let service = Duration::from_millis(ms);
            let number = expected_number(service, is_wait_known);
            prop_assert!((1..=8).contains(&number));
            prop_assert!(number == 1 || service * number <= MAX_TIME);
        }
    }
}
