//! The connections of clients.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::FutureExt;
use http::Version;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::client_timeouts::body::{TimedRequestBody, TimedResponseBody};
use super::client_timeouts::stream::TimedStream;
use super::client_timeouts::{ClientTimeouts, TimeoutStatus};
use crate::dispatch::ResponseBody;
use crate::limits::Limits;
use crate::routing::{AppService, client_address};

/// The first bytes that a client of HTTP/2 sends.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What all connections share.
pub(super) struct Connections {
    service: Arc<AppService>,
    pub limits: Limits,
    tls: Option<TlsAcceptor>,
    http1: http1::Builder,
    http1_or_http2: auto::Builder<TokioExecutor>,
}

impl Connections {
    pub fn new(service: Arc<AppService>, limits: Limits, tls: Option<TlsAcceptor>) -> Self {
        let max_header_size = limits.max_header_size.0;
        // hyper requires 8 KiB at least.
        let buffer_size = max_header_size.max(8 << 10);
        // No timeout of hyper's: it counts the time without a request as a part of the header's. See `ClientTimeouts`.
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(buffer_size);
        let mut http1_or_http2 = auto::Builder::new(TokioExecutor::new());
        http1_or_http2.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(buffer_size);
        http1_or_http2
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(max_header_size).unwrap_or(u32::MAX))
            .max_concurrent_streams(limits.max_concurrent_streams);
        Self { service, limits, tls, http1, http1_or_http2 }
    }

    /// Serves one client until it disconnects, a timeout ends, or the host stops.
    pub async fn serve(&self, stream: TcpStream, client: SocketAddr, stop: &CancellationToken) {
        // Small chunks of a streamed body must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.serve_plain(stream, client, stop).await };
        // Boxed, as HTTP/2 is below, so that the task of a plain HTTP/1.1 connection, the most frequent kind, stays small.
        Box::pin(self.serve_tls(tls, stream, client, stop)).await;
    }

    async fn serve_tls(
        &self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let handshake = tokio::select! {
            handshake = timeout(self.limits.header_timeout, tls.accept(stream)) => handshake,
            () = stop.cancelled() => return,
        };
        match handshake {
            Ok(Ok(stream)) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.serve_http1_or_http2(stream, is_http2, client, stop).await;
            }
            Ok(Err(error)) => tracing::debug!("{client}: {error}"),
            Err(_) => tracing::debug!("{client}: no TLS handshake within --header-timeout"),
        }
    }

    async fn serve_plain(&self, stream: TcpStream, client: SocketAddr, stop: &CancellationToken) {
        let mut start = [0; HTTP2_PREFACE.len()];
        let length = tokio::select! {
            length = stream.peek(&mut start) => length.unwrap_or(0),
            () = stop.cancelled() => return,
            () = sleep(self.limits.idle_timeout) => return,
        };
        // hyper-util can detect the version, too. But it keeps the bytes that it has read for that in a buffer of its own,
        // and the connection's buffer then grows for the rest of the request.
        if HTTP2_PREFACE.starts_with(&start[..length]) {
            return Box::pin(self.serve_http1_or_http2(stream, length == HTTP2_PREFACE.len(), client, stop))
                .await;
        }
        let timeouts = ClientTimeouts::new(&self.limits);
        let socket = stream.as_raw_fd();
        let connection =
            self.http1.serve_connection(timed(stream, &timeouts), self.service(client, &timeouts));
        self.drive(pin!(connection), socket, client, &timeouts, stop).await;
    }

    /// Serves HTTP/1.1 or HTTP/2, whichever the client speaks. `is_http2`: it is known to speak HTTP/2.
    async fn serve_http1_or_http2(
        &self,
        stream: impl AsyncRead + AsyncWrite + AsRawFd + Unpin + Send + 'static,
        is_http2: bool,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let timeouts = ClientTimeouts::new(&self.limits);
        let socket = stream.as_raw_fd();
        if is_http2 {
            timeouts.set_multiplexed();
        }
        let connection =
            self.http1_or_http2.serve_connection(timed(stream, &timeouts), self.service(client, &timeouts));
        self.drive(pin!(connection), socket, client, &timeouts, stop).await;
    }

    fn service(
        &self,
        client: SocketAddr,
        timeouts: &Arc<ClientTimeouts>,
    ) -> impl Service<
        http::Request<Incoming>,
        Response = http::Response<TimedResponseBody<ResponseBody>>,
        Error = Infallible,
        Future: Send,
    > + use<> {
        let (service, address, timeouts) = (self.service.clone(), client_address(client), timeouts.clone());
        service_fn(move |request: http::Request<Incoming>| {
            let guard = Arc::new(timeouts.start_request(request.version() == Version::HTTP_2));
            if !request.body().is_end_stream() {
                timeouts.set_has_body();
            }
            let request = request.map(|body| TimedRequestBody::new(body, guard.clone()));
            service
                .respond(request, &address)
                .map(|response| Ok(response.map(|body| TimedResponseBody::new(body, guard))))
        })
    }

    /// Runs the connection, and closes it at a timeout or when the host stops. `socket` is the connection's socket.
    async fn drive<C>(
        &self,
        mut connection: Pin<&mut C>,
        socket: RawFd,
        client: SocketAddr,
        timeouts: &ClientTimeouts,
        stop: &CancellationToken,
    ) where
        C: GracefulConnection<Error: Display>,
    {
        let mut next_check = pin!(sleep_until(tokio::time::Instant::now()));
        let mut is_closing = false;
        loop {
            // The connection first: what it reads decides when the next check is.
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!("{client}: {error}");
                    }
                    return;
                }
                () = stop.cancelled(), if !is_closing => {
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                    // An incomplete header is not a request in flight: the connection can be closed at once.
                    if !timeouts.is_busy() {
                        next_check.as_mut().reset(tokio::time::Instant::now());
                    }
                }
                () = poll_fn(|context| {
                    let scheduled = next_check.deadline().into_std();
                    if let Some(poll) = timeouts.next_disconnect_poll().filter(|poll| *poll < scheduled) {
                        next_check.as_mut().reset(poll.into());
                    }
                    next_check.as_mut().poll(context)
                }) => match check(socket, client, timeouts, is_closing) {
                    Check::Close => return,
                    Check::Again(next) => next_check.as_mut().reset(next.into()),
                    Check::ShutDown => {
                        is_closing = true;
                        connection.as_mut().graceful_shutdown();
                        let limit = std::time::Instant::now() + self.limits.header_timeout;
                        next_check.as_mut().reset(limit.into());
                    }
                }
            }
        }
    }
}

