//! The likelihood of a server with so many places: each request that is taken holds one for a while.

use super::load::{Group, Load};

/// The probability that a server takes another number of requests than its mechanism says, for example because a place
/// became free late.
const ERROR: f64 = 0.02;
/// The factor for each further request beyond that.
const EACH: f64 = 0.3;

/// The ends of the times for which requests hold their places, sorted.
pub(super) struct Slots {
    ends: Vec<f64>,
}

impl Slots {
    /// Returns the slots of requests that hold their places until `end`.
    pub(super) fn new(load: &Load, end: impl Fn(&super::load::Request) -> f64) -> Self {
        let taken = load.requests.iter().filter(|request| request.taken);
        let mut ends: Vec<f64> = taken.map(end).collect();
        ends.sort_by(f64::total_cmp);
        Self { ends }
    }

    /// Returns the number of places that are surely held while the group arrives, and the number that may become free
    /// meanwhile.
    pub(super) fn held(&self, group: &Group) -> (usize, usize) {
        // The server frees a place before the client has the answer.
        let latest = 2.0 * group.end - group.start;
        let by = |time: f64| self.ends.partition_point(|end| *end <= time);
        let (before, after) = (by(group.start), by(latest.max(group.end)));
        (group.taken_before.saturating_sub(after), after - before)
    }

    /// Whether no place becomes free while the group arrives.
    pub(super) fn is_steady(&self, group: &Group) -> bool {
        self.held(group).1 == 0
    }

    /// Returns the logarithm of the probability of how many requests of each group were taken, with `limit` places.
    pub(super) fn ln_taken(&self, groups: &[Group], limit: usize) -> f64 {
        let one = |group: &Group| {
            let (held, freed) = self.held(group);
            let most = limit.saturating_sub(held);
            ln_taken(group, most.saturating_sub(freed), most)
        };
        groups.iter().map(one).sum()
    }

    /// Returns limits that may explain which groups have refusals: after such a group, all places are held.
    pub(super) fn limits(&self, groups: &[Group]) -> Vec<usize> {
        let full = groups.iter().filter(|group| group.has_refusal());
        let mut limits: Vec<usize> = full.map(|group| self.held(group).0 + group.taken).collect();
        limits.sort_unstable();
        let at = |share: f64| limits.get((share * limits.len().saturating_sub(1) as f64).round() as usize);
        let near = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].into_iter().filter_map(at);
        let mut limits: Vec<usize> = near
            .flat_map(|limit| [limit.saturating_sub(1), *limit, limit + 1])
            .filter(|limit| *limit > 0)
            .collect();
        limits.sort_unstable();
        limits.dedup();
        limits
    }
}

/// Returns the logarithm of the probability of how many requests of the group were taken, if the server could take from
/// `least` to `most`.
pub(super) fn ln_taken(group: &Group, least: usize, most: usize) -> f64 {
    let (least, most) = (least.min(group.count()), most.min(group.count()));
    let away = least.saturating_sub(group.taken).max(group.taken.saturating_sub(most));
    if least == 0 && most == group.count() && away == 0 {
        // The group tells nothing: any number is possible.
        return -(((group.count() + 1) as f64).ln());
    }
    match away {
        0 => (1.0 - ERROR).ln() - ((most - least + 1) as f64).ln(),
        away => ERROR.ln() + (away - 1) as f64 * EACH.ln(),
    }
}
