//! A summary, as an importer reads it: counts and a distribution, without single requests.

use std::collections::BTreeMap;

use judge::aggregate::Aggregate;
use judge::estimate::{Quantile, Summary};
use judge::trace::{Ending, Outcome, Row, Statuses};

use super::outcome::failure;

/// The steps in which a distribution is filled in.
const STEPS: usize = 1_000;

/// A summary of one burst.
#[derive(Debug, Default)]
pub struct Summed {
    /// The URL; empty if unknown.
    pub url: String,
    /// Times and connections. The counts are those of `results`.
    pub summary: Summary,
    /// How many requests ended in which way.
    pub results: Vec<(Ended, usize)>,
}

/// How requests ended, as exactly as a summary tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With this status.
    Status(u16),
    /// With an answer that the tool counts as good.
    Good,
    /// With an answer that is not good, such as `status 5xx`; and whether it is one that servers give under load.
    Bad { answer: String, is_refusal: bool },
    /// With an error.
    Error(String),
}

impl Ended {
    /// Returns the end of answers of a class of statuses, from 1 for 1xx to 5.
    pub fn class(class: u16) -> Self {
        match class {
            2 => Self::Good,
            _ => Self::Bad { answer: format!("status {class}xx"), is_refusal: class == 5 },
        }
    }

    /// Returns the end of answers that the tool doesn't count as good.
    pub fn bad(answer: &str) -> Self {
        Self::Bad { answer: answer.to_owned(), is_refusal: false }
    }

    /// What it means for a verdict, and how it is shown if it isn't good.
    fn meaning(&self, good: &Statuses) -> (Ending, String) {
        let ending = |outcome: Outcome| {
            let good = match outcome {
                Outcome::Answered(status) => Some(good.iter().any(|good| good.contains(&status))),
                _ => None,
            };
            Row { outcome, good, ..Row::default() }.ending()
        };
        match self {
            Self::Good => (Ending::Answered, String::new()),
            Self::Status(status) => (ending(Outcome::Answered(*status)), format!("status {status}")),
            Self::Bad { answer, is_refusal: true } => (Ending::Refused, answer.clone()),
            Self::Bad { answer, .. } => (Ending::FailedAtServer, answer.clone()),
            Self::Error(error) => (ending(failure(error)), error.clone()),
        }
    }
}

impl Summed {
    /// Returns the number of all requests.
    pub fn requests(&self) -> usize {
        self.results.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Returns the summary with its counts. `good` are the statuses that count as good.
    pub fn counted(mut self, good: &Statuses) -> (Summary, Aggregate) {
        let mut aggregate = Aggregate::default();
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let summary = &mut self.summary;
        for (ended, count) in self.results.into_iter().filter(|(_, count)| *count > 0) {
            let (ending, reason) = ended.meaning(good);
            match ending {
                Ending::Answered => add(&mut summary.answered, count),
                Ending::Refused => add(&mut summary.refused, count),
                _ => add(&mut summary.failed, count),
            }
            match ended {
                Ended::Status(status) => add(aggregate.statuses.entry(status).or_default(), count),
                Ended::Good => {}
                Ended::Bad { .. } | Ended::Error(_) => {
                    add(aggregate.errors.entry(reason.clone()).or_default(), count);
                }
            }
            if ending != Ending::Answered {
                add(reasons.entry(reason).or_default(), count);
            }
        }
        summary.failure = reasons.into_iter().max_by_key(|(_, count)| *count).map(|(reason, _)| reason);
        aggregate.ok = summary.answered;
        aggregate.requests = summary.answered.saturating_add(summary.refused).saturating_add(summary.failed);
        (aggregate.last_done_us, aggregate.last_ok_us) =
            (summary.duration_ms * 1e3, summary.duration_ms * 1e3);
        let curve = Curve::of(summary);
        if let Some(curve) = &curve {
            curve.fill(summary.answered, &mut aggregate);
            summary.mean_ms = summary.mean_ms.or(Some(curve.mean()));
        }
        (self.summary, aggregate)
    }
}

/// Adds a count that a file claims: it may be any number.
fn add(sum: &mut usize, count: usize) {
    *sum = sum.saturating_add(count);
}

/// A distribution as a curve through its known points.
struct Curve(Vec<(f64, f64)>);

impl Curve {
    /// Returns the curve from the fastest to the slowest answer; `None` if too little is known.
    fn of(summary: &Summary) -> Option<Self> {
        let middle = |Quantile { share, low_ms, high_ms }: &Quantile| (*share, (low_ms + high_ms) / 2.0);
        let mut points: Vec<(f64, f64)> = summary.quantiles.iter().map(middle).collect();
        points.extend(summary.fastest_ms.map(|ms| (0.0, ms)));
        points.extend(summary.slowest_ms.map(|ms| (1.0, ms)));
        points.retain(|(share, ms)| (0.0..=1.0).contains(share) && ms.is_finite() && *ms >= 0.0);
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Histograms and percentiles may contradict each other by their rounding.
        let mut longest = 0.0_f64;
        for (_, ms) in &mut points {
            longest = longest.max(*ms);
            *ms = longest;
        }
        (points.len() > 1).then_some(Self(points))
    }

