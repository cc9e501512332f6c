//! The expected duration of a run.

use std::time::Duration;

use judge::verdict::Kind;

use super::system::SystemUnderTest;
use super::{Runner, sequential_time};
use crate::plan::{PlannedBurst, Setup};
use crate::runner::baseline;

impl Runner {
    /// The expected duration of all setups on `system`.
    pub(super) fn estimate(&self, system: &SystemUnderTest) -> Duration {
        let mut calibrated: Vec<&PlannedBurst> = Vec::new();
        let mut sum = Duration::ZERO;
        for setup in &self.setups {
            let waits = || setup.bursts.iter().map(|burst| (burst, burst.wait(self.time_scale)));
            for (burst, wait) in waits().filter(|(burst, _)| burst.request.service_ms.is_none()) {
                if !calibrated.iter().any(|known| known.is_same_request(burst)) {
                    calibrated.push(burst);
                    sum += wait * baseline::expected_number(wait, burst.wait_ms.is_some());
                }
            }
            sum += waits().map(|(_, wait)| wait).filter(|wait| *wait < baseline::ENOUGH).sum::<Duration>();
            let makespans = setup.bursts.iter().map(|burst| self.expected_makespan(system, setup, burst));
            sum += makespans.max().unwrap_or_default();
            sum += if setup.after_idle { self.idle_time() } else { Duration::ZERO };
        }
        sum
    }

    fn expected_makespan(&self, system: &SystemUnderTest, setup: &Setup, burst: &PlannedBurst) -> Duration {
        let expected = system.expected(setup, burst);
        let is_sequential = expected.as_ref().is_some_and(|expected| expected.kind == Kind::Sequential);
        match expected.and_then(|expected| expected.at_a_time) {
            Some((least, _)) => sequential_time(burst, self.time_scale).div_f64(least),
            None if is_sequential => sequential_time(burst, self.time_scale),
            None => sends(burst, self.time_scale) + burst.wait(self.time_scale),
        }
    }
}

/// The time from a burst's first planned send to the last.
fn sends(burst: &PlannedBurst, scale: f64) -> Duration {
    let schedule = burst.schedule(scale);
    let planned =
        schedule.open.and_then(|open| Duration::try_from_secs_f64(schedule.n as f64 / open.rate).ok());
    planned.unwrap_or_default()
}
