//! The application as its own guests call it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

use super::service::AppService;
use crate::dispatch::{FromGuest, has_no_body};
use crate::guest::outbound::{Callee, OwnApp, ResponseFuture};

/// The client's address that a guest sees for a request of a guest, as in Spin.
const CLIENT: HeaderValue = HeaderValue::from_static("127.0.0.1:0");

impl OwnApp for AppService {
    fn call(&self, callee: Callee, request: Request<WasiBody>) -> ResponseFuture {
        let method = request.method().clone();
        let routed = match callee {
            Callee::Route => match self.with_own_address(request) {
                Ok(request) => self.route(request, &CLIENT),
                Err(error) => return Box::pin(std::future::ready(Err(error))),
            },
            Callee::Component(id) => match self.component(&id) {
                Some(handler) => self.route_to(handler, request, &CLIENT),
                None => {
                    let known = self.component_ids().collect::<Vec<_>>().join(", ");
                    tracing::error!(
                        "a guest called http://{id}.spin.internal, but no component has the id {id:?}; this \
                         application has: {known}"
                    );
                    return Box::pin(std::future::ready(Err(Error::DestinationNotFound)));
                }
            },
        };
        let routed = routed.map(|(handler, mut request)| {
            request.extensions_mut().insert(FromGuest);
            (handler, request)
        });
        let response = self.response(routed);
        Box::pin(async move {
            let mut response = response.await;
            if has_no_body(&method, response.status()) {
                response.body_mut().suppress();
            }
            Ok(response.map(BodyExt::boxed_unsync))
        })
    }
}

impl AppService {
    /// Gives the request the URL that a client would use.
    fn with_own_address(&self, mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
        let invalid = |_| Error::HttpRequestUriInvalid;
        let authority = Authority::try_from(reachable(self.address).to_string()).map_err(invalid)?;
        let host = HeaderValue::try_from(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(authority)
            .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")))
            .build();
        *request.uri_mut() = uri.map_err(|_| Error::HttpRequestUriInvalid)?;
        request.headers_mut().insert(HOST, host);
        Ok(request)
    }
}

/// A server on an unspecified address also listens on the loopback address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
