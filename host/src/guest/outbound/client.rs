//! Sends one request over a new connection to a checked address. The client follows no redirection, and uses no proxy.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::body::ReadTimeoutBody;
use super::timeouts::{between_bytes, with_timeout};
use crate::app::allowed_hosts::AddressScope;

/// Drives a connection: ready when the connection ends. Dropping it closes the connection.
pub type ConnectionFuture = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// The destination of a request.
#[derive(Debug, Clone)]
pub struct Destination {
    pub host: Host,
    pub port: u16,
    pub tls: bool,
    pub scope: AddressScope,
}

/// Sends `request`, whose URI is a path, to `destination`.
pub async fn send(
    request: Request<WasiBody>,
    destination: Destination,
    options: RequestOptions,
) -> Result<(Response<WasiBody>, ConnectionFuture), Error> {
    let connecting = connect(&destination);
    let stream = with_timeout(options.connect_timeout, connecting, Error::ConnectionTimeout).await?;
    let exchange = exchange(stream, request);
    let (response, connection) =
        with_timeout(options.first_byte_timeout, exchange, Error::ConnectionReadTimeout).await?;
    let limit = between_bytes(&options);
    Ok((response.map(|body| ReadTimeoutBody::new(body, limit).boxed_unsync()), connection))
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

/// Resolves the host once, so that the client connects to the addresses that are checked here.
async fn addresses(destination: &Destination) -> Result<Vec<SocketAddr>, Error> {
    let port = destination.port;
    let resolved: Vec<SocketAddr> = match &destination.host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => tokio::net::lookup_host((name.as_str(), port))
            .await
            .map_err(|error| Error::DnsError { rcode: Some(error.to_string()), info_code: None })?
            .collect(),
    };
    let allowed = |address: &SocketAddr| destination.scope == AddressScope::Any || !is_local(address.ip());
    if !resolved.is_empty() && !resolved.iter().any(allowed) {
        tracing::error!(
            "{} resolves to {}, an address of this machine or its link, which a pattern with `*.` never allows: \
             name the host in allowed_outbound_hosts",
            destination.host,
            resolved[0].ip()
        );
        return Err(Error::DestinationIpProhibited);
    }
    Ok(resolved.into_iter().filter(allowed).collect())
}

/// Whether the address belongs to this machine or its link.
fn is_local(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            // 0.0.0.0/8 means this host.
            address.is_loopback() || address.is_link_local() || address.octets()[0] == 0
        }
        IpAddr::V6(address) => {
            // ::/96 has the unspecified address, the loopback address, and IPv4 addresses in a deprecated form.
            address.is_unicast_link_local() || address.segments()[..6] == [0; 6]
        }
    }
}

type Tls = Result<Arc<ClientConfig>, TlsUnusable>;

/// The TLS configuration can't be built. It doesn't happen with the provider that is compiled in.
#[derive(Clone, Copy)]
struct TlsUnusable;

impl From<TlsUnusable> for Error {
    fn from(_: TlsUnusable) -> Self {
        Self::ConfigurationError
    }
}

/// Built on first use: most guests never need it.
static TLS: LazyLock<Tls> = LazyLock::new(|| {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() };
    // The machine's own roots (SSL_CERT_FILE, SSL_CERT_DIR). Certificates that can't be parsed are left out.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|_| TlsUnusable)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
});

async fn exchange(
    stream: Box<dyn Stream>,
    request: Request<WasiBody>,
) -> Result<(Response<Incoming>, ConnectionFuture), Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = spawn(async move { connection.await.map_err(Error::from) });
    let response = sender.send_request(request).await?;
    Ok((response, Box::new(connection)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::app::allowed_hosts::normalize_host;

    #[test]
    fn addresses_of_this_machine_and_its_link_are_local() {
        for local in [
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
            assert!(is_local(local.parse().unwrap()), "{local}");
        }
        for remote in ["93.184.216.34", "10.0.0.1", "2606:2800::1", "::ffff:93.184.216.34"] {
            assert!(!is_local(remote.parse().unwrap()), "{remote}");
        }
    }

    #[tokio::test]
    async fn a_name_with_a_local_address_must_be_allowed_by_itself() {
        let destination =
            |scope| Destination { host: Host::Domain("localhost".to_owned()), port: 80, tls: false, scope };
        assert!(!addresses(&destination(AddressScope::Any)).await.unwrap().is_empty());
        let refused = addresses(&destination(AddressScope::NonLocal)).await.unwrap_err();
        assert!(matches!(refused, Error::DestinationIpProhibited), "{refused}");
    }

    #[test]
    fn the_tls_configuration_can_be_built() {
        assert!(TLS.is_ok());
    }

    /// Sends a GET request to a server that sends `answer`, and then nothing.
    async fn get_from_silent_server(answer: &'static str) -> Result<Response<WasiBody>, Error> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        let destination = Destination {
            host: normalize_host("127.0.0.1").unwrap(),
            port,
            tls: false,
            scope: AddressScope::Any,
        };
        let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
        let short = Some(Duration::from_millis(300));
        let options =
            RequestOptions { connect_timeout: None, first_byte_timeout: short, between_bytes_timeout: short };
        let (response, connection) = send(Request::new(body), destination, options).await?;
        // Dropping the future would close the connection.
        tokio::spawn(Box::into_pin(connection));
        Ok(response)
    }

    #[tokio::test]
    async fn a_request_to_a_silent_server_times_out() {
        let error = get_from_silent_server("").await.map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
        let mut response =
            get_from_silent_server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart").await.unwrap();
        let part = response.frame().await.unwrap().unwrap();
        assert_eq!(part.into_data().unwrap(), "part");
        let error = response.frame().await.unwrap().map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::ConnectionReadTimeout), "{error}");
    }
}
