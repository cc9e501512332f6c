//! The application as a service: from a client's request to a response.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Response, StatusCode, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use wasmtime_wasi_http::Error;

use super::body::LimitedBody;
use super::headers::{MATCHED_ROUTE, add_spin_headers};
use super::internal_route::InternalRoute;
use super::router::Router;
use crate::app::route::RoutePattern;
use crate::app::route_headers::RouteHeaders;
use crate::byte_size::ByteSize;
use crate::dispatch::evidence::Observer;
use crate::dispatch::{Handler, HandlerError, Request, ResponseBody, has_no_body};

/// The paths that the host answers itself.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The time after which a rejected client may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// The methods that a response to CONNECT names. A guest gets any other method, too.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE");

/// An application that is ready to serve requests.
pub struct AppService {
    /// The address that the server listens on.
    pub address: SocketAddr,
    pub scheme: Scheme,
    pub name: String,
    pub version: String,
    pub router: Router<Target>,
    /// The handlers of all components, by id.
    pub components: BTreeMap<String, Handler>,
    /// The route of requests to a component by its id.
    pub internal_route: InternalRoute,
    /// `None` if requests are not observed.
    pub observer: Option<Arc<Observer>>,
    pub max_header_size: ByteSize,
    pub max_body_size: ByteSize,
}

/// A response without a guest.
pub(super) type EarlyResponse = Box<Response<ResponseBody>>;

/// The target of a route.
pub enum Target {
    /// A component, with the headers that tell it the route.
    Component(RouteHeaders, Handler),
    /// A response that is the same for every request.
    Static(Response<String>),
}

