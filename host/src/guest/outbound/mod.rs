//! Requests that a guest sends, in both versions of WASI: only to hosts that the manifest allows.
//!
//! HTTP is the only way out. Sockets and name resolution (`wasi:sockets`) are denied, whatever the manifest allows.

mod client;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::{Scheme, Uri};
use url::Host;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use crate::app::allowed_hosts::{AddressScope, AllowedHosts, normalize_host};
use client::{ConnectionFuture, Destination};

/// The host name by which a guest calls its own application, if its SDK requires one.
const SELF: &str = "self.alt";

/// Sends the requests of one component.
#[derive(Clone)]
pub struct Outbound(Arc<Rules>);

struct Rules {
    component: String,
    hosts: AllowedHosts,
    /// The address of the application's own server, which speaks plain HTTP.
    own_address: SocketAddr,
}

impl Outbound {
    /// Returns the rules of the component with the id `component`. `own_address` is the address of the application's own
    /// server.
    pub fn new(component: &str, hosts: AllowedHosts, own_address: SocketAddr) -> Self {
        Self(Arc::new(Rules { component: component.to_owned(), hosts, own_address }))
    }
}

impl WasiHttpHooks for Outbound {
    /// Guests get the client's `host`, as in Spin. One that a guest sends on with its own request is replaced: see
    /// [`Rules::resolve`].
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        *name != HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| *name != HOST && DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    fn send_request(
        &mut self,
        mut request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _io: ConnectionFuture,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, ConnectionFuture), Error>> + Send> {
        match self.0.resolve(&mut request) {
            Ok(destination) => Box::new(client::send(request, destination, options.unwrap_or_default())),
            Err(error) => Box::new(std::future::ready(Err(error))),
        }
    }
}

impl Rules {
    /// Returns the destination of `request` if it is allowed. Sets the request's `Host` to the destination in normal form,
    /// so that the server sees the host that was checked here.
    fn resolve(&self, request: &mut http::Request<WasiBody>) -> Result<Destination, Error> {
        let uri = request.uri();
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let destination = match uri.host() {
            None | Some("" | SELF) => self.own_destination()?,
            Some(host) => {
                let host = normalize_host(host).ok_or(Error::HttpRequestUriInvalid)?;
                let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
                self.destination(host, port, tls)?
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

    fn own_destination(&self) -> Result<Destination, Error> {
        if !self.hosts.allows_self() {
            return Err(self.deny("http://self"));
        }
        let host = match self.own_address.ip() {
            // A server on an unspecified address also listens on the loopback address.
            IpAddr::V4(address) if address.is_unspecified() => Host::Ipv4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(address) if address.is_unspecified() => Host::Ipv6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        };
        Ok(Destination { host, port: self.own_address.port(), tls: false, scope: AddressScope::Any })
    }

    fn destination(&self, host: Host, port: u16, tls: bool) -> Result<Destination, Error> {
        if host == Host::Domain("self".to_owned()) {
            tracing::error!(
                "component {:?} may not send requests to the host \"self\", which has a meaning in manifests only; a guest \
                 calls its own application by a path alone, or as http://{SELF}/",
                self.component
            );
            return Err(Error::HttpRequestDenied);
        }
        let scheme = if tls { "https" } else { "http" };
        match self.hosts.scope(scheme, &host, port) {
            Some(scope) => Ok(Destination { host, port, tls, scope }),
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
