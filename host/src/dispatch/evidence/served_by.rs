//! The response header `Served-By`: a structured field (RFC 9651), whose item is the name of the instance.
//!
//! ```text
//! Served-By: "9f2c0d41a6b7e835"; served=3; in-flight=2; entered="1764182123.125456"; left="1764182123.225456"
//! ```

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::observation::Observation;

/// The header's name.
pub const SERVED_BY: HeaderName = HeaderName::from_static("served-by");

/// Returns the header's value; `None` if the request was not in a guest.
pub fn value(observation: &Observation) -> Option<HeaderValue> {
    let progress = observation.progress();
    let visit = progress.visit.as_ref()?;
    let left = visit.left?;
    let text = format!(
        "\"{}\"; served={}; in-flight={}; entered=\"{}\"; left=\"{}\"",
        visit.instance(),
        visit.served,
        left.in_flight,
        seconds(observation.unix(visit.entered)),
        seconds(observation.unix(left.at)),
    );
    HeaderValue::try_from(text).ok()
}

/// Seconds with six decimals. The format's own decimals have three at most.
fn seconds(since_1970: Duration) -> String {
    format!("{}.{:06}", since_1970.as_secs(), since_1970.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_six_decimals() {
        assert_eq!(seconds(Duration::from_micros(1_764_182_123_000_456)), "1764182123.000456");
    }
}
