//! How long an instance lives, and how many requests it holds: the decision that the whole
//! project is about, in one place.
//!
//! Names, defaults and values are Spin's: a WASIp2 instance takes one request and is dropped. A
//! WASIp3 instance takes up to 128 requests in its life, up to 16 at once, and is dropped after a
//! second of idling.

use std::ops::{Range, RangeInclusive};
use std::str::FromStr;
use std::time::Duration;

use rand::RngExt;
use rand::distr::uniform::SampleUniform;

const REUSE_COUNT: usize = 128;
const CONCURRENT_REUSE_COUNT: usize = 16;
const IDLE_INSTANCE_TIMEOUT: Duration = Duration::from_secs(1);
/// Enough for anyone, and safe to add to any other time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// The version of WASI that a component speaks over HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wasi {
    /// Exports `wasi:http/incoming-handler@0.2`.
    P2,
    /// Exports `wasi:http/handler@0.3`.
    P3,
}

/// What the flags say. A value that is left out is Spin's default.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// How many requests an instance takes in its life.
    pub max_instance_reuse_count: Option<Drawn<usize>>,
    /// How many requests an instance holds at once.
    pub max_instance_concurrent_reuse_count: Option<Drawn<usize>>,
    /// How long an instance without a request is kept.
    pub idle_instance_timeout: Option<Drawn<Duration>>,
    /// How long a request may take; no limit where it is left out.
    pub request_timeout: Option<Drawn<Duration>>,
}

/// What the policy gives one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// How many requests it takes before it is dropped.
    pub requests: usize,
    /// How many it holds at once.
    pub at_once: usize,
    /// How long it is kept without a request.
    pub idle_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Option<Duration>,
}

/// Whether an instance takes one more request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admit {
    /// It does.
    Yes,
    /// It is full, and will have room again.
    Full,
    /// It has taken as many as it may in its life.
    Never,
}

impl Policy {
    /// What a new instance gets. Values given as ranges are drawn anew for each.
    pub fn draw(&self, wasi: Wasi) -> Life {
        let (requests, at_once) = match wasi {
            // Synchronous code holds its instance for the whole request, and Spin drops it then.
            Wasi::P2 => (1, 1),
            Wasi::P3 => (
                self.max_instance_reuse_count.as_ref().map_or(REUSE_COUNT, Drawn::draw),
                self.max_instance_concurrent_reuse_count.as_ref().map_or(CONCURRENT_REUSE_COUNT, Drawn::draw),
            ),
        };
        Life {
            requests,
            at_once,
            idle_timeout: self.idle_instance_timeout.as_ref().map_or(IDLE_INSTANCE_TIMEOUT, Drawn::draw),
            request_timeout: self.request_timeout.as_ref().map(Drawn::draw),
        }
    }

    /// Whether an instance may take another request after its first.
    pub fn reuses(&self, wasi: Wasi) -> bool {
        wasi == Wasi::P3 && can_exceed_one(&self.max_instance_reuse_count)
    }

    /// Whether a request may meet another one in its instance.
    pub fn shares(&self, wasi: Wasi) -> bool {
        self.reuses(wasi) && can_exceed_one(&self.max_instance_concurrent_reuse_count)
    }

    /// The least and the most requests that an instance has room for at once.
    pub fn room(&self, wasi: Wasi) -> RangeInclusive<usize> {
        if wasi == Wasi::P2 {
            return 1..=1;
        }
        let (ever, at_once) = (&self.max_instance_reuse_count, &self.max_instance_concurrent_reuse_count);
        let bounds = |count: &Option<Drawn<usize>>, default| {
            count.as_ref().map_or((default, default), |count| (count.range.start, count.range.end - 1))
        };
        let (ever, at_once) = (bounds(ever, REUSE_COUNT), bounds(at_once, CONCURRENT_REUSE_COUNT));
        ever.0.min(at_once.0)..=ever.1.min(at_once.1)
    }

    /// How long an idle instance lives at most.
    pub fn longest_idle(&self) -> Duration {
        self.idle_instance_timeout.as_ref().map_or(IDLE_INSTANCE_TIMEOUT, |idle| idle.range.end)
    }

    /// The flags that say this policy again, as on `spin up`.
    pub fn flags(&self) -> Vec<String> {
        [
            ("--max-instance-reuse-count", self.max_instance_reuse_count.as_ref().map(|drawn| &drawn.text)),
            (
                "--max-instance-concurrent-reuse-count",
                self.max_instance_concurrent_reuse_count.as_ref().map(|drawn| &drawn.text),
            ),
            ("--idle-instance-timeout", self.idle_instance_timeout.as_ref().map(|drawn| &drawn.text)),
            ("--request-timeout", self.request_timeout.as_ref().map(|drawn| &drawn.text)),
        ]
        .into_iter()
        .filter_map(|(flag, text)| Some(format!("{flag}={}", text?)))
        .collect()
    }
}

fn can_exceed_one(count: &Option<Drawn<usize>>) -> bool {
    count.as_ref().is_none_or(|count| count.range.end > 2)
}

impl Life {
    /// Whether an instance that holds `now` requests, and has taken `ever`, takes one more.
    pub fn admit(&self, now: usize, ever: usize) -> Admit {
        if ever >= self.requests {
            Admit::Never
        } else if now >= self.at_once {
            Admit::Full
        } else {
            Admit::Yes
        }
    }
}

/// A flag's value: one for all (`8`), or a range that each instance draws its own from. As in
/// Spin, `1..8` never draws 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn<T> {
    range: Range<T>,
    text: String,
}

