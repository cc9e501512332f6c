//! One connection, or a place on one: opened once, then one exchange after another.

use std::error::Error as _;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Request;
use http::response::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use judge::trace::{ErrorKind, Fault, Outcome, Row};
use results::evidence::{self, BodyPrefix};

use super::board::{Light, State};
use super::dial::{Stream, dial};
use super::gate::Gate;
use super::http2::{self, Pool, Seat};
use super::stamps::{Stamped, Stamps, Times};
use super::{Shot, Start, Target};

pub struct Connection {
    by: By,
    /// Built beforehand: after the release nothing is left but to write it.
    next: Request<Bytes>,
    opened_in: Duration,
    used: bool,
}

enum By {
    Http1(Box<Http1>),
    Http2(Seat),
    /// Of no more use.
    None,
}

impl Connection {
    /// Connects, or finds a place on a connection; the outcome says why not.
    pub async fn open(target: &Target, pool: &Pool) -> Result<Self, Outcome> {
        let (by, opened_in) = if target.route.http2 {
            let seat = if target.keep_alive { pool.seat(target).await? } else { pool.alone(target).await? };
            let opened_in = seat.opened_in();
            (By::Http2(seat), opened_in)
        } else {
            let began = Instant::now();
            let http1 = Http1::open(target).await?;
            (By::Http1(Box::new(http1)), began.elapsed())
        };
        Ok(Self { by, next: target.request(), opened_in, used: false })
    }

    /// Itself, or a new one where the server has closed it since its last request.
    pub async fn or_anew(mut self, target: &Target, pool: &Pool) -> Result<Self, Outcome> {
        let is_open = match &mut self.by {
            By::Http1(http1) => http1.is_open(self.used).await,
            By::Http2(seat) => !seat.is_closed(),
            By::None => false,
        };
        if is_open {
            return Ok(self);
        }
        // Its place first, lest the pool find it taken.
        drop(self);
        Self::open(target, pool).await
    }

    /// Whether it has carried a request.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// What holds back the first request until the release; HTTP/2's go over connections that others share.
    pub fn gate(&self) -> Option<&Gate> {
        match &self.by {
            By::Http1(http1) => Some(&http1.gate),
            By::Http2(_) | By::None => None,
        }
    }

    /// Sends the shot's request, and reads the whole answer, unless it is `overdue` before.
    pub async fn exchange(
        &mut self,
        shot: &Shot,
        light: Light<'_>,
        overdue: impl Future<Output = ()>,
    ) -> Exchange {
        self.used = true;
        let mut times = Times::default();
        let request = std::mem::take(&mut self.next);
        let answered = match &mut self.by {
            By::Http1(http1) => {
                http1.stamps.take();
                let answered = limited(shot, overdue, http1.answer(request, light)).await;
                times = http1.stamps.take();
                // Where it was held back, that was no sending.
                times.sent = http1.gate.take_opened().or(times.sent);
                answered.and_then(|answer| answer.map_err(|error| explain(&error)))
            }
            By::Http2(seat) => limited(shot, overdue, seat.exchange(request, light, &mut times))
                .await
                .and_then(|answer| answer.map_err(|error| http2::explain(&error))),
            By::None => Err(Outcome::default()),
        };
        let exchange = Exchange { opened_in: self.opened_in, times, answered, done: Instant::now() };
        // HTTP/2 has reset the stream alone.
        if exchange.answered.is_err() && matches!(self.by, By::Http1(_)) {
            self.by = By::None;
        }
        self.next = shot.target.request();
        exchange
    }
}

/// A request and what came of it.
pub struct Exchange {
    opened_in: Duration,
    times: Times,
    answered: Result<(Parts, BodyPrefix), Outcome>,
    done: Instant,
}

