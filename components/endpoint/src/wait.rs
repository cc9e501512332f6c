//! How long a request waits: from the query, else from the component's environment, else the default.

use std::fmt;
use std::time::Duration;

/// The longest wait that a request may set.
pub const MAX_WAIT_MS: u32 = 60_000;
/// The default wait. A guest needs no configuration, so that it runs on any host.
const DEFAULT_WAIT_MS: u32 = 1_000;

/// A bad wait value. The message is one line that states the allowed values.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// The request's query is bad.
    Query(String),
    /// The component's environment is bad.
    Environment(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, found) = match self {
            Self::Query(query) => ("query", format!("?{query}")),
            Self::Environment(value) => ("environment", format!("WAIT_MS={value}")),
        };
        let name = match self {
            Self::Query(_) => "?wait_ms=",
            Self::Environment(_) => "WAIT_MS=",
        };
        write!(f, "bad {place} {found:?}: allowed is {name}N, N being milliseconds from 0 to {MAX_WAIT_MS}")
    }
}

/// The value of `WAIT_MS` in the component's environment; `None` if unset.
pub fn configured() -> Option<String> {
    std::env::var("WAIT_MS").ok()
}

/// The time to wait: `wait_ms` from the query, else `configured`, else one second.
pub fn requested(query: Option<&str>, configured: Option<String>) -> Result<Duration, Error> {
    let ms = match (query.filter(|query| !query.is_empty()), configured) {
        (Some(query), _) => query
            .strip_prefix("wait_ms=")
            .and_then(milliseconds)
            .ok_or_else(|| Error::Query(query.to_owned()))?,
        (None, Some(value)) => milliseconds(&value).ok_or(Error::Environment(value))?,
        (None, None) => DEFAULT_WAIT_MS,
    };
    Ok(Duration::from_millis(ms.into()))
}

/// Accepts decimal digits only; `u32::from_str` would accept `+5`.
fn milliseconds(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let ms = plain.then(|| digits.parse().ok()).flatten()?;
    (ms <= MAX_WAIT_MS).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(query: Option<&str>, configured: Option<&str>) -> Result<u128, Error> {
        requested(query, configured.map(str::to_owned)).map(|wait| wait.as_millis())
    }

    #[test]
    fn the_query_overrides_the_environment_and_the_environment_the_default() {
        assert_eq!(ms(Some("wait_ms=5"), Some("7")), Ok(5));
        assert_eq!(ms(Some(""), Some("7")), Ok(7));
        assert_eq!(ms(None, Some("7")), Ok(7));
        assert_eq!(ms(None, None), Ok(1_000));
    }

    #[test]
    fn the_error_states_the_allowed_values() {
        for bad in [
            "wait_ms=abc",
            "wait_ms=",
            "wait_ms=60001",
            "wait_ms=-1",
            "wait_ms=+1",
            "wait_ms=1&wait_ms=2",
            "x=1",
        ] {
            let error = ms(Some(bad), None).unwrap_err();
            assert_eq!(error, Error::Query(bad.to_owned()));
            assert!(
                error.to_string().contains("?wait_ms=N, N being milliseconds from 0 to 60000"),
                "{error}"
            );
        }
        let error = ms(None, Some("soon")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bad environment \"WAIT_MS=soon\": allowed is WAIT_MS=N, N being milliseconds from 0 to 60000"
        );
    }

    proptest! {
        #[test]
        fn every_wait_in_range_is_accepted(wait in 0..=MAX_WAIT_MS) {
            let query = format!("wait_ms={wait}");
            prop_assert_eq!(ms(Some(&query), None), Ok(wait.into()));
        }

        #[test]
        fn no_query_panics_and_every_error_is_one_line(query in ".*") {
            if let Err(error) = ms(Some(&query), None) {
                prop_assert_eq!(error.to_string().lines().count(), 1);
            }
        }
    }
}
