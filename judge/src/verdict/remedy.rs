//! What would change a verdict, where replies or headers show the cause; else what could explain it.

use super::Judgement;
use super::kind::{Kind, Shape};
use crate::trace::{Evidence, Outcome, Trace};

/// How many threads AnyIO, which FastAPI runs `def` handlers with, has by default.
const ANYIO_THREADS: f64 = 40.0;

/// What to change, where there is evidence for the cause.
pub fn remedy(judgement: &Judgement) -> Option<String> {
    if !judgement.reasons.is_empty() {
        return None;
    }
    if is_uvicorn(judgement.trace) {
        return uvicorn(judgement);
    }
    if is_blocked(judgement) {
        let handler = handler(judgement.trace).unwrap_or_else(|| "The handler blocks".to_owned());
        let fullest = judgement.findings.sharing.fullest;
        return Some(format!(
            "{handler}; {fullest} requests shared one instance. Replace the blocking call by its async form, \
             or run with --max-instance-concurrent-reuse-count 1."
        ));
    }
    is_out_of_instances(judgement).then(|| {
        "Each request that passed had an instance of its own: raise the limit on instances (for Spin, \
         SPIN_MAX_INSTANCE_COUNT), send fewer at once, or let requests wait in a queue before it."
            .to_owned()
    })
}

/// Whether requests that shared an instance blocked each other: one left the handler after the other though
/// they were inside together, or all went through the only instance one by one in code that is known to block.
fn is_blocked(judgement: &Judgement) -> bool {
    let Judgement { findings, served, trace, .. } = judgement;
    let one_by_one = findings.overlap.as_ref().is_some_and(|overlap| overlap.all == 1);
    let in_one = *served == Kind::Sequential && findings.sharing.is_all_in_one(findings.answered);
    findings.sharing.batched || in_one && one_by_one && handler(trace).is_some()
}

/// What could explain a pattern whose cause the replies don't show.
pub fn explanation(judgement: &Judgement) -> Option<String> {
    let shared = judgement.findings.sharing.took_turns > 0;
    match (judgement.served, judgement.shape) {
        _ if shared => None,
        (Kind::Sequential, Some(Shape::Staircase)) if is_uvicorn(judgement.trace) => {
            Some("Server: uvicorn, which runs `async def` handlers on one event loop, where one that blocks holds up all others.".to_owned())
        }
        (Kind::Limited, Some(Shape::Waves)) if is_anyio(judgement) => {
            Some("Server: uvicorn; FastAPI runs `def` handlers in AnyIO's pool of 40 threads.".to_owned())
        }
        (Kind::Sequential, Some(Shape::Staircase)) => {
            Some("A single worker, a lock, or a handler that blocks an event loop could be why.".to_owned())
        }
        (Kind::Limited, Some(Shape::Waves)) => {
            Some("A pool of so many workers, threads or connections could be why.".to_owned())
        }
        _ => None,
    }
}

/// Whether it took as many as it has room for, and turned the rest away at once.
pub fn is_capped(judgement: &Judgement) -> bool {
    let Judgement { trace, findings, served, .. } = judgement;
    let mut turned_away = trace.rows.iter().filter(|row| super::is_rejection(row));
    let quick = |done: f64, sent: Option<f64>| done - sent.unwrap_or(0.0) <= 500.0 * trace.service_ms;
    findings.rejected > 0
        && *served == Kind::Parallel
        // With follow-ups, what was turned away is no sign of how many were there.
        && findings.answered == findings.offered
        && turned_away.all(|row| quick(row.done_us, row.sent_us))
}

fn is_out_of_instances(judgement: &Judgement) -> bool {
    let sharing = &judgement.findings.sharing;
    let rows = &judgement.trace.rows;
    let full = rows.iter().all(|row| row.is_ok() || matches!(row.outcome, Outcome::Answered(500..)));
    is_capped(judgement) && full && sharing.is_fresh() && sharing.known == judgement.findings.answered
}

fn uvicorn(judgement: &Judgement) -> Option<String> {
    match (judgement.served, judgement.shape) {
        (Kind::Sequential, Some(Shape::Staircase | Shape::Batched)) => Some(
            "If the handler is an `async def` that blocks: `await` the call's async form (asyncio.sleep, httpx), or \
             make it a plain `def`, which runs in a pool of threads."
                .to_owned(),
        ),
        (Kind::Limited, Some(Shape::Waves)) if is_anyio(judgement) => Some(
            "If the handler is a plain `def`: raise the 40 threads of AnyIO's pool by \
             anyio.to_thread.current_default_thread_limiter().total_tokens, or make it an `async def` that awaits."
                .to_owned(),
        ),
        _ => None,
    }
}

fn is_uvicorn(trace: &Trace) -> bool {
    trace.server().is_some_and(|server| server.to_ascii_lowercase().contains("uvicorn"))
}

/// Whether about as many were served at a time as AnyIO has threads.
fn is_anyio(judgement: &Judgement) -> bool {
    let near = judgement.range.is_some_and(|range| {
        range.low <= ANYIO_THREADS
            && ANYIO_THREADS <= range.high
            && (range.k - ANYIO_THREADS).abs() <= ANYIO_THREADS / 10.0
    });
    near && is_uvicorn(judgement.trace)
}

/// What the handler does, where all replies say the same and it is known to block.
fn handler(trace: &Trace) -> Option<String> {
    let mut replies = trace.answered().map(|row| row.evidence.as_ref());
    let Evidence { endpoint, style, .. } = replies.next()??;
    if !replies.all(|reply| reply.is_some_and(|reply| reply.style == *style && reply.endpoint == *endpoint)) {
        return None;
    }
    // A style is only trusted where it is a known one: replies are the server's words.
    let does = match style.as_str() {
        "await-then-block" => "awaits and then blocks",
        "async-blocking" => "blocks in asynchronous code",
        _ => return None,
    };
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    let who = if is_name(endpoint) { endpoint } else { "The handler" };
    Some(format!("{who} {does}"))
}
