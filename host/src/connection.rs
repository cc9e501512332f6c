//! One client's connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use http::Version;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::headers;
use crate::limits::Limits;
use crate::patience::{Patience, Verdict, Watched};
use crate::site::Site;

/// What all connections share.
pub struct Connections {
    pub site: Arc<Site>,
    pub limits: Limits,
    pub tls: Option<TlsAcceptor>,
    http: Builder<TokioExecutor>,
}

impl Connections {
    pub fn new(site: Arc<Site>, limits: Limits, tls: Option<TlsAcceptor>) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        let header = limits.max_header_size.0;
        // Who waits for what is our own business: hyper's clock counts idle time as a header's.
        http.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(header.max(8 << 10));
        http.http2()
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(header).unwrap_or(u32::MAX))
            .max_concurrent_streams(None);
        Self { site, limits, tls, http }
    }

    /// Serves one client until it leaves, is too slow, or the host stops.
    pub async fn serve(&self, stream: TcpStream, client: SocketAddr, stop: &CancellationToken) {
        // Small pieces of a streamed body must not wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.speak(stream, client, stop).await };
        match timeout(self.limits.header_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, client, stop).await,
            Ok(Err(error)) => tracing::debug!("{client}: {error}"),
            Err(_) => tracing::debug!("{client}: no TLS within --header-timeout"),
        }
    }

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        client: SocketAddr,
        stop: &CancellationToken,
    ) {
        let patience = Patience::new(&self.limits);
        let stream = Watched { inner: stream, patience: patience.clone() };
        let name = headers::client(client);
        let service = service_fn(|request: http::Request<hyper::body::Incoming>| {
            let open = patience.request(request.version() == Version::HTTP_2);
            let (site, name) = (self.site.clone(), name.clone());
            async move { Ok::<_, Infallible>(site.answer(request, &name, open).await) }
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
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
