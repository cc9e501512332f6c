//! A response's body on its way from the guest to the client.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether an instance ended before its responses were complete.
///
/// The instance's end closes the channels of its response bodies, and a body whose channel is closed looks complete.
/// Invariant: the flag is set before the channels close, so a body that sees the end of its channel can tell the two
/// cases apart.
#[derive(Clone, Default)]
pub struct AbortFlag(Arc<AtomicBool>);

impl AbortFlag {
    /// Marks the responses that are not complete yet as aborted.
    pub fn abort(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_aborted(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// Keeps the guest at work for a response. If it is dropped before [`complete`](Self::complete), the guest's work for the
/// response is cancelled.
pub trait ResponseGuard: Send {
    /// Called when the client has the whole response. The guest may do its remaining work.
    fn complete(&mut self);
}

/// The number of times that [`ResponseBody::prefetch`] yields to the guest.
const PREFETCH_ROUNDS: usize = 3;
/// The number of body bytes after which [`ResponseBody::prefetch`] takes no further frame.
const PREFETCH_BYTES: usize = 16 << 10;

/// Whether HTTP sends no body in a response with this status to a request with this method.
pub fn has_no_body(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The body of a response from a guest, or from the host itself.
pub struct ResponseBody {
    inner: WasiBody,
    /// Frames of `inner` that were read in advance.
    prefetched: VecDeque<Frame<Bytes>>,
    /// Whether `prefetched` has the last frame of `inner`.
    prefetched_all: bool,
    /// Whether no part of the body may be sent.
    suppressed: bool,
    guest: Option<GuestBody>,
    /// Dropped with the body.
    held: Option<Box<dyn Held>>,
}

/// Something that a body holds until it is dropped.
trait Held: Send {}
impl<T: Send> Held for T {}

/// What a body has in addition if it comes from a guest.
struct GuestBody {
    abort_flag: AbortFlag,
    guard: Box<dyn ResponseGuard>,
    /// The number of bytes to come according to the guest's `content-length`; `None` if unknown.
    remaining: Option<u64>,
    /// When the body is aborted.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    /// Returns a body with a text of the host.
    pub fn full(text: impl Into<Bytes>) -> Self {
        Self::new(Full::new(text.into()).map_err(|never| match never {}).boxed_unsync(), None)
    }

    /// Returns a guest's response to a request with this method.
    pub fn from_guest(
        response: Response<WasiBody>,
        method: &Method,
        abort_flag: AbortFlag,
        mut guard: Box<dyn ResponseGuard>,
    ) -> Response<Self> {
        let remaining = match has_no_body(method, response.status()) {
            true => Some(0),
            false => {
                response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
            }
        };
        if remaining == Some(0) {
            guard.complete();
        }
        let guest = GuestBody { abort_flag, guard, remaining, deadline: None };
        response.map(|inner| Self::new(inner, Some(guest)))
    }

    fn new(inner: WasiBody, guest: Option<GuestBody>) -> Self {
        Self {
            inner,
            prefetched: VecDeque::new(),
            prefetched_all: false,
            suppressed: false,
            guest,
            held: None,
        }
    }

    /// Reads the frames that are available at once, so that a short response leaves in one packet. A guest sends the end
    /// of its body a moment after the head of its response, so this yields to the guest a few times.
    ///
    /// # Errors
    ///
    /// If the guest aborts the body.
    pub async fn prefetch(&mut self) -> Result<(), Error> {
        let mut size = 0;
        for _ in 0..PREFETCH_ROUNDS {
            while size < PREFETCH_BYTES {
                match poll_fn(|context| Poll::Ready(self.poll_inner(context))).await {
                    Poll::Ready(Some(frame)) => {
                        let frame = frame?;
                        size += frame.data_ref().map_or(0, Bytes::len);
                        self.prefetched.push_back(frame);
                    }
                    Poll::Ready(None) => {
                        self.prefetched_all = true;
                        return Ok(());
                    }
                    Poll::Pending => break,
                }
            }
            yield_now().await;
        }
        Ok(())
    }

    /// Sets the time when the body is aborted if it isn't complete. Its guard is then dropped, which cancels this request
    /// only; other requests of the instance continue.
    pub fn set_deadline(&mut self, deadline: Instant) {
        if let Some(guest) = &mut self.guest {
            guest.deadline = Some(Box::pin(sleep_until(deadline)));
        }
    }

    /// Keeps `held` until the body is dropped.
    pub fn hold_until_dropped(&mut self, held: impl Send + 'static) {
        self.held = Some(Box::new(held));
    }

    /// Makes the body end before its first frame.
    pub fn suppress(&mut self) {
        self.suppressed = true;
    }

    fn poll_inner(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if frame.is_pending()
            && let Some(GuestBody { deadline: Some(deadline), .. }) = &mut self.guest
        {
            ready!(deadline.as_mut().poll(context));
            tracing::error!("a response took longer than --request-timeout and was aborted");
            return Poll::Ready(Some(Err(Error::HttpResponseTimeout)));
        }
        let frame = ready!(frame);
        let Some(guest) = &mut self.guest else { return Poll::Ready(frame) };
        match &frame {
            Some(Ok(frame)) => guest.frame_received(frame),
            None if guest.abort_flag.is_aborted() && guest.remaining != Some(0) => {
                return Poll::Ready(Some(Err(Error::HttpResponseIncomplete)));
            }
            None => guest.guard.complete(),
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.suppressed {
            return Poll::Ready(None);
        }
        match self.prefetched.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.prefetched_all => Poll::Ready(None),
            None => self.poll_inner(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        if self.suppressed {
            return true;
        }
        if self.prefetched_all || !self.prefetched.is_empty() {
            return self.prefetched_all && self.prefetched.is_empty();
        }
        match &self.guest {
            Some(guest) => !guest.abort_flag.is_aborted() && self.inner.is_end_stream(),
            None => self.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let prefetched: u64 =
            self.prefetched.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        // With trailers, the size must stay inexact: hyper would send `content-length`, and drop the trailers.
        if self.prefetched_all && !self.prefetched.iter().any(Frame::is_trailers) {
            return SizeHint::with_exact(prefetched);
        }
        let rest = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(prefetched));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(prefetched));
        }
        hint
    }
}

impl GuestBody {
    /// Completes the response at its last byte: a client that knows the length doesn't poll for the end of the body.
    fn frame_received(&mut self, frame: &Frame<Bytes>) {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        if let Some(remaining) = &mut self.remaining {
            *remaining = remaining.saturating_sub(length);
        }
        if self.remaining == Some(0) || frame.is_trailers() {
            self.guard.complete();
        }
    }
}

#[cfg(test)]
mod tests;
