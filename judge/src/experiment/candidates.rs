//! The experiments that there are to choose from.

use std::time::Duration;

use super::budget::Abilities;
use super::history::History;
use super::plan::{Connections, Experiment, Part, Target};
use super::posterior::Posterior;
use crate::units;

/// The most requests of an experiment of groups.
const GROUPED: usize = 30;
/// The most groups.
const GROUPS: usize = 6;
/// The number of pairs, and of requests alone.
pub(super) const PAIRS: usize = 6;
const ALONE: usize = 12;
/// The number of requests that come one by one.
const TRICKLE: usize = 16;
/// The idle time of an experiment after a pause, at most.
const PAUSE: Duration = Duration::from_secs(5);
/// The number of other requests beside a burst.
const LEAST_BESIDE: usize = 4;
const MOST_BESIDE: usize = 12;
/// The most connections that are used twice.
const MOST_KEPT: usize = 20;
/// The largest burst.
pub(super) const LARGEST: usize = 100;

/// An experiment, and about how long it takes.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) experiment: Experiment,
    pub(super) seconds: f64,
}

pub(super) fn part(n: usize) -> Part {
    Part { n, delay: Duration::ZERO, spacing: Duration::ZERO, target: Target::Main }
}

/// A burst of `n` requests over fresh connections.
pub(super) fn burst(n: usize, shows: &str) -> Experiment {
    Experiment {
        title: format!("{n} at once"),
        reason: shows.to_owned(),
        pause: Duration::ZERO,
        connections: Connections::Fresh,
        parts: vec![part(n)],
    }
}

/// A burst of `n` requests that was sent before.
pub(super) fn again(n: usize, shows: &str) -> Experiment {
    Experiment { title: format!("{n} at once, again"), ..burst(n, shows) }
}

/// A burst of `n` requests, and the same again over the same connections, so many seconds later.
fn kept(n: usize, later: f64) -> Experiment {
    Experiment {
        title: format!("{n} at once, and again over the same connections"),
        connections: Connections::Kept,
        parts: vec![part(n), Part { delay: duration(later), ..part(n) }],
        ..burst(n, "connections stay where they are, and need not be accepted again")
    }
}

/// Two requests, the second so many seconds after the first, `count` times. `apart` is the time between two pairs.
pub(super) fn pairs(count: usize, spacing: f64, apart: f64) -> Experiment {
    let (title, shows) = match spacing {
        0.0 => ("2 at once, several times", "two requests share one processor or one place, but not two"),
        _ => (
            "1, then 1 more half a service time later, several times",
            "a batch makes the second wait, a shared answer comes early, a free place serves it at once",
        ),
    };
    let part = |i: usize| Part {
        delay: duration(i as f64 * (apart + spacing)),
        spacing: duration(spacing),
        ..part(2)
    };
    Experiment { title: title.to_owned(), parts: (0..count).map(part).collect(), ..burst(2, shows) }
}

/// Requests at even times, so many seconds apart.
pub(super) fn stream(n: usize, spacing: f64, shows: &str) -> Experiment {
    Experiment {
        title: format!("{n}, one every {}", time(spacing)),
        parts: vec![Part { spacing: duration(spacing), ..part(n) }],
        ..burst(n, shows)
    }
}

/// Requests one after the other; one takes `alone` seconds.
pub(super) fn alone(alone: f64) -> Experiment {
    let shows = "what happens to requests alone has nothing to do with the load";
    Experiment {
        title: format!("{ALONE} alone"),
        parts: vec![Part { spacing: duration(1.6 * alone), ..part(ALONE) }],
        ..burst(ALONE, shows)
    }
}

struct Candidates<'a> {
    history: &'a History<'a>,
    /// The time of one request alone, in seconds.
    alone: f64,
    /// About how long each request of a burst takes beside the others, in seconds.
    each: f64,
    /// The largest burst so far, and how long each of its requests took in all.
    largest: (usize, f64),
    items: Vec<Candidate>,
}

