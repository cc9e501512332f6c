//! A socket that records when bytes are sent and received: as close to the wire as a program gets.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The times of one exchange's first bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timestamps {
    pub sent: Option<Instant>,
    pub first_byte: Option<Instant>,
}

/// The timestamps of a socket's present exchange; clones share them.
#[derive(Debug, Clone, Default)]
pub struct ExchangeTimes(Arc<Mutex<Timestamps>>);

/// Observes the bytes of a socket.
pub trait Observer {
    /// The socket accepted these bytes; the write began at `at`.
    fn sent(&mut self, bytes: &[u8], at: Instant);
    /// These bytes were received.
    fn received(&mut self, bytes: &[u8]);
}

impl Observer for ExchangeTimes {
    fn sent(&mut self, _: &[u8], at: Instant) {
        self.record(|times| &mut times.sent, at);
    }

    fn received(&mut self, _: &[u8]) {
        self.record(|times| &mut times.first_byte, Instant::now());
    }
}

impl ExchangeTimes {
    /// Returns the timestamps, and clears them for the next exchange.
    pub fn take(&self) -> Timestamps {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, which: impl FnOnce(&mut Timestamps) -> &mut Option<Instant>, at: Instant) {
        which(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)).get_or_insert(at);
    }
}

/// A stream with an observer of its bytes.
pub struct ObservedStream<S, O> {
    stream: S,
    observer: O,
}

impl<S, O> ObservedStream<S, O> {
    pub fn new(stream: S, observer: O) -> Self {
        Self { stream, observer }
    }
}

impl<S: AsyncRead + Unpin, O: Observer + Unpin> AsyncRead for ObservedStream<S, O> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(cx, buf);
        if poll.is_ready() && buf.filled().len() > before {
            self.observer.received(&buf.filled()[before..]);
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin, O: Observer + Unpin> AsyncWrite for ObservedStream<S, O> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Taken before the call: the server may have read the request before the call returns.
        let at = Instant::now();
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length @ 1..)) = poll {
            self.observer.sent(&bytes[..length], at);
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
