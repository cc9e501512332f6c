//! A worker's connection, or its stream slot on a shared one: opened once, then used for one exchange after another.

use std::pin::pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use http::Request;
use http::response::Parts;
use hyper::body::Bytes;
use judge::trace::{ErrorKind, Fault, Outcome, Row};
use judge::units;
use results::evidence::{self, BodyPrefix, Reply};

use super::bad_answer::BadAnswer;
use super::burst::BurstSpec;
use super::clock::StartTime;
use super::dial::Dialing;
use super::held_stream::HeldStream;
use super::http1::Http1;
use super::http2::{self, Pool, StreamSlot};
use super::progress_grid::Cell;
use super::request::RequestTemplate;
use super::timestamps::Timestamps;

/// The longest time that a request can have been at the server, if its send is unknown.
const UNKNOWN_LATENCY: Duration = Duration::from_secs(24 * 60 * 60);

pub struct Connection {
    protocol: Protocol,
    /// Built in advance: after the release it only has to be written.
    next: Request<Bytes>,
    connect_time: Duration,
    is_used: bool,
}

#[expect(clippy::large_enum_variant, reason = "nearly all are of HTTP/1.1, and a connection is boxed")]
enum Protocol {
    Http1(Http1),
    Http2(StreamSlot),
    Closed,
}

impl Connection {
    /// Opens a connection, or takes a stream slot on a shared one. The future is boxed, because it is large: a worker would
    /// keep the room for it while it is connected.
    pub fn open<'a>(
        request: &'a RequestTemplate,
        pool: &'a Pool,
        dialing: Dialing<'a>,
    ) -> BoxFuture<'a, Result<Box<Self>, Outcome>> {
        Box::pin(Self::opened(request, pool, dialing))
    }

    async fn opened(
        request: &RequestTemplate,
        pool: &Pool,
        dialing: Dialing<'_>,
    ) -> Result<Box<Self>, Outcome> {
        let (protocol, connect_time) = if request.route.http2 {
            let slot = if request.keep_alive {
                pool.slot(request, dialing).await?
            } else {
                pool.exclusive_slot(request, dialing).await?
            };
            let connect_time = slot.connect_time();
            (Protocol::Http2(slot), connect_time)
        } else {
            let began = Instant::now();
            let http1 = Http1::open(request, dialing).await?;
            (Protocol::Http1(http1), began.elapsed())
        };
        Ok(Box::new(Self { protocol, next: request.build(), connect_time, is_used: false }))
    }

    /// Returns this connection for requests of this kind.
    pub fn of(mut self: Box<Self>, request: &RequestTemplate) -> Box<Self> {
        self.next = request.build();
        self
    }

    /// Returns this connection, or a new one if the server has closed it since the last request.
    pub async fn or_reopened(
        mut self: Box<Self>,
        request: &RequestTemplate,
        pool: &Pool,
        dialing: Dialing<'_>,
    ) -> Result<Box<Self>, Outcome> {
        let is_open = match &mut self.protocol {
            Protocol::Http1(http1) => http1.is_open().await,
            Protocol::Http2(slot) => !slot.is_closed(),
            Protocol::Closed => false,
        };
        if is_open {
            return Ok(self);
        }
        // Dropped first: the slot must be free before the pool looks for one.
        drop(self);
        Self::open(request, pool, dialing).await
    }

    /// How long it took to open.
    pub fn connect_time(&self) -> Duration {
        self.connect_time
    }

    /// Whether it has carried a request.
    pub fn is_used(&self) -> bool {
        self.is_used
    }

    /// The stream that can hold back the first request; `None` for HTTP/2, because its connections are shared.
    pub fn held_stream(&self) -> Option<&HeldStream> {
        match &self.protocol {
            Protocol::Http1(http1) => Some(http1.held_stream()),
            Protocol::Http2(_) | Protocol::Closed => None,
        }
    }

    /// Sends a request, and reads the whole answer, unless `timeout` ends first.
    pub async fn exchange(
        &mut self,
        spec: &BurstSpec,
        cell: Cell<'_>,
        timeout: impl Future<Output = ()>,
    ) -> Exchange {
        self.is_used = true;
        let timeout = pin!(timeout);
        let mut times = Timestamps::default();
        let request = std::mem::take(&mut self.next);
        let answered = match &mut self.protocol {
            Protocol::Http1(http1) => {
                let answered = until(timeout, pin!(http1.exchange(request, cell))).await;
                times = http1.take_timestamps();
                answered
            }
            Protocol::Http2(slot) => {
                let answered = until(timeout, pin!(slot.exchange(request, cell, &mut times))).await;
                answered.map(|answer| answer.map_err(|error| http2::explain(&error)))
            }
            Protocol::Closed => Some(Err(Outcome::default())),
        };
        let answered = answered.unwrap_or_else(|| Err(late(spec.timeout.unwrap_or_default(), &times)));
        let connect_time = self.connect_time;
        let exchange = Exchange { connect_time, times, answered, done: Instant::now() };
        // An HTTP/2 failure concerns its stream only.
        if exchange.answered.is_err() && matches!(self.protocol, Protocol::Http1(_)) {
            self.protocol = Protocol::Closed;
        }
        self.next = spec.request.build();
        exchange
    }
}

