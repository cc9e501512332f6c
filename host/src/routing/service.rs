//! The application as a site: which component answers which path, and what the host answers itself.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{Either, ready};
use http::uri::Scheme;
use http::{HeaderValue, Response, StatusCode, Uri, Version, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use wasmtime_wasi_http::Error;

use crate::body::{Answer, is_bodiless};
use crate::bytes::Bytes as Size;
use crate::handler::{Failure, Handler, Request};
use crate::headers::RouteHeaders;
use crate::patience::Open;
use crate::routes::Router;

const WELL_KNOWN: &str = "/.well-known/spin/";
/// When a client that was turned away may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An application that is ready to answer.
pub struct Site {
    pub address: SocketAddr,
    pub scheme: Scheme,
    pub name: String,
    pub version: String,
    pub router: Router<Responder>,
    pub max_header_size: Size,
    pub max_body_size: Size,
}

/// What answers a route.
pub enum Responder {
    /// A component, told about the route in headers.
    Guest(RouteHeaders, Handler),
    /// Always the same.
    Static(Response<String>),
}

impl Site {
    /// Answers a client's request.
    pub fn answer(
        &self,
        request: http::Request<Incoming>,
        client: &HeaderValue,
        open: Open,
    ) -> impl Future<Output = Response<Delivery>> + Send + use<> {
        let open = Arc::new(open);
        // hyper sends no body after such a head in HTTP/1.1, and in HTTP/2 does.
        let for_http2 = (request.version() == Version::HTTP_2).then(|| request.method().clone());
        let answer = match self.guest_for(request, client, &open) {
            Ok((handler, request)) => Either::Left(
                handler.answer(request).map(|answer| answer.unwrap_or_else(|error| refusal(&error))),
            ),
            Err(answer) => Either::Right(ready(*answer)),
        };
        answer.map(|answer| {
            let bodiless = for_http2.is_some_and(|method| is_bodiless(&method, answer.status()));
            answer.map(|inner| Delivery { inner, open, bodiless })
        })
    }

    /// Who answers the request, and what it is given; or the answer, where no guest has a say in it.
    fn guest_for(
        &self,
        request: http::Request<Incoming>,
        client: &HeaderValue,
        open: &Arc<Open>,
    ) -> Result<(&Handler, Request), Box<Response<Answer>>> {
        if header_size(&request) > self.max_header_size.0 {
            return Err(Box::new(empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
        }
        if let Some(name) = request.uri().path().strip_prefix(WELL_KNOWN) {
            return Err(Box::new(self.well_known(name)));
        }
        let (pattern, headers, handler) = match self.router.find(request.uri().path()) {
            Some((pattern, Responder::Guest(headers, handler))) => (pattern, headers, handler),
            Some((_, Responder::Static(response))) => {
                return Err(Box::new(response.clone().map(Answer::full)));
            }
            None => return Err(Box::new(empty(StatusCode::NOT_FOUND))),
        };
        let Some(url) = full_url(&request, &self.scheme, self.address) else {
            return Err(Box::new(empty(StatusCode::BAD_REQUEST)));
        };
        let too_large =
            request.body().size_hint().exact().is_some_and(|size| size > self.max_body_size.0 as u64);
        if too_large {
            return Err(Box::new(empty(StatusCode::PAYLOAD_TOO_LARGE)));
        }
        let (mut parts, body) = request.into_parts();
        headers.add(&mut parts.headers, pattern, &url, client);
        parts.uri = url;
        let body =
            Upload { inner: body, left: self.max_body_size.0 as u64, open: open.clone() }.boxed_unsync();
        Ok((handler, http::Request::from_parts(parts, body)))
    }

    fn well_known(&self, name: &str) -> Response<Answer> {
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

/// Of the lines that it came in, or would have come in, without their ends. hyper only looks at what it has
/// read when a header isn't complete yet, and may have read more than is allowed.
fn header_size<B>(request: &http::Request<B>) -> usize {
    let path = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 2);
    path + lines.sum::<usize>()
}

/// The URL that the client meant. A client of HTTP/1.0 may name no host; it meant this server.
/// `None` where what it names is no host, or it names two.
fn full_url<B>(request: &http::Request<B>, scheme: &Scheme, address: SocketAddr) -> Option<Uri> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host.to_str().ok()?.parse::<http::uri::Authority>().ok()?),
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

fn refusal(failure: &Failure) -> Response<Answer> {
    match failure {
        Failure::TurnedAway(reason) => {
            tracing::warn!("a request was turned away: {reason}");
            let mut response = empty(StatusCode::SERVICE_UNAVAILABLE);
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            response
        }
        Failure::TimedOut => empty(StatusCode::GATEWAY_TIMEOUT),
        Failure::Failed => empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<Answer> {
    let mut response = Response::new(Answer::full(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn empty(status: StatusCode) -> Response<Answer> {
    let mut response = Response::new(Answer::full(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// A request's body on its way to the guest.
struct Upload {
    inner: Incoming,
    /// How many bytes more are allowed.
    left: u64,
    open: Arc<Open>,
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        self.open.patience().receiving(frame.is_pending());
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match self.left.checked_sub(length) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(Error::HttpRequestBodySize(None)))),
            }
        }
        frame.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body on its way to the client.
pub struct Delivery {
    inner: Answer,
    open: Arc<Open>,
    /// Whether nothing of it may be sent.
    bodiless: bool,
}

impl Body for Delivery {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.bodiless {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        // The next piece is asked for when the client has taken enough of this one.
        self.open.patience().sending(matches!(frame, Poll::Ready(Some(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.bodiless || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
