//! Reads any bytes as the headers of a reply: structured fields, among others.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use results::evidence::{BodyPrefix, Reply};

const NAMES: [&str; 6] =
    ["served-by", "server-timing", "x-runtime", "x-process-time", "x-response-time", "server"];
const START_NS: u64 = 1_764_182_120_000_000_000;
const LATENCY: Duration = Duration::from_secs(3);

/// Nothing panics, and everything that is kept is bounded.
pub fn run(bytes: &[u8]) {
    // Each line is a header; its first byte selects the name.
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(20) {
        let Some((name, value)) = line.split_first() else { continue };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        headers.append(HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]), value);
    }
    let mut body = BodyPrefix::default();
    body.add(bytes);
    let reply = Reply { headers: &headers, body: &body, path: "/slow", start_ns: START_NS, latency: LATENCY };
    let most_us = 1.2 * LATENCY.as_secs_f64() * 1e6;
    assert!(reply.server_time_us().is_none_or(|us| (0.0..=most_us).contains(&us)));
    if let Some(evidence) = reply.evidence() {
        let names = [Some(&evidence.instance), Some(&evidence.style), evidence.host.as_ref()];
        assert!(names.into_iter().flatten().all(|name| name.chars().count() <= 100));
        assert!(evidence.interval_us().is_none_or(|(entered, left)| entered <= left));
    }
}
