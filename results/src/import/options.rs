//! How files are imported.

use judge::trace::Statuses;

/// What the user knows about the measurement, and the limits of the import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The service time: the latency of a request alone, in milliseconds; `None` if unknown.
    pub service_ms: Option<f64>,
    /// The number of requests sent; `None` if unknown.
    pub n: Option<usize>,
    /// The number of connections; `None` if unknown.
    pub c: Option<usize>,
    /// The statuses that count as good.
    pub good: Statuses,
    /// The number of requests that are kept one by one, over all bursts. The other ones are only counted.
    pub max_rows: usize,
}