/// Returns the experiments that may split what is left. Their reasons say what they show.
pub(super) fn candidates(history: &History, posterior: &Posterior, abilities: &Abilities) -> Vec<Candidate> {
    let alone = history.scale.alone;
    let largest = history
        .seen
        .iter()
        .filter_map(|one| {
            let part = one.outcomes.first()?;
            let last = part.iter().flatten().map(|one| one.0).fold(0.0, f64::max);
            Some((part.len(), last))
        })
        .max_by_key(|(n, _)| *n);
    let (n, last) = largest.unwrap_or((8, 8.0 * alone));
    let each = (last - alone).max(0.0) / n.max(1) as f64;
    let largest = (n, last / n.max(1) as f64);
    let mut candidates = Candidates { history, alone, each, largest, items: Vec::new() };
    candidates.bursts(n);
    candidates.pairs();
    for k in sizes(posterior, alone) {
        candidates.groups(k);
    }
    candidates.beside(n, abilities);
    candidates.items
}

/// Returns the numbers at which the hypotheses change what they do.
fn sizes(posterior: &Posterior, alone: f64) -> Vec<usize> {
    let hypotheses =
        [posterior.best()].into_iter().chain(posterior.rivals(0.01).take(4).map(|rival| rival.0));
    let mut sizes: Vec<usize> = hypotheses
        .flat_map(|one| {
            let of = one.hypothesis.parameters();
            let paced = of.per_second.map(|rate| rate * alone);
            let sticky = of.processes.zip(of.workers).map(|(processes, each)| processes * each);
            [of.workers, of.size, of.burst, of.cores, of.from, sticky, paced]
        })
        .flatten()
        .filter(|size| *size >= 1.5 && *size <= 40.0)
        .map(|size| size.round() as usize)
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    // Sizes next to each other show the same.
    sizes.dedup_by(|next, kept| *next as f64 <= 1.15 * *kept as f64 && *kept > 4);
    sizes.truncate(5);
    sizes
}

