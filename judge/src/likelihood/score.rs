//! How well a hypothesis explains what was observed.

use super::saddlepoint::{self, departures};
use super::{Cell, Hypothesis, Observation, Speed, Survival};

/// The logarithm of the probability of an answer that the hypothesis excludes.
const IMPOSSIBLE: f64 = -14.0;
/// Requests that are in service with a lower probability than this are forgotten.
const FORGOTTEN: f64 = 5e-4;

/// Services that began within this share of the services' spread are one group.
const SIMILAR: f64 = 0.4;
/// Groups some of whose requests have left become one if their ages differ by less than this share of the spread and the age.
const SIMILAR_LATER: f64 = 0.4;
/// Requests of a group have left if the share that is still in service is below this.
const ALL_PRESENT: f64 = 0.8;
/// Smaller probabilities of longer services are no longer exact.
const LEAST_SURVIVAL: f64 = 1e-15;
/// The probability that a request leaves in a cell if it should have left long before.
const LONG_OVERDUE: f64 = 1e-3;

/// How well a hypothesis explains what was observed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    /// The logarithm of the probability of the observed counts; negative infinity if the scoring was ended early.
    pub(crate) log: f64,
    /// For each cell with a chance of an answer: the time, the observed count, the expected count, and its variance.
    pub(crate) residuals: Vec<Residual>,
    /// The number of answers that the hypothesis excludes.
    pub(crate) impossible: usize,
}

/// What a cell had beside what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Residual {
    pub(crate) at: f64,
    pub(crate) count: f64,
    pub(crate) expected: f64,
    pub(crate) variance: f64,
}

/// Requests that began service together.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// The service that they have had, in seconds.
    age: f64,
    /// The probability that the service takes longer than the age when it was last looked.
    survival: f64,
    trial: saddlepoint::Group,
}

impl Group {
    /// Whether no request can have left yet.
    fn is_new(&self) -> bool {
        self.survival > 0.999 && self.trial.present > 0.999
    }

    /// Takes in the requests of another group.
    fn absorb(&mut self, other: &Self, survival: &Survival) {
        let (mine, theirs) = (self.trial.size * self.trial.present, other.trial.size * other.trial.present);
        let size = self.trial.size + other.trial.size;
        self.age = (self.age * mine + other.age * theirs) / (mine + theirs);
        self.survival = survival.at(self.age).max(LEAST_SURVIVAL);
        self.trial.size = size;
        self.trial.present = (mine + theirs) / size;
    }
}

struct Filter<'a> {
    hypothesis: &'a Hypothesis,
    survival: Survival,
    /// The median service time.
    median: f64,
    groups: Vec<Group>,
    trials: Vec<saddlepoint::Group>,
    /// The number of requests in service.
    busy: f64,
    /// The number of requests that have begun service.
    begun: usize,
}

/// Scores a hypothesis. Ends early, with a score of negative infinity, once the score is below `least`. The residuals are only
/// collected if `explain` is set.
pub(crate) fn score(observed: &Observation, hypothesis: &Hypothesis, least: f64, explain: bool) -> Score {
    let (survival, median) = (hypothesis.service.survival(), hypothesis.service.median());
    let mut filter =
        Filter { hypothesis, survival, median, groups: Vec::new(), trials: Vec::new(), busy: 0.0, begun: 0 };
    let mut score = Score { log: 0.0, residuals: Vec::new(), impossible: 0 };
    for cell in &observed.cells {
        filter.observe(cell, &mut score, explain);
        if score.log < least {
            score.log = f64::NEG_INFINITY;
            break;
        }
    }
    if score.log.is_nan() {
        score.log = f64::NEG_INFINITY;
    }
    score
}

