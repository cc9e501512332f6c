//! One client's connection.

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

use crate::headers;
use crate::limits::Limits;
use crate::patience::{Patience, Verdict, Watched};
use crate::site::{Delivery, Site};

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What all connections share.
pub struct Connections {
    pub site: Arc<Site>,
    pub limits: Limits,
    pub tls: Option<TlsAcceptor>,
    http1: http1::Builder,
    either: auto::Builder<TokioExecutor>,
}

impl Connections {
    pub fn new(site: Arc<Site>, limits: Limits, tls: Option<TlsAcceptor>) -> Self {
        let header = limits.max_header_size.0;
        let buffer = header.max(8 << 10);
        // Who waits for what is our own business: hyper's clock counts idle time as a header's.
        let mut http1 = http1::Builder::new();
        http1.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(buffer);
        let mut either = auto::Builder::new(TokioExecutor::new());
        either.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(buffer);
        either
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(header).unwrap_or(u32::MAX))
            .max_concurrent_streams(None);
        Self { site, limits, tls, http1, either }
    }

    /// Serves one client until it leaves, is too slow, or the host stops.
    pub async fn serve(&self, stream: TcpStream, client: SocketAddr, stop: &CancellationToken) {
        // Small pieces of a streamed body must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.serve_plain(stream, client, stop).await };
        // Boxed, as HTTP/2 is below: connections of plain HTTP/1.1, the most by far, stay small.
        Box::pin(self.serve_tls(tls, stream, client, stop)).await;
    }

    async fn serve_tls(
        &self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let shaken = tokio::select! {
            shaken = timeout(self.limits.header_timeout, tls.accept(stream)) => shaken,
            () = stop.cancelled() => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.speak_either(stream, http2, client, stop).await;
            }
            Ok(Err(error)) => tracing::debug!("{client}: {error}"),
            Err(_) => tracing::debug!("{client}: no TLS within --header-timeout"),
        }
    }

    async fn serve_plain(&self, stream: TcpStream, client: SocketAddr, stop: &CancellationToken) {
        let mut first = [0; PREFACE.len()];
        let seen = tokio::select! {
            seen = stream.peek(&mut first) => seen.unwrap_or(0),
            () = stop.cancelled() => return,
            () = sleep(self.limits.idle_timeout) => return,
        };
        // hyper-util tells them apart, too, but keeps what it has read for that in a buffer of its own, and the
        // rest of a request then grows the connection's.
        if PREFACE.starts_with(&first[..seen]) {
            return Box::pin(self.speak_either(stream, seen == PREFACE.len(), client, stop)).await;
        }
        let patience = Patience::new(&self.limits);
        let socket = stream.as_raw_fd();
        let connection =
            self.http1.serve_connection(watched(stream, &patience), self.service(client, &patience));
        self.speak(pin!(connection), socket, client, &patience, stop).await;
    }

    /// HTTP/1.1 or HTTP/2, whichever the client speaks; it may be known to be the latter.
    async fn speak_either(
        &self,
        stream: impl AsyncRead + AsyncWrite + AsRawFd + Unpin + Send + 'static,
        http2: bool,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let patience = Patience::new(&self.limits);
        let socket = stream.as_raw_fd();
        if http2 {
            patience.multiplex();
        }
        let connection =
            self.either.serve_connection(watched(stream, &patience), self.service(client, &patience));
        self.speak(pin!(connection), socket, client, &patience, stop).await;
    }

    fn service(
        &self,
        client: SocketAddr,
        patience: &Arc<Patience>,
    ) -> impl Service<
        http::Request<Incoming>,
        Response = http::Response<Delivery>,
        Error = Infallible,
        Future: Send,
    > + use<> {
        let (site, name, patience) = (self.site.clone(), headers::client(client), patience.clone());
        service_fn(move |request: http::Request<Incoming>| {
            let open = patience.request(request.version() == Version::HTTP_2);
            if !request.body().is_end_stream() {
                patience.has_body();
            }
            site.answer(request, &name, open).map(Ok)
        })
    }

    /// `socket` is the one that the connection owns.
    async fn speak<C>(
        &self,
        mut connection: Pin<&mut C>,
        socket: RawFd,
        client: SocketAddr,
        patience: &Patience,
        stop: &CancellationToken,
    ) where
        C: GracefulConnection<Error: Display>,
    {
        let mut look = pin!(sleep_until(tokio::time::Instant::now()));
        let mut closing = false;
        loop {
            // In this order: what the connection has read decides when to look.
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!("{client}: {error}");
                    }
                    return;
                }
                () = stop.cancelled(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                    // Half a header is no request in flight.
                    if !patience.is_busy() {
                        look.as_mut().reset(tokio::time::Instant::now());
                    }
                }
                () = poll_fn(|context| {
                    if let Some(soon) = patience.soon().filter(|soon| *soon < look.deadline().into_std()) {
                        look.as_mut().reset(soon.into());
                    }
                    look.as_mut().poll(context)
                }) => match patience.verdict() {
                    _ if patience.is_blind() && has_left(socket) => {
                        tracing::debug!("{client}: left in the middle of a request");
                        return;
                    }
                    _ if closing && !patience.is_busy() => return,
                    Verdict::Wait(next) => look.as_mut().reset(next.into()),
                    Verdict::Idle if closing => return,
                    Verdict::Idle => {
                        closing = true;
                        connection.as_mut().graceful_shutdown();
                        look.as_mut().reset((std::time::Instant::now() + self.limits.header_timeout).into());
                    }
                    Verdict::TooSlow(limit) => {
                        tracing::debug!("{client}: cut off by {limit}");
                        return;
                    }
                }
            }
        }
    }
}

/// Whether the client will send nothing more, unread input or not.
fn has_left(socket: RawFd) -> bool {
    #[expect(
        unsafe_code,
        reason = "the connection, which owns the socket, is alive in the only frame that asks"
    )]
    let socket = unsafe { BorrowedFd::borrow_raw(socket) };
    let mut asked = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    matches!(poll(&mut asked, Some(&Timespec::default())), Ok(1..))
}

fn watched<T>(stream: T, patience: &Arc<Patience>) -> TokioIo<Watched<T>> {
    TokioIo::new(Watched { inner: stream, patience: patience.clone() })
}
