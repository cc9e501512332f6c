//! Opens a stream for requests: TCP, then a proxy's tunnel, then TLS.

use std::io::ErrorKind as Io;
use std::time::Duration;

use judge::trace::{ErrorKind, Fault, Outcome};
use nix::errno::Errno;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::barrier::Barrier;
use super::deadline::Deadline;
use super::first_bytes::Protocol;
use super::held_stream::HeldStream;
use super::request::RequestTemplate;
use super::socket::Socket;
use super::timestamps::{ExchangeTimes, ObservedStream};
use super::{proxy, tls};

/// Time for two lost SYNs. A server that serves one connection at a time never accepts the next; the other workers
/// must not wait for it without a limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// A stream of any layers.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// How a connection is opened.
#[derive(Clone, Copy)]
pub struct Dialing<'a> {
    /// Limits the connects at a time; `None` if no others are opened.
    pub barrier: Option<&'a Barrier>,
    /// The limit for all steps together, from the connect on; `None` for no limit.
    pub timeout: Option<Duration>,
}

/// Opens a stream for the request, and returns it with the socket below it, which can hold back bytes, and with the time that
/// the further steps have.
pub async fn dial(
    request: &RequestTemplate,
    dialing: Dialing<'_>,
) -> Result<(Box<dyn Stream>, HeldStream, Deadline), Outcome> {
    let route = &request.route;
    let (mut stream, deadline) = connect(request, dialing).await?;
    if let Some(connect) = &route.tunnel {
        let tunnel = handshake("the proxy", deadline, proxy::tunnel(&mut stream, connect)).await?;
        tunnel.map_err(|error| failed(ErrorKind::Proxy, error))?;
    }
    let socket = HeldStream::new(stream, request.method.is_idempotent());
    let Some((config, name)) = &route.tls else { return Ok((Box::new(socket.clone()), socket, deadline)) };
    let seen = ExchangeTimes::default();
    let below = ObservedStream::new(socket.clone(), seen.clone());
    let connecting = TlsConnector::from(config.clone()).connect(name.clone(), below);
    let stream = handshake("TLS", deadline, connecting).await?.map_err(|error| {
        let instead = seen.first_bytes().instead_of(Protocol::Tls);
        failed(ErrorKind::Tls, instead.unwrap_or_else(|| tls::explain(&error, name)))
    })?;
    if route.http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(failed(ErrorKind::Tls, tls::no_http2()));
    }
    Ok((Box::new(stream), socket, deadline))
}

/// Connects. The time begins when it is this connection's turn.
async fn connect(request: &RequestTemplate, dialing: Dialing<'_>) -> Result<(Socket, Deadline), Outcome> {
    let prefix = if request.route.by_proxy { "the proxy: " } else { "" };
    let late = |seconds: f64| {
        failed(
            ErrorKind::ConnectTimeout,
            format!("{prefix}no connection within {seconds} s: the server did not accept it"),
        )
    };
    let permit = match dialing.barrier {
        None => None,
        Some(barrier) => {
            let patience = dialing.timeout.map_or(CONNECT_TIMEOUT, |timeout| timeout.min(CONNECT_TIMEOUT));
            Some(barrier.connect_permit(patience).await.ok_or_else(|| late(patience.as_secs_f64()))?)
        }
    };
    let deadline = Deadline::after(dialing.timeout);
    let connecting = Socket::connect(&request.address);
    let connected = deadline.limit_to(CONNECT_TIMEOUT, connecting).await;
    let connected = connected.map_err(|timeout| late(timeout.seconds()))?;
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
    if let Some((permit, barrier)) = permit.zip(dialing.barrier) {
        drop(permit);
        barrier.connected();
    }
    Ok((stream, deadline))
}

/// Whether this machine has no descriptor or port left.
fn is_at_client(error: &std::io::Error) -> bool {
    let exhausted = [Errno::EMFILE, Errno::ENFILE, Errno::EADDRNOTAVAIL];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&Errno::from_raw(code)))
}

/// Limits a handshake's time.
pub async fn handshake<T>(
    what: &str,
    deadline: Deadline,
    work: impl Future<Output = T>,
) -> Result<T, Outcome> {
    deadline.limit(work).await.map_err(|late| {
        let seconds = late.seconds();
        let text = format!(
            "{what}: no handshake within {seconds} s; the server accepted the connection and sent nothing that ends it"
        );
        failed(ErrorKind::ConnectTimeout, text)
    })
}

fn failed(kind: ErrorKind, text: String) -> Outcome {
    Outcome::Failed(Fault::new(kind, text))
}