impl Filter<'_> {
    /// Observes a cell. A long cell without answers is divided where the hypothesis changes.
    fn observe(&mut self, cell: &Cell, score: &mut Score, explain: bool) {
        let mut from = cell.from;
        if cell.count == 0 {
            loop {
                let change = self.next_change(from);
                if change >= cell.to {
                    break;
                }
                self.advance(Cell { from, to: change, ..*cell }, score, explain);
                from = change;
            }
        }
        self.advance(Cell { from, ..*cell }, score, explain);
    }

    fn next_change(&self, time: f64) -> f64 {
        let capacity = self.hypothesis.capacity.next_change(time);
        let speed = match self.hypothesis.speed {
            Speed::Frozen(start, end) | Speed::Held(start, end) => {
                [start, end].into_iter().find(|at| *at > time).unwrap_or(f64::INFINITY)
            }
            Speed::Full | Speed::Shared(_) => f64::INFINITY,
        };
        // With shared processors, each arrival slows the others down.
        let ready = match self.hypothesis.speed {
            Speed::Shared(_) => {
                let later = &self.hypothesis.ready[self.begun..];
                let next = later.partition_point(|at| *at <= time + 1e-6);
                later.get(next).copied().unwrap_or(f64::INFINITY)
            }
            _ => f64::INFINITY,
        };
        // Free workers without work need no division.
        let capacity = if self.waits(time) { capacity } else { f64::INFINITY };
        capacity.min(speed).min(ready)
    }

    fn waits(&self, time: f64) -> bool {
        self.hypothesis.ready.get(self.begun).is_some_and(|ready| *ready <= time)
    }

    fn advance(&mut self, cell: Cell, score: &mut Score, explain: bool) {
        let Cell { from, to, count, mean } = cell;
        self.begin(from, from);
        let moved = self.hypothesis.speed.advance(from, to, self.busy);
        self.groups.iter_mut().for_each(|group| group.age += moved);
        self.begin_between(from, to);
        self.answer(count as f64, (from, to), score, explain);
        // A worker that became free takes the next request.
        if count > 0 {
            self.begin(mean, to);
        }
    }

    /// Begins the service of requests that wait at `now`, as far as there is capacity; they have been served until `to`.
    fn begin(&mut self, now: f64, to: f64) {
        let free = self.hypothesis.capacity.at(now) - self.busy;
        if free < 0.5 {
            return;
        }
        let ready = &self.hypothesis.ready[self.begun..];
        let waiting = ready.partition_point(|at| *at <= now);
        let count = if free.is_finite() { waiting.min(free.round() as usize) } else { waiting };
        if count > 0 {
            let age = self.hypothesis.speed.advance(now, to, self.busy + count as f64);
            self.add(age, count);
        }
    }

    /// Begins the service of requests that become ready between two times.
    fn begin_between(&mut self, from: f64, to: f64) {
        while let Some(&ready) = self.hypothesis.ready.get(self.begun) {
            // Without a free worker at `from`, those that were ready before still wait.
            if ready < from || ready > to || self.hypothesis.capacity.at(ready) - self.busy < 0.5 {
                return;
            }
            let age = self.hypothesis.speed.advance(ready, to, self.busy + 1.0);
            self.add(age, 1);
        }
    }

    fn add(&mut self, age: f64, count: usize) {
        self.begun += count;
        self.busy += count as f64;
        // Services that began at nearly the same time are one group.
        let similar = (SIMILAR * self.hypothesis.service.sigma).max(0.006) * self.median;
        match self.groups.last_mut() {
            Some(group) if group.is_new() && (group.age - age).abs() <= similar => {
                let all = group.trial.size + count as f64;
                group.age = (group.age * group.trial.size + age * count as f64) / all;
                group.trial.size = all;
            }
            _ => {
                let trial = saddlepoint::Group { size: count as f64, present: 1.0, leaves: 0.0 };
                self.groups.push(Group { age, survival: 1.0, trial });
            }
        }
    }

    /// Scores the number of answers of a cell.
    fn answer(&mut self, count: f64, (from, to): (f64, f64), score: &mut Score, explain: bool) {
        let holds = self.hypothesis.speed.holds(from, to);
        if count == 0.0 && (holds || self.groups.is_empty()) {
            return;
        }
        if holds {
            score.log += IMPOSSIBLE * count;
            score.impossible += count as usize;
        }
        self.trials.clear();
        for group in &mut self.groups {
            let now = self.survival.at(group.age).max(LEAST_SURVIVAL);
            group.trial.leaves = if now <= 2.0 * LEAST_SURVIVAL {
                LONG_OVERDUE
            } else {
                1.0 - (now / group.survival).min(1.0)
            };
            // A service that has not begun to matter can still be joined by others.
            if group.trial.leaves > 1e-9 || group.age > 0.5 * self.median {
                group.survival = now;
            }
            self.trials.push(group.trial);
        }
        if explain {
            let expect = |one: &saddlepoint::Group| one.size * one.present * one.leaves;
            let expected: f64 = self.trials.iter().map(expect).sum();
            let variance = self.trials.iter().map(|one| expect(one) * (1.0 - one.leaves)).sum();
            score.residuals.push(Residual { at: to, count, expected, variance });
        }
        let excess = (count - self.busy).max(0.0);
        let possible = count - excess;
        if self.busy > 0.5 {
            let seen = departures(&self.trials, self.busy, possible);
            score.log += seen.log;
            self.busy = (self.busy - possible).max(0.0);
            self.groups.iter_mut().for_each(|group| group.trial.present = group.trial.present_after(&seen));
            self.groups.retain(|group| group.trial.present > FORGOTTEN);
            self.merge();
            self.balance();
        }
        if excess > 0.5 {
            // Answers of requests that should not have been in service yet.
            score.log += IMPOSSIBLE * excess;
            score.impossible += excess as usize;
            self.begun = (self.begun + excess as usize).min(self.hypothesis.ready.len());
        }
    }

    /// Merges groups some of whose requests have left, if their ages have become similar.
    fn merge(&mut self) {
        let similar = SIMILAR_LATER * self.hypothesis.service.sigma;
        let some_left = |group: &Group| group.trial.present < ALL_PRESENT;
        self.groups.dedup_by(|later, group| {
            let is_similar = (group.age - later.age).abs() <= similar * later.age;
            let merges = is_similar && some_left(group) && some_left(later);
            if merges {
                group.absorb(later, &self.survival);
            }
            merges
        });
    }

    /// Removes rounding errors: the expected numbers in service have to add up to the number in service.
    fn balance(&mut self) {
        if self.busy < 0.5 {
            self.groups.clear();
            return;
        }
        let sum: f64 = self.groups.iter().map(|group| group.trial.size * group.trial.present).sum();
        let factor = self.busy / sum.max(f64::MIN_POSITIVE);
        if (factor - 1.0).abs() > 1e-9 {
            self.groups
                .iter_mut()
                .for_each(|group| group.trial.present = (group.trial.present * factor).min(1.0));
        }
    }
}
