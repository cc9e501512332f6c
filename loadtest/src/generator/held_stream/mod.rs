//! A socket that can hold back bytes. A worker writes its first request to it before the barrier, so that the release
//! only has to pass the bytes to the kernel.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::Instant;

use hyper::body::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::socket::Socket;
use crate::machine;

/// The number of writes that justify a thread: starting a thread takes about as long as ten writes.
const WRITES_PER_THREAD: usize = 50;
/// The maximum number of threads for each processor. If the server runs on the same machine, its threads compete for
/// the processors; with more threads the generator gets a larger share.
const THREADS_PER_PROCESSOR: usize = 4;
/// The maximum number of held bytes: a head and a small body. The rest of a large body follows after the release.
pub const MAX_HELD_BYTES: usize = 16 * 1024;

/// A connected socket; clones share it.
#[derive(Clone)]
pub struct HeldStream(Arc<Inner>);

struct Inner {
    socket: Socket,
    /// Whether a read with room left is the last until the kernel tells of more. If not, one more read sees whether the
    /// server has closed the connection after its answer.
    trusts_short_reads: bool,
    /// Whether `state` is as at the beginning, so that it needs no look. Only the worker's thread sets it.
    is_direct: AtomicBool,
    state: Mutex<State>,
}

/// Two threads use it: the worker's, which polls the stream, and the releasing one. Invariant: the bytes in `held` go to
/// the socket before any later write. Therefore `poll_write` writes to the socket only after `poll_held` has found
/// `held` empty and `is_holding` unset.
#[derive(Default)]
struct State {
    is_holding: bool,
    /// Bytes that were written while holding, and that the socket has not accepted yet.
    held: Bytes,
    /// The number of bytes of a request that were given to `hold_request`, and that hyper will write once more.
    repeated: usize,
    /// When the release wrote the first of them.
    released: Option<Instant>,
    /// The worker that writes the rest. It is woken at the release if `held` could not be written completely, or if
    /// `is_full`.
    waker: Option<Waker>,
    /// Reads as soon as `repeated` is 0.
    reader: Option<Waker>,
    /// Whether a write was refused because `held` had reached its limit.
    is_full: bool,
    /// Whether the peer takes no more bytes. They are discarded: a server may answer an upload before its end and close the
    /// connection, and the answer counts.
    is_broken: bool,
}

impl HeldStream {
    /// `may_resend`: whether a request can be sent again if the server has closed the connection meanwhile.
    pub fn new(socket: Socket, may_resend: bool) -> Self {
        let is_direct = AtomicBool::new(true);
        Self(Arc::new(Inner { socket, trusts_short_reads: may_resend, is_direct, state: Mutex::default() }))
    }

    /// Holds back all bytes that are written from now on, until the release.
    pub fn hold(&self) {
        self.0.is_direct.store(false, SeqCst);
        self.state().is_holding = true;
    }

    /// Holds back this request, and all bytes that are written from now on, until the release. hyper writes the request when its
    /// answer begins: its connection takes memory, and isn't needed before. What it writes is then dropped.
    pub fn hold_request(&self, request: Bytes) {
        self.0.is_direct.store(false, SeqCst);
        let mut state = self.state();
        state.is_holding = true;
        state.repeated = request.len();
        state.held = request;
    }

    /// Waits for the beginning of the answer to a request of `hold_request`, or for the connection's end.
    pub async fn answered(&self) {
        poll_fn(|cx| {
            if self.is_direct()
                || self.state().repeated == 0
                || matches!(self.poll_held(cx), Poll::Ready(Err(_)))
            {
                return Poll::Ready(());
            }
            self.0.socket.poll_read_ready(cx).map(drop)
        })
        .await;
    }

    /// Whether bytes wait for the release.
    pub fn has_held(&self) -> bool {
        !self.state().held.is_empty()
    }

    /// When the held bytes were written; `None` on the next call.
    pub fn take_release_time(&self) -> Option<Instant> {
        if self.is_direct() {
            return None;
        }
        let mut state = self.state();
        let is_over = !state.is_holding && state.held.is_empty() && state.repeated == 0 && !state.is_broken;
        self.0.is_direct.store(is_over, SeqCst);
        state.released.take()
    }

