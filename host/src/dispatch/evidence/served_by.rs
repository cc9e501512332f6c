//! The response header `Served-By`: a structured field (RFC 9651), whose item is the name of the instance.
//!
//! ```text
//! Served-By: "9f2c0d41a6b7e835"; served=3; in-flight=2; entered="1764182123.125456"; left="1764182123.225456"
//! ```

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use http::{HeaderName, HeaderValue};

use super::observation::Observation;

/// The header's name.
pub const SERVED_BY: HeaderName = HeaderName::from_static("served-by");

/// The usual length of a value is below this: it is written without another allocation.
const LENGTH: usize = 128;
const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

/// Returns the header's value; `None` if the request was not in a guest.
pub fn value(observation: &Observation) -> Option<HeaderValue> {
    let progress = observation.progress();
    let visit = progress.visit.as_ref()?;
    let left = visit.left?;
    let mut text = BytesMut::with_capacity(LENGTH);
    text.put_u8(b'"');
    text.put_slice(&hexadecimal(visit.instance()));
    text.put_u8(b'"');
    for (name, count) in [("; served=", visit.served), ("; in-flight=", left.in_flight)] {
        text.put_slice(name.as_bytes());
        text.put_slice(itoa::Buffer::new().format(count).as_bytes());
    }
    for (name, at) in [("; entered=", visit.entered), ("; left=", left.at)] {
        text.put_slice(name.as_bytes());
        text.put_u8(b'"');
        put_seconds(&mut text, observation.unix(at));
        text.put_u8(b'"');
    }
    HeaderValue::from_maybe_shared(text.freeze()).ok()
}

/// Returns the 16 hexadecimal digits. `core::fmt` takes several times as long, and each response has them.
fn hexadecimal(number: u64) -> [u8; 16] {
    std::array::from_fn(|digit| HEXADECIMAL[(number >> (60 - 4 * digit) & 0xf) as usize])
}

/// Writes a time in seconds with six decimals. The format's own decimals have three at most.
fn put_seconds(text: &mut BytesMut, since_1970: Duration) {
    text.put_slice(itoa::Buffer::new().format(since_1970.as_secs()).as_bytes());
    // A million more keeps the leading zeros; the point replaces its first digit.
    let mut decimals = itoa::Buffer::new();
    let decimals = decimals.format(1_000_000 + since_1970.subsec_micros());
    text.put_u8(b'.');
    text.put_slice(&decimals.as_bytes()[1..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_keep_their_leading_zeros() {
        let mut text = BytesMut::new();
        put_seconds(&mut text, Duration::from_micros(1_764_182_123_000_456));
        assert_eq!(text, "1764182123.000456");
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number: u64, micros in 0..u64::MAX) {
            let digits = hexadecimal(number);
            prop_assert_eq!(str::from_utf8(&digits).unwrap(), format!("{number:016x}"));
            let mut text = BytesMut::new();
            let time = Duration::from_micros(micros);
            put_seconds(&mut text, time);
            prop_assert_eq!(text, format!("{}.{:06}", time.as_secs(), time.subsec_micros()));
        }
    }
}
