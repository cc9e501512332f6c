//! A socket that records when bytes are sent and received: as close to the wire as a program gets.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::first_bytes::FirstBytes;

/// The times of one exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timestamps {
    /// When the request's first byte was sent.
    pub sent: Option<Instant>,
    /// When the answer's first byte came.
    pub first_byte: Option<Instant>,
    /// When the answer's head was complete.
    pub head: Option<Instant>,
}

/// The timestamps of a socket's present exchange, and the first bytes of its answer; clones share them.
#[derive(Debug, Clone, Default)]
pub struct ExchangeTimes(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    times: Timestamps,
    first_bytes: FirstBytes,
    sent: usize,
    received: usize,
}

/// Observes the bytes of a socket.
pub trait Observer {
    /// The socket accepted these bytes; the write began at `at`.
    fn sent(&mut self, bytes: &[u8], at: Instant);
    /// These bytes were received.
    fn received(&mut self, bytes: &[u8]);
}

impl Observer for ExchangeTimes {
    fn sent(&mut self, bytes: &[u8], at: Instant) {
        let mut seen = self.seen();
        seen.times.sent.get_or_insert(at);
        seen.sent += bytes.len();
    }

    fn received(&mut self, bytes: &[u8]) {
        let mut seen = self.seen();
        seen.times.first_byte.get_or_insert_with(Instant::now);
        seen.first_bytes.add(bytes);
        seen.received += bytes.len();
    }
}

impl ExchangeTimes {
    /// Returns the timestamps, and clears all for the next exchange.
    pub fn take(&self) -> Timestamps {
        std::mem::take(&mut *self.seen()).times
    }

    /// Called when the answer's head is complete.
    pub fn head_came(&self) {
        self.seen().times.head = Some(Instant::now());
    }

    /// Whether the answer's head is complete.
    pub fn has_head(&self) -> bool {
        self.seen().times.head.is_some()
    }

    /// The first bytes of the answer.
    pub fn first_bytes(&self) -> FirstBytes {
        self.seen().first_bytes
    }

    /// The number of bytes of the request that were sent so far.
    pub fn sent_bytes(&self) -> usize {
        self.seen().sent
    }

    /// The number of bytes of the answer so far.
    pub fn received(&self) -> usize {
        self.seen().received
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
