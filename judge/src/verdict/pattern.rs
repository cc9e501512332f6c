//! What the answers look like, if no mechanism explains them.

use std::fmt;

use crate::stats::{median, percentile};
use crate::units::time;

/// Fewer answers have no pattern.
const MIN_ANSWERS: usize = 6;
/// Answers come together if they come within this share of the time of the last one.
const TOGETHER: f64 = 0.1;
/// A gap parts two groups from this share of the largest gap on; gaps within a group are at most the second share.
const PART: (f64, f64) = (0.5, 0.2);
/// Gaps are even if the distance from the 10th to the 90th percentile is at most this share of their median.
const EVEN: f64 = 0.3;
/// Gaps change if the first ones are at least this many times the last ones, or the reverse.
const CHANGE: f64 = 1.5;
/// The least standard score of a trend: the probability of one by chance is 1 %.
const TREND: f64 = 2.3;
/// Gaps are averaged over neighbours until there are at most so many, then so many.
const BLOCKS: [usize; 2] = [64, 8];

/// What the answers look like. All times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pattern {
    /// All came together, between these times.
    Together { from: f64, to: f64 },
    /// They came in groups, this far apart.
    Groups { sizes: Vec<usize>, every: f64 },
    /// They came one by one, this far apart: each, or neighbours on average.
    Even { gap: f64, average: bool },
    /// The gaps became shorter or longer.
    Trend { from: f64, to: f64 },
    /// The gaps follow no pattern.
    Irregular { least: f64, most: f64 },
}

impl Pattern {
    /// Returns what the times of answers look like; `None` if they are too few. Values that are no numbers don't count.
    pub(super) fn of(times_ms: impl Iterator<Item = f64>) -> Option<Self> {
        let mut times: Vec<f64> = times_ms.filter(|time| time.is_finite()).collect();
        times.sort_by(f64::total_cmp);
        let (first, last) = (*times.first()?, *times.last()?);
        if times.len() < MIN_ANSWERS {
            return None;
        }
        if last - first <= TOGETHER * last {
            return Some(Self::Together { from: first, to: last });
        }
        let found = groups(&times).or_else(|| BLOCKS.into_iter().find_map(|most| steady(&times, most)));
        let gaps = gaps(&times, BLOCKS[0]);
        let extreme = |pick: fn(f64, f64) -> f64| gaps.iter().copied().reduce(pick);
        found.or_else(|| Some(Self::Irregular { least: extreme(f64::min)?, most: extreme(f64::max)? }))
    }
}

/// Returns the gaps between answers, averaged over neighbours if there are more than `most`.
fn gaps(times: &[f64], most: usize) -> Vec<f64> {
    let stride = (times.len() - 1).div_ceil(most).max(1);
    let edges: Vec<f64> = times.iter().copied().step_by(stride).collect();
    edges.windows(2).map(|pair| (pair[1] - pair[0]) / stride as f64).collect()
}

/// Returns the groups of the answers, if long gaps part them at regular times, and all but the last have about the same size.
fn groups(times: &[f64]) -> Option<Pattern> {
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let largest = gaps.iter().copied().fold(0.0, f64::max);
    let is_part = |gap: f64| gap >= PART.0 * largest;
    if gaps.iter().any(|gap| !is_part(*gap) && *gap > PART.1 * largest) {
        return None;
    }
    let mut starts = vec![0];
    starts.extend((1..times.len()).filter(|i| is_part(gaps[i - 1])));
    let ends = starts.iter().skip(1).copied().chain([times.len()]);
    let sizes: Vec<usize> = starts.iter().zip(ends).map(|(start, end)| end - start).collect();
    let (_, whole) = sizes.split_last()?;
    let (least, most) = (*whole.iter().min()?, *whole.iter().max()?);
    let every: Vec<f64> = starts.windows(2).map(|pair| times[pair[1]] - times[pair[0]]).collect();
    let regular = least >= 2 && most <= least + least.div_ceil(4) && is_even(&every);
    regular.then_some(Pattern::Groups { sizes, every: median(every)? })
}

