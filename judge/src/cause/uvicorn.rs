//! uvicorn and FastAPI: an event loop that is blocked, or AnyIO's thread pool.

use super::definition::Cause;
use crate::judgement::{Judgement, Kind, Shape};
use crate::trace::Trace;

/// The default size of AnyIO's thread pool, in which FastAPI runs `def` handlers.
const ANYIO_THREADS: f64 = 40.0;

pub(super) const EVENT_LOOP: Cause = Cause {
    applies: |judgement| {
        is_uvicorn(judgement.trace)
            && judgement.served == Kind::Sequential
            && matches!(judgement.shape, Some(Shape::Staircase | Shape::Batched))
    },
    explanation: Some(
        "Server: uvicorn. It runs `async def` handlers on one event loop: a handler that blocks delays all others.",
    ),
    remedy: Some(|_| {
        "If the handler is an `async def` that blocks, `await` the async form of the call (asyncio.sleep, httpx), or make \
         the handler a plain `def`, which runs in a thread pool."
            .to_owned()
    }),
};

pub(super) const THREAD_POOL: Cause = Cause {
    applies: |judgement| {
        is_uvicorn(judgement.trace)
            && judgement.served == Kind::Limited
            && judgement.shape == Some(Shape::Waves)
            && is_near_anyio_threads(judgement)
    },
    explanation: Some("Server: uvicorn. FastAPI runs `def` handlers in AnyIO's pool of 40 threads."),
    remedy: Some(|_| {
        "If the handler is a plain `def`, raise the limit of AnyIO's 40 threads \
         (anyio.to_thread.current_default_thread_limiter().total_tokens), or make the handler an `async def` that awaits."
            .to_owned()
    }),
};

/// Whether the server is uvicorn, by the Server header.
pub(super) fn is_uvicorn(trace: &Trace) -> bool {
    trace.server().is_some_and(|server| server.to_ascii_lowercase().contains("uvicorn"))
}

fn is_near_anyio_threads(judgement: &Judgement) -> bool {
    judgement.range.is_some_and(|range| {
        range.low <= ANYIO_THREADS
            && ANYIO_THREADS <= range.high
            && (range.k - ANYIO_THREADS).abs() <= ANYIO_THREADS / 10.0
    })
}
