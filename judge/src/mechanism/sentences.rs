//! Mechanisms in words: the sentences that all reports share.

use std::fmt::Write;

use super::discriminating::discriminating_experiment;
use super::{Mechanism, Name, Order, Parameters};
use crate::units;

/// The most alternatives in a sentence. The result file has all of them.
const MAX_ALTERNATIVES: usize = 3;
/// The least probability of an alternative in a sentence.
const MIN_PROBABILITY: f64 = 0.01;

/// Returns the sentences on why a burst was served as it was: the mechanism, what tells it from the others of its class, then
/// the alternatives. Without a mechanism, they say that the question is open, and what tells the first two alternatives apart;
/// without either, there are none.
pub(crate) fn sentences(mechanism: Option<&Mechanism>, alternatives: &[Mechanism]) -> Vec<String> {
    let possible = || alternatives.iter().filter(|other| other.probability >= MIN_PROBABILITY);
    let items: Vec<String> = possible().take(MAX_ALTERNATIVES).map(Mechanism::alternative).collect();
    let others = |start: &str| (!items.is_empty()).then(|| format!("{start}: {}.", items.join("; ")));
    let Some(mechanism) = mechanism else {
        let experiment = possible().next().zip(possible().nth(1)).and_then(|(one, other)| {
            discriminating_experiment((one.name, one.parameters), (other.name, other.parameters))
        });
        return others("Open").into_iter().chain(experiment.as_deref().map(sentence)).collect();
    };
    let named = format!("Mechanism: {}.", mechanism.sentence());
    let experiments = mechanism.discriminating_experiments().into_iter().map(|clause| sentence(&clause));
    [named].into_iter().chain(experiments).chain(others("Also possible")).collect()
}

/// Returns the sentence that consists of this part of one.
pub(super) fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}

impl Mechanism {
    /// Returns the mechanism with its parameters, its class and its probability, without a full stop:
    /// `a rate limit, 20 a second, or a lock (both give the same times), probability 0.97`.
    pub fn sentence(&self) -> String {
        let all = match self.or.len() {
            0 => "",
            1 => " (both give the same times)",
            _ => " (all give the same times)",
        };
        // 1.00 would claim more than a burst shows.
        let probability = match self.probability {
            probability if probability >= 0.995 => "above 0.99".to_owned(),
            probability => format!("{probability:.2}"),
        };
        format!("{}{}{all}, probability {probability}", self.description(), self.others())
    }

    /// Returns the mechanism as an item of a list: `a rate limit, 20 a second, or a lock (0.06)`.
    fn alternative(&self) -> String {
        format!("{}{} ({})", self.description(), self.others(), units::rounded(self.probability, 2))
    }

    /// Returns the other mechanisms of its class: `, or a lock`.
    fn others(&self) -> String {
        self.or.iter().map(|name| format!(", or {}", name.words())).collect()
    }

    /// Returns the names of the class in words, for a cell of a table: `a rate limit or a lock`.
    pub fn class_in_words(&self) -> String {
        self.class().map(Name::words).collect::<Vec<_>>().join(" or ")
    }

    /// Returns the mechanism with its parameters: `a worker pool, 4 workers`.
    fn description(&self) -> String {
        let mut text = self.name.words().to_owned();
        for detail in self.parameters.details(self.name) {
            let _ = write!(text, ", {detail}");
        }
        text
    }
}

