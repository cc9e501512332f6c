//! HTTP/1.1: a worker has a connection for itself.

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use http::Request;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::response::Parts;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use judge::trace::{ErrorKind, Fault, Outcome};
use results::evidence::BodyPrefix;
use tokio::io::AsyncReadExt;

use super::dial::{Dialing, Stream, dial};
use super::first_bytes::Protocol;
use super::held_stream::HeldStream;
use super::pair::Pair;
use super::progress_grid::{Cell, RequestState};
use super::request::RequestTemplate;
use super::timestamps::{ExchangeTimes, ObservedStream, Timestamps};

/// The most header fields of an answer. Browsers limit only the size of a head.
const MAX_HEADERS: usize = 1_000;
/// The largest head of an answer: at least 256 KiB, as in browsers.
const MAX_HEAD_BYTES: usize = 408 * 1024;

/// The head of a request is longer.
const LEAST_HEAD_BYTES: usize = 16;

type Observed = ObservedStream<Box<dyn Stream>, ExchangeTimes>;
type Driver = http1::Connection<TokioIo<Observed>, Full<Bytes>>;

pub struct Http1 {
    /// The stream, until its first exchange.
    unused: Option<Observed>,
    /// hyper's connection. Its buffers take 25 KiB: thousands of connections that wait for their release have none.
    used: Option<Used>,
    times: ExchangeTimes,
    held_stream: HeldStream,
    /// Whether a part of the last request was not sent when its answer was complete.
    has_rest: bool,
    many_fields: Arc<AtomicBool>,
}

/// A connection of hyper.
struct Used {
    sender: http1::SendRequest<Full<Bytes>>,
    /// hyper's connection task. The worker polls it itself, so that no request waits until another task is scheduled.
    /// `None` after it has ended.
    driver: Option<Driver>,
    /// Polls the exchange and the driver, which wake each other.
    pair: Pair,
}

impl Http1 {
    pub async fn open(request: &RequestTemplate, dialing: Dialing<'_>) -> Result<Self, Outcome> {
        let times = ExchangeTimes::default();
        let (stream, held_stream, _) = dial(request, dialing).await?;
        let unused = Some(ObservedStream::new(stream, times.clone()));
        let many_fields = request.many_fields.clone();
        Ok(Self { unused, used: None, times, held_stream, has_rest: false, many_fields })
    }

    pub fn held_stream(&self) -> &HeldStream {
        &self.held_stream
    }

    /// Whether the server has left it open.
    pub async fn is_open(&mut self) -> bool {
        let Some(Used { sender, driver, pair }) = &mut self.used else { return self.unused.is_some() };
        poll_fn(|task| {
            let _ = pair.poll(task, |_| Poll::<()>::Pending, |context| drive(driver, context));
            Poll::Ready(())
        })
        .await;
        // The rest would precede the next request, and the server may not read it.
        driver.is_some() && !sender.is_closed() && !self.has_rest && !self.held_stream.is_broken()
    }

    /// Sends a request, and reads the whole answer.
    pub async fn exchange(
        &mut self,
        request: Request<Bytes>,
        cell: Cell<'_>,
    ) -> Result<(Parts, BodyPrefix), Outcome> {
        self.times.take();
        self.held_stream.answered().await;
        let body_length = request.body().len();
        let Self { times, many_fields, has_rest, .. } = self;
        if let Some(stream) = self.unused.take() {
            let used = Used::new(stream, many_fields.load(Relaxed)).await;
            self.used = Some(used.map_err(|error| explain(&error, times, many_fields))?);
        }
        let Some(Used { sender, driver, pair }) = &mut self.used else { return Err(Outcome::default()) };
        let mut exchange = pin!(async {
            sender.ready().await?;
            let response = sender.send_request(request.map(Full::new)).await?;
            times.head_came();
            cell.set(RequestState::Answering);
            let (head, body) = response.into_parts();
            Ok((head, read(body).await?))
        });
        pair.begin();
        let answered = poll_fn(|task| {
            pair.poll(task, |context| exchange.as_mut().poll(context), |context| drive(driver, context))
        });
        let (head, body) =
            answered.await.map_err(|error: hyper::Error| explain(&error, times, many_fields))?;
        *has_rest = body_length > 0 && times.sent_bytes() < body_length + LEAST_HEAD_BYTES;
        match head.headers.contains_key(TRANSFER_ENCODING) && head.headers.contains_key(CONTENT_LENGTH) {
            // RFC 9112, 6.3: the two contradict each other, so that the answer's end isn't known.
            true => Err(protocol("the answer has both Content-Length and Transfer-Encoding".to_owned())),
            false => Ok((head, body)),
        }
    }

