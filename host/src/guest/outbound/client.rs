//! Sends one request over a connection of its own, to an address that was checked. Nothing is
//! redirected, and no proxy is asked.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use url::Host;
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::pattern::Reach;

/// Where the guest sets no time limit.
const PATIENCE: Duration = Duration::from_secs(600);

/// Ends when the connection does, and ends it when it is dropped.
pub type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// Where a request goes.
#[derive(Debug, Clone)]
pub struct Destination {
    pub host: Host,
    pub port: u16,
    pub tls: bool,
    pub reach: Reach,
}

/// Sends `request`, whose URI is a path, to `destination`.
pub async fn send(
    request: Request<WasiBody>,
    destination: Destination,
    options: RequestOptions,
) -> Result<(Response<WasiBody>, Io), Error> {
    let connecting = connect(&destination);
    let stream = within(options.connect_timeout, connecting, Error::ConnectionTimeout).await?;
    let answer = exchange(stream, request);
    let (response, io) = within(options.first_byte_timeout, answer, Error::ConnectionReadTimeout).await?;
    let pace = options.between_bytes_timeout.unwrap_or(PATIENCE);
    Ok((response.map(|body| Paced::new(body, pace).boxed_unsync()), io))
}

async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, Error>>,
    late: Error,
) -> Result<T, Error> {
    timeout(limit.unwrap_or(PATIENCE), work).await.unwrap_or(Err(late))
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(destination: &Destination) -> Result<Box<dyn Stream>, Error> {
    let addresses = addresses(destination).await?;
    let tcp = TcpStream::connect(&addresses[..]).await.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        ErrorKind::TimedOut => Error::ConnectionTimeout,
        _ => Error::Connect(error),
    })?;
    let _ = tcp.set_nodelay(true);
    if !destination.tls {
        return Ok(Box::new(tcp));
    }
    let name = match &destination.host {
        Host::Domain(domain) => {
            ServerName::try_from(domain.clone()).map_err(|_| Error::HttpRequestUriInvalid)?
        }
        Host::Ipv4(address) => IpAddr::V4(*address).into(),
        Host::Ipv6(address) => IpAddr::V6(*address).into(),
    };
    let stream = TlsConnector::from(TLS.clone()?).connect(name, tcp).await.map_err(Error::Tls)?;
    Ok(Box::new(stream))
}

/// Resolved once: what is checked here is what is connected to.
async fn addresses(destination: &Destination) -> Result<Vec<SocketAddr>, Error> {
    let port = destination.port;
    let found: Vec<SocketAddr> = match &destination.host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), port))
            .await
            .map_err(|error| Error::DnsError { rcode: Some(error.to_string()), info_code: None })?
            .collect(),
    };
    let allowed = |address: &SocketAddr| destination.reach == Reach::Anywhere || is_abroad(address.ip());
    if !found.is_empty() && !found.iter().any(allowed) {
        tracing::error!(
            "{} leads to {}, an address of this machine or its link, which a pattern with `*.` never allows: \
             name the host in allowed_outbound_hosts",
            destination.host,
            found[0].ip()
        );
        return Err(Error::DestinationIpProhibited);
    }
    Ok(found.into_iter().filter(allowed).collect())
}

fn is_abroad(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // All of 0.0.0.0/8 is this host.
            !(address.is_loopback() || address.is_link_local() || address.octets()[0] == 0)
        }
        IpAddr::V6(address) => {
            // ::/96 holds the unspecified and loopback addresses, and IPv4 in an old form.
            !(address.is_unicast_link_local() || address.segments()[..6] == [0; 6])
        }
    }
}

type Tls = Result<Arc<ClientConfig>, TlsUnusable>;

/// The client's TLS can't be set up; it never happens with the provider that is compiled in.
#[derive(Clone, Copy)]
struct TlsUnusable;

impl From<TlsUnusable> for Error {
    fn from(_: TlsUnusable) -> Self {
        Self::ConfigurationError
    }
}

/// Made when it is first needed: most guests never ask for it.
static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    // Whom this machine trusts beyond them (SSL_CERT_FILE, SSL_CERT_DIR). What can't be read is not trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|_| TlsUnusable)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
});

async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<WasiBody>,
) -> Result<(Response<Incoming>, Io), Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = spawn(async move { connection.await.map_err(Error::from) });
    let response = sender.send_request(request).await?;
    Ok((response, Box::new(connection)))
}

/// A body whose sender may pause for no longer than `limit`.
struct Paced {
    body: Incoming,
    limit: Duration,
    /// Runs while something is waited for.
    late: Option<Pin<Box<Sleep>>>,
}

impl Paced {
    fn new(body: Incoming, limit: Duration) -> Self {
        Self { body, limit, late: None }
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.late = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let limit = self.limit;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(late.as_mut().poll(context));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::super::pattern::normal;
    use super::*;

    #[test]
    fn home_is_no_place_abroad() {
        for home in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "::1",
            "::",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.0.1",
            "::127.0.0.1",
        ] {
            assert!(!is_abroad(home.parse().unwrap()), "{home}");
        }
        for abroad in ["93.184.216.34", "10.0.0.1", "2606:2800::1", "::ffff:93.184.216.34"] {
            assert!(is_abroad(abroad.parse().unwrap()), "{abroad}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_followed_only_where_it_is_allowed_itself() {
        let destination =
            |reach| Destination { host: Host::Domain("localhost".to_owned()), port: 80, tls: false, reach };
        assert!(!addresses(&destination(Reach::Anywhere)).await.unwrap().is_empty());
        let refused = addresses(&destination(Reach::Abroad)).await.unwrap_err();
        assert!(matches!(refused, Error::DestinationIpProhibited), "{refused}");
    }

    #[test]
    fn tls_can_be_set_up() {
        assert!(TLS.is_ok());
    }

    /// Sends a GET request to a server that answers `answer` and then nothing more.
    async fn ask(answer: &'static str) -> Result<Response<WasiBody>, Error> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let destination =
            Destination { host: normal("127.0.0.1").unwrap(), port, tls: false, reach: Reach::Anywhere };
        let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
        let soon = Some(Duration::from_millis(300));
        let options =
            RequestOptions { connect_timeout: None, first_byte_timeout: soon, between_bytes_timeout: soon };
        let (response, io) = send(Request::new(body), destination, options).await?;
        // The connection lives as long as this is held.
        tokio::spawn(Box::into_pin(io));
        Ok(response)
    }

    #[tokio::test]
    async fn a_server_that_falls_silent_is_given_up() {
        let late = ask("").await.map(|_| ()).unwrap_err();
        assert!(matches!(late, Error::ConnectionReadTimeout), "{late}");
        let mut response = ask("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart").await.unwrap();
        let part = response.frame().await.unwrap().unwrap();
        assert_eq!(part.into_data().unwrap(), "part");
        let late = response.frame().await.unwrap().map(|_| ()).unwrap_err();
        assert!(matches!(late, Error::ConnectionReadTimeout), "{late}");
    }
}
