//! The limits of an outbound request's phases.

use std::time::Duration;

use tokio::time::timeout;
use wasmtime_wasi_http::{Error, RequestOptions};

/// The limit for each phase of a request if the guest sets none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(600);

/// Waits for `future` up to the limit that the guest has set.
pub async fn with_timeout<T>(
    limit: Option<Duration>,
    future: impl Future<Output = Result<T, Error>>,
    timeout_error: Error,
) -> Result<T, Error> {
    timeout(limit.unwrap_or(DEFAULT_TIMEOUT), future).await.unwrap_or(Err(timeout_error))
}

/// The limit of the time between two parts of the response's body.
pub fn between_bytes(options: &RequestOptions) -> Duration {
    options.between_bytes_timeout.unwrap_or(DEFAULT_TIMEOUT)
}