impl Candidates<'_> {
    fn add(&mut self, experiment: Experiment) {
        let end = |part: &Part| {
            let sends = part.delay.as_secs_f64() + part.spacing.as_secs_f64() * (part.n - 1) as f64;
            sends + self.lasts(part.n)
        };
        let seconds = experiment.parts.iter().map(end).fold(0.0, f64::max);
        let seconds = seconds + experiment.pause.as_secs_f64() + 0.05;
        self.items.push(Candidate { experiment, seconds });
    }

    /// Returns about how long so many requests at once take.
    fn lasts(&self, n: usize) -> f64 {
        // A larger burst may meet a limit that the others didn't.
        let each = if n > self.largest.0 { self.largest.1 } else { self.each };
        1.3 * self.alone + n as f64 * each
    }

    fn bursts(&mut self, n: usize) {
        self.add(again(
            n,
            "what was started or added for the last burst is there now, and fresh connections are spread anew",
        ));
        let fewer = n.min(MOST_KEPT);
        self.add(kept(fewer, 1.2 * self.lasts(fewer) + 0.05));
        let pause = PAUSE.min(Duration::from_secs_f64((20.0 * self.alone).clamp(0.5, 5.0)));
        self.add(Experiment {
            title: format!("{n} at once, after a pause"),
            pause,
            ..burst(n, "buckets are full again after a pause")
        });
        for share in [0.12, 0.35, 0.8] {
            let shows = "a limit of the rate and one of the requests at once allow different paces";
            self.add(stream(TRICKLE, share * self.alone, shows));
        }
        let more = (n / 3).clamp(2, 12);
        for share in [0.4, 0.8] {
            let later = Part { delay: duration(share * self.alone), ..part(more) };
            self.add(Experiment {
                title: format!("{n} at once, then {more} more {} later", time(share * self.alone)),
                parts: vec![part(n), later],
                ..burst(n, "a cap on concurrent requests is still reached then, a bucket has tokens again")
            });
        }
        if n >= 6 {
            self.add(burst(n / 2, "a fixed delay stays the same for half as many, a queue gets shorter"));
        }
        if n < LARGEST {
            self.add(burst((2 * n).min(LARGEST), "more requests meet limits that fewer don't reach"));
        }
    }

    /// Experiments of two requests, and of one.
    fn pairs(&mut self) {
        let apart = self.lasts(2);
        self.add(pairs(PAIRS, 0.0, apart));
        self.add(pairs(PAIRS, 0.5 * self.alone, apart));
        self.add(alone(self.alone));
    }

    /// Experiments of groups of about `k` requests.
    fn groups(&mut self, k: usize) {
        let groups = |size: usize| (GROUPED / size).clamp(1, GROUPS);
        let several = |size: usize| if groups(size) > 1 { ", several times" } else { "" };
        for size in [k, k + 1] {
            let apart = 1.15 * self.lasts(size) + 0.02;
            let part = |i: usize| Part { delay: duration(i as f64 * apart), ..part(size) };
            let shows = match size == k {
                true => "so many are served at once by a pool, and one after the other by a pace",
                false => "a pool answers one more a whole service time later, a pace one gap later",
            };
            self.add(Experiment {
                title: format!("{size} at once{}", several(size)),
                parts: (0..groups(size)).map(part).collect(),
                ..burst(size, shows)
            });
        }
        if k < 3 {
            return;
        }
        let apart = 1.15 * self.lasts(k) + 0.7 * self.alone + 0.02;
        let parts = |i: usize| {
            let at = i as f64 * apart;
            let first = Part { delay: duration(at), ..part(k - 1) };
            [first, Part { delay: duration(at + 0.5 * self.alone), ..part(1) }]
        };
        self.add(Experiment {
            title: format!("{} at once, then 1 more half a service time later{}", k - 1, several(k)),
            parts: (0..groups(k)).flat_map(parts).collect(),
            ..burst(k, "a pool serves one more at once, a batch makes it wait")
        });
    }

    /// Experiments with other requests beside a burst.
    fn beside(&mut self, n: usize, abilities: &Abilities) {
        let n = n.min(40);
        let lasts = self.lasts(n);
        let beside = |target: Target, alone: f64, title: &str, shows: &str| {
            // They come one by one while the burst lasts.
            let count = ((lasts / alone) as usize).clamp(LEAST_BESIDE, MOST_BESIDE);
            let other = Part {
                n: count,
                delay: duration(0.05 * self.alone + 0.002),
                spacing: duration((0.7 * lasts / count as f64).max(0.02 * alone)),
                target,
            };
            Experiment {
                title: format!("{n} at once, and {count} {title} beside them"),
                parts: vec![part(n), other],
                ..burst(n, shows)
            }
        };
        let mut experiments = Vec::new();
        if abilities.also.is_some() {
            experiments.push(beside(
                Target::Also,
                self.history.also,
                "to the second URL",
                "a limit of the whole server delays the second URL, one of the endpoint doesn't",
            ));
        }
        if abilities.other_header {
            experiments.push(beside(
                Target::OtherHeader,
                self.alone,
                "of another session",
                "a lock of the session delays no other session",
            ));
        }
        if abilities.http2 {
            experiments.push(Experiment {
                title: format!("{n} at once over one HTTP/2 connection"),
                connections: Connections::OneHttp2,
                ..burst(n, "one connection stays with one process")
            });
        }
        experiments.into_iter().for_each(|experiment| self.add(experiment));
    }
}

fn duration(seconds: f64) -> Duration {
    // Whole microseconds are exact in files.
    Duration::from_micros((seconds.clamp(0.0, 1e5) * 1e6).round() as u64)
}

/// Returns a time in words.
fn time(seconds: f64) -> String {
    units::time(1e3 * seconds)
}
