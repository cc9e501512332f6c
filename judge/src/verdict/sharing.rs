//! What the replies say of instances: who shared one, and whether that made them wait.

use std::collections::BTreeMap;

use crate::trace::{Evidence, Row, Trace};

/// Handlers of one instance that leave at least this far apart, in service times, took turns.
const TURN: f64 = 0.5;

/// How the burst's requests shared instances.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sharing {
    /// How many replies name an instance.
    pub known: usize,
    /// How many instances they name.
    pub instances: usize,
    /// How many requests the fullest instance took.
    pub fullest: usize,
    /// How many requests of the burst took turns in a shared instance, each blocking the others.
    pub took_turns: usize,
    /// How far apart they left the handler, in milliseconds: the median.
    pub turn_ms: f64,
    /// Whether answers of requests that had taken turns came together, when the last was done.
    pub batched: bool,
}

impl Sharing {
    pub fn of(trace: &Trace) -> Self {
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
            let gaps = turns_taken(group, trace.service_ms * 1e6);
            if gaps.is_empty() {
                continue;
            }
            sharing.took_turns += gaps.len() + 1;
            // Durations within one instance: they hold without a common clock.
            let left = span(group.iter().map(|(_, evidence)| evidence.left_ns as f64));
            let done = span(group.iter().map(|(row, _)| row.done_us * 1e3));
            sharing.batched |= done < left / 2.0;
            turns.extend(gaps);
        }
        turns.sort_by(f64::total_cmp);
        sharing.turn_ms = crate::stats::percentile(&turns, 0.5).unwrap_or(0.0) / 1e6;
        sharing
    }

    /// Whether every request had an instance of its own.
    pub fn is_fresh(&self) -> bool {
        self.known > 0 && self.instances == self.known
    }

    /// Whether one instance took all that were answered.
    pub fn is_all_in_one(&self, answered: usize) -> bool {
        self.instances == 1 && self.known == answered
    }
}

/// The times between leaving handlers that were inside together and left one after the other.
fn turns_taken(group: &[(&Row, &Evidence)], service_ns: f64) -> Vec<f64> {
    let mut stays: Vec<(u64, u64)> =
        group.iter().map(|(_, evidence)| (evidence.entered_ns, evidence.left_ns)).collect();
    stays.sort_unstable_by_key(|(entered, left)| (*left, *entered));
    stays
        .windows(2)
        // The later one had entered before the earlier one left, and was held up by it.
        .filter(|pair| {
            pair[1].0 < pair[0].1 && pair[1].1.saturating_sub(pair[1].0) as f64 >= (1.0 + TURN) * service_ns
        })
        .map(|pair| (pair[1].1 - pair[0].1) as f64)
        .filter(|gap| *gap >= TURN * service_ns)
        .collect()
}

fn span(values: impl Iterator<Item = f64> + Clone) -> f64 {
    values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
}