/// What to do with a connection after a check of its timeouts.
enum Check {
    /// Close it at once.
    Close,
    /// Check it again at this time.
    Again(std::time::Instant),
    /// It is idle: let it finish what it is about to read, then close it.
    ShutDown,
}

/// Checks whether the client of this connection has disconnected, or was too slow.
fn check(socket: RawFd, client: SocketAddr, timeouts: &ClientTimeouts, is_closing: bool) -> Check {
    match timeouts.status() {
        _ if timeouts.may_hide_disconnect() && has_disconnected(socket) => {
            tracing::debug!("{client}: disconnected during a request");
            Check::Close
        }
        _ if is_closing && !timeouts.is_busy() => Check::Close,
        TimeoutStatus::CheckAt(next) => Check::Again(next),
        TimeoutStatus::Idle if is_closing => Check::Close,
        TimeoutStatus::Idle => Check::ShutDown,
        TimeoutStatus::Expired(flag) => {
            tracing::debug!("{client}: closed by {flag}");
            Check::Close
        }
    }
}

/// Whether the client has closed its sending side, even if input before that is unread.
fn has_disconnected(socket: RawFd) -> bool {
    #[expect(unsafe_code, reason = "the only caller holds the connection, which owns the socket")]
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let mut polled = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    matches!(poll(&mut polled, Some(&Timespec::default())), Ok(1..))
}

fn timed<T>(stream: T, timeouts: &Arc<ClientTimeouts>) -> TokioIo<TimedStream<T>> {
    TokioIo::new(TimedStream::new(stream, timeouts.clone()))
}
