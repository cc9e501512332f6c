//! A socket that notes when bytes go out and come in: the closest to the wire that a program gets.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// When the first byte of the present exchange was sent, and when the first came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    pub sent: Option<Instant>,
    pub first_byte: Option<Instant>,
}

/// The times of a socket's present exchange.
#[derive(Debug, Clone, Default)]
pub struct Stamps(Arc<Mutex<Times>>);

/// Who is told what goes over a socket.
pub trait Watch {
    /// These bytes were taken by the socket; the write began `at`.
    fn sent(&mut self, bytes: &[u8], at: Instant);
    /// These bytes came.
    fn came(&mut self, bytes: &[u8]);
}

impl Watch for Stamps {
    fn sent(&mut self, _: &[u8], at: Instant) {
        self.note(|times| &mut times.sent, at);
    }

    fn came(&mut self, _: &[u8]) {
        self.note(|times| &mut times.first_byte, Instant::now());
    }
}

impl Stamps {
    /// The times so far; the next exchange starts with none.
    pub fn take(&self) -> Times {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, which: impl FnOnce(&mut Times) -> &mut Option<Instant>, at: Instant) {
        which(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)).get_or_insert(at);
    }
}

/// The socket.
pub struct Stamped<S, W> {
    socket: S,
    watch: W,
}

impl<S, W> Stamped<S, W> {
    pub fn new(socket: S, watch: W) -> Self {
        Self { socket, watch }
    }
}

impl<S: AsyncRead + Unpin, W: Watch + Unpin> AsyncRead for Stamped<S, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.socket).poll_read(cx, buf);
        if poll.is_ready() && buf.filled().len() > before {
            self.watch.came(&buf.filled()[before..]);
        }
        poll
    }
}

impl<S: AsyncWrite + Unpin, W: Watch + Unpin> AsyncWrite for Stamped<S, W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Before the call: by its end the server may have read the request already.
        let at = Instant::now();
        let poll = Pin::new(&mut self.socket).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length @ 1..)) = poll {
            self.watch.sent(&bytes[..length], at);
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
