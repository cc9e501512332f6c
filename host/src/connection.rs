//! One client's connection.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::FutureExt;
use http::Version;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
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
        let secure =
            timeout(self.limits.header_timeout, tls.accept(stream)).then(async |stream| match stream {
                Ok(Ok(stream)) => self.speak_either(stream, client, stop).await,
                Ok(Err(error)) => tracing::debug!("{client}: {error}"),
                Err(_) => tracing::debug!("{client}: no TLS within --header-timeout"),
            });
        Box::pin(secure).await;
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
            return Box::pin(self.speak_either(stream, client, stop)).await;
        }
        let patience = Patience::new(&self.limits);
        let connection =
            self.http1.serve_connection(watched(stream, &patience), self.service(client, &patience));
        self.speak(pin!(connection), client, &patience, stop).await;
    }

    /// HTTP/1.1 or HTTP/2, whichever the client speaks.
    async fn speak_either(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let patience = Patience::new(&self.limits);
        let connection =
            self.either.serve_connection(watched(stream, &patience), self.service(client, &patience));
        self.speak(pin!(connection), client, &patience, stop).await;
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
            site.answer(request, &name, open).map(Ok)
        })
    }

    async fn speak<C>(
        &self,
        mut connection: Pin<&mut C>,
        client: SocketAddr,
        patience: &Patience,
        stop: &CancellationToken,
    ) where
        C: GracefulConnection<Error: Display>,
    {
        let mut look = pin!(sleep_until(tokio::time::Instant::now()));
        let mut closing = false;
        loop {
            tokio::select! {
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
                () = look.as_mut() => match patience.verdict() {
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

fn watched<T>(stream: T, patience: &Arc<Patience>) -> TokioIo<Watched<T>> {
    TokioIo::new(Watched { inner: stream, patience: patience.clone() })
}
