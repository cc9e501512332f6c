//! What the host knows of a request while it is served.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::dispatch::request::Request;

/// An instance's identity, and the numbers of its requests.
#[derive(Default)]
pub struct InstanceCounters {
    /// Drawn when the first request is observed.
    id: OnceLock<u64>,
    /// The number of requests that the instance has taken.
    served: AtomicU64,
    /// The number of requests that have entered the guest, and whose heads of the response have not left it.
    in_flight: AtomicU64,
}

/// The times of a request in the host, as far as it has come.
pub struct Observation {
    pub(super) received: Instant,
    /// The time of `received` since 1970.
    pub(super) received_unix: Duration,
    progress: Mutex<Progress>,
}

#[derive(Default)]
pub(super) struct Progress {
    /// How long the instantiation of the request's own instance took; zero if an existing instance took the request.
    pub start: Duration,
    pub visit: Option<Visit>,
}

/// A request's time in the guest.
pub(super) struct Visit {
    counters: Arc<InstanceCounters>,
    pub entered: Instant,
    pub served: u64,
    pub left: Option<Left>,
}

/// The end of a visit: the head of the response is there, or the guest failed.
#[derive(Clone, Copy)]
pub(super) struct Left {
    pub at: Instant,
    /// The number of requests in the guest then, this one included.
    pub in_flight: u64,
}

impl Observation {
    /// Starts to observe the request.
    pub(super) fn start(request: &mut Request) -> Arc<Self> {
        let observation = Arc::new(Self {
            received: Instant::now(),
            received_unix: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            progress: Mutex::default(),
        });
        request.extensions_mut().insert(observation.clone());
        observation
    }

    /// The observation of a request; `None` if requests are not observed.
    pub fn of(request: &Request) -> Option<Arc<Self>> {
        request.extensions().get::<Arc<Self>>().cloned()
    }

    /// Notes that a new instance was created for the request.
    pub fn started(&self, took: Duration) {
        self.progress().start = took;
    }

    /// Notes that the request enters the guest.
    pub fn entered(&self, counters: &Arc<InstanceCounters>) {
        counters.in_flight.fetch_add(1, SeqCst);
        let served = counters.served.fetch_add(1, SeqCst) + 1;
        let visit = Visit { counters: counters.clone(), entered: Instant::now(), served, left: None };
        self.progress().visit = Some(visit);
    }

    /// Notes that the head of the response leaves the guest. Only the first call has an effect.
    pub fn left(&self) {
        if let Some(visit) = &mut self.progress().visit
            && visit.left.is_none()
        {
            let in_flight = visit.counters.in_flight.fetch_sub(1, SeqCst);
            visit.left = Some(Left { at: Instant::now(), in_flight });
        }
    }

    /// A time of this request, since 1970. Times of one request have the same distances as in the monotonic clock.
    pub(super) fn unix(&self, at: Instant) -> Duration {
        self.received_unix + at.saturating_duration_since(self.received)
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observation {
    /// An instance may take a request whose client is gone.
    fn drop(&mut self) {
        self.left();
    }
}

impl Visit {
    /// The name of the instance, as a number: it is written with 16 hexadecimal digits.
    pub fn instance(&self) -> u64 {
        *self.counters.id.get_or_init(rand::random)
    }
}
