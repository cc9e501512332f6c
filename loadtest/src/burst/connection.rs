//! One connection: opened once, then one exchange after another.

use std::error::Error as _;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::header::SERVER;
use http::response::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::stamps::{Stamped, Stamps};
use super::{Shot, Start};
use crate::trace::{Evidence, Outcome, Row};

/// A reply that carries evidence is small; more of a body than this is read and thrown away.
const EVIDENCE_BYTES: usize = 64 * 1024;
/// A server that serves one connection at a time takes no second one: the others must not wait for
/// it for ever. Time for two lost SYNs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

type Driver = http1::Connection<TokioIo<Stamped<TcpStream>>, Full<Bytes>>;

pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Polled by the lane itself, so that no request waits for another task's turn; `None` once closed.
    driver: Option<Driver>,
    stamps: Stamps,
    opened_in: Duration,
    used: bool,
}

impl Connection {
    /// Connects; the outcome says why not.
    pub async fn open(shot: &Shot) -> Result<Self, Outcome> {
        let began = Instant::now();
        let connect =
            timeout(CONNECT_TIMEOUT, TcpStream::connect(shot.target.address)).await.map_err(|_| {
                Outcome::Failed(format!(
                    "no connection within {} s: the server takes no more",
                    CONNECT_TIMEOUT.as_secs()
                ))
            })?;
        let stream = connect.map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {
                Outcome::Rejected(format!("connect: {error}"))
            }
            _ => Outcome::Failed(format!("connect: {error}")),
        })?;
        // Else a request waits for the acknowledgement of the one before it.
        stream.set_nodelay(true).map_err(|error| Outcome::Failed(format!("connect: {error}")))?;
        let opened_in = began.elapsed();
        let (stream, stamps) = Stamped::new(stream);
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| explain(&error))?;
        Ok(Self { sender, driver: Some(driver), stamps, opened_in, used: false })
    }

    /// Itself, or a new one where the server has closed it since its last request.
    pub async fn or_anew(mut self, shot: &Shot) -> Result<Self, Outcome> {
        if self.used {
            poll_fn(|context| {
                drive(&mut self.driver, context);
                Poll::Ready(())
            })
            .await;
        }
        let is_open = self.driver.is_some() && !self.sender.is_closed();
        if is_open { Ok(self) } else { Self::open(shot).await }
    }

    /// Whether it has carried a request.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// Sends the shot's request, reads the whole answer, and notes both in `row`.
    pub async fn exchange(&mut self, shot: &Shot, start: Start, row: &mut Row) {
        row.connect_us = Some(self.opened_in.as_secs_f64() * 1e6);
        self.used = true;
        self.stamps.take();
        let outcome = limited(shot.timeout, self.answer(shot)).await;
        let done = Instant::now();
        let times = self.stamps.take();
        let since_start = |at: Instant| match at.checked_duration_since(start.instant) {
            Some(after) => after.as_secs_f64() * 1e6,
            None => start.instant.duration_since(at).as_secs_f64() * -1e6,
        };
        row.sent_us = times.sent.map(since_start);
        row.first_byte_us = times.first_byte.map(since_start);
        row.done_us = since_start(done);
        match outcome {
            Ok(Ok((answer, body))) => {
                row.outcome = Outcome::Answered(answer.status.as_u16());
                row.server = server(&answer);
                row.evidence = evidence(&body, start);
            }
            Ok(Err(error)) => {
                row.outcome = explain(&error);
                self.driver = None;
            }
            Err(timed_out) => {
                row.outcome = timed_out;
                self.driver = None;
            }
        }
    }

    async fn answer(&mut self, shot: &Shot) -> Result<(Parts, Vec<u8>), hyper::Error> {
        let Self { sender, driver, .. } = self;
        let mut exchange = pin!(async {
            sender.ready().await?;
            let response = sender.send_request(shot.target.request()).await?;
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

async fn read(mut body: Incoming) -> Result<Vec<u8>, hyper::Error> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = EVIDENCE_BYTES.saturating_sub(kept.len());
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(kept)
}

fn server(answer: &Parts) -> Option<String> {
    answer.headers.get(SERVER)?.to_str().ok().map(str::to_owned)
}

fn evidence(body: &[u8], start: Start) -> Option<Evidence> {
    let reply: endpoint::Reply = serde_json::from_slice(body).ok()?;
    Some(Evidence {
        instance: reply.instance,
        endpoint: reply.endpoint,
        style: reply.style,
        served: reply.served,
        entered_ns: reply.entered_unix_ns,
        left_ns: reply.left_unix_ns,
        start_ns: start.unix_ns,
    })
}

async fn limited<T>(limit: Option<Duration>, work: impl Future<Output = T>) -> Result<T, Outcome> {
    match limit {
        None => Ok(work.await),
        Some(limit) => timeout(limit, work)
            .await
            .map_err(|_| Outcome::Failed(format!("no answer within {} s", limit.as_secs_f64()))),
    }
}

/// After the connection was made, what ends it early is the server's doing, but for a user's own error.
fn explain(error: &hyper::Error) -> Outcome {
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    let text = format!("{error}{cause}");
    if error.is_user() { Outcome::Failed(text) } else { Outcome::Rejected(text) }
}
