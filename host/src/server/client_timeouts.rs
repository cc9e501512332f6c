//! How long the host waits for a client that does nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::Limits;

/// How soon a client is missed whose leaving can't be seen behind what it sent.
const BLIND: Duration = Duration::from_millis(100);

/// What one connection waits for, and since when. Times are in milliseconds since it was opened,
/// plus one; 0 is never.
pub struct Patience {
    opened: Instant,
    header_timeout: Duration,
    idle_timeout: Duration,
    body_timeout: Duration,
    /// Requests that have not been answered to the end.
    open: AtomicUsize,
    /// When the last of them ended.
    idle_since: AtomicU64,
    /// When the first byte of a header came that is not complete.
    header_since: AtomicU64,
    /// When an answer was last given something to send that was not taken since.
    sending_since: AtomicU64,
    /// When the next piece of a request's body was last asked for, that did not come since.
    receiving_since: AtomicU64,
    /// Whether the client may have sent what nobody has read, behind which its leaving can't be seen.
    unread: AtomicBool,
    /// Whether streams share the connection: what comes between requests is no header then.
    multiplexed: AtomicBool,
}

/// What to do about a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again then.
    Wait(Instant),
    /// It has had no request for too long: close it in order.
    Idle,
    /// The client is too slow: cut it off.
    TooSlow(&'static str),
}

impl Patience {
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            body_timeout: limits.body_timeout,
            open: AtomicUsize::new(0),
            idle_since: AtomicU64::new(1),
            header_since: AtomicU64::new(0),
            sending_since: AtomicU64::new(0),
            receiving_since: AtomicU64::new(0),
            unread: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// A request's header is complete; until the guard is dropped, it is being answered.
    pub fn request(self: &Arc<Self>, multiplexed: bool) -> Open {
        self.open.fetch_add(1, Relaxed);
        self.unread.store(false, Relaxed);
        self.header_since.store(0, Relaxed);
        if multiplexed {
            self.multiplex();
        }
        Open(self.clone())
    }

    /// The client speaks HTTP/2: what comes between requests is no header.
    pub fn multiplex(&self) {
        self.multiplexed.store(true, Relaxed);
    }

    /// Whether a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.open.load(Relaxed) > 0
    }

    /// The answer has something for the client to take, or the client took it.
    pub fn sending(&self, pending: bool) {
        self.sending_since.store(if pending { self.now() } else { 0 }, Relaxed);
    }

    /// The guest waits for more of a request's body, or has got it.
    pub fn receiving(&self, pending: bool) {
        if !pending {
            self.receiving_since.store(0, Relaxed);
        } else if self.receiving_since.load(Relaxed) == 0 {
            self.receiving_since.store(self.now(), Relaxed);
        }
    }

    /// The request that is being answered has a body.
    pub fn has_body(&self) {
        self.unread.store(true, Relaxed);
    }

    /// Whether a client that leaves may go unnoticed.
    pub fn is_blind(&self) -> bool {
        self.is_busy() && self.unread.load(Relaxed) && !self.multiplexed.load(Relaxed)
    }

    /// When to look for that.
    pub fn soon(&self) -> Option<Instant> {
        self.is_blind().then(|| Instant::now() + BLIND)
    }

    fn heard(&self) {
        if self.is_busy() {
            self.unread.store(true, Relaxed);
        }
        if !self.is_busy() && !self.multiplexed.load(Relaxed) && self.header_since.load(Relaxed) == 0 {
            self.header_since.store(self.now(), Relaxed);
        }
    }

    /// What to do now. A wait never lasts longer than the shortest limit: what begins meanwhile is
    /// seen in time.
    pub fn verdict(&self) -> Verdict {
        let since = |mark: &AtomicU64| match mark.load(Relaxed) {
            0 => None,
            since => Some(self.opened + Duration::from_millis(since - 1)),
        };
        let bounds = [
            (since(&self.header_since), self.header_timeout, Verdict::TooSlow("--header-timeout")),
            (since(&self.sending_since), self.body_timeout, Verdict::TooSlow("--body-timeout")),
            (since(&self.receiving_since), self.body_timeout, Verdict::TooSlow("--body-timeout")),
            (since(&self.idle_since).filter(|_| !self.is_busy()), self.idle_timeout, Verdict::Idle),
        ];
        let now = Instant::now();
        let mut next = now + self.header_timeout.min(self.body_timeout).min(self.idle_timeout);
        for (since, limit, verdict) in bounds {
            let Some(since) = since else { continue };
            // Marks are cut to whole milliseconds: never early.
            let deadline = since + limit + Duration::from_millis(1);
            if deadline <= now {
                return verdict;
            }
            next = next.min(deadline);
        }
        Verdict::Wait(next)
    }
}

/// A request that is being answered.
pub struct Open(Arc<Patience>);

impl Open {
    /// The connection that it came by.
    pub fn patience(&self) -> &Arc<Patience> {
        &self.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.sending(false);
        self.0.receiving(false);
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// A connection that notes when something comes.
pub struct Watched<T> {
    pub inner: T,
    pub patience: Arc<Patience>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.patience.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
