//! A request's body on its way to the guest.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::Error;

/// A request's body with a limit of its size.
pub struct LimitedBody<B> {
    inner: B,
    /// The number of bytes that may still come.
    remaining: u64,
}

impl<B> LimitedBody<B> {
    pub fn new(inner: B, max_size: usize) -> Self {
        Self { inner, remaining: max_size as u64 }
    }
}

impl<B: Body<Data = Bytes, Error: Into<Error>> + Unpin> Body for LimitedBody<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            match self.remaining.checked_sub(length) {
                Some(remaining) => self.remaining = remaining,
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::{BodyExt, Full};

    use super::*;

    fn limited(text: &'static str, max_size: usize) -> LimitedBody<impl Body<Data = Bytes, Error = Error>> {
        LimitedBody::new(Full::from(text).map_err(|never| match never {}), max_size)
    }

    #[test]
    fn a_body_of_the_maximum_size_passes_and_a_larger_one_fails() {
        let collected = limited("four", 4).collect().now_or_never().unwrap();
        assert_eq!(collected.unwrap().to_bytes(), "four");
        let error = limited("four", 3).collect().now_or_never().unwrap().unwrap_err();
        assert!(matches!(error, Error::HttpRequestBodySize(None)), "{error}");
    }

    #[test]
    fn the_size_hint_is_that_of_the_inner_body() {
        let body = limited("four", 100);
        assert_eq!(body.size_hint().exact(), Some(4));
        assert!(!body.is_end_stream() && limited("", 100).is_end_stream());
    }
}