/// Returns the pattern of even gaps, or of gaps that change, averaged over neighbours if there are more than `most`.
fn steady(times: &[f64], most: usize) -> Option<Pattern> {
    let gaps = &gaps(times, most)[..];
    let few = (gaps.len() / 4).clamp(2, 8);
    let (from, to) = (median(gaps.get(..few)?.to_vec())?, median(gaps.get(gaps.len() - few..)?.to_vec())?);
    let changes = from >= CHANGE * to || to >= CHANGE * from;
    let direction = if from > to { -1.0 } else { 1.0 };
    if changes && direction * trend(gaps) >= TREND {
        return Some(Pattern::Trend { from, to });
    }
    let average = gaps.len() + 1 < times.len();
    is_even(gaps).then_some(Pattern::Even { gap: median(gaps.to_vec())?, average })
}

fn is_even(values: &[f64]) -> bool {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share| percentile(&sorted, share);
    at(0.1)
        .zip(at(0.5))
        .zip(at(0.9))
        .is_some_and(|((low, middle), high)| middle > 0.0 && high - low <= EVEN * middle)
}

/// Returns the standard score of a trend: positive if values grow.
///
/// Source: Mann, "Nonparametric Tests Against Trend", 1945.
fn trend(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let pairs =
        values.iter().enumerate().flat_map(|(i, one)| values[i + 1..].iter().map(move |other| (one, other)));
    let sum: f64 = pairs.map(|(one, other)| f64::from(i8::from(other > one) - i8::from(other < one))).sum();
    sum / (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt()
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Together { from, to } => {
                write!(f, "All answers came together, from {} to {}.", time(*from), time(*to))
            }
            Self::Groups { sizes, every } => match sizes.as_slice() {
                [first, second] => {
                    write!(f, "The answers came in groups of {first} and {second}, {} apart.", time(*every))
                }
                sizes => {
                    let whole = &sizes[..sizes.len().saturating_sub(1)];
                    let least = whole.iter().min().copied().unwrap_or_default();
                    let most = whole.iter().max().copied().unwrap_or_default();
                    let size = if least == most { least.to_string() } else { format!("{least} to {most}") };
                    write!(f, "The answers came in groups of {size}, one every {}.", time(*every))
                }
            },
            Self::Even { gap, average } => {
                let average = if *average { " on average" } else { "" };
                write!(f, "The answers came evenly, one every {}{average}.", time(*gap))
            }
            Self::Trend { from, to } => {
                let change = if from > to { "shrink" } else { "grow" };
                write!(f, "The gaps between the answers {change} from {} to {}.", time(*from), time(*to))
            }
            Self::Irregular { least, most } => write!(
                f,
                "The gaps between the answers follow no pattern: they last from {} to {}.",
                time(*least),
                time(*most)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[f64]) -> Option<Pattern> {
        Pattern::of(times.iter().copied())
    }

    fn text(times: &[f64]) -> String {
        of(times).map(|pattern| pattern.to_string()).unwrap_or_default()
    }

    /// Returns the times of answers with these gaps, the first one after the first gap.
    fn after(gaps: impl IntoIterator<Item = f64>) -> Vec<f64> {
        gaps.into_iter()
            .scan(0.0, |now, gap| {
                *now += gap;
                Some(*now)
            })
            .collect()
    }

    #[test]
    fn patterns_in_words() {
        let even = after([50.0; 10]);
        assert_eq!(text(&even), "The answers came evenly, one every 50.0 ms.");
        let many = after([0.4; 1_000]);
        assert_eq!(text(&many), "The answers came evenly, one every 400 us on average.");
        let shrink = after((0..9).map(|i| 200.0 - 20.0 * f64::from(i)));
        assert_eq!(text(&shrink), "The gaps between the answers shrink from 160 ms to 40.0 ms.");
        let grow = after((0..9).map(|i| 40.0 + 20.0 * f64::from(i)));
        assert_eq!(text(&grow), "The gaps between the answers grow from 60.0 ms to 180 ms.");
        let waves: Vec<f64> = (0..14).map(|i| f64::from(200 * (i / 4 + 1) + i % 4)).collect();
        assert_eq!(text(&waves), "The answers came in groups of 4, one every 200 ms.");
        let two: Vec<f64> = (0..10).map(|i| f64::from(300 * (i / 8 + 1))).collect();
        assert_eq!(text(&two), "The answers came in groups of 8 and 2, 300 ms apart.");
        let late = [900.0, 910.0, 920.0, 925.0, 930.0, 960.0];
        assert_eq!(text(&late), "All answers came together, from 900 ms to 960 ms.");
        let irregular = [100.0, 300.0, 330.0, 500.0, 900.0, 950.0, 1_200.0];
        assert_eq!(
            text(&irregular),
            "The gaps between the answers follow no pattern: they last from 30.0 ms to 400 ms."
        );
        assert_eq!(text(&even[..5]), "");
    }

    #[test]
    fn a_pool_that_grows_answers_at_shrinking_gaps() {
        // One worker, one more every 400 ms; each request takes 300 ms.
        let mut free = vec![0.0_f64];
        let mut times = Vec::new();
        for _ in 0..40 {
            let next = free.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            let added = 400.0 * free.len() as f64;
            if added < next.1 {
                free.push(added + 300.0);
                times.push(added + 300.0);
            } else {
                free[next.0] += 300.0;
                times.push(free[next.0]);
            }
        }
        let pattern = of(&times);
        assert!(matches!(pattern, Some(Pattern::Trend { from, to }) if from > 1.5 * to), "{pattern:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn any_times_are_described(times in prop::collection::vec(prop::num::f64::ANY, 0..40)) {
            let finite = times.iter().filter(|time| time.is_finite()).count();
            prop_assert_eq!(of(&times).is_some(), finite >= MIN_ANSWERS);
            let _ = text(&times);
        }

        #[test]
        fn the_order_of_the_answers_means_nothing(
            (times, shuffled) in prop::collection::vec(0.0..1e4, 0..40)
                .prop_flat_map(|times| (Just(times.clone()), Just(times).prop_shuffle())),
        ) {
            prop_assert_eq!(of(&times), of(&shuffled));
        }

        #[test]
        fn even_gaps_are_even(gap in 1.0..500.0_f64, noise in prop::collection::vec(0.9..1.1, 12..200)) {
            let pattern = of(&after(noise.iter().map(|share| gap * share)));
            let even = matches!(pattern, Some(Pattern::Even { gap: found, .. }) if (found / gap - 1.0).abs() < 0.1);
            prop_assert!(even, "{pattern:?}");
        }

        #[test]
        fn gaps_that_change_by_a_factor_are_a_trend(
            first in 1.0..500.0_f64, factor in 0.1..0.4_f64, noise in prop::collection::vec(0.97..1.03, 10..200), grow: bool,
        ) {
            let last = noise.len() as f64 - 1.0;
            let mut gaps: Vec<f64> =
                noise.iter().enumerate().map(|(i, share)| first * f64::powf(factor, i as f64 / last) * share).collect();
            if grow {
                gaps.reverse();
            }
            let pattern = of(&after(gaps));
            let found = matches!(pattern, Some(Pattern::Trend { from, to }) if (from < to) == grow);
            prop_assert!(found, "{pattern:?}");
        }

        #[test]
        fn groups_are_counted(
            size in 2_usize..20, count in 3_usize..10, every in 10.0..1e3_f64, noise in prop::collection::vec(0.0..0.05, 200),
        ) {
            let times: Vec<f64> =
                (0..size * count).map(|i| every * ((i / size + 1) as f64 + noise[i])).collect();
            let pattern = of(&times);
            let found = matches!(
                &pattern,
                Some(Pattern::Groups { sizes, every: found })
                    if sizes.iter().all(|one| *one == size) && (found / every - 1.0).abs() < 0.1
            );
            prop_assert!(found, "{pattern:?}");
        }
    }
}
