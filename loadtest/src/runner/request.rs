//! From a request's specification and a URL to a request that is ready to fire.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::body::Bytes;
use judge::schedule::Schedule;
use judge::trace::Baseline;
use judge::units;

use super::baseline::{self, Measured, SoloSpec, WarmUp};
use super::measure::CalibratedBurst;
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::{BurstSpec, RequestTemplate, Transport};

/// The time limit for a request, as in hey.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);
/// The longest time limit that a burst chooses by itself.
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
/// Requests may take so many times as long as requests alone.
const MARGIN: f64 = 1.25;

/// A request without its URL.
#[derive(Debug, Clone)]
pub struct RequestSpec {
    /// The method.
    pub method: Method,
    /// The headers. A header that would be sent by default, such as `host`, is sent only if it is not among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The content type if the body is not empty and the headers have none.
    pub content_type: HeaderValue,
    /// The transport.
    pub transport: Transport,
    /// Whether a connection carries several requests.
    pub keep_alive: bool,
    /// The statuses that count as good.
    pub good: Vec<RangeInclusive<u16>>,
    /// The time limit for a request; `None` for the default, which a burst may raise.
    pub timeout: Option<Duration>,
    /// The source of the service time.
    pub service_time: ServiceTime,
}

/// The source of the service time, the time that a request takes alone.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceTime {
    /// Given by the user: the service time in milliseconds, and the times of requests alone if there are several.
    Given(f64, Baseline),
    /// Measured with requests alone, after a warm-up request if `warm_up`.
    Measured {
        /// Whether a warm-up request goes first.
        warm_up: bool,
    },
}

/// A request to a URL, with its service time.
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    request: Arc<RequestTemplate>,
    timeout: Option<Duration>,
    /// Whether the user gave the time limit.
    is_timeout_given: bool,
    /// The time that a request takes alone, in milliseconds.
    pub service_ms: f64,
    /// The times of requests alone; empty if only the service time is known.
    pub baseline: Baseline,
    /// Whether additional requests are allowed.
    is_measured: bool,
    /// The number of requests that were sent to measure the service time.
    pub measured: usize,
}

impl PreparedRequest {
    /// A burst of this request.
    pub fn burst(&self, schedule: Schedule) -> CalibratedBurst {
        CalibratedBurst {
            spec: BurstSpec::new(self.request.clone(), schedule, self.timeout),
            service_ms: self.service_ms,
            baseline: self.baseline.clone(),
            solo_after: self.is_measured && baseline::is_repeated_after(self.service_ms),
        }
    }
}

impl PreparedRequest {
    /// Returns the same request with a time limit that suffices for a server that takes the requests of `schedule` one at a
    /// time. A limit that the user gave stays, and a note says that it may be too short.
    pub fn with_time_for(self, schedule: &Schedule) -> Self {
        let waiting = schedule.connections();
        let needed =
            Duration::try_from_secs_f64(self.service_ms / 1e3 * waiting as f64).unwrap_or(Duration::MAX);
        let limit = match self.timeout {
            Some(limit) if needed > limit.div_f64(MARGIN) => limit,
            _ => return self,
        };
        let begin = format!(
            "A server that takes one request at a time would need {} for {}.",
            units::time(needed.as_secs_f64() * 1e3),
            units::requests(waiting)
        );
        if self.is_timeout_given {
            let seconds = limit.as_secs_f64();
            note(&format!("{begin} Requests end after {seconds} s (-t)."));
            return self;
        }
        let raised = needed.saturating_mul(2).clamp(limit, MAX_TIMEOUT);
        let raised = Duration::from_secs(raised.as_secs_f64().ceil() as u64);
        note(&format!("{begin} The time limit for a request is raised to {} s (-t).", raised.as_secs()));
        Self { timeout: Some(raised), ..self }
    }

    /// Returns the same request with this header instead of those of the same name.
    pub fn with_header(&self, name: HeaderName, value: HeaderValue) -> Self {
        let mut prepared = self.clone();
        Arc::make_mut(&mut prepared.request).headers.insert(name, value);
        prepared
    }
}

impl RequestSpec {
    /// Returns `prepared`, a request to `url`, over HTTP/2.
    ///
    /// # Errors
    ///
    /// As [`Self::prepare`].
    pub async fn over_http2(
        &self,
        url: &str,
        prepared: &PreparedRequest,
    ) -> Result<PreparedRequest, Failure> {
        let transport = Transport { http2: true, ..self.transport.clone() };
        let spec = Self { transport, ..self.clone() };
        let request = spec.template(url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
        Ok(PreparedRequest { request: Arc::new(request), ..prepared.clone() })
    }

    /// Resolves `url`, and measures the service time if it is not given. Notes say which additional requests are sent, and
    /// what they show.
    ///
    /// # Errors
    ///
    /// If the URL is invalid, or the request alone has no good answer.
    pub async fn prepare(&self, url: &str) -> Result<PreparedRequest, Failure> {
        let request = Arc::new(self.template(url).await.map_err(|error| Failure::new(Exit::Usage, error))?);
        let timeout = Some(self.timeout.unwrap_or(DEFAULT_TIMEOUT));
        let (service_ms, baseline, is_measured, measured) = match &self.service_time {
            ServiceTime::Given(service_ms, baseline) => {
                request.many_fields.store(true, Relaxed);
                (*service_ms, baseline.clone(), false, 0)
            }
            ServiceTime::Measured { warm_up } => {
                let first = if *warm_up { "a warm-up request, then " } else { "" };
                note(&format!(
                    "Additional requests to {url}: {first}up to {} requests alone, to measure the service time \
                     (--service-ms avoids this)",
                    baseline::MOST + 1
                ));
                let warm_up = if *warm_up { WarmUp::Same } else { WarmUp::None };
                let spec = SoloSpec { warm_up, is_wait_known: false, timeout, trace: None };
                let Measured { baseline, sent } = baseline::measure(&request, &spec).await?;
                note_baseline(&baseline);
                (baseline.median_ms().unwrap_or(0.0), baseline, true, sent)
            }
        };
        let is_timeout_given = self.timeout.is_some();
        Ok(PreparedRequest {
            request,
            timeout,
            is_timeout_given,
            service_ms,
            baseline,
            is_measured,
            measured,
        })
    }

    async fn template(&self, url: &str) -> Result<RequestTemplate, String> {
        let mut request = RequestTemplate::get_over(url, &self.transport).await?;
        request.method = self.method.clone();
        request.keep_alive = self.keep_alive;
        request.good = Some(self.good.clone());
        let defaults = std::mem::replace(&mut request.headers, self.headers.clone());
        for (name, value) in &defaults {
            request.headers.entry(name).or_insert_with(|| value.clone());
        }
        request.body = self.body.clone();
        if !request.body.is_empty() {
            request.headers.entry(CONTENT_TYPE).or_insert(self.content_type.clone());
        }
        Ok(request)
    }
}

/// Notes how long requests took alone, and what clearly changed among them.
fn note_baseline(baseline: &Baseline) {
    let times: Vec<f64> = baseline.times_ms().collect();
    let (least, most) =
        times.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), ms| (least.min(*ms), most.max(*ms)));
    let took = match times.len() {
        0 => return,
        1 => format!("A request alone took {}.", units::time(most)),
        count => format!(
            "{count} requests alone took {} to {}, {} in the median.",
            units::time(least),
            units::time(most),
            units::time(baseline.median_ms().unwrap_or(most))
        ),
    };
    note(&[took].into_iter().chain(baseline.changes_before()).collect::<Vec<_>>().join(" "));
}
