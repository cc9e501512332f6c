//! A socket whose bytes can be held back: the first request is handed to it before the barrier, so that after
//! the release nothing is left to do but to write.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::machine;

/// Writes that are worth a thread of their own: starting one takes about as long as ten.
const WORTH_A_THREAD: usize = 50;
/// Threads a processor: where the server runs on the same machine, its threads want a share, too.
const THREADS_A_PROCESSOR: usize = 4;
/// How much is held back: a head and a small body. The rest of a large one follows after the release.
const ROOM: usize = 16 * 1024;

/// A connected socket; its clones are the same.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    socket: TcpStream,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// What was to be written while it was closed, and what of that the socket has had no room for since.
    held: Vec<u8>,
    /// When the first of it was written.
    opened: Option<Instant>,
    /// Who writes the rest, and whether there is more than what is held.
    waker: Option<Waker>,
    more: bool,
}

impl Gate {
    pub fn new(socket: TcpStream) -> Self {
        Self(Arc::new(Inner { socket, state: Mutex::default() }))
    }

    /// Holds back what is written from now on, until it is opened.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Whether something waits for it to be opened.
    pub fn holds(&self) -> bool {
        !self.state().held.is_empty()
    }

    /// When what was held back was written; the next time it is `None`.
    pub fn take_opened(&self) -> Option<Instant> {
        self.state().opened.take()
    }

    /// Writes what was held back, as far as the socket has room.
    fn open(&self) {
        let mut state = self.state();
        state.closed = false;
        state.opened = (!state.held.is_empty()).then(Instant::now);
        // An error shows again at the next write or read.
        if let Ok(written) = self.0.socket.try_write(&state.held) {
            state.held.drain(..written);
        }
        let waker = state.waker.take();
        if let Some(waker) = waker.filter(|_| state.more || !state.held.is_empty()) {
            waker.wake();
        }
    }

    /// Writes what is left of what was held back; nothing while it is closed.
    fn poll_rest(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if state.closed {
            state.waker = Some(cx.waker().clone());
            return Poll::Ready(Ok(()));
        }
        while !state.held.is_empty() {
            ready!(self.0.socket.poll_write_ready(cx))?;
            match self.0.socket.try_write(&state.held) {
                Ok(written) => drop(state.held.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens them all, as nearly at once as the processors allow.
pub fn open_all(gates: &[Gate]) {
    let most = THREADS_A_PROCESSOR * machine::processors();
    let threads = gates.len().div_ceil(WORTH_A_THREAD).clamp(1, most);
    let mut shares = gates.chunks(gates.len().div_ceil(threads).max(1));
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        shares.for_each(|share| drop(scope.spawn(|| share.iter().for_each(Gate::open))));
        own.iter().for_each(Gate::open);
    });
}

impl AsyncRead for Gate {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Whoever waits for an answer may be the only one who is asked again.
        if let Poll::Ready(Err(error)) = self.poll_rest(cx) {
            return Poll::Ready(Err(error));
        }
        loop {
            ready!(self.0.socket.poll_read_ready(cx))?;
            match self.0.socket.try_read_buf(buf) {
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_rest(cx))?;
        let mut state = self.state();
        if state.closed {
            let taken = bytes.len().min(ROOM - state.held.len());
            state.held.extend_from_slice(&bytes[..taken]);
            state.more = taken == 0;
            return if state.more { Poll::Pending } else { Poll::Ready(Ok(taken)) };
        }
        drop(state);
        loop {
            ready!(self.0.socket.poll_write_ready(cx))?;
            match self.0.socket.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_rest(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The socket is closed with the last of its clones.
        self.poll_rest(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    async fn pair() -> (Gate, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Gate::new(socket), listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn what_is_written_while_it_is_closed_goes_out_when_it_is_opened() {
        let (mut gate, mut other) = pair().await;
        gate.write_all(b"open, ").await.unwrap();
        gate.close();
        gate.write_all(b"held").await.unwrap();
        let mut bytes = [0; 6];
        other.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"open, ");
        assert!(timeout(Duration::from_millis(100), other.read_u8()).await.is_err());
        assert_eq!(gate.take_opened(), None);
        let before = Instant::now();
        open_all(&[gate.clone()]);
        assert!(gate.take_opened().unwrap() >= before);
        let mut bytes = [0; 4];
        other.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"held");
    }

    /// More than the socket has room for: the rest goes out as the other side reads.
    #[tokio::test]
    async fn a_large_body_is_written_to_its_end() {
        const LENGTH: usize = 16 << 20;
        let (mut gate, mut other) = pair().await;
        gate.close();
        let opener = gate.clone();
        let waiting = tokio::spawn(async move {
            gate.write_all(&vec![7; LENGTH]).await?;
            gate.read_u8().await
        });
        tokio::task::yield_now().await;
        open_all(&[opener]);
        let mut bytes = vec![0; LENGTH];
        timeout(Duration::from_secs(20), other.read_exact(&mut bytes)).await.unwrap().unwrap();
        assert!(bytes.iter().all(|byte| *byte == 7));
        other.write_u8(1).await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), 1);
    }
}
