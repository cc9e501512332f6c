//! What the verdicts on bursts agree on.

use super::observation::Observation;
use crate::stats;
use crate::verdict::{Confidence, Kind};

/// Two numbers are the same if they differ by at most this share; numbers of requests that were taken, before others were
/// refused, by at most the second share: a cap is exact.
const SAME: (f64, f64) = (0.15, 0.03);
/// A limit is clear if the burst exceeds it: it has at most this share of the burst's requests.
const CLEAR: f64 = 0.75;

/// What the judge says of a burst, or of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Consensus {
    /// All requests were served at once.
    Parallel,
    /// So many at a time, with the interval; the rest waited.
    AtATime { k: f64, low: f64, high: f64 },
    /// So many at a time; the rest was refused.
    Refused { k: f64 },
    /// So many answers a second, after so many at once.
    Rate { per_second: f64, burst: f64 },
    /// A number at a time that the burst hardly exceeds.
    Near,
    /// Nothing that it is sure of.
    Open,
}

impl Consensus {
    pub(super) fn of(burst: &Observation) -> Self {
        let Some(judged) = &burst.verdict else { return Self::Open };
        let exceeded = CLEAR * burst.n as f64;
        let (k, low, high) = (judged.at_a_time, judged.at_a_time_low, judged.at_a_time_high);
        if burst.refused == burst.n {
            return Self::Refused { k: 0.0 };
        }
        if judged.confidence == Confidence::Low {
            // A few late answers may be the second wave of a limit.
            return if high.is_some_and(|high| high > exceeded) { Self::Near } else { Self::Open };
        }
        let rate = judged.mechanism.as_ref().filter(|mechanism| mechanism.is_rate());
        if let Some(parameters) = rate.map(|mechanism| mechanism.parameters)
            && let Some(per_second) = parameters.per_second
        {
            let burst = parameters.burst.unwrap_or(1.0);
            return if burst > exceeded { Self::Near } else { Self::Rate { per_second, burst } };
        }
        match (judged.kind, k.zip(low).zip(high)) {
            // A single burst doesn't tell shared processors from a pause. If all answers are late again and again, it was none.
            (Kind::Parallel, _) if burst.at_once == 0 => Self::Open,
            (Kind::Parallel, _) => Self::Parallel,
            (Kind::Limited | Kind::Sequential, Some((_, high))) if high > exceeded => Self::Near,
            (Kind::Limited | Kind::Sequential, Some(((k, low), high))) => Self::AtATime { k, low, high },
            (Kind::Refused, Some(((k, _), _))) if k > exceeded => Self::Near,
            (Kind::Refused, Some(((k, _), _))) => Self::Refused { k },
            _ => Self::Open,
        }
    }

    /// Returns what the judge says of more than half of the bursts; [`Consensus::Open`] without such a majority.
    pub(super) fn of_most(bursts: &[&Observation]) -> Self {
        let all: Vec<Self> = bursts.iter().map(|burst| Self::of(burst)).collect();
        let is_refusing = all.iter().any(|one| matches!(one, Self::Refused { .. }));
        // A cap takes the same number every time.
        if is_refusing && all.windows(2).any(|pair| !pair[0].agrees(&pair[1])) {
            return Self::Open;
        }
        let same = |one: &Self| all.iter().filter(|other| one.agrees(other)).copied().collect::<Vec<_>>();
        let most = all.iter().map(same).max_by_key(Vec::len).unwrap_or_default();
        if 2 * most.len() > all.len() { Self::middle(&most) } else { Self::Open }
    }

    /// Whether both say the same. [`Consensus::Open`] agrees with nothing, not even with itself.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let near_by = |share: f64, one: f64, other: f64| (one - other).abs() <= share * one.max(other);
        let near = |one, other| near_by(SAME.0, one, other);
        match (self, other) {
            (Self::Parallel, Self::Parallel) | (Self::Near, Self::Near) => true,
            (Self::AtATime { k, low, high }, Self::AtATime { k: other, low: from, high: to }) => {
                near(*k, *other) || (low <= to && from <= high)
            }
            (Self::Refused { k }, Self::Refused { k: other }) => near_by(SAME.1, *k, *other),
            (Self::Rate { per_second, .. }, Self::Rate { per_second: other, .. }) => {
                near(*per_second, *other)
            }
            _ => false,
        }
    }

    /// Returns the median of each number; all of `same` say the same.
    fn middle(same: &[Self]) -> Self {
        let median =
            |number: fn(&Self) -> f64| stats::median(same.iter().map(number).collect()).unwrap_or(0.0);
        match same.first() {
            Some(Self::AtATime { .. }) => Self::AtATime {
                k: median(|one| one.numbers().1),
                low: median(|one| one.numbers().0),
                high: median(|one| one.numbers().2),
            },
            // If all are refused, so that none is judged, no number is known.
            Some(Self::Refused { k }) if *k == 0.0 => Self::Open,
            Some(Self::Refused { .. }) => Self::Refused { k: median(|one| one.numbers().1) },
            Some(Self::Rate { .. }) => {
                Self::Rate { per_second: median(|one| one.numbers().1), burst: median(|one| one.numbers().0) }
            }
            Some(other) => *other,
            None => Self::Open,
        }
    }

    fn numbers(&self) -> (f64, f64, f64) {
        match *self {
            Self::AtATime { k, low, high } => (low, k, high),
            Self::Refused { k } => (k, k, k),
            Self::Rate { per_second, burst } => (burst, per_second, per_second),
            Self::Parallel | Self::Near | Self::Open => (0.0, 0.0, 0.0),
        }
    }
}
