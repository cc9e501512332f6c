//! What to change if a mechanism is the reason, or where to look: one row for each name.

use super::sentences::sentence;
use super::{Mechanism, Name, Parameters};

/// What to change about a pool of one.
const ONE_WORKER: &str = "let the handler wait without blocking (no blocking call on an event loop, no lock around all of it), \
                          or add workers";

impl Name {
    /// Returns what to change on the server, or where to look, as the part of a sentence; `None` if nothing limits the
    /// requests.
    const fn remedy(self) -> Option<&'static str> {
        Some(match self {
            Self::None | Self::SingleFlight => return None,
            Self::WorkerPool => "raise the number of workers, threads or connections",
            Self::RateLimit => "raise the rate or the burst that it lets through",
            Self::Lock => "hold the lock for a shorter time, or split it",
            Self::InnerPool => {
                "enlarge the pool inside the handler, such as its database connections or a semaphore"
            }
            Self::SharedCpu => "give the server more processors, or let each request compute less",
            Self::Throughput => {
                "lower the cost of a request at the server or its proxy, or run more processes of it"
            }
            Self::Batching => "make the batches larger, or wait for a shorter time until one is full",
            Self::ColdStart => "keep more instances warm, or let them start more quickly",
            Self::WarmPool => "keep more instances warm if fresh ones start slowly",
            Self::Growth => "raise the least number of workers, or add workers more quickly",
            Self::UnevenBackends => {
                "compare the slower backends with the others: their hardware, load and caches"
            }
            Self::SlowAccept => {
                "accept connections more quickly (more accepting threads or processes), and lengthen the listen backlog"
            }
            Self::Pause => {
                "look for what stops the whole server, for example in the logs of its garbage collector"
            }
            Self::StickyConnections => {
                "spread the connections evenly over the processes, use fresh connections, or run more processes"
            }
            Self::SharedInstance => "don't block in the handler, or give each request an instance of its own",
            Self::ConcurrencyCap => {
                "raise the limit on concurrent requests, or let requests wait for a free place"
            }
            Self::QueueDeadline => "let requests wait for longer, or serve more at a time",
            Self::RateCap => "raise the rate that is allowed, or send more slowly",
            Self::RandomFailures => "look in the server's error log: the load doesn't explain the failures",
        })
    }
}

impl Mechanism {
    /// Returns what to change on the server, or where to look; `None` if nothing limits the requests. If other mechanisms
    /// give the same times, each has its own sentence: only one of them is right.
    pub fn remedy(&self) -> Option<String> {
        if self.name == Name::None {
            return None;
        }
        let remedy = |name: Name| match name {
            Name::WorkerPool if name == self.name && self.parameters.is_one_worker() => Some(ONE_WORKER),
            name => name.remedy(),
        };
        if self.or.is_empty() {
            return remedy(self.name).map(sentence);
        }
        let each: Vec<String> = self
            .class()
            .filter_map(|name| Some(format!("With {}: {}.", name.words(), remedy(name)?)))
            .collect();
        (!each.is_empty()).then(|| each.join(" "))
    }
}

impl Parameters {
    /// Whether a single worker serves all requests.
    pub(super) fn is_one_worker(&self) -> bool {
        self.workers.is_some_and(|workers| workers.round() == 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedy(name: Name, workers: Option<f64>, or: &[Name]) -> Option<String> {
        let parameters = Parameters { workers, ..Parameters::default() };
        Mechanism { name, parameters, or: or.to_vec(), probability: 0.95 }.remedy()
    }

    #[test]
    fn a_mechanism_alone_has_one_remedy() {
        assert_eq!(
            remedy(Name::WorkerPool, Some(4.0), &[]).unwrap(),
            "Raise the number of workers, threads or connections."
        );
        assert!(
            remedy(Name::WorkerPool, Some(1.0), &[]).unwrap().starts_with("Let the handler wait without")
        );
    }

    #[test]
    fn each_member_of_a_class_has_its_own() {
        assert_eq!(
            remedy(Name::RateLimit, None, &[Name::Lock]).unwrap(),
            "With a rate limit: raise the rate or the burst that it lets through. \
             With a lock: hold the lock for a shorter time, or split it."
        );
    }

    #[test]
    fn without_a_limit_there_is_nothing_to_change() {
        assert_eq!(remedy(Name::None, None, &[]), None);
        assert_eq!(remedy(Name::None, None, &[Name::SingleFlight]), None);
        assert_eq!(remedy(Name::SingleFlight, None, &[Name::None]), None);
    }

    #[test]
    fn the_documentation_has_the_remedies() {
        let page = include_str!("../../../docs/mechanisms.md");
        for name in [Name::Lock, Name::RateLimit, Name::Growth, Name::Pause, Name::SlowAccept, Name::RateCap]
        {
            let row = format!("| `{name}` | {} |", name.remedy().unwrap());
            assert!(page.contains(&row), "{row}");
        }
    }
}
