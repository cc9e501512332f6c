//! Opens a stream for requests: TCP, then a proxy's tunnel, then TLS.

use std::io::ErrorKind as Io;
use std::time::Duration;

use judge::trace::{ErrorKind, Fault, Outcome};
use nix::errno::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::held_stream::HeldStream;
use super::request::RequestTemplate;
use super::{proxy, tls};

/// Time for two lost SYNs. A server that serves one connection at a time never accepts the next; the other workers
/// must not wait for it without a limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// The limit for a proxy's tunnel, for TLS, and for HTTP/2's settings, each.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A stream of any layers.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Opens a stream for the request, and returns it with the socket below it, which can hold back bytes.
pub async fn dial(request: &RequestTemplate) -> Result<(Box<dyn Stream>, HeldStream), Outcome> {
    let route = &request.route;
    let mut stream = tcp(request).await?;
    if let Some(connect) = &route.tunnel {
        let tunnel = handshake("the proxy", proxy::tunnel(&mut stream, connect)).await?;
        tunnel.map_err(|error| failed(ErrorKind::Proxy, error))?;
    }
    let socket = HeldStream::new(stream);
    let Some((config, name)) = &route.tls else { return Ok((Box::new(socket.clone()), socket)) };
    let connecting = TlsConnector::from(config.clone()).connect(name.clone(), socket.clone());
    let stream = handshake("TLS", connecting).await?;
    let stream = stream.map_err(|error| failed(ErrorKind::Tls, tls::explain(&error)))?;
    if route.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(failed(ErrorKind::Tls, tls::no_http2()));
    }
    Ok((Box::new(stream), socket))
}

async fn tcp(request: &RequestTemplate) -> Result<TcpStream, Outcome> {
    let prefix = if request.route.by_proxy { "the proxy: " } else { "" };
    let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(request.address)).await.map_err(|_| {
        let text = format!(
            "{prefix}no connection within {} s: the server accepts no more",
            CONNECT_TIMEOUT.as_secs()
        );
        failed(ErrorKind::ConnectTimeout, text)
    })?;
    let connect_fault = |error: std::io::Error| {
        let text = format!("{prefix}connect: {error}");
        match error.kind() {
            // A proxy's refusal is not the server's.
            _ if request.route.by_proxy => failed(ErrorKind::Proxy, text),
            Io::ConnectionRefused => Outcome::Rejected(Fault::new(ErrorKind::ConnectRefused, text)),
            Io::ConnectionReset => Outcome::Rejected(Fault::new(ErrorKind::Reset, text)),
            _ if is_at_client(&error) => failed(ErrorKind::Other, text),
            _ => failed(ErrorKind::Connect, text),
        }
    };
    let stream = connected.map_err(connect_fault)?;
    // Nagle's algorithm would delay a request until the previous one is acknowledged.
    stream.set_nodelay(true).map_err(connect_fault)?;
    Ok(stream)
}

/// Whether this machine has no descriptor or port left.
fn is_at_client(error: &std::io::Error) -> bool {
    let exhausted = [Errno::EMFILE, Errno::ENFILE, Errno::EADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&Errno::from_raw(code)))
}

/// Limits a handshake's time.
pub async fn handshake<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Outcome> {
    timeout(HANDSHAKE_TIMEOUT, work).await.map_err(|_| {
        let text = format!("{what}: no handshake within {} s", HANDSHAKE_TIMEOUT.as_secs());
        failed(ErrorKind::ConnectTimeout, text)
    })
}

fn failed(kind: ErrorKind, text: String) -> Outcome {
    Outcome::Failed(Fault::new(kind, text))
}
