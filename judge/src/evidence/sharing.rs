//! How requests shared instances, and whether they blocked each other there.

use std::collections::BTreeMap;

use crate::stats::percentile;
use crate::trace::{Evidence, Row, Stay, Trace};

/// Requests of one instance took turns if they left their handlers at least this far apart, in service times.
const MIN_GAP: f64 = 0.5;

/// How the burst's requests shared instances.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sharing {
    /// The number of replies that name an instance.
    pub(crate) known: usize,
    /// The number of instances.
    pub(crate) instances: usize,
    /// The largest number of requests that an instance took.
    pub(crate) fullest: usize,
    /// The number of requests that took turns in a shared instance: each blocked the others.
    pub(crate) took_turns: usize,
    /// The median time between their leaving the handler, in milliseconds.
    pub(crate) turn_ms: f64,
    /// Whether answers of requests that had taken turns came together, after the last request was done.
    pub(crate) batched: bool,
}

impl Sharing {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut groups: BTreeMap<&str, Vec<(&Row, &Evidence)>> = BTreeMap::new();
        for row in trace.answered() {
            if let Some(evidence) = &row.evidence {
                groups.entry(&evidence.instance).or_default().push((row, evidence));
            }
        }
        let mut sharing = Self {
            known: groups.values().map(Vec::len).sum(),
            instances: groups.len(),
            fullest: groups.values().map(Vec::len).max().unwrap_or(0),
            ..Self::default()
        };
        let mut turns = Vec::new();
        for group in groups.values().filter(|group| group.len() > 1) {
            let gaps = gaps_between_turns(group, trace.service_ms * 1e6);
            if gaps.is_empty() {
                continue;
            }
            sharing.took_turns += gaps.len() + 1;
            // Durations within one instance are valid without a common clock.
            let left = range(stays(group).map(|stay| stay.left_ns as f64));
            let done = range(group.iter().map(|(row, _)| row.done_us * 1e3));
            sharing.batched |= done < left / 2.0;
            turns.extend(gaps);
        }
        turns.sort_by(f64::total_cmp);
        sharing.turn_ms = percentile(&turns, 0.5).unwrap_or(0.0) / 1e6;
        sharing
    }

    /// Whether each request had a fresh instance.
    pub(crate) fn is_fresh(&self) -> bool {
        self.known > 0 && self.instances == self.known
    }

    /// Whether one instance took all `answered` requests.
    pub(crate) fn is_all_in_one(&self, answered: usize) -> bool {
        self.instances == 1 && self.known == answered
    }
}

/// Returns the times between requests that were in their handlers together and left one after the other, in
/// nanoseconds.
fn gaps_between_turns(group: &[(&Row, &Evidence)], service_ns: f64) -> Vec<f64> {
    let mut stays: Vec<Stay> = stays(group).collect();
    stays.sort_unstable_by_key(|stay| (stay.left_ns, stay.entered_ns));
    stays
        .windows(2)
        // The later request entered before the earlier left, and was delayed by it.
        .filter(|pair| {
            let stay = pair[1].left_ns.saturating_sub(pair[1].entered_ns) as f64;
            pair[1].entered_ns < pair[0].left_ns && stay >= (1.0 + MIN_GAP) * service_ns
        })
        .map(|pair| (pair[1].left_ns - pair[0].left_ns) as f64)
        .filter(|gap| *gap >= MIN_GAP * service_ns)
        .collect()
}

/// Returns the stays that the replies tell.
fn stays(group: &[(&Row, &Evidence)]) -> impl Iterator<Item = Stay> + Clone {
    group.iter().filter_map(|(_, evidence)| evidence.stay)
}

/// Returns the distance from the smallest value to the largest.
fn range(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
}
