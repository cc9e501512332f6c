//! HTTP/1.1: a worker has a connection for itself.

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use http::Request;
use http::response::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use judge::trace::{ErrorKind, Fault, Outcome};
use results::evidence::BodyPrefix;

use super::dial::{Stream, dial};
use super::held_stream::HeldStream;
use super::progress_grid::{Cell, RequestState};
use super::request::RequestTemplate;
use super::timestamps::{ExchangeTimes, ObservedStream, Timestamps};

type Driver = http1::Connection<TokioIo<ObservedStream<Box<dyn Stream>, ExchangeTimes>>, Full<Bytes>>;

pub struct Http1 {
    sender: http1::SendRequest<Full<Bytes>>,
    /// hyper's connection task. The worker polls it itself, so that no request waits until another task is scheduled.
    /// `None` after it has ended.
    driver: Option<Driver>,
    times: ExchangeTimes,
    held_stream: HeldStream,
}

impl Http1 {
    pub async fn open(request: &RequestTemplate) -> Result<Self, Outcome> {
        let times = ExchangeTimes::default();
        let (stream, held_stream) = dial(request).await?;
        let stream = ObservedStream::new(stream, times.clone());
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| explain(&error))?;
        Ok(Self { sender, driver: Some(driver), times, held_stream })
    }

    pub fn held_stream(&self) -> &HeldStream {
        &self.held_stream
    }

    /// Whether the server has left it open.
    pub async fn is_open(&mut self, is_used: bool) -> bool {
        if is_used {
            poll_fn(|context| {
                drive(&mut self.driver, context);
                Poll::Ready(())
            })
            .await;
        }
        self.driver.is_some() && !self.sender.is_closed()
    }

    /// Sends a request, and reads the whole answer.
    pub async fn exchange(
        &mut self,
        request: Request<Bytes>,
        cell: Cell<'_>,
    ) -> Result<(Parts, BodyPrefix), Outcome> {
        self.times.take();
        let Self { sender, driver, .. } = self;
        let mut exchange = pin!(async {
            sender.ready().await?;
            let response = sender.send_request(request.map(Full::new)).await?;
            cell.set(RequestState::Answering);
            let (head, body) = response.into_parts();
            Ok((head, read(body).await?))
        });
        let answered = poll_fn(|context| {
            if let Poll::Ready(answer) = exchange.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            drive(driver, context);
            // Polled again, because the driver may have delivered the answer.
            exchange.as_mut().poll(context)
        });
        answered.await.map_err(|error: hyper::Error| explain(&error))
    }

    /// The timestamps of the last exchange. A held request was sent at the release, not when hyper wrote it.
    pub fn take_timestamps(&self) -> Timestamps {
        let times = self.times.take();
        Timestamps { sent: self.held_stream.take_release_time().or(times.sent), ..times }
    }
}

/// Lets the connection read and write. A driver that has ended must not be polled again; bytes that it had read are in
/// the exchange.
fn drive(driver: &mut Option<Driver>, context: &mut Context<'_>) {
    if driver.as_mut().is_some_and(|driver| Pin::new(driver).poll(context).is_ready()) {
        *driver = None;
    }
}

async fn read(mut body: Incoming) -> Result<BodyPrefix, hyper::Error> {
    let mut prefix = BodyPrefix::default();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            prefix.add(&data);
        }
    }
    Ok(prefix)
}

/// The outcome of an error on an open connection. The server caused it, unless hyper reports an error of the caller.
fn explain(error: &hyper::Error) -> Outcome {
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let kind = match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => ErrorKind::Reset,
        _ if error.is_parse() || error.is_parse_too_large() => ErrorKind::Protocol,
        _ if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || io.is_some() => {
            ErrorKind::Closed
        }
        _ if error.is_body_write_aborted() || error.is_user() => ErrorKind::Other,
        _ => ErrorKind::Protocol,
    };
    let text = match error.is_canceled() {
        // hyper's text describes its internal channel.
        true => "the server closed the connection before an answer came".to_owned(),
        false => format!("{error}{cause}"),
    };
    let fault = Fault::new(kind, text);
    if error.is_user() { Outcome::Failed(fault) } else { Outcome::Rejected(fault) }
}
