//! The application as a service: from a client's request to a response.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Response, StatusCode, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::Body;
use wasmtime_wasi_http::Error;

use super::body::LimitedBody;
use super::headers::add_spin_headers;
use super::router::Router;
use crate::app::route_headers::RouteHeaders;
use crate::byte_size::ByteSize;
use crate::dispatch::{Handler, HandlerError, Request, ResponseBody, has_no_body};

/// The paths that the host answers itself.
const WELL_KNOWN: &str = "/.well-known/spin/";
/// The time after which a rejected client may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An application that is ready to serve requests.
pub struct AppService {
    /// The address that the server listens on.
    pub address: SocketAddr,
    pub scheme: Scheme,
    pub name: String,
    pub version: String,
    pub router: Router<Target>,
    pub max_header_size: ByteSize,
    pub max_body_size: ByteSize,
}

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
        let response = match self.route(request, client) {
            Ok((handler, request)) => Either::Left(
                handler
                    .respond(request)
                    .map(|response| response.unwrap_or_else(|error| error_response(&error))),
            ),
            Err(response) => Either::Right(ready(*response)),
        };
        response.map(|mut response| {
            if http2_method.is_some_and(|method| has_no_body(&method, response.status())) {
                response.body_mut().suppress();
            }
            response
        })
    }

    /// Returns the handler with its request, or the response if no guest is involved.
    fn route<B>(
        &self,
        request: http::Request<B>,
        client: &HeaderValue,
    ) -> Result<(&Handler, Request), Box<Response<ResponseBody>>>
    where
        B: Body<Data = Bytes, Error: Into<Error>> + Send + Unpin + 'static,
    {
        if header_size(&request) > self.max_header_size.0 {
            return Err(Box::new(empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
        }
        if let Some(name) = request.uri().path().strip_prefix(WELL_KNOWN) {
            return Err(Box::new(self.well_known(name)));
        }
        let (pattern, headers, handler) = match self.router.find(request.uri().path()) {
            Some((pattern, Target::Component(headers, handler))) => (pattern, headers, handler),
            Some((_, Target::Static(response))) => {
                return Err(Box::new(response.clone().map(ResponseBody::full)));
            }
            None => return Err(Box::new(empty(StatusCode::NOT_FOUND))),
        };
        let Some(url) = full_url(&request, &self.scheme, self.address) else {
            return Err(Box::new(empty(StatusCode::BAD_REQUEST)));
        };
        let is_too_large =
            request.body().size_hint().exact().is_some_and(|size| size > self.max_body_size.0 as u64);
        if is_too_large {
            return Err(Box::new(empty(StatusCode::PAYLOAD_TOO_LARGE)));
        }
        let (mut parts, body) = request.into_parts();
        add_spin_headers(&mut parts.headers, headers, pattern, &url, client);
        parts.uri = url;
        let body = LimitedBody::new(body, self.max_body_size.0).boxed_unsync();
        Ok((handler, http::Request::from_parts(parts, body)))
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
/// host is invalid, or the request names two different ones.
fn full_url<B>(request: &http::Request<B>, scheme: &Scheme, address: SocketAddr) -> Option<Uri> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.parse::<Authority>().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    let authority = match (request.uri().authority(), host) {
        (Some(authority), Some(host)) if *authority != host => return None,
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) => host,
        (None, None) if request.version() <= Version::HTTP_10 => address.to_string().parse().ok()?,
        (None, None) => return None,
    };
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
