//! What counts as right for a burst, and why: `truth.toml`.

use judge::mechanism::{Name, Parameters};
use judge::verdict::Kind;
use serde::Deserialize;

/// A server's `truth.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    server: String,
    family: String,
    version: String,
    configuration: String,
    trace: Vec<Truth>,
}

/// What counts as right for a burst, by the server's configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The trace's name.
    pub name: String,
    /// The server's name.
    #[serde(skip)]
    pub server: String,
    /// The program.
    #[serde(skip)]
    pub family: String,
    /// What the program says about its version.
    #[serde(skip)]
    pub version: String,
    /// The server's configuration in words.
    #[serde(skip)]
    pub configuration: String,
    /// The number of requests.
    pub n: usize,
    /// The number of connections.
    pub c: usize,
    /// The time that the handler waits or computes, in milliseconds.
    pub wait_ms: f64,
    /// The spacing between the first sends, in milliseconds.
    pub spacing_ms: f64,
    /// Whether two busy loops ran beside the burst.
    pub busy: bool,
    /// Whether the burst exceeds the server's limit, so that the limit can be seen.
    pub exceeds: bool,
    /// The kinds that count as right.
    pub kinds: Vec<Kind>,
    /// The limit: how many requests the server serves at a time; `None` if it has no such limit.
    pub k: Option<f64>,
    /// The least number that counts as right, if it isn't `k` alone.
    pub k_low: Option<f64>,
    /// The largest number that counts as right, if it isn't `k` alone.
    pub k_high: Option<f64>,
    /// The mechanisms that count as right, the most precise one first.
    pub mechanisms: Vec<Name>,
    /// The parameters of the first mechanism, as far as the configuration says them.
    pub parameters: Parameters,
    /// Whether nothing may be tuned by this trace.
    pub held_out: bool,
}

impl Server {
    /// Returns the truths of all bursts at the server.
    pub fn truths(self) -> impl Iterator<Item = Truth> {
        let Self { server, family, version, configuration, trace } = self;
        trace.into_iter().map(move |truth| Truth {
            server: server.clone(),
            family: family.clone(),
            version: version.clone(),
            configuration: configuration.clone(),
            ..truth
        })
    }
}

impl Truth {
    /// Returns the numbers at a time that count as right; `None` if nothing holds a number of them.
    pub fn range(&self) -> Option<(f64, f64)> {
        Some((self.k_low.or(self.k)?, self.k_high.or(self.k)?))
    }
}