impl Exchange {
    /// Notes it in `row`.
    pub fn note(self, shot: &Shot, start: Start, row: &mut Row) {
        let Self { opened_in, times, answered, done } = self;
        row.connect_us = Some(opened_in.as_secs_f64() * 1e6);
        row.sent_us = times.sent.map(|at| start.us(at));
        row.first_byte_us = times.first_byte.map(|at| start.us(at));
        row.done_us = start.us(done);
        match answered {
            Ok((answer, body)) => {
                let status = answer.status.as_u16();
                row.outcome = Outcome::Answered(status);
                row.good =
                    shot.target.good.as_ref().map(|good| good.iter().any(|range| range.contains(&status)));
                row.server = evidence::server(&answer.headers);
                row.evidence = body.evidence(start.unix_ns);
            }
            Err(outcome) => row.outcome = outcome,
        }
    }
}

type Driver = http1::Connection<TokioIo<Stamped<Box<dyn Stream>, Stamps>>, Full<Bytes>>;

struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Polled by the lane itself, so that no request waits for another task's turn; `None` once closed.
    driver: Option<Driver>,
    stamps: Stamps,
    gate: Gate,
}

impl Http1 {
    async fn open(target: &Target) -> Result<Self, Outcome> {
        let stamps = Stamps::default();
        let (stream, gate) = dial(target).await?;
        let stream = Stamped::new(stream, stamps.clone());
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| explain(&error))?;
        Ok(Self { sender, driver: Some(driver), stamps, gate })
    }

    async fn is_open(&mut self, used: bool) -> bool {
        if used {
            poll_fn(|context| {
                drive(&mut self.driver, context);
                Poll::Ready(())
            })
            .await;
        }
        self.driver.is_some() && !self.sender.is_closed()
    }

    async fn answer(
        &mut self,
        request: Request<Bytes>,
        light: Light<'_>,
    ) -> Result<(Parts, BodyPrefix), hyper::Error> {
        let Self { sender, driver, .. } = self;
        let mut exchange = pin!(async {
            sender.ready().await?;
            let response = sender.send_request(request.map(Full::new)).await?;
            light.set(State::Answering);
            let (answer, body) = response.into_parts();
            Ok((answer, read(body).await?))
        });
        poll_fn(|context| {
            if let Poll::Ready(answer) = exchange.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            drive(driver, context);
            exchange.as_mut().poll(context)
        })
        .await
    }
}

/// Lets the connection read and write. Once closed it is not asked again; what it had read is with
/// the exchange.
fn drive(driver: &mut Option<Driver>, context: &mut Context<'_>) {
    if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(context).is_ready()) {
        *driver = None;
    }
}

async fn read(mut body: Incoming) -> Result<BodyPrefix, hyper::Error> {
    let mut kept = BodyPrefix::default();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            kept.add(&data);
        }
    }
    Ok(kept)
}

async fn limited<T>(
    shot: &Shot,
    overdue: impl Future<Output = ()>,
    work: impl Future<Output = T>,
) -> Result<T, Outcome> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = overdue => {
            let text = format!("no answer within {} s", shot.timeout.unwrap_or_default().as_secs_f64());
            Err(Outcome::Failed(Fault::new(ErrorKind::Timeout, text)))
        }
    }
}

/// After the connection was made, what ends it early is the server's doing, but for a user's own error.
fn explain(error: &hyper::Error) -> Outcome {
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    let kind = match io.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe) => ErrorKind::Reset,
        _ if error.is_parse() || error.is_parse_too_large() => ErrorKind::Protocol,
        _ if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || io.is_some() => {
            ErrorKind::Closed
        }
        _ if error.is_body_write_aborted() || error.is_user() => ErrorKind::Other,
        _ => ErrorKind::Protocol,
    };
    let text = match error.is_canceled() {
        // hyper's words are of its own inside.
        true => "the server closed the connection before an answer came".to_owned(),
        false => format!("{error}{cause}"),
    };
    let fault = Fault::new(kind, text);
    if error.is_user() { Outcome::Failed(fault) } else { Outcome::Rejected(fault) }
}
