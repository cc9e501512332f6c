//! The timeouts of a client's connection: `--header-timeout`, `--idle-timeout` and `--body-timeout`.

pub(super) mod body;
pub(super) mod stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::limits::Limits;

/// The interval in which the connection polls for a disconnect that is hidden behind unread input.
const DISCONNECT_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The activities of one connection, each with its start.
///
/// Starts are in milliseconds since the connection was opened, plus one; 0 means that the activity is not in progress.
/// The connection's task reads them; that task, and the tasks that poll the bodies, write them. `Relaxed` suffices: each
/// value stands by itself, and the connection's task looks at it again later.
pub struct ClientTimeouts {
    opened: Instant,
    header_timeout: Duration,
    idle_timeout: Duration,
    body_timeout: Duration,
    /// The number of requests without a complete response.
    open_requests: AtomicUsize,
    /// When the last response was complete.
    idle_since: AtomicU64,
    /// When the first byte of an incomplete header came.
    header_since: AtomicU64,
    /// When the response body last got data that the client has not taken.
    sending_since: AtomicU64,
    /// When the guest asked for data of the request body that has not come.
    receiving_since: AtomicU64,
    /// Whether the client may have sent input that nobody has read. A disconnect behind unread input is not visible to a
    /// read.
    may_have_unread_input: AtomicBool,
    /// Whether the client speaks HTTP/2. Then input between requests is not the start of a header.
    is_multiplexed: AtomicBool,
}

/// What to do with a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum TimeoutStatus {
    /// No timeout has ended. Check again at this time.
    CheckAt(Instant),
    /// The idle timeout has ended: close the connection gracefully.
    Idle,
    /// The timeout of the named flag has ended: drop the connection.
    Expired(&'static str),
}

impl ClientTimeouts {
    pub fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            header_timeout: limits.header_timeout,
            idle_timeout: limits.idle_timeout,
            body_timeout: limits.body_timeout,
            open_requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(1),
            header_since: AtomicU64::new(0),
            sending_since: AtomicU64::new(0),
            receiving_since: AtomicU64::new(0),
            may_have_unread_input: AtomicBool::new(false),
            is_multiplexed: AtomicBool::new(false),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    /// Notes that a request's header is complete. The request is open until the guard is dropped.
    pub fn start_request(self: &Arc<Self>, is_http2: bool) -> RequestGuard {
        self.open_requests.fetch_add(1, Relaxed);
        self.may_have_unread_input.store(false, Relaxed);
        self.header_since.store(0, Relaxed);
        if is_http2 {
            self.set_multiplexed();
        }
        RequestGuard(self.clone())
    }

    /// Notes that the client speaks HTTP/2.
    pub fn set_multiplexed(&self) {
        self.is_multiplexed.store(true, Relaxed);
    }

    /// Whether any request is open.
    pub fn is_busy(&self) -> bool {
        self.open_requests.load(Relaxed) > 0
    }

    /// Notes whether the response body has data that the client has not taken.
    fn set_sending(&self, is_pending: bool) {
        self.sending_since.store(if is_pending { self.now() } else { 0 }, Relaxed);
    }

    /// Notes whether the guest waits for data of the request body.
    fn set_receiving(&self, is_pending: bool) {
        if !is_pending {
            self.receiving_since.store(0, Relaxed);
        } else if self.receiving_since.load(Relaxed) == 0 {
            self.receiving_since.store(self.now(), Relaxed);
        }
    }

    /// Notes that the open request has a body.
    pub fn set_has_body(&self) {
        self.may_have_unread_input.store(true, Relaxed);
    }

    /// Whether a disconnect may be hidden behind unread input.
    pub fn may_hide_disconnect(&self) -> bool {
        self.is_busy() && self.may_have_unread_input.load(Relaxed) && !self.is_multiplexed.load(Relaxed)
    }

    /// When to poll for a hidden disconnect; `None` if there can't be one.
    pub fn next_disconnect_poll(&self) -> Option<Instant> {
        self.may_hide_disconnect().then(|| Instant::now() + DISCONNECT_POLL_INTERVAL)
    }

    /// Notes that input came.
    fn input_received(&self) {
        if self.is_busy() {
            self.may_have_unread_input.store(true, Relaxed);
        } else if !self.is_multiplexed.load(Relaxed) && self.header_since.load(Relaxed) == 0 {
            self.header_since.store(self.now(), Relaxed);
        }
    }

    /// Returns what to do now. The time of the next check is at most the shortest timeout away, so that an activity which
    /// starts before the check is noticed in time.
    pub fn status(&self) -> TimeoutStatus {
        let start_of = |since: &AtomicU64| match since.load(Relaxed) {
            0 => None,
            since => Some(self.opened + Duration::from_millis(since - 1)),
        };
        let idle_since = start_of(&self.idle_since).filter(|_| !self.is_busy());
        let timeouts = [
            (start_of(&self.header_since), self.header_timeout, TimeoutStatus::Expired("--header-timeout")),
            (start_of(&self.sending_since), self.body_timeout, TimeoutStatus::Expired("--body-timeout")),
            (start_of(&self.receiving_since), self.body_timeout, TimeoutStatus::Expired("--body-timeout")),
            (idle_since, self.idle_timeout, TimeoutStatus::Idle),
        ];
        let now = Instant::now();
        let mut next = now + self.header_timeout.min(self.body_timeout).min(self.idle_timeout);
        for (start, timeout, status) in timeouts {
            let Some(start) = start else { continue };
            // Starts are rounded down to milliseconds: with one more, the timeout never ends early.
            let deadline = start + timeout + Duration::from_millis(1);
            if deadline <= now {
                return status;
            }
            next = next.min(deadline);
        }
        TimeoutStatus::CheckAt(next)
    }
}

/// An open request. Dropping it notes that the response is complete, or given up.
pub struct RequestGuard(Arc<ClientTimeouts>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.set_sending(false);
        self.0.set_receiving(false);
        self.0.idle_since.store(self.0.now(), Relaxed);
        self.0.open_requests.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
