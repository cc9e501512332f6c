//! The schedule of a burst's sends.

use std::time::Duration;

use judge::schedule::{Arrivals, Schedule};
use judge::units::rounded;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schedule of a burst's sends. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sending {
    /// The delay of the burst's start after the release of all bursts.
    pub delay_ms: f64,
    /// The spacing between the first sends of a closed loop.
    pub spacing_ms: f64,
    /// The rate of an open loop, in requests per second; null if each send waited for an answer.
    pub rate: Option<f64>,
    /// The distribution of the arrivals; null without a rate.
    pub arrivals: Option<Arrivals>,
    /// The seed of random arrivals, for `--seed`; null if nothing is random.
    pub seed: Option<u64>,
    /// The time in which the rate grew to its full value; null without a rate.
    pub ramp_ms: Option<f64>,
    /// The time after which no more requests are sent; null if only their number ends the burst.
    pub duration_ms: Option<f64>,
}

impl Sending {
    /// Returns the schedule without its numbers of requests and connections.
    pub fn new(schedule: &Schedule) -> Self {
        let ms = |time: Duration| rounded(time.as_secs_f64() * 1e3, 3);
        let open = schedule.open;
        Self {
            delay_ms: ms(schedule.delay),
            spacing_ms: ms(schedule.spacing),
            rate: open.map(|open| open.rate),
            arrivals: open.map(|open| open.arrivals),
            seed: open.filter(|open| open.arrivals == Arrivals::Poisson).map(|open| open.seed),
            ramp_ms: open.map(|open| ms(open.ramp)),
            duration_ms: schedule.duration.map(ms),
        }
    }
}
