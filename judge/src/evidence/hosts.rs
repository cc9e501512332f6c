//! How the burst was spread over hosts.

use std::collections::BTreeMap;

use super::overlap;
use crate::trace::{Evidence, Trace};

/// How the burst was spread over hosts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hosts {
    /// The number of hosts that the replies name; 0 if a reply names none.
    pub(crate) count: usize,
    /// The largest number of requests that a host served.
    pub(crate) fullest: usize,
    /// The largest number of requests that were in a handler at once on one host, by its own clock; `None` if a reply
    /// doesn't tell its times.
    pub(crate) in_handler: Option<usize>,
}

impl Hosts {
    pub(crate) fn of(trace: &Trace) -> Self {
        let replies: Option<Vec<&Evidence>> = trace.answered().map(|row| row.evidence.as_ref()).collect();
        let mut hosts: BTreeMap<&str, Vec<&Evidence>> = BTreeMap::new();
        for reply in replies.unwrap_or_default() {
            // Statements about all hosts need the host of every reply.
            let Some(host) = &reply.host else { return Self::default() };
            hosts.entry(host).or_default().push(reply);
        }
        let most: Option<Vec<usize>> = hosts.values().map(|replies| overlap::most_at_once(replies)).collect();
        Self {
            count: hosts.len(),
            fullest: hosts.values().map(Vec::len).max().unwrap_or(0),
            in_handler: most.and_then(|most| most.into_iter().max()),
        }
    }
}
