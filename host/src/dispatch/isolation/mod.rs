//! The isolation policy: how many requests an instance takes, how many at once, and how long it lives.
//!
//! Names, defaults and values are Spin's. A WASIp2 instance takes one request and is dropped. A WASIp3 instance takes up
//! to 128 requests in its life and up to 16 at once, and is dropped after one second without a request.

mod value_range;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use value_range::{ValueRange, parse_duration};

use crate::app::wasm::Wasi;

const REUSE_COUNT: usize = 128;
const CONCURRENT_REUSE_COUNT: usize = 16;
const IDLE_INSTANCE_TIMEOUT: Duration = Duration::from_secs(1);

/// The values of the isolation flags. `None`: Spin's default.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The number of requests that an instance takes in its life.
    pub max_instance_reuse_count: Option<ValueRange<usize>>,
    /// The number of requests that an instance holds at once.
    pub max_instance_concurrent_reuse_count: Option<ValueRange<usize>>,
    /// How long an instance without a request is kept.
    pub idle_instance_timeout: Option<ValueRange<Duration>>,
    /// How long a request may take. `None`: no limit.
    pub request_timeout: Option<ValueRange<Duration>>,
}

/// The limits of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceLimits {
    /// The number of requests after which the instance takes no more.
    pub max_requests: usize,
    /// The maximum number of requests at once.
    pub max_concurrent_requests: usize,
    /// How long the instance is kept without a request.
    pub idle_timeout: Duration,
    /// How long a request may take. `None`: no limit.
    pub request_timeout: Option<Duration>,
}

/// Whether an instance takes one more request; the same as wasmtime's type of this name (wasmtime-wasi-http,
/// `src/handler.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShouldAccept {
    /// The instance takes it.
    Yes,
    /// The instance is full; it takes one later.
    No,
    /// The instance takes no request any more.
    Never,
}

impl Policy {
    /// Returns the limits of a new instance. A flag with a range has a new random value for every instance.
    pub fn sample_limits(&self, wasi: Wasi) -> InstanceLimits {
        let (max_requests, max_concurrent_requests) = match wasi {
            // Synchronous code occupies its instance for the whole request; Spin drops the instance then.
            Wasi::P2 => (1, 1),
            Wasi::P3 => (
                self.max_instance_reuse_count.as_ref().map_or(REUSE_COUNT, ValueRange::sample),
                self.max_instance_concurrent_reuse_count
                    .as_ref()
                    .map_or(CONCURRENT_REUSE_COUNT, ValueRange::sample),
            ),
        };
        InstanceLimits {
            max_requests,
            max_concurrent_requests,
            idle_timeout: self
                .idle_instance_timeout
                .as_ref()
                .map_or(IDLE_INSTANCE_TIMEOUT, ValueRange::sample),
            request_timeout: self.request_timeout.as_ref().map(ValueRange::sample),
        }
    }

    /// Whether an instance may take more than one request in its life.
    pub fn reuses(&self, wasi: Wasi) -> bool {
        wasi == Wasi::P3 && can_exceed_one(&self.max_instance_reuse_count)
    }

    /// Whether an instance may hold more than one request at once.
    pub fn shares(&self, wasi: Wasi) -> bool {
        self.reuses(wasi) && can_exceed_one(&self.max_instance_concurrent_reuse_count)
    }

    /// The range of the number of requests that an instance holds at once if there are enough of them.
    pub fn concurrency(&self, wasi: Wasi) -> RangeInclusive<usize> {
        if wasi == Wasi::P2 {
            return 1..=1;
        }
        let bounds = |count: &Option<ValueRange<usize>>, default| {
            count.as_ref().map_or((default, default), |count| (count.start(), count.end() - 1))
        };
        let total = bounds(&self.max_instance_reuse_count, REUSE_COUNT);
        let concurrent = bounds(&self.max_instance_concurrent_reuse_count, CONCURRENT_REUSE_COUNT);
        total.0.min(concurrent.0)..=total.1.min(concurrent.1)
    }

    /// The longest time that an instance is kept without a request.
    pub fn max_idle_timeout(&self) -> Duration {
        self.idle_instance_timeout.as_ref().map_or(IDLE_INSTANCE_TIMEOUT, ValueRange::end)
    }