    /// Writes the held bytes, as far as the socket accepts them.
    fn release(&self) {
        let mut state = self.state();
        state.is_holding = false;
        state.released = (!state.held.is_empty()).then(Instant::now);
        // An error shows again at the worker's next write or read.
        if let Ok(written) = self.0.socket.try_write(&state.held) {
            state.held.advance(written);
        }
        // A worker with nothing left to write is not woken: it waits for the answer anyway, and waking thousands of
        // workers would delay the other releases.
        let waker = state.waker.take();
        if let Some(waker) = waker.filter(|_| state.is_full || !state.held.is_empty()) {
            waker.wake();
        }
    }

    /// Writes the rest of the held bytes after the release; does nothing before it.
    fn poll_held(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_direct() {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.state();
        if state.is_holding {
            // Stored under the lock: a release either comes before and is seen here, or comes after and wakes this task.
            state.waker = Some(cx.waker().clone());
            return Poll::Ready(Ok(()));
        }
        while !state.held.is_empty() {
            ready!(self.0.socket.poll_write_ready(cx))?;
            match self.0.socket.try_write(&state.held) {
                Ok(written) => state.held.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_broken(&error) => {
                    state.is_broken = true;
                    state.held.clear();
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// The number of bytes of a write that are dropped, because they were held before; `None` if they are new.
    fn repeated(&self, length: usize) -> Option<usize> {
        if self.is_direct() {
            return None;
        }
        let mut state = self.state();
        let dropped = length.min(state.repeated);
        state.repeated -= dropped;
        if dropped > 0 && state.repeated == 0 {
            state.reader.take().into_iter().for_each(Waker::wake);
        }
        (dropped > 0).then_some(dropped)
    }

    fn read(&self, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
        match self.0.trusts_short_reads {
            true => self.0.socket.try_read_once(buf),
            false => self.0.socket.try_read(buf),
        }
    }

    /// Whether the peer takes no more bytes.
    pub fn is_broken(&self) -> bool {
        !self.is_direct() && self.state().is_broken
    }

    fn is_direct(&self) -> bool {
        self.0.is_direct.load(SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Releases all streams, as close to simultaneously as the processors allow.
pub fn release_all(streams: &[HeldStream]) {
    let max_threads = THREADS_PER_PROCESSOR * machine::processors();
    let threads = streams.len().div_ceil(WRITES_PER_THREAD).clamp(1, max_threads);
    let mut chunks = streams.chunks(streams.len().div_ceil(threads).max(1));
    let first = chunks.next().unwrap_or_default();
    thread::scope(|scope| {
        chunks.for_each(|chunk| drop(scope.spawn(|| chunk.iter().for_each(HeldStream::release))));
        first.iter().for_each(HeldStream::release);
    });
}

impl AsyncRead for HeldStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // hyper takes bytes for an error that come before it has written its request.
        if !self.is_direct() {
            let mut state = self.state();
            if state.repeated > 0 {
                state.reader = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        // A task that waits for the answer may never poll a write again, so a read writes the rest, too.
        if let Poll::Ready(Err(error)) = self.poll_held(cx) {
            return Poll::Ready(Err(error));
        }
        loop {
            ready!(self.0.socket.poll_read_ready(cx))?;
            match self.read(buf) {
                // The write has taken the error from the socket.
                Ok(0) if buf.remaining() > 0 && self.is_broken() => {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for HeldStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(length) = self.repeated(bytes.len()) {
            return Poll::Ready(Ok(length));
        }
        while !self.is_direct() {
            ready!(self.poll_held(cx))?;
            let mut state = self.state();
            if state.is_holding {
                let length = bytes.len().min(MAX_HELD_BYTES - state.held.len());
                state.held = [&state.held, &bytes[..length]].concat().into();
                state.is_full = length == 0;
                return if state.is_full { Poll::Pending } else { Poll::Ready(Ok(length)) };
            }
            // Not empty if the release came after `poll_held` and the socket did not accept all: the rest goes first.
            if state.held.is_empty() {
                if state.is_broken {
                    return Poll::Ready(Ok(bytes.len()));
                }
                break;
            }
        }
        loop {
            ready!(self.0.socket.poll_write_ready(cx))?;
            match self.0.socket.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_broken(&error) => {
                    self.0.is_direct.store(false, SeqCst);
                    self.state().is_broken = true;
                    return Poll::Ready(Ok(bytes.len()));
                }
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_held(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Dropping the last clone closes the socket.
        self.poll_held(cx)
    }
}

fn is_broken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests;