    /// Returns the time that this share of the answers doesn't exceed.
    fn at(&self, share: f64) -> f64 {
        let above = self.0.iter().position(|(other, _)| *other >= share).unwrap_or(self.0.len() - 1);
        let ((low, from), (high, to)) = (self.0[above.saturating_sub(1)], self.0[above]);
        let part = if high > low { ((share - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        from + (to - from) * part
    }

    fn mean(&self) -> f64 {
        (0..STEPS).map(|step| self.at((step as f64 + 0.5) / STEPS as f64)).sum::<f64>() / STEPS as f64
    }

    /// Adds `answers` times of this distribution.
    fn fill(&self, answers: usize, aggregate: &mut Aggregate) {
        let steps = answers.min(STEPS);
        // In u128, because a file may claim any count. The difference is a count again.
        let before = |step: usize| answers as u128 * step as u128 / steps as u128;
        for step in 0..steps {
            let count = (before(step + 1) - before(step)) as usize;
            let last = (steps - 1).max(1) as f64;
            aggregate.latency.add_many(self.at(step as f64 / last) * 1e3, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn results_are_counted_by_what_they_mean() {
        let summed = Summed {
            results: vec![
                (Ended::Status(200), 5),
                (Ended::Status(404), 2),
                (Ended::Status(503), 3),
                (Ended::Good, 1),
                (Ended::class(2), 1),
                (Ended::class(5), 4),
                (Ended::Error("connect ECONNREFUSED".to_owned()), 1),
                (Ended::Error("timeout".to_owned()), 1),
            ],
            ..Summed::default()
        };
        assert_eq!(summed.requests(), 18);
        let (summary, aggregate) = summed.counted(&Arc::from([200..=299]));
        assert_eq!((summary.answered, summary.refused, summary.failed), (7, 8, 3));
        assert_eq!(summary.failure.as_deref(), Some("status 5xx"));
        assert_eq!((aggregate.requests, aggregate.ok, aggregate.statuses[&404]), (18, 7, 2));
        assert_eq!(aggregate.errors["status 5xx"], 4);
    }

    #[test]
    fn times_between_the_known_ones_are_interpolated() {
        let summary = Summary {
            fastest_ms: Some(10.0),
            slowest_ms: Some(90.0),
            quantiles: vec![Quantile::exact(0.5, 30.0)],
            ..Summary::default()
        };
        let summed = Summed { summary, results: vec![(Ended::Good, 2_001)], ..Summed::default() };
        let (summary, aggregate) = summed.counted(&Arc::from([200..=299]));
        let at = |share| aggregate.latency.percentile(share).unwrap() / 1e3;
        assert!((at(0.25) - 20.0).abs() < 0.1 && (at(0.75) - 60.0).abs() < 0.2, "{} {}", at(0.25), at(0.75));
        let spread = aggregate.latency.spread;
        assert_eq!((spread.count, spread.min, spread.max), (2_001, 10_000.0, 90_000.0));
        assert!((summary.mean_ms.unwrap() - 40.0).abs() < 0.1);
    }
}