/// A request and its outcome.
pub struct Exchange {
    connect_time: Duration,
    times: Timestamps,
    answered: Result<(Parts, BodyPrefix), Outcome>,
    done: Instant,
}

impl Exchange {
    /// Returns the same exchange, which ended before its request was sent.
    pub fn before_send(self) -> Self {
        Self { times: Timestamps::default(), ..self }
    }

    /// Fills in the row's times and outcome. An answer without a good status is kept in `bad_answer`, unless it has one.
    pub fn fill(self, spec: &BurstSpec, start: StartTime, row: &mut Row, bad_answer: &OnceLock<BadAnswer>) {
        let Self { connect_time, times, answered, done } = self;
        row.connect_us = Some(connect_time.as_secs_f64() * 1e6);
        row.sent_us = times.sent.map(|at| start.us(at));
        row.first_byte_us = times.first_byte.map(|at| start.us(at));
        // An exchange may fail before the release.
        row.done_us = start.us(done).max(0.0);
        match answered {
            Ok((head, body)) => {
                let status = head.status.as_u16();
                row.outcome = Outcome::Answered(status);
                let good = spec.request.good.as_ref();
                row.good = good.map(|good| good.iter().any(|range| range.contains(&status)));
                if !row.is_ok() {
                    bad_answer.get_or_init(|| BadAnswer::of(&head, &body));
                }
                row.server = evidence::server(&head.headers);
                let reply = Reply {
                    headers: &head.headers,
                    body: &body,
                    path: spec.request.url.path(),
                    start_ns: start.unix_ns,
                    latency: times.sent.map_or(UNKNOWN_LATENCY, |sent| done.saturating_duration_since(sent)),
                };
                row.evidence = reply.evidence();
                row.server_time_us = reply.server_time_us();
            }
            Err(outcome) => row.outcome = outcome,
        }
    }
}

/// The output of `exchange`; `None` if `timeout` ends first.
async fn until<T>(timeout: impl Future<Output = ()>, exchange: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = exchange => Some(done),
        () = timeout => None,
    }
}

/// The outcome of a request without a whole answer in its time, with what came of the answer.
fn late(within: Duration, times: &Timestamps) -> Outcome {
    let seconds = within.as_secs_f64();
    let since_sent = |at: Instant| {
        let since = at.saturating_duration_since(times.sent.unwrap_or(at));
        units::time(since.as_secs_f64() * 1e3)
    };
    let text = match (times.first_byte, times.head) {
        (_, Some(head)) => {
            format!("answered its head after {}, no end of the body within {seconds} s", since_sent(head))
        }
        (Some(first), None) => {
            format!("began its answer after {}, no end of the head within {seconds} s", since_sent(first))
        }
        (None, None) => format!("no answer within {seconds} s"),
    };
    Outcome::Failed(Fault::new(ErrorKind::Timeout, text))
}
