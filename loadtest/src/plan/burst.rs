//! A burst of a plan.

use std::fmt;
use std::time::Duration;

use judge::schedule::{Arrivals, Open, Schedule};
use judge::verdict::Kind;
use results::document::Isolation;

use super::count::Count;
use super::expectation::{Expected, Limits};
use super::expectations::Expectations;
use super::request::PlannedRequest;

/// The service time that an estimate assumes if the plan has none.
const ASSUMED_SERVICE: Duration = Duration::from_millis(500);

/// A burst at one endpoint.
#[derive(Debug, Clone)]
pub struct PlannedBurst {
    /// The endpoint's path, with the query.
    pub path: String,
    /// The URL of a server that runs already; `None` for the system under test.
    pub url: Option<String>,
    /// What is sent besides the URL.
    pub request: PlannedRequest,
    /// The wait of each request, in milliseconds, if the endpoint takes `?wait_ms=`.
    pub wait_ms: Option<u32>,
    /// The number of requests.
    pub n: Count,
    /// The number of connections.
    pub c: Count,
    /// The delay from the barrier to the burst's start, in milliseconds.
    pub delay_ms: f64,
    /// The time between the first `c` sends, in milliseconds.
    pub spacing_ms: f64,
    /// The rate of the sends, in requests per second; `None` if connections send one request after the other.
    pub rate: Option<f64>,
    /// The verdict for FastAPI in the original experiment.
    pub fastapi: Option<Kind>,
    /// The verdict that the original experiment's author expected of FastAPI.
    pub author_expected: Option<Kind>,
    pub(super) expect: Expectations,
}

impl PlannedBurst {
    /// A burst of `n` GET requests at once.
    pub fn together(path: &str, n: usize) -> Self {
        Self {
            path: path.to_owned(),
            url: None,
            request: PlannedRequest::default(),
            wait_ms: None,
            n: Count::Fixed(n),
            c: Count::Fixed(n),
            delay_ms: 0.0,
            spacing_ms: 0.0,
            rate: None,
            fastapi: None,
            author_expected: None,
            expect: Expectations::default(),
        }
    }

    /// The same burst, with its sends this many milliseconds apart.
    pub fn spaced(self, spacing_ms: f64) -> Self {
        Self { spacing_ms, ..self }
    }

    /// The same burst of another request.
    pub fn sending(self, request: PlannedRequest) -> Self {
        Self { request, ..self }
    }

    /// The endpoint's name: the path with dashes instead of slashes.
    pub fn endpoint(&self) -> String {
        endpoint::name_of(self.path.split('?').next().unwrap_or_default())
    }

    /// Whether both bursts send the same request to the same endpoint.
    pub fn is_same_request(&self, other: &Self) -> bool {
        (&self.path, &self.url, &self.request, self.wait_ms)
            == (&other.path, &other.url, &other.request, other.wait_ms)
    }

    /// The send times of the requests. All times are multiplied by `scale` if the endpoint's wait is.
    pub fn schedule(&self, scale: f64) -> Schedule {
        let scale = if self.wait_ms.is_some() { scale } else { 1.0 };
        let scaled = |ms: f64| Duration::from_secs_f64(ms * scale / 1e3);
        let open =
            |rate| Open { rate: rate / scale, ramp: Duration::ZERO, arrivals: Arrivals::Even, seed: 0 };
        Schedule {
            c: self.c.get(),
            delay: scaled(self.delay_ms),
            spacing: scaled(self.spacing_ms),
            open: self.rate.map(open),
            ..Schedule::together(self.n.get())
        }
    }

    /// The wait, multiplied by `scale`. If the endpoint takes none: the service time of the plan, or an assumed one.
    pub fn wait(&self, scale: f64) -> Duration {
        let given = || self.request.service_ms.map(|ms| Duration::from_secs_f64(ms / 1e3));
        match self.wait_ms {
            Some(ms) => Duration::from_secs_f64((f64::from(ms) * scale / 1e3).max(0.0)),
            None => given().unwrap_or(ASSUMED_SERVICE),
        }
    }

    /// The expected verdict for `system`, with the `isolation` of its instances (`None` if unknown) and `limits`. `None`
    /// if the plan has no expectation.
    pub fn expected(&self, system: &str, isolation: Option<Isolation>, limits: &Limits) -> Option<Expected> {
        self.expect.of(system, isolation).map(|expectation| expectation.resolve(self.n.get(), limits))
    }
}

impl fmt::Display for PlannedBurst {
    /// Such as `10 x /e1/p1, 10 s each` or `10 x POST /orders`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x ", self.n)?;
        if self.request.method != http::Method::GET {
            write!(f, "{} ", self.request.method)?;
        }
        f.write_str(self.url.as_ref().unwrap_or(&self.path))?;
        match self.wait_ms {
            Some(ms) => write!(f, ", {} s each", f64::from(ms) / 1e3),
            None => Ok(()),
        }
    }
}
