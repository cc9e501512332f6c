//! What the replies say of machines: on how many the requests were served, and how many of them at once on each.

use std::collections::BTreeMap;

use super::overlap;
use crate::trace::{Evidence, Trace};

/// How the burst was spread over machines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hosts {
    /// How many the replies name; 0 where not all of them name one.
    pub count: usize,
    /// How many requests the one took that took most.
    pub fullest: usize,
    /// The most that were inside handlers at once on any one of them, by its own clock.
    pub inside: usize,
}

impl Hosts {
    pub fn of(trace: &Trace) -> Self {
        let replies: Option<Vec<&Evidence>> = trace.answered().map(|row| row.evidence.as_ref()).collect();
        let mut hosts: BTreeMap<&str, Vec<&Evidence>> = BTreeMap::new();
        for reply in replies.unwrap_or_default() {
            // Where one is silent, nothing can be said of all.
            let Some(host) = &reply.host else { return Self::default() };
            hosts.entry(host).or_default().push(reply);
        }
        Self {
            count: hosts.len(),
            fullest: hosts.values().map(Vec::len).max().unwrap_or(0),
            inside: hosts.values().map(|replies| overlap::most_inside(replies)).max().unwrap_or(0),
        }
    }

    /// In words; nothing where the replies name none.
    pub fn told(&self) -> Option<String> {
        match self.count {
            0 => None,
            1 => Some("All were served on one host.".to_owned()),
            count => Some(format!(
                "They were spread over {count} hosts, up to {} on one, and never were more than {} inside a handler \
                 at once on any of them.",
                self.fullest, self.inside
            )),
        }
    }
}
