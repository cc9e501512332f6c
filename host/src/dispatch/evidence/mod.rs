//! Evidence of how the host served a request: which instance took it and when, as a response header and in a trace file.
//!
//! Off by default. If it is on, each request for a component carries an [`Observation`], which the handlers fill in.

mod served_by;
mod trace;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Response};

use super::body::ResponseBody;
use super::request::Request;
pub use served_by::SERVED_BY;
use trace::TraceLine;
pub use trace::TraceWriter;

/// Observes the requests of an application.
pub struct Observer {
    /// Whether responses get the header [`SERVED_BY`].
    pub header: bool,
    /// The file that gets a line for each request.
    pub trace: Option<TraceWriter>,
}

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
    received: Instant,
    /// The time of `received` since 1970.
    received_unix: Duration,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// How long the instantiation of the request's own instance took; zero if an existing instance took the request.
    start: Duration,
    visit: Option<Visit>,
}

/// A request's time in the guest.
struct Visit {
    counters: Arc<InstanceCounters>,
    entered: Instant,
    served: u64,
    left: Option<Left>,
}

/// The end of a visit: the head of the response is there, or the guest failed.
#[derive(Clone, Copy)]
struct Left {
    at: Instant,
    /// The number of requests in the guest then, this one included.
    in_flight: u64,
}

/// A request that is observed until it is dropped, or until the end of its response.
pub struct Observed {
    observer: Arc<Observer>,
    observation: Arc<Observation>,
    route: Option<HeaderValue>,
    component: Arc<str>,
    status: Option<u16>,
    responded: Option<Instant>,
}

impl Observer {
    /// Starts to observe the request, which is for the component with this id. `route` is the route that it matched.
    pub fn observe(
        self: &Arc<Self>,
        request: &mut Request,
        component: &Arc<str>,
        route: Option<HeaderValue>,
    ) -> Observed {
        let observation = Arc::new(Observation {
            received: Instant::now(),
            received_unix: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            progress: Mutex::default(),
        });
        request.extensions_mut().insert(observation.clone());
        let component = component.clone();
        Observed { observer: self.clone(), observation, route, component, status: None, responded: None }
    }
}

impl Observation {
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
    fn unix(&self, at: Instant) -> Duration {
        self.received_unix + at.saturating_duration_since(self.received)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observed {
    /// Notes the head of the response, and adds the header to it. The observation ends with the response's body.
    pub fn responded(mut self, response: &mut Response<ResponseBody>) {
        self.observation.left();
        self.responded = Some(Instant::now());
        self.status = Some(response.status().as_u16());
        if self.observer.header
            && let Some(value) = served_by::value(&self.observation)
        {
            // The host knows which instance it was, so its value replaces the guest's.
            response.headers_mut().insert(SERVED_BY, value);
        }
        if self.observer.trace.is_some() {
            response.body_mut().hold_until_dropped(self);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.observation.left();
        if let Some(trace) = &self.observer.trace {
            trace.write(TraceLine::of(self, Instant::now()));
        }
    }
}