impl<T: SampleUniform + PartialOrd + Copy> Drawn<T> {
    fn draw(&self) -> T {
        rand::rng().random_range(self.range.clone())
    }

    /// `after` is the end of the range that holds nothing but the value.
    fn parse(text: &str, value: fn(&str) -> Result<T, String>, after: fn(T) -> T) -> Result<Self, String> {
        let range = match text.split_once("..") {
            None => value(text).map(|only| only..after(only))?,
            Some((start, end)) => value(start)?..value(end)?,
        };
        if range.is_empty() {
            return Err(format!("the range {text} is empty: its start must be below its end"));
        }
        Ok(Self { range, text: text.to_owned() })
    }
}

impl FromStr for Drawn<usize> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, count, |only| only.saturating_add(1))
    }
}

impl FromStr for Drawn<Duration> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, time, |only| only.saturating_add(Duration::from_nanos(1)))
            .map_err(|error| format!("{error}; a range such as 1s..5s is one, too"))
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..usize::MAX).contains(&count) => Ok(count),
        _ => Err(format!("{text:?} is no count: a whole number from 1, or a range such as 1..8, is")),
    }
}

/// A time as Spin's flags write it.
///
/// # Errors
///
/// A line that says what is allowed.
pub fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(Duration::from_secs as fn(u64) -> Duration),
        "ms" => Some(Duration::from_millis as fn(u64) -> Duration),
        "us" | "μs" => Some(Duration::from_micros as fn(u64) -> Duration),
        "ns" => Some(Duration::from_nanos as fn(u64) -> Duration),
        _ => None,
    };
    let time = unit.zip(digits.parse().ok()).map(|(unit, value)| unit(value));
    time.filter(|time| *time <= LONGEST)
        .ok_or_else(|| format!("{text:?} is no time: 2 or 2s, 100ms, 5us, 7ns, up to a year, is"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(requests: &str, at_once: &str) -> Policy {
        Policy {
            max_instance_reuse_count: Some(requests.parse().unwrap()),
            max_instance_concurrent_reuse_count: Some(at_once.parse().unwrap()),
            ..Policy::default()
        }
    }

    #[test]
    fn the_defaults_are_spins() {
        let fresh = Policy::default().draw(Wasi::P2);
        assert_eq!((fresh.requests, fresh.at_once), (1, 1));
        let shared = Policy::default().draw(Wasi::P3);
        assert_eq!((shared.requests, shared.at_once), (128, 16));
        assert_eq!((shared.idle_timeout, shared.request_timeout), (Duration::from_secs(1), None));
    }

    #[test]
    fn a_wasip2_instance_takes_one_request_whatever_the_flags_say() {
        let life = policy("5", "5").draw(Wasi::P2);
        assert_eq!(life.admit(0, 0), Admit::Yes);
        assert_eq!(life.admit(0, 1), Admit::Never);
    }

    #[test]
    fn an_instance_is_full_at_its_limit_and_done_at_its_number() {
        let life = policy("3", "2").draw(Wasi::P3);
        assert_eq!(life.admit(1, 1), Admit::Yes);
        assert_eq!(life.admit(2, 2), Admit::Full);
        assert_eq!(life.admit(0, 3), Admit::Never);
    }

    #[test]
    fn an_instance_has_room_for_what_both_flags_allow() {
        assert_eq!(Policy::default().room(Wasi::P2), 1..=1);
        assert_eq!(Policy::default().room(Wasi::P3), 16..=16);
        assert_eq!(policy("3", "2..8").room(Wasi::P3), 2..=3);
    }

    #[test]
    fn instances_are_shared_only_where_two_requests_can_meet() {
        assert!(Policy::default().shares(Wasi::P3));
        assert!(!Policy::default().shares(Wasi::P2));
        assert!(!policy("1", "16").shares(Wasi::P3));
        assert!(!policy("128", "1").shares(Wasi::P3));
        assert!(!policy("1..2", "16").shares(Wasi::P3));
        assert!(policy("1..3", "2").shares(Wasi::P3));
        assert!(policy("128", "1").reuses(Wasi::P3) && !policy("1", "16").reuses(Wasi::P3));
    }

    #[test]
    fn flags_say_the_policy_again() {
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
        assert_eq!(policy.longest_idle(), Duration::from_secs(2));
    }

    #[test]
    fn times_are_read_as_spin_writes_them() {
        for (text, nanoseconds) in
            [("2", 2_000_000_000), ("2s", 2_000_000_000), ("100ms", 100_000_000), ("7ns", 7)]
        {
            assert_eq!(time(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn a_bad_value_says_what_is_allowed() {
        for bad in ["0", "-1", "x", "", "1..x", "5..5", "8..1"] {
            assert!(bad.parse::<Drawn<usize>>().is_err(), "{bad}");
        }
        for bad in ["s", "1m", "1.5s", "", "2s..1s", "99999999999"] {
            assert!(bad.parse::<Drawn<Duration>>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_drawn_value_lies_in_its_range(start in 1_usize..1000, length in 1_usize..1000) {
            let range = start..start + length;
            let drawn: Drawn<usize> = format!("{}..{}", range.start, range.end).parse().unwrap();
            prop_assert!(range.contains(&drawn.draw()));
            prop_assert_eq!(start.to_string().parse::<Drawn<usize>>().unwrap().draw(), start);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Drawn<usize>>();
            let _ = text.parse::<Drawn<Duration>>();
        }
    }
}
