//! Simulates the history of experiments at a hypothesis.

use std::sync::OnceLock;
use std::time::Duration;

use super::hypothesis::Hypothesis;
use super::plan::{Connections, Experiment, Target};
use super::server::{Arrival, Server};
use super::server_model::ServerModel;
use super::service_shape::Shape;

/// What became of a request: the time until then, in seconds, and whether it was served. `None` if nothing is known.
pub(super) type Outcome = Option<(f64, bool)>;

/// The outcomes of an experiment, for each part.
pub(super) type Outcomes = Vec<Vec<Outcome>>;

/// The largest delay on the way, unless more is known, in seconds.
pub(super) const TOGETHER: f64 = 0.000_2;
/// The time from an experiment's last answer to the next experiment, beside its pause, in seconds.
const BETWEEN: f64 = 0.01;
/// More than an experiment's connections.
const MOST_CONNECTIONS: usize = 10_000;
const NUMBERS: usize = 1 << 13;
/// The most requests alone for each that is served.
const MOST_TRIES: usize = 20;

/// A server that experiments are simulated at, with random numbers of its own. The same `replicate` has the same random numbers
/// at each server, so that a change of a parameter isn't hidden by chance.
pub(super) struct Simulation {
    main: Box<dyn Server>,
    /// The server of other sessions, if each has its own.
    other: Option<Box<dyn Server>>,
    is_shared: bool,
    median: f64,
    spread: f64,
    /// The largest delay on the way, in seconds.
    network: f64,
    shape: Shape,
    /// Whether requests fail at random, also alone.
    fails: bool,
    replicate: usize,
    request: usize,
    experiment: usize,
    now: f64,
    connections: usize,
    also: f64,
}

impl Simulation {
    /// `also` is the service time of the second URL in seconds.
    pub(super) fn new(hypothesis: &Hypothesis, also: f64, replicate: usize) -> Self {
        Self {
            main: hypothesis.server(),
            other: hypothesis.by_session.then(|| hypothesis.server()),
            is_shared: hypothesis.is_shared,
            median: hypothesis.point[0].exp(),
            spread: hypothesis.point[1].exp(),
            network: hypothesis.network(),
            shape: hypothesis.shape,
            fails: hypothesis.model == ServerModel::Failing,
            replicate,
            request: 0,
            experiment: 0,
            now: 0.0,
            connections: 0,
            also,
        }
    }

    /// Returns a simulation in the same state.
    pub(super) fn copy(&self) -> Self {
        Self { main: self.main.copy(), other: self.other.as_ref().map(|other| other.copy()), ..*self }
    }

    /// Requests one after the other over one connection; returns their times.
    pub(super) fn alone(&mut self, count: usize) -> Vec<Outcome> {
        self.connections += 1;
        let one = |simulation: &mut Self| {
            let arrival =
                simulation.arrival(simulation.now, simulation.median, simulation.connections, false);
            let answer = simulation.main.serve(&[arrival])[0];
            // There and back.
            let (there, back) = (
                numbers(simulation.replicate, 5 * simulation.request + 3).1,
                numbers(simulation.replicate, 5 * simulation.request + 4).1,
            );
            let time = answer.at - simulation.now + simulation.network * (there + back);
            simulation.now = answer.at + 0.000_3;
            Some((time, answer.is_good))
        };
        if !self.fails {
            return (0..count).map(|_| one(self)).collect();
        }
        // Only those that were served are known.
        let all = std::iter::repeat_with(|| one(self)).take(MOST_TRIES * count);
        all.filter(|outcome| outcome.is_some_and(|(_, is_good)| is_good)).take(count).collect()
    }

