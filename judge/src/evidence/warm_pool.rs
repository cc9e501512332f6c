//! Warm instances, which serve several requests one after the other, beside fresh ones for the other requests.

use std::collections::BTreeMap;

use crate::mechanism::{Mechanism, Name, Parameters};
use crate::trace::{Evidence, Trace};

/// Fewer fresh instances than this may be warm ones that were used once.
const MIN_FRESH: usize = 2;
/// The probability of a warm pool if the replies show one: instances may also be replaced for another reason.
const PROBABILITY: f64 = 0.95;

/// A pool of warm instances that overflows into fresh ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WarmPool {
    /// The number of warm instances.
    pub(crate) size: usize,
    /// The number of requests that had a fresh instance.
    pub(crate) fresh: usize,
}

impl WarmPool {
    /// Returns `None` if a reply names no instance or doesn't tell its times and its number, if all instances are warm or all fresh, or if requests were in an
    /// instance together: then instances are shared.
    pub(crate) fn of(trace: &Trace) -> Option<Self> {
        let mut instances: BTreeMap<&str, Vec<&Evidence>> = BTreeMap::new();
        for row in trace.answered() {
            let evidence = row.evidence.as_ref()?;
            evidence.served?;
            instances.entry(&evidence.instance).or_default().push(evidence);
        }
        let is_warm =
            |replies: &[&Evidence]| replies.len() > 1 || replies.iter().any(|reply| reply.served > Some(1));
        let size = instances.values().filter(|replies| is_warm(replies)).count();
        let fresh = instances.len() - size;
        let at_once: Option<Vec<usize>> =
            instances.values().map(|replies| super::overlap::most_at_once(replies)).collect();
        let is_shared = at_once?.into_iter().any(|most| most > 1);
        (size > 0 && fresh >= MIN_FRESH && !is_shared).then_some(Self { size, fresh })
    }

    /// Returns the mechanism of a burst that was served in parallel.
    pub(crate) fn mechanism(self) -> Mechanism {
        let parameters = Parameters { size: Some(self.size as f64), ..Parameters::default() };
        Mechanism { name: Name::WarmPool, parameters, or: Vec::new(), probability: PROBABILITY }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Schedule;
    use crate::trace::{Outcome, Row, Stay};

    /// Requests as (instance, requests that it had taken, time of entry in ms); each takes 100 ms.
    fn trace(requests: &[(&str, u32, u64)]) -> Trace {
        let row = |(i, (instance, served, entered)): (usize, &(&str, u32, u64))| Row {
            i,
            done_us: (*entered as f64 + 100.0) * 1e3,
            outcome: Outcome::Answered(200),
            evidence: Some(Evidence {
                instance: (*instance).to_owned(),
                endpoint: "e1-p1".to_owned(),
                style: "sync".to_owned(),
                served: Some(*served),
                stay: Some(Stay { entered_ns: entered * 1_000_000, left_ns: (entered + 100) * 1_000_000 }),
                start_ns: 0,
                host: None,
            }),
            ..Row::default()
        };
        Trace::new(Schedule::together(requests.len()), 100.0, requests.iter().enumerate().map(row).collect())
    }

    #[test]
    fn repeated_names_beside_new_ones_are_a_warm_pool() {
        let requests = [("a", 1, 0), ("b", 7, 0), ("c", 1, 0), ("d", 1, 0), ("a", 2, 100), ("e", 1, 100)];
        assert_eq!(WarmPool::of(&trace(&requests)), Some(WarmPool { size: 2, fresh: 3 }));
    }

    #[test]
    fn shared_reused_or_fresh_instances_are_none() {
        let shared = [("a", 1, 0), ("a", 2, 10), ("b", 1, 0), ("c", 1, 0), ("d", 1, 0)];
        assert_eq!(WarmPool::of(&trace(&shared)), None);
        let reused = [("a", 1, 0), ("b", 1, 0), ("a", 2, 100), ("b", 2, 100)];
        assert_eq!(WarmPool::of(&trace(&reused)), None);
        let fresh = [("a", 1, 0), ("b", 1, 0), ("c", 1, 0)];
        assert_eq!(WarmPool::of(&trace(&fresh)), None);
        let mut unnamed = trace(&[("a", 1, 0), ("a", 2, 100), ("b", 1, 0), ("c", 1, 0)]);
        assert!(WarmPool::of(&unnamed).is_some());
        unnamed.rows[3].evidence = None;
        assert_eq!(WarmPool::of(&unnamed), None);
    }
}
