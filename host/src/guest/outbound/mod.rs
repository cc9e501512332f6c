//! Requests that a guest sends: only where the manifest allows it, for both versions of WASI.
//!
//! HTTP is the only way out: sockets and name look-ups (`wasi:sockets`) are denied whatever the
//! manifest allows.

mod client;
mod pattern;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::header::{HOST, HeaderValue};
use http::uri::{Scheme, Uri};
use url::Host;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use client::{Destination, Io};
use pattern::{Reach, normal};

pub use pattern::{AllowedHosts, Pattern};

/// The host by which a guest calls its own application, where its SDK insists on a host.
const SELF: &str = "self.alt";

/// What one component may send, and where.
#[derive(Clone)]
pub struct Outbound(Arc<Rules>);

struct Rules {
    component: String,
    hosts: AllowedHosts,
    /// Where the application itself is served, in plain HTTP.
    home: SocketAddr,
}

impl Outbound {
    /// The rules of the component with the id `component`, in an application that listens on `home`.
    pub fn new(component: &str, hosts: AllowedHosts, home: SocketAddr) -> Self {
        Self(Arc::new(Rules { component: component.to_owned(), hosts, home }))
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _io: Io,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send> {
        match self.0.direct(&mut request) {
            Ok(destination) => Box::new(client::send(request, destination, options.unwrap_or_default())),
            Err(error) => Box::new(std::future::ready(Err(error))),
        }
    }
}

impl Rules {
    /// Where `request` goes, if it may. It is made to name the host that it goes to, as it was read here.
    fn direct(&self, request: &mut http::Request<WasiBody>) -> Result<Destination, Error> {
        let uri = request.uri();
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let destination = match uri.host() {
            None | Some("" | SELF) => self.to_self()?,
            Some(host) => {
                let host = normal(host).ok_or(Error::HttpRequestUriInvalid)?;
                let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
                self.to_host(host, port, tls)?
            }
        };
        let host = match (destination.port, destination.tls) {
            (80, false) | (443, true) => destination.host.to_string(),
            (port, _) => format!("{}:{port}", destination.host),
        };
        let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
        let path = uri.path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = path;
        Ok(destination)
    }

    fn to_self(&self) -> Result<Destination, Error> {
        if !self.hosts.allows_self() {
            return Err(self.deny("http://self"));
        }
        let host = match self.home.ip() {
            // Listening everywhere is listening here.
            IpAddr::V4(address) if address.is_unspecified() => Host::Ipv4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(address) if address.is_unspecified() => Host::Ipv6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        Ok(Destination { host, port: self.home.port(), tls: false, reach: Reach::Anywhere })
    }

    fn to_host(&self, host: Host, port: u16, tls: bool) -> Result<Destination, Error> {
        if host == Host::Domain("self".to_owned()) {
            tracing::error!(
                "component {:?} may not send requests to the host \"self\", which stands in manifests only; its own \
                 application is called by a path alone, or as http://{SELF}/",
                self.component
            );
            return Err(Error::HttpRequestDenied);
        }
        let scheme = if tls { "https" } else { "http" };
        match self.hosts.reach(scheme, &host, port) {
            Some(reach) => Ok(Destination { host, port, tls, reach }),
            None => Err(self.deny(&format!("{scheme}://{host}:{port}"))),
        }
    }

    fn deny(&self, destination: &str) -> Error {
        tracing::error!(
            "component {:?} may not send requests to {destination}; to allow it, add {destination:?} to its \
             allowed_outbound_hosts in the manifest",
            self.component
        );
        Error::HttpRequestDenied
    }
}
