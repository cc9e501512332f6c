//! From an address to a stream that requests can go over: TCP, a proxy's tunnel, TLS.

use std::io::ErrorKind as Io;
use std::sync::Arc;
use std::time::Duration;

use judge::trace::{ErrorKind, Fault, Outcome};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::gate::Gate;
use super::{Target, proxy, tls};

/// A server that serves one connection at a time takes no second one: the others must not wait for
/// it for ever. Time for two lost SYNs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// For a proxy's tunnel, for TLS, and for HTTP/2's settings, each.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How an address is spoken to.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// What asks the proxy for a tunnel; none without a tunnel.
    pub tunnel: Option<Vec<u8>>,
    /// Whether the address is a proxy's.
    pub by_proxy: bool,
    /// For https.
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Whether requests go by HTTP/2.
    pub http2: bool,
}

/// A stream, of whatever layers.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream to the target that a request can be written to, and the gate at its socket.
pub async fn dial(target: &Target) -> Result<(Box<dyn Stream>, Gate), Outcome> {
    let route = &target.route;
    let mut stream = tcp(target).await?;
    if let Some(ask) = &route.tunnel {
        let tunnel = within("the proxy", proxy::tunnel(&mut stream, ask)).await?;
        tunnel.map_err(|error| failed(ErrorKind::Proxy, error))?;
    }
    let gate = Gate::new(stream);
    let Some((config, name)) = &route.tls else { return Ok((Box::new(gate.clone()), gate)) };
    let handshake = TlsConnector::from(config.clone()).connect(name.clone(), gate.clone());
    let stream = within("TLS", handshake).await?;
    let stream = stream.map_err(|error| failed(ErrorKind::Tls, tls::explain(&error)))?;
    if route.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(failed(ErrorKind::Tls, tls::no_http2()));
    }
    Ok((Box::new(stream), gate))
}

async fn tcp(target: &Target) -> Result<TcpStream, Outcome> {
    let whom = if target.route.by_proxy { "the proxy: " } else { "" };
    let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(target.address)).await.map_err(|_| {
        let text =
            format!("{whom}no connection within {} s: the server takes no more", CONNECT_TIMEOUT.as_secs());
        failed(ErrorKind::ConnectTimeout, text)
    })?;
    let connect_fault = |error: std::io::Error| {
        let text = format!("{whom}connect: {error}");
        match error.kind() {
            // A proxy's refusal says nothing of the server.
            _ if target.route.by_proxy => failed(ErrorKind::Proxy, text),
            Io::ConnectionRefused => Outcome::Rejected(Fault::new(ErrorKind::ConnectRefused, text)),
            Io::ConnectionReset => Outcome::Rejected(Fault::new(ErrorKind::Reset, text)),
            _ => failed(ErrorKind::Connect, text),
        }
    };
    let stream = connected.map_err(connect_fault)?;
    // Else a request waits for the acknowledgement of the one before it.
    stream.set_nodelay(true).map_err(connect_fault)?;
    Ok(stream)
}

/// The work's result, unless it takes too long.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> Result<T, Outcome> {
    timeout(HANDSHAKE_TIMEOUT, work).await.map_err(|_| {
        let text = format!("{what}: no handshake within {} s", HANDSHAKE_TIMEOUT.as_secs());
        failed(ErrorKind::ConnectTimeout, text)
    })
}

fn failed(kind: ErrorKind, text: String) -> Outcome {
    Outcome::Failed(Fault::new(kind, text))
}
