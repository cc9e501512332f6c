//! The length of a pause before a burst.

use std::time::Duration;

/// The shortest and the longest pause: instances that idle for a second have expired after the shortest, and a window of a
/// second has passed.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(10));
/// A pause is at least this many times as long as the longest burst: as much as that burst took from a bucket has refilled by
/// then.
const LONGER_THAN_BURSTS: f64 = 3.0;

/// Returns the length of a pause after bursts of which the longest took `longest`.
pub(super) fn after(longest: Duration) -> Duration {
    longest.min(PAUSE.1).mul_f64(LONGER_THAN_BURSTS).clamp(PAUSE.0, PAUSE.1)
}