impl AppService {
    /// Responds to a request of the client with this address.
    pub fn respond<B>(
        &self,
        request: http::Request<B>,
        client: &HeaderValue,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<B>
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
    {
        // hyper itself leaves out the body in HTTP/1.1, but not in HTTP/2.
        let http2_method = (request.version() == Version::HTTP_2).then(|| request.method().clone());
        let response = self.response(self.route(request, client));
        response.map(|mut response| {
            if http2_method.is_some_and(|method| has_no_body(&method, response.status())) {
                response.body_mut().suppress();
            }
            response
        })
    }

    /// Returns the response of the handler, or the one that is there already.
    pub(super) fn response(
        &self,
        routed: Result<(&Handler, Request), EarlyResponse>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send + use<> {
        let (handler, mut request) = match routed {
            Ok(routed) => routed,
            Err(response) => return Either::Right(ready(*response)),
        };
        let observed = self
            .observer
            .as_ref()
            .map(|observer| observer.observe(&mut request, handler.component_id(), &MATCHED_ROUTE));
        Either::Left(handler.respond(request).map(|response| {
            let mut response = response.unwrap_or_else(|error| error_response(&error));
            if let Some(observed) = observed {
                observed.responded(&mut response);
            }
            response
        }))
    }

    /// Returns the handler with its request, or the response if no guest is involved.
    pub(super) fn route<B>(
        &self,
        request: http::Request<B>,
        client: &HeaderValue,
    ) -> Result<(&Handler, Request), EarlyResponse>
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
    {
        if header_size(&request) > self.max_header_size.0 {
            return Err(Box::new(empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
        }
        // The host is no proxy. A successful response would turn the connection into a tunnel.
        if request.method() == Method::CONNECT {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(header::ALLOW, ALLOW);
            return Err(Box::new(response));
        }
        if let Some(name) = request.uri().path().strip_prefix(WELL_KNOWN) {
            return Err(Box::new(self.well_known(name)));
        }
        match self.router.find(request.uri().path()) {
            Some((pattern, Target::Component(headers, handler))) => {
                Ok((handler, self.guest_request(request, pattern, headers, client)?))
            }
            Some((_, Target::Static(response))) => Err(Box::new(response.clone().map(ResponseBody::full))),
            None => Err(Box::new(empty(StatusCode::NOT_FOUND))),
        }
    }

    /// Returns the handler with its request, which a guest sends to the handler's component by its id.
    pub(super) fn route_to<'a>(
        &self,
        handler: &'a Handler,
        request: Request,
        client: &HeaderValue,
    ) -> Result<(&'a Handler, Request), EarlyResponse> {
        let InternalRoute { pattern, headers } = &self.internal_route;
        Ok((handler, self.guest_request(request, pattern, headers, client)?))
    }

    /// The handler of the component with this id. A domain has no upper case, so case makes no difference.
    pub(super) fn component(&self, id: &str) -> Option<&Handler> {
        self.components.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)).map(|(_, handler)| handler)
    }

    pub(super) fn component_ids(&self) -> impl Iterator<Item = &str> {
        self.components.keys().map(String::as_str)
    }

    /// Returns the request as the guest gets it.
    fn guest_request<B>(
        &self,
        request: http::Request<B>,
        pattern: &RoutePattern,
        headers: &RouteHeaders,
        client: &HeaderValue,
    ) -> Result<Request, EarlyResponse>
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
    {
        let Some(url) = full_url(&request, &self.scheme, self.address) else {
            return Err(Box::new(empty(StatusCode::BAD_REQUEST)));
        };
        let is_too_large =
            request.body().size_hint().exact().is_some_and(|size| size > self.max_body_size.0 as u64);
        if is_too_large {
            return Err(Box::new(empty(StatusCode::PAYLOAD_TOO_LARGE)));
        }
        let (mut parts, body) = request.into_parts();
        if parts.version < Version::HTTP_2
            && let Some(host) = parts.uri.authority()
            && let Ok(host) = HeaderValue::try_from(host.as_str())
        {
            // The header may name another host than the target, and doesn't count.
            parts.headers.insert(header::HOST, host);
        }
        add_spin_headers(&mut parts.headers, headers, pattern, &url, client);
        parts.uri = url;
        let body = LimitedBody::new(body, self.max_body_size.0).boxed_unsync();
        Ok(http::Request::from_parts(parts, body))
    }

    fn well_known(&self, name: &str) -> Response<ResponseBody> {
        match name {
            "health" => text("text/plain", "OK"),
            "info" => {
                let info = BTreeMap::from([("name", &self.name), ("version", &self.version)]);
                text("application/json", serde_json::to_string(&info).unwrap_or_default())
            }
            _ => empty(StatusCode::NOT_FOUND),
        }
    }
}

/// The size of the request line's path and of the header lines in HTTP/1.1's form, without line ends. hyper checks the
/// size only while a header is incomplete, and may have read more than the maximum then.
fn header_size<B>(request: &http::Request<B>) -> usize {
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 2);
    path + lines.sum::<usize>()
}

/// The request's full URL. A client of HTTP/1.0 may name no host; the URL then has this server's address. `None` if the
/// host is invalid or has a user's name, or the request names two hosts.
///
/// If the target is absolute, it names the host, and the header doesn't count (RFC 9112, 3.2.2). In HTTP/2 both must be the
/// same (RFC 9113, 8.3.1).
fn full_url<B>(request: &http::Request<B>, scheme: &Scheme, address: SocketAddr) -> Option<Uri> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.parse::<Authority>().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let authority = match (request.uri().authority(), host) {
        (Some(authority), Some(host)) if request.version() >= Version::HTTP_2 && *authority != host => {
            return None;
        }
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) => host,
        (None, None) if request.version() <= Version::HTTP_10 => address.to_string().parse().ok()?,
        (None, None) => return None,
    };
    if authority.as_str().contains('@') {
        return None;
    }
    let path = request.uri().path_and_query().cloned()?;
    Uri::builder().scheme(scheme.clone()).authority(authority).path_and_query(path).build().ok()
}

fn error_response(error: &HandlerError) -> Response<ResponseBody> {
    match error {
        HandlerError::Overloaded(reason) => {
            tracing::warn!("a request was rejected: {reason}");
            let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            response
        }
        HandlerError::TimedOut => empty(StatusCode::GATEWAY_TIMEOUT),
        HandlerError::Failed => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(Bytes::new()));
    *response.status_mut() = status;
    response
}
