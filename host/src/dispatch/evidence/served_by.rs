//! The response header `Served-By`: a structured field (RFC 9651), whose item is the name of the instance.
//!
//! ```text
//! Served-By: "9f2c0d41a6b7e835"; served=3; in-flight=2; entered="1764182123.125456"; left="1764182123.225456"
//! ```

use std::fmt::{self, Write};
use std::time::Duration;

use bytes::BytesMut;
use http::{HeaderName, HeaderValue};

use super::observation::Observation;

/// The header's name.
pub const SERVED_BY: HeaderName = HeaderName::from_static("served-by");

/// The usual length of a value is below this: it is written without another allocation.
const LENGTH: usize = 128;

/// Returns the header's value; `None` if the request was not in a guest.
pub fn value(observation: &Observation) -> Option<HeaderValue> {
    let progress = observation.progress();
    let visit = progress.visit.as_ref()?;
    let left = visit.left?;
    let mut text = BytesMut::with_capacity(LENGTH);
    let (entered, left_at) = (observation.unix(visit.entered), observation.unix(left.at));
    write!(text, "\"{:016x}\"; served={}; in-flight={}", visit.instance(), visit.served, left.in_flight)
        .ok()?;
    write_time(&mut text, "; entered=", entered).ok()?;
    write_time(&mut text, "; left=", left_at).ok()?;
    HeaderValue::from_maybe_shared(text.freeze()).ok()
}

/// Writes a time in seconds with six decimals. The format's own decimals have three at most.
fn write_time(text: &mut BytesMut, name: &str, since_1970: Duration) -> fmt::Result {
    write!(text, "{name}\"{}.{:06}\"", since_1970.as_secs(), since_1970.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_six_decimals() {
        let mut text = BytesMut::new();
        write_time(&mut text, "; left=", Duration::from_micros(1_764_182_123_000_456)).unwrap();
        assert_eq!(text, "; left=\"1764182123.000456\"");
    }
}
