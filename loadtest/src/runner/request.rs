//! From a request's specification and a URL to a request that is ready to fire.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use hyper::body::Bytes;
use judge::schedule::Schedule;

use super::measure::{self, CalibratedBurst};
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::{BurstSpec, RequestTemplate, Transport};

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
    /// The time limit for a request.
    pub timeout: Duration,
    /// The source of the service time.
    pub service_time: ServiceTime,
}

/// The source of the service time, the time that a request takes alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ServiceTime {
    /// Given by the user, in milliseconds.
    Given(f64),
    /// Measured with a request alone, after a warm-up request if `warm_up`.
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
    /// The time that a request takes alone, in milliseconds.
    pub service_ms: f64,
}

impl PreparedRequest {
    /// A burst of this request.
    pub fn burst(&self, schedule: Schedule) -> CalibratedBurst {
        let spec = BurstSpec { request: self.request.clone(), schedule, timeout: self.timeout };
        CalibratedBurst { spec, service_ms: self.service_ms }
    }
}

impl RequestSpec {
    /// Resolves `url`, and measures the service time if it is not given. A note says which additional requests are sent.
    ///
    /// # Errors
    ///
    /// If the URL is invalid, or the request alone has no good answer.
    pub async fn prepare(&self, url: &str) -> Result<PreparedRequest, Failure> {
        let request = Arc::new(self.template(url).await.map_err(|error| Failure::new(Exit::Usage, error))?);
        let timeout = Some(self.timeout);
        let service_ms = match self.service_time {
            ServiceTime::Given(service_ms) => service_ms,
            ServiceTime::Measured { warm_up } => {
                let requests =
                    if warm_up { "a warm-up request, then one request alone" } else { "one request alone" };
                note(&format!(
                    "Additional requests to {url}: {requests}, to measure the service time (--service-ms avoids this)"
                ));
                let warm_up = warm_up.then(|| RequestTemplate::clone(&request));
                measure::service_ms(&request, warm_up, timeout).await?
            }
        };
        Ok(PreparedRequest { request, timeout, service_ms })
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