    /// The flags of `spin up` that set this policy.
    pub fn flags(&self) -> Vec<String> {
        [
            ("--max-instance-reuse-count", self.max_instance_reuse_count.as_ref().map(ValueRange::as_str)),
            (
                "--max-instance-concurrent-reuse-count",
                self.max_instance_concurrent_reuse_count.as_ref().map(ValueRange::as_str),
            ),
            ("--idle-instance-timeout", self.idle_instance_timeout.as_ref().map(ValueRange::as_str)),
            ("--request-timeout", self.request_timeout.as_ref().map(ValueRange::as_str)),
        ]
        .into_iter()
        .filter_map(|(flag, text)| Some(format!("{flag}={}", text?)))
        .collect()
    }
}

fn can_exceed_one(count: &Option<ValueRange<usize>>) -> bool {
    count.as_ref().is_none_or(|count| count.end() > 2)
}

impl InstanceLimits {
    /// Whether an instance takes one more request if it holds `concurrent` requests and has taken `total` in its life.
    pub fn should_accept(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.max_requests {
            ShouldAccept::Never
        } else if concurrent >= self.max_concurrent_requests {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(total: &str, concurrent: &str) -> Policy {
        Policy {
            max_instance_reuse_count: Some(total.parse().unwrap()),
            max_instance_concurrent_reuse_count: Some(concurrent.parse().unwrap()),
            ..Policy::default()
        }
    }

    #[test]
    fn the_defaults_are_spins() {
        let p2 = Policy::default().sample_limits(Wasi::P2);
        assert_eq!((p2.max_requests, p2.max_concurrent_requests), (1, 1));
        let p3 = Policy::default().sample_limits(Wasi::P3);
        assert_eq!((p3.max_requests, p3.max_concurrent_requests), (128, 16));
        assert_eq!((p3.idle_timeout, p3.request_timeout), (Duration::from_secs(1), None));
    }

    #[test]
    fn a_wasip2_instance_takes_one_request_whatever_the_flags_say() {
        let limits = policy("5", "5").sample_limits(Wasi::P2);
        assert_eq!(limits.should_accept(0, 0), ShouldAccept::Yes);
        assert_eq!(limits.should_accept(0, 1), ShouldAccept::Never);
    }

    #[test]
    fn an_instance_accepts_requests_up_to_both_limits() {
        let limits = policy("3", "2").sample_limits(Wasi::P3);
        assert_eq!(limits.should_accept(1, 1), ShouldAccept::Yes);
        assert_eq!(limits.should_accept(2, 2), ShouldAccept::No);
        assert_eq!(limits.should_accept(0, 3), ShouldAccept::Never);
    }

    #[test]
    fn the_concurrency_of_an_instance_is_limited_by_both_flags() {
        assert_eq!(Policy::default().concurrency(Wasi::P2), 1..=1);
        assert_eq!(Policy::default().concurrency(Wasi::P3), 16..=16);
        assert_eq!(policy("3", "2..8").concurrency(Wasi::P3), 2..=3);
    }

    #[test]
    fn instances_are_shared_only_if_two_requests_can_be_in_one_at_once() {
        assert!(Policy::default().shares(Wasi::P3));
        assert!(!Policy::default().shares(Wasi::P2));
        assert!(!policy("1", "16").shares(Wasi::P3));
        assert!(!policy("128", "1").shares(Wasi::P3));
        assert!(!policy("1..2", "16").shares(Wasi::P3));
        assert!(policy("1..3", "2").shares(Wasi::P3));
        assert!(policy("128", "1").reuses(Wasi::P3) && !policy("1", "16").reuses(Wasi::P3));
    }

    #[test]
    fn the_flags_set_the_same_policy() {
        let policy =
            Policy { idle_instance_timeout: Some("100ms..2s".parse().unwrap()), ..policy("1..8", "4") };
        assert_eq!(
            policy.flags(),
            [
                "--max-instance-reuse-count=1..8",
                "--max-instance-concurrent-reuse-count=4",
                "--idle-instance-timeout=100ms..2s"
            ]
        );
        assert_eq!(policy.max_idle_timeout(), Duration::from_secs(2));
    }
}
