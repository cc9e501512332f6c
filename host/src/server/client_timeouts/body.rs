//! Bodies that note whether they wait for the client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};

use super::RequestGuard;

/// A request's body that notes whether the guest waits for the client's data.
pub struct TimedRequestBody<B> {
    inner: B,
    guard: Arc<RequestGuard>,
}

/// A response's body that notes whether the client takes its data.
pub struct TimedResponseBody<B> {
    inner: B,
    guard: Arc<RequestGuard>,
}

impl<B> TimedRequestBody<B> {
    pub fn new(inner: B, guard: Arc<RequestGuard>) -> Self {
        Self { inner, guard }
    }
}

impl<B> TimedResponseBody<B> {
    pub fn new(inner: B, guard: Arc<RequestGuard>) -> Self {
        Self { inner, guard }
    }
}

impl<B: Body + Unpin> Body for TimedRequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        self.guard.0.set_receiving(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body + Unpin> Body for TimedResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        // hyper polls for the next frame when the client has taken enough of this one.
        self.guard.0.set_sending(matches!(frame, Poll::Ready(Some(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
