//! How files are imported.

use anyhow::bail;
use judge::trace::Statuses;

/// What the user knows about the measurement, and the limits of the import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The service time, in milliseconds; or several latencies of requests alone, whose median it is. Empty if unknown.
    pub service_ms: Vec<f64>,
    /// The number of requests sent; `None` if unknown.
    pub n: Option<usize>,
    /// The number of connections; `None` if unknown.
    pub c: Option<usize>,
    /// The statuses that count as good.
    pub good: Statuses,
    /// The number of requests that are kept one by one, over all bursts. The other ones are only counted.
    pub max_rows: usize,
}

impl Options {
    /// Checks that a file doesn't have more requests than were sent.
    pub(super) fn check_number(&self, requests: usize) -> anyhow::Result<()> {
        match self.n {
            Some(n) if requests > n => bail!(
                "the file has {requests} requests, but -n says that {n} were sent; if runs were appended to it, give each run's \
                 own file, or else the number of all requests"
            ),
            _ => Ok(()),
        }
    }
}