    /// The timestamps of the last exchange. A held request was sent at the release, not when hyper wrote it.
    pub fn take_timestamps(&self) -> Timestamps {
        let times = self.times.take();
        Timestamps { sent: self.held_stream.take_release_time().or(times.sent), ..times }
    }
}

impl Used {
    async fn new(stream: Observed, many_fields: bool) -> hyper::Result<Self> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD_BYTES);
        if many_fields {
            builder.max_headers(MAX_HEADERS);
        }
        // As browsers do.
        builder.allow_obsolete_multiline_headers_in_responses(true);
        builder.allow_spaces_after_header_name_in_responses(true);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, driver: Some(driver), pair: Pair::new() })
    }
}

/// The bytes of a request over HTTP/1.1, as hyper writes them; `None` if they are more than `most`.
pub async fn encoded(request: Request<Bytes>, most: usize) -> Option<Bytes> {
    let body_length = request.body().len();
    let (near, mut far) = tokio::io::duplex(most);
    let (mut sender, driver) = http1::handshake(TokioIo::new(near)).await.ok()?;
    let sending = async { tokio::join!(sender.send_request(request.map(Full::new)), driver) };
    let reading = async {
        let mut bytes = Vec::new();
        while bytes.len() <= most && far.read_buf(&mut bytes).await.ok()? > 0 {
            let head = bytes.windows(4).position(|end| end == b"\r\n\r\n");
            if head.is_some_and(|head| bytes.len() == head + 4 + body_length) {
                return (bytes.len() <= most).then(|| bytes.into());
            }
        }
        None
    };
    tokio::select! {
        _ = sending => None,
        bytes = reading => bytes,
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
fn explain(error: &hyper::Error, seen: &ExchangeTimes, many_fields: &AtomicBool) -> Outcome {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let cause = error.source().map_or_else(String::new, |source| format!(": {source}"));
    let text = format!("{error}{cause}");
    let first = seen.first_bytes();
    if error.is_user() {
        return Outcome::Failed(Fault::new(ErrorKind::Other, text));
    }
    if matches!(io.map(io::Error::kind), Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)) {
        return Outcome::Rejected(Fault::new(ErrorKind::Reset, text));
    }
    if let Some(instead) = first.instead_of(Protocol::Http1) {
        return protocol(instead);
    }
    if error.is_parse_too_large() {
        return protocol(too_large(seen.received(), many_fields));
    }
    if error.is_parse() {
        return protocol(format!("the answer's head is not valid: {text}"));
    }
    match (first.is_empty(), seen.has_head()) {
        (true, _) => {
            let text = "the server closed the connection before an answer came";
            Outcome::Rejected(Fault::new(ErrorKind::Closed, text))
        }
        (false, false) => protocol("the server closed the connection in the answer's head".to_owned()),
        (false, true) => protocol(format!("the answer's body is not whole: {text}")),
    }
}

fn protocol(text: String) -> Outcome {
    Outcome::Rejected(Fault::new(ErrorKind::Protocol, text))
}

/// The error for a head beyond the limits. Sets `many_fields` if it has too many fields.
fn too_large(received: usize, many_fields: &AtomicBool) -> String {
    if received > MAX_HEAD_BYTES / 2 {
        return format!("the answer's head is larger than {} KiB, the limit", MAX_HEAD_BYTES / 1024);
    }
    many_fields.store(true, Relaxed);
    format!("the answer's head has more than {MAX_HEADERS} fields, the limit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_encoded_with_its_body() {
        let request =
            |body: &'static str| Request::post("/x?y").body(Bytes::from_static(body.as_bytes())).unwrap();
        let bytes = encoded(request("a body"), 1_000).await.unwrap();
        assert_eq!(bytes, "POST /x?y HTTP/1.1\r\ncontent-length: 6\r\n\r\na body");
        assert_eq!(encoded(request("a body"), 40).await, None);
    }
}
