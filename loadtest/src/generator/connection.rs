//! A worker's connection, or its stream slot on a shared one: opened once, then used for one exchange after another.

use std::time::{Duration, Instant};

use http::Request;
use http::response::Parts;
use hyper::body::Bytes;
use judge::trace::{ErrorKind, Fault, Outcome, Row};
use results::evidence::{self, BodyPrefix, Reply};

use super::burst::BurstSpec;
use super::clock::StartTime;
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

enum Protocol {
    Http1(Box<Http1>),
    Http2(StreamSlot),
    Closed,
}

impl Connection {
    /// Opens a connection, or takes a stream slot on a shared one.
    pub async fn open(request: &RequestTemplate, pool: &Pool) -> Result<Self, Outcome> {
        let (protocol, connect_time) = if request.route.http2 {
            let slot = if request.keep_alive {
                pool.slot(request).await?
            } else {
                pool.exclusive_slot(request).await?
            };
            let connect_time = slot.connect_time();
            (Protocol::Http2(slot), connect_time)
        } else {
            let began = Instant::now();
            let http1 = Http1::open(request).await?;
            (Protocol::Http1(Box::new(http1)), began.elapsed())
        };
        Ok(Self { protocol, next: request.build(), connect_time, is_used: false })
    }

    /// Returns this connection for requests of this kind.
    pub fn of(self, request: &RequestTemplate) -> Self {
        Self { next: request.build(), ..self }
    }

    /// Returns this connection, or a new one if the server has closed it since the last request.
    pub async fn or_reopened(mut self, request: &RequestTemplate, pool: &Pool) -> Result<Self, Outcome> {
        let is_open = match &mut self.protocol {
            Protocol::Http1(http1) => http1.is_open(self.is_used).await,
            Protocol::Http2(slot) => !slot.is_closed(),
            Protocol::Closed => false,
        };
        if is_open {
            return Ok(self);
        }
        // Dropped first: the slot must be free before the pool looks for one.
        drop(self);
        Self::open(request, pool).await
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
        let mut times = Timestamps::default();
        let request = std::mem::take(&mut self.next);
        let answered = match &mut self.protocol {
            Protocol::Http1(http1) => {
                let answered = limit(spec, timeout, http1.exchange(request, cell)).await;
                times = http1.take_timestamps();
                answered.flatten()
            }
            Protocol::Http2(slot) => limit(spec, timeout, slot.exchange(request, cell, &mut times))
                .await
                .and_then(|answer| answer.map_err(|error| http2::explain(&error))),
            Protocol::Closed => Err(Outcome::default()),
        };
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
    /// Fills in the row's times and outcome.
    pub fn fill(self, spec: &BurstSpec, start: StartTime, row: &mut Row) {
        let Self { connect_time, times, answered, done } = self;
        row.connect_us = Some(connect_time.as_secs_f64() * 1e6);
        row.sent_us = times.sent.map(|at| start.us(at));
        row.first_byte_us = times.first_byte.map(|at| start.us(at));
        row.done_us = start.us(done);
        match answered {
            Ok((head, body)) => {
                let status = head.status.as_u16();
                row.outcome = Outcome::Answered(status);
                let good = spec.request.good.as_ref();
                row.good = good.map(|good| good.iter().any(|range| range.contains(&status)));
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

async fn limit<T>(
    spec: &BurstSpec,
    timeout: impl Future<Output = ()>,
    exchange: impl Future<Output = T>,
) -> Result<T, Outcome> {
    tokio::select! {
        biased;
        done = exchange => Ok(done),
        () = timeout => {
            let text = format!("no answer within {} s", spec.timeout.unwrap_or_default().as_secs_f64());
            Err(Outcome::Failed(Fault::new(ErrorKind::Timeout, text)))
        }
    }
}
