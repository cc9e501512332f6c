//! Evidence in a reply: what it says about the instance that served the request, and how long the server took for it. A
//! server may send anything, so that everything that is kept has a bounded size, and impossible values are ignored.

mod body;
mod served_by;
mod server_time;

use std::time::Duration;

use http::HeaderMap;
use http::header::SERVER;
use judge::trace::Evidence;

pub use body::{BODY_BYTES, BodyPrefix, evidence};
pub use server_time::server_time;

/// The longest name, in characters. A reply with a longer one is no evidence.
const NAME_CHARS: usize = 100;

/// A request and its reply.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The headers of the reply.
    pub headers: &'a HeaderMap,
    /// The beginning of its body.
    pub body: &'a BodyPrefix,
    /// The path of the request. The endpoint is named by it, unless the reply names it.
    pub path: &'a str,
    /// The burst's start, in nanoseconds since 1970.
    pub start_ns: u64,
    /// The time from the send of the request to the end of the reply, by the generator's clock.
    pub latency: Duration,
}

impl Reply<'_> {
    /// Returns the evidence in the header `Served-By`, or else in the body. If both are there, the header wins; the body adds
    /// what the header leaves out.
    pub fn evidence(&self) -> Option<Evidence> {
        let body = self.body.evidence(self.start_ns);
        let Some(header) = served_by::evidence(self) else { return body };
        let Some(body) = body else { return Some(header) };
        // Times and numbers of another instance are not those of this one.
        let is_same = body.instance == header.instance;
        Some(Evidence {
            endpoint: body.endpoint,
            style: if header.style.is_empty() { body.style } else { header.style },
            served: header.served.or(body.served.filter(|_| is_same)),
            stay: header.stay.or(body.stay.filter(|_| is_same)),
            host: header.host.or(body.host),
            ..header
        })
    }

    /// Returns the time that the server says it took for the request, in microseconds.
    pub fn server_time_us(&self) -> Option<f64> {
        let time = server_time(self.headers).filter(|time| self.is_within_latency(*time))?;
        Some(time.as_secs_f64() * 1e6)
    }

    /// Whether the request can have been at the server for so long: clocks differ a little.
    fn is_within_latency(&self, time: Duration) -> bool {
        time <= self.latency + self.latency / 10 + Duration::from_millis(10)
    }
}

/// Returns the Server header, truncated to 100 characters.
pub fn server(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(SERVER)?.to_str().ok()?.chars().take(NAME_CHARS).collect())
}

fn is_name(name: &str) -> bool {
    name.chars().count() <= NAME_CHARS && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests;