impl Parameters {
    /// Returns the known parameters in words.
    fn details(&self, name: Name) -> Vec<String> {
        let percent = |share: f64| format!("{} % of the {}", units::two_digits(share * 100.0), whole(name));
        let growth = self.from.zip(self.to).map(|(from, to)| format!("from {from:.0} to {to:.0} workers"));
        [
            // Those of a process stand beside the number of processes.
            self.workers
                .filter(|_| self.processes.is_none())
                .map(|workers| count(workers, "worker", "workers")),
            self.order.map(|order| order.words().to_owned()),
            self.per_second.map(units::rate),
            // One at a time is what a rate means.
            self.burst.filter(|burst| *burst > 1.0).map(|burst| format!("the first {burst:.0} at once")),
            self.share.map(percent),
            self.cores.map(|cores| count(cores, "core", "cores")),
            self.size.map(|size| sized(name, size)),
            self.delay_ms.map(units::time),
            growth,
            self.parts.map(|parts| count(parts, "kind", "kinds")),
            self.processes.map(|processes| used(processes, self.workers)),
            self.at_once.map(|at_once| format!("at most {at_once:.0} at once")),
            self.limit.map(|limit| count(limit, "request", "requests")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Order {
    /// Returns the order in words.
    const fn words(self) -> &'static str {
        match self {
            Self::Fifo => "first come, first served",
            Self::Lifo => "last come, first served",
            Self::Random => "in no order",
        }
    }
}

/// Returns what a share of `name` is a part of.
const fn whole(name: Name) -> &'static str {
    match name {
        Name::Lock | Name::InnerPool => "service time",
        _ => "requests",
    }
}

/// Returns the number of processes that got connections, with the workers of each. The server may have more processes.
fn used(processes: f64, workers: Option<f64>) -> String {
    let each = workers.filter(|workers| *workers > 1.0);
    let each = each.map_or(String::new(), |workers| format!(", {workers:.0} workers each"));
    format!("{} used{each}", count(processes, "process", "processes"))
}

fn sized(name: Name, size: f64) -> String {
    match name {
        Name::WarmPool => count(size, "instance", "instances"),
        _ => format!("{size:.0} in each"),
    }
}

fn count(value: f64, one: &str, several: &str) -> String {
    let noun = if value.round() == 1.0 { one } else { several };
    format!("{value:.0} {noun}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mechanism(name: Name, parameters: Parameters, or: &[Name], probability: f64) -> Mechanism {
        Mechanism { name, parameters, or: or.to_vec(), probability }
    }

    fn of(parameters: Parameters, name: Name) -> String {
        mechanism(name, parameters, &[], 0.9).description()
    }

    #[test]
    fn a_class_is_said_with_its_parameters_and_probability() {
        let rate = Parameters { per_second: Some(19.98), burst: Some(1.0), ..Parameters::default() };
        let pool = Parameters { workers: Some(3.0), ..Parameters::default() };
        let rate = mechanism(Name::RateLimit, rate, &[Name::Lock], 0.97);
        let pool = mechanism(Name::WorkerPool, pool, &[], 0.024);
        assert_eq!(
            sentences(
                Some(&rate),
                &[pool.clone(), mechanism(Name::Batching, Parameters::default(), &[], 0.004)]
            ),
            [
                "Mechanism: a rate limit, 20 a second, or a lock (both give the same times), probability 0.97.",
                "To tell a rate limit from a lock, send requests also to a second URL with another service time: a lock's gaps \
                 change with the service time, a rate limit's gaps don't; if the lock is held for a constant time, only the \
                 server's configuration shows the difference.",
                "Also possible: a worker pool, 3 workers (0.02).",
            ]
        );
        assert_eq!(rate.class_in_words(), "a rate limit or a lock");
        let three = mechanism(Name::RateLimit, rate.parameters, &[Name::Lock, Name::SlowAccept], 0.97);
        assert_eq!(
            three.sentence(),
            "a rate limit, 20 a second, or a lock, or slow acceptance (all give the same times), probability 0.97"
        );
        let certain = mechanism(Name::None, Parameters::default(), &[], 0.998);
        assert_eq!(sentences(Some(&certain), &[]), ["Mechanism: no limit, probability above 0.99."]);
    }

    #[test]
    fn without_a_mechanism_the_question_is_open() {
        let pool = Parameters { workers: Some(1.0), ..Parameters::default() };
        let rate = Parameters { per_second: Some(0.5), ..Parameters::default() };
        let open = [
            mechanism(Name::WorkerPool, pool, &[], 0.6),
            mechanism(Name::RateLimit, rate, &[Name::Lock], 0.3),
        ];
        assert_eq!(
            sentences(None, &open),
            [
                "Open: a worker pool, 1 worker (0.6); a rate limit, one every 2.00 s, or a lock (0.3).",
                "To tell a worker pool from a rate limit, send requests also to a second URL with another service time: a \
                 single worker's gaps change with the service time, a rate limit's gaps don't.",
            ]
        );
        assert!(sentences(None, &[]).is_empty());
    }

    #[test]
    fn parameters_are_said_without_digits_beyond_what_is_known() {
        let none = Parameters::default();
        for (text, parameters, name) in [
            (
                "a worker pool, 4 workers, last come, first served",
                Parameters { workers: Some(4.2), order: Some(Order::Lifo), ..none },
                Name::WorkerPool,
            ),
            (
                "a rate limit, 2.5 a second, the first 5 at once",
                Parameters { per_second: Some(2.51), burst: Some(5.0), ..none },
                Name::RateLimit,
            ),
            (
                "the server's own cost for each request, 2500 a second",
                Parameters { per_second: Some(2_534.0), ..none },
                Name::Throughput,
            ),
            ("a lock, 50 % of the service time", Parameters { share: Some(0.5012), ..none }, Name::Lock),
            ("shared processors, 2 cores", Parameters { cores: Some(1.9), ..none }, Name::SharedCpu),
            ("batches, 8 in each", Parameters { size: Some(8.0), ..none }, Name::Batching),
            ("a warm pool, 1 instance", Parameters { size: Some(1.0), ..none }, Name::WarmPool),
            ("cold starts, 1.01 s", Parameters { delay_ms: Some(1_008.4), ..none }, Name::ColdStart),
            (
                "growth during the burst, from 7 to 18 workers",
                Parameters { from: Some(7.0), to: Some(18.0), ..none },
                Name::Growth,
            ),
            ("uneven backends, 2 kinds", Parameters { parts: Some(2.0), ..none }, Name::UnevenBackends),
            (
                "failures at random, 25 % of the requests",
                Parameters { share: Some(0.25), ..none },
                Name::RandomFailures,
            ),
            (
                "a cap on concurrent requests, 30 requests",
                Parameters { limit: Some(30.0), ..none },
                Name::ConcurrencyCap,
            ),
        ] {
            assert_eq!(of(parameters, name), text);
        }
    }
}
