//! What a planned burst sends besides its URL.

use std::ops::RangeInclusive;
use std::sync::Arc;

use http::{HeaderMap, Method};
use judge::trace::Statuses;

/// The request of a planned burst.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRequest {
    /// The method.
    pub method: Method,
    /// The headers; those that are sent by default are replaced.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// The statuses that count as good; `None` for 2xx.
    pub good: Option<Vec<RangeInclusive<u16>>>,
    /// The service time in milliseconds; `None` if requests alone measure it.
    pub service_ms: Option<f64>,
}

impl Default for PlannedRequest {
    fn default() -> Self {
        Self {
            method: Method::GET,
            headers: HeaderMap::new(),
            body: String::new(),
            good: None,
            service_ms: None,
        }
    }
}

/// Parses statuses such as `2xx,304`.
///
/// # Errors
///
/// A line with what is allowed.
pub fn statuses(text: &str) -> Result<Statuses, String> {
    let number = |text: &str| text.parse().ok().filter(|status| (100..=999).contains(status));
    let range = |part: &str| match part.strip_suffix("xx") {
        Some(class) => number(&format!("{class}00")).map(|first: u16| first..=first + 99),
        None => {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            number(first)
                .zip(number(last))
                .filter(|(first, last)| first <= last)
                .map(|(first, last)| first..=last)
        }
    };
    let ranges: Option<Vec<_>> = text.split(',').map(|part| range(part.trim())).collect();
    ranges
        .map(Arc::from)
        .ok_or_else(|| "statuses such as 2xx,304 or 200-204, from 100 to 999, are allowed".to_owned())
}
