//! Values of the isolation flags.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use rand::RngExt;
use rand::distr::uniform::SampleUniform;

/// The longest time that a flag accepts: longer than any need, and safe to add to any other time.
const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// A flag's value: one value (`8`), or a range of which every instance gets a random value. As in Spin, `1..8` excludes 8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueRange<T> {
    range: Range<T>,
    text: String,
}

impl<T: SampleUniform + PartialOrd + Copy> ValueRange<T> {
    /// Returns a random value in the range.
    pub(super) fn sample(&self) -> T {
        rand::rng().random_range(self.range.clone())
    }

    /// The smallest value.
    pub(super) fn start(&self) -> T {
        self.range.start
    }

    /// The end of the range, which it excludes.
    pub(super) fn end(&self) -> T {
        self.range.end
    }

    /// The text that was parsed.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// `successor` returns the end of the range that holds one value only.
    fn parse(
        text: &str,
        parse_value: fn(&str) -> Result<T, String>,
        successor: fn(T) -> T,
    ) -> Result<Self, String> {
        let range = match text.split_once("..") {
            None => parse_value(text).map(|value| value..successor(value))?,
            Some((start, end)) => parse_value(start)?..parse_value(end)?,
        };
        if range.is_empty() {
            return Err(format!("the range {text} is empty: its start must be below its end"));
        }
        Ok(Self { range, text: text.to_owned() })
    }
}

impl FromStr for ValueRange<usize> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, parse_count, |count| count.saturating_add(1))
    }
}

impl FromStr for ValueRange<Duration> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text, parse_duration, |time| time.saturating_add(Duration::from_nanos(1)))
            .map_err(|error| format!("{error}, or a range such as 1s..5s"))
    }
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..usize::MAX).contains(&count) => Ok(count),
        _ => {
            Err(format!("{text:?} is not a count; allowed is a whole number from 1, or a range such as 1..8"))
        }
    }
}

/// Parses a time in the form of Spin's flags.
///
/// # Errors
///
/// If the text is not a time of at most a year. The error says what is allowed.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "s" => Some(Duration::from_secs as fn(u64) -> Duration),
        "ms" => Some(Duration::from_millis as fn(u64) -> Duration),
        "us" | "μs" => Some(Duration::from_micros as fn(u64) -> Duration),
        "ns" => Some(Duration::from_nanos as fn(u64) -> Duration),
        _ => None,
    };
    let time = unit.zip(digits.parse().ok()).map(|(unit, value)| unit(value));
    time.filter(|time| *time <= MAX_DURATION)
        .ok_or_else(|| format!("{text:?} is not a time; allowed is 2 or 2s, 100ms, 5us, 7ns, up to a year"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_have_spins_units() {
        for (text, nanoseconds) in
            [("2", 2_000_000_000), ("2s", 2_000_000_000), ("100ms", 100_000_000), ("7ns", 7)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn invalid_values_are_rejected() {
        for text in ["0", "-1", "x", "", "1..x", "5..5", "8..1"] {
            assert!(text.parse::<ValueRange<usize>>().is_err(), "{text}");
        }
        for text in ["s", "1m", "1.5s", "", "2s..1s", "99999999999"] {
            assert!(text.parse::<ValueRange<Duration>>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_sampled_value_is_in_its_range(start in 1_usize..1000, length in 1_usize..1000) {
            let range = start..start + length;
            let values: ValueRange<usize> = format!("{}..{}", range.start, range.end).parse().unwrap();
            prop_assert!(range.contains(&values.sample()));
            prop_assert_eq!(start.to_string().parse::<ValueRange<usize>>().unwrap().sample(), start);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<ValueRange<usize>>();
            let _ = text.parse::<ValueRange<Duration>>();
        }
    }
}