    fn arrival(&mut self, at: f64, median: f64, connection: usize, is_fresh: bool) -> Arrival {
        self.request += 1;
        // Every other replicate has the mirrored numbers: their means are closer to what is expected.
        let sign = if self.replicate.is_multiple_of(2) { 1.0 } else { -1.0 };
        let (normal, chance) = numbers(self.replicate / 2, self.request);
        let chance = if sign > 0.0 { chance } else { 1.0 - chance };
        let work = median * self.shape.time(sign * normal, self.spread);
        Arrival { at, work, connection, is_fresh, chance: chance.clamp(0.0, 1.0 - 1e-12) }
    }

    /// Simulates an experiment.
    pub(super) fn simulate(&mut self, experiment: &Experiment) -> Outcomes {
        self.main.begin(self.experiment);
        self.experiment += 1;
        let start = self.now + BETWEEN + experiment.pause.as_secs_f64();
        let requests = experiment.requests();
        self.connections += MOST_CONNECTIONS;
        let first = self.connections;
        let mut arrivals: Vec<(Arrival, (usize, usize), Target)> = Vec::with_capacity(requests);
        let mut sent: Outcomes = Vec::new();
        let mut number = 0;
        for (p, part) in experiment.parts.iter().enumerate() {
            let mut times: Vec<Outcome> = vec![None; part.n];
            for (i, time) in times.iter_mut().enumerate() {
                let at = start + seconds(part.delay) + i as f64 * seconds(part.spacing);
                let late = self.network * numbers(self.replicate + 17, 3 * self.request + 1).1;
                let median = if part.target == Target::Also { self.also } else { self.median };
                let (place, is_fresh) = match experiment.connections {
                    Connections::Fresh => (number, true),
                    Connections::Kept => (i, p == 0),
                    Connections::OneHttp2 => (0, number == 0),
                };
                let arrival = self.arrival(at + late, median, first + place, is_fresh);
                arrivals.push((arrival, (p, i), part.target));
                *time = Some((at, true));
                number += 1;
            }
            sent.push(times);
        }
        arrivals.sort_by(|a, b| a.0.at.total_cmp(&b.0.at));
        self.now = start;
        let (network, replicate, base) = (self.network, self.replicate, 11 * self.request);
        let mut settle = |at: f64, is_good: bool, (p, i): (usize, usize), now: &mut f64| {
            let began = sent[p][i].map_or(start, |(at, _)| at);
            let back = network * numbers(replicate + 31, base + 7 * (40 * p + i) + 2).1;
            sent[p][i] = Some(((at + back - began).max(1e-6), is_good));
            *now = now.max(at);
        };
        let is_other = |target: Target| target == Target::OtherHeader && self.other.is_some();
        let is_outside = |target: Target| target == Target::Also && !self.is_shared;
        let pick = |which: &dyn Fn(Target) -> bool| -> (Vec<Arrival>, Vec<(usize, usize)>) {
            arrivals.iter().filter(|one| which(one.2)).map(|one| (one.0, one.1)).unzip()
        };
        for (arrival, place, target) in &arrivals {
            if is_outside(*target) {
                settle(arrival.at + arrival.work, true, *place, &mut self.now);
            }
        }
        let (own, places) = pick(&|target| !is_outside(target) && !is_other(target));
        for (answer, place) in self.main.serve(&own).into_iter().zip(places) {
            settle(answer.at, answer.is_good, place, &mut self.now);
        }
        let (others, places) = pick(&is_other);
        if let Some(server) = self.other.as_mut().filter(|_| !others.is_empty()) {
            for (answer, place) in server.serve(&others).into_iter().zip(places) {
                settle(answer.at, answer.is_good, place, &mut self.now);
            }
        }
        sent
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// Returns a normal number and one from 0 to 1.
fn numbers(replicate: usize, request: usize) -> (f64, f64) {
    static TABLE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut random = fastrand::Rng::with_seed(22);
        // Box and Muller, "A note on the generation of random normal deviates", 1958.
        let mut normal = || {
            let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
            (radius * (std::f64::consts::TAU * random.f64()).cos(), random.f64())
        };
        (0..NUMBERS).map(|_| normal()).collect()
    });
    table[(replicate * 769 + request) % NUMBERS]
}
