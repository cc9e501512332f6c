//! An answer's body on its way from the guest to the client.

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

/// Whether an instance broke off what it was sending. Its channels close either way, and a body that
/// ends because they do looks complete.
#[derive(Clone, Default)]
pub struct Fate(Arc<AtomicBool>);

impl Fate {
    /// From now on, what ends is broken off.
    pub fn break_off(&self) {
        self.0.store(true, Relaxed);
    }

    fn is_broken(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// What keeps a guest at work for the client.
pub trait Hold: Send {
    /// The client has got all; the guest may finish in its own time.
    fn fulfil(&mut self);
}

/// How often what is ready goes first before an answer leaves with what it has.
const STEPS_BACK: usize = 3;
/// How much of an answer may wait for its end.
const AHEAD: usize = 16 << 10;

/// Whether an answer to such a request has no body, whatever it carries.
pub fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// A body that a guest sends, or the host itself.
pub struct Answer {
    inner: WasiBody,
    /// What has come of it already.
    ahead: VecDeque<Frame<Bytes>>,
    /// Whether that is all.
    complete: bool,
    guest: Option<Guest>,
}

/// Dropped before it is fulfilled, the hold tells the guest that its client is gone.
struct Guest {
    fate: Fate,
    hold: Box<dyn Hold>,
    /// Bytes to come; `None` where the guest doesn't say.
    left: Option<u64>,
    /// When it is broken off.
    limit: Option<Pin<Box<Sleep>>>,
}

impl Answer {
    /// The host's own words.
    pub fn full(text: impl Into<Bytes>) -> Self {
        let inner = Full::new(text.into()).map_err(|never| match never {}).boxed_unsync();
        Self { inner, ahead: VecDeque::new(), complete: false, guest: None }
    }

    /// What a guest sends in answer to a request with this method.
    pub fn from_guest(
        response: Response<WasiBody>,
        method: &Method,
        fate: Fate,
        mut hold: Box<dyn Hold>,
    ) -> Response<Self> {
        let left = match is_bodiless(method, response.status()) {
            true => Some(0),
            false => {
                response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok())
            }
        };
        if left == Some(0) {
            hold.fulfil();
        }
        response.map(|inner| Self {
            inner,
            ahead: VecDeque::new(),
            complete: false,
            guest: Some(Guest { fate, hold, left, limit: None }),
        })
    }
}

impl Answer {
    /// Takes what comes at once. The head of an answer comes a moment before the end of its body, and a
    /// short answer should leave in one piece: the guest is let on a few times, and no longer.
    ///
    /// # Errors
    ///
    /// Where the guest breaks it off meanwhile.
    pub async fn look_ahead(&mut self) -> Result<(), Error> {
        let mut size = 0;
        for _ in 0..STEPS_BACK {
            while size < AHEAD {
                match poll_fn(|context| Poll::Ready(self.poll_guest(context))).await {
                    Poll::Ready(Some(frame)) => {
                        let frame = frame?;
                        size += frame.data_ref().map_or(0, Bytes::len);
                        self.ahead.push_back(frame);
                    }
                    Poll::Ready(None) => {
                        self.complete = true;
                        return Ok(());
                    }
                    Poll::Pending => break,
                }
            }
            yield_now().await;
        }
        Ok(())
    }

    /// What has not come by then is broken off, and its guest told that nobody wants it: other requests of its
    /// instance go on.
    pub fn must_end_by(&mut self, deadline: Instant) {
        if let Some(guest) = &mut self.guest {
            guest.limit = Some(Box::pin(sleep_until(deadline)));
        }
    }

    fn poll_guest(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if frame.is_pending()
            && let Some(Guest { limit: Some(limit), .. }) = &mut self.guest
        {
            ready!(limit.as_mut().poll(context));
            tracing::error!("an answer took longer than --request-timeout, and was broken off");
            return Poll::Ready(Some(Err(Error::HttpResponseTimeout)));
        }
        let frame = ready!(frame);
        let Some(guest) = &mut self.guest else { return Poll::Ready(frame) };
        match &frame {
            Some(Ok(frame)) => guest.sent(frame),
            None if guest.fate.is_broken() && guest.left != Some(0) => {
                return Poll::Ready(Some(Err(Error::HttpResponseIncomplete)));
            }
            None => guest.hold.fulfil(),
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.ahead.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None if self.complete => Poll::Ready(None),
            None => self.poll_guest(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        if self.complete || !self.ahead.is_empty() {
            return self.complete && self.ahead.is_empty();
        }
        match &self.guest {
            Some(guest) => !guest.fate.is_broken() && self.inner.is_end_stream(),
            None => self.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.ahead.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum();
        if self.complete && !self.ahead.iter().any(Frame::is_trailers) {
            return SizeHint::with_exact(ahead);
        }
        let left = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(left.lower().saturating_add(ahead));
        if let Some(upper) = left.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint
    }
}

impl Guest {
    /// A client that knows the length asks for no more than that.
    fn sent(&mut self, frame: &Frame<Bytes>) {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(length);
        }
        if self.left == Some(0) || frame.is_trailers() {
            self.hold.fulfil();
        }
    }
}
