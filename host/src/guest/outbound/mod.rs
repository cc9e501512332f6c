//! Requests that a guest sends, in both versions of WASI: only to hosts that the manifest allows.
//!
//! HTTP is the only way out. Sockets and name resolution (`wasi:sockets`) are denied, whatever the manifest allows.

mod body;
pub mod client;
mod own_app;
mod timeouts;

use std::sync::Arc;

use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::{Scheme, Uri};
use url::Host;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use crate::app::allowed_hosts::{AllowedHosts, normalize_host};
use client::{ConnectionFuture, Destination};
pub use own_app::{Callee, OwnApp, OwnAppSlot, ResponseFuture};

/// The host name by which a guest calls its own application, if its SDK requires one.
const SELF: &str = "self.alt";

/// Sends the requests of one component.
#[derive(Clone)]
pub struct Outbound(Arc<Rules>);

struct Rules {
    component: String,
    hosts: AllowedHosts,
    own_app: OwnAppSlot,
}

/// The server of a request.
#[derive(Debug)]
enum Target {
    OwnApp(Callee),
    Network(Destination),
}

impl Outbound {
    /// Returns the rules of the component with the id `component`.
    pub fn new(component: &str, hosts: AllowedHosts, own_app: OwnAppSlot) -> Self {
        Self(Arc::new(Rules { component: component.to_owned(), hosts, own_app }))
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
        let options = options.unwrap_or_default();
        match self.0.resolve(&mut request) {
            Ok(Target::OwnApp(callee)) => Box::new(self.0.own_app.clone().send(callee, request, options)),
            Ok(Target::Network(destination)) => Box::new(client::send(request, destination, options)),
            Err(error) => Box::new(std::future::ready(Err(error))),
        }
    }
}

impl Rules {
    /// Returns the server of `request` if the request is allowed. Sets the request's `Host` to the server's name in normal
    /// form, so that the server sees the host that was checked here.
    fn resolve(&self, request: &mut http::Request<WasiBody>) -> Result<Target, Error> {
        let uri = request.uri();
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let host = match uri.host() {
            None | Some("" | SELF) => return self.own_route(),
            Some(host) => normalize_host(host).ok_or(Error::HttpRequestUriInvalid)?,
        };
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let destination = self.destination(host, port, tls)?;
        let host = match (destination.port, destination.tls) {
            (80, false) | (443, true) => destination.host.to_string(),
            (port, _) => format!("{}:{port}", destination.host),
        };
        let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
        let path = request.uri().path_and_query().cloned().map_or_else(Uri::default, Uri::from);
        request.headers_mut().insert(HOST, host);
        *request.uri_mut() = path;
        if let Host::Domain(domain) = &destination.host
            && let Some(callee) = Callee::of_domain(domain)
        {
            return Ok(Target::OwnApp(callee));
        }
        Ok(Target::Network(destination))
    }

    fn own_route(&self) -> Result<Target, Error> {
        match self.hosts.allows_self() {
            true => Ok(Target::OwnApp(Callee::Route)),
            false => Err(self.deny("http://self")),
        }
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
