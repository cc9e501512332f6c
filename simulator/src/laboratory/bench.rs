//! The server, its clock, and the one who sends requests.

use std::time::Duration;

use judge::experiment::{Connections, Experiment, Observed, Part, Target};
use judge::trace::{Baseline, Generator, Outcome, Row, Trace};

use crate::Random;
use crate::mechanism::{Noise, Server, Service, Special, World};

/// Requests alone are sent for so long, in seconds, and at most so many.
const ALONE_SECONDS: f64 = 3.0;
const MOST_ALONE: usize = 8;
/// The time between two experiments, beside pauses, in seconds.
const BETWEEN: (f64, f64) = (0.002, 0.03);
/// The time between two requests alone, in seconds: the next one is sent when the last one is answered.
const BETWEEN_ALONE: (f64, f64) = (0.000_05, 0.000_5);

/// What can be sent to the server beside requests to its endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Abilities {
    /// Requests to another endpoint, which take so many times as long.
    pub also: Option<f64>,
    /// Requests of another session.
    pub other_header: bool,
    /// HTTP/2.
    pub http2: bool,
}

/// A server with its clock, and the one who sends requests.
pub struct Laboratory<'a> {
    world: World<'a>,
    server: Box<dyn Server>,
    noise: Noise,
    generator: Generator,
    random: Random,
    abilities: Abilities,
    /// The connections that are open, and the number of the next one.
    open: Vec<usize>,
    connection: usize,
    baseline: Baseline,
    also: Baseline,
    requests: usize,
    started: f64,
}

/// A request on its way.
struct Sent {
    part: usize,
    planned: f64,
    done: Option<(f64, u16)>,
}

impl<'a> Laboratory<'a> {
    /// A server that nobody has sent a request to.
    pub fn new(
        server: Box<dyn Server>,
        service: Service,
        noise: Noise,
        lag_us: f64,
        abilities: Abilities,
        random: &'a mut Random,
    ) -> Self {
        let own = random.fork();
        Self {
            world: World::new(service, random),
            server,
            noise,
            generator: Generator { cpu: 0.2, lag_p99_us: lag_us },
            random: own,
            abilities,
            open: Vec::new(),
            connection: 0,
            baseline: Baseline::default(),
            also: Baseline::default(),
            requests: 0,
            started: 0.0,
        }
    }

    /// Measures requests alone: a warm-up, some more, and some to the other endpoint.
    pub fn measure_alone(&mut self) -> Baseline {
        let warm_up = self.alone(Target::Main);
        let mut spent = 0.0;
        let mut before = Vec::new();
        for _ in 0..MOST_ALONE {
            if spent >= ALONE_SECONDS {
                break;
            }
            let (time, is_good) = self.alone_once(Target::Main);
            spent += time;
            before.extend(is_good.then_some(time * 1e3));
        }
        self.baseline = Baseline { warm_up_ms: warm_up, ..Baseline::new(before) };
        if self.abilities.also.is_some() {
            let times: Vec<f64> = (0..4).filter_map(|_| self.alone(Target::Also)).collect();
            self.also = Baseline::new(times);
        }
        self.baseline.clone()
    }

    /// The time of one request alone, in milliseconds, if it was served.
    fn alone(&mut self, target: Target) -> Option<f64> {
        let (time, is_good) = self.alone_once(target);
        is_good.then_some(time * 1e3)
    }

    fn alone_once(&mut self, target: Target) -> (f64, bool) {
        let part = Part { n: 1, delay: Duration::ZERO, spacing: Duration::ZERO, target };
        // Over the same connection each time.
        let sent = self.send(&[part], Connections::Kept, 0.0, BETWEEN_ALONE);
        let (done, status) = sent[0].done.unwrap_or((f64::INFINITY, 0));
        (done - sent[0].planned, status == 200)
    }

    /// The median time of a request alone, in milliseconds.
    pub fn service_ms(&self) -> f64 {
        self.baseline.median_ms().unwrap_or(f64::NAN)
    }

    /// The median time of a request alone at the other endpoint.
    pub fn also(&self) -> Option<Duration> {
        self.also.median_ms().map(|ms| Duration::from_secs_f64(ms / 1e3))
    }

    /// The number of requests that were sent, and the time since the first.
    pub fn spent(&self) -> (usize, Duration) {
        (self.requests, Duration::from_secs_f64(self.world.now() - self.started))
    }

    /// Fires an experiment.
    pub fn fire(&mut self, experiment: &Experiment) -> Observed {
        let start = self.world.now();
        self.world.begin(start + experiment.pause.as_secs_f64());
        self.open.clear();
        let sent =
            self.send(&experiment.parts, experiment.connections, experiment.pause.as_secs_f64(), BETWEEN);
        let traces = experiment.parts.iter().enumerate().map(|(p, part)| {
            let own: Vec<&Sent> = sent.iter().filter(|one| one.part == p).collect();
            let start = own.first().map_or(0.0, |one| one.planned);
            let rows = own.iter().enumerate().map(|(i, one)| row(i, one, start)).collect();
            let baseline = if part.target == Target::Also { &self.also } else { &self.baseline };
            let service_ms = baseline.median_ms().unwrap_or(f64::NAN);
            let trace = Trace::new(part.schedule(), service_ms, rows);
            Trace { baseline: baseline.clone(), generator: self.generator, ..trace }
        });
        let traces = traces.collect();
        Observed { experiment: experiment.clone(), traces }
    }

    /// Sends requests, and waits for all answers.
    fn send(
        &mut self,
        parts: &[Part],
        connections: Connections,
        pause: f64,
        between: (f64, f64),
    ) -> Vec<Sent> {
        let start = self.world.now() + pause + self.random.between(between.0, between.1);
        let mut sent = Vec::new();
        let mut first_request = None;
        for (p, part) in parts.iter().enumerate() {
            for i in 0..part.n {
                let planned = start + part.delay.as_secs_f64() + i as f64 * part.spacing.as_secs_f64();
                let at = match connections {
                    Connections::Fresh => sent.len(),
                    Connections::Kept => i,
                    Connections::OneHttp2 => 0,
                };
                let is_fresh = at >= self.open.len();
                if is_fresh {
                    self.open.push(self.connection);
                    self.connection += 1;
                }
                let is_elsewhere = part.target == Target::Also;
                let special = Special {
                    factor: self.abilities.also.filter(|_| is_elsewhere).unwrap_or(1.0),
                    is_elsewhere,
                    session: usize::from(part.target == Target::OtherHeader),
                    is_fresh,
                };
                let arrives = planned + self.noise.delay(&mut self.random);
                let request = self.world.send_special(arrives, self.open[at], special);
                first_request.get_or_insert(request);
                sent.push(Sent { part: p, planned, done: None });
            }
        }
        self.requests += sent.len();
        let first = first_request.unwrap_or(0);
        let mut left = sent.len();
        while left > 0
            && let Some(event) = self.world.next()
        {
            self.server.handle(event, &mut self.world);
            for (request, status) in self.world.take_answers() {
                let done = self.world.now() + self.noise.delay(&mut self.random);
                sent[request - first].done = Some((done, status));
                left -= 1;
            }
        }
        sent
    }
}

fn row(i: usize, sent: &Sent, start: f64) -> Row {
    let us = |at: f64| ((at - start) * 1e7).round() / 10.0;
    let row =
        Row { i, planned_us: Some(us(sent.planned)), sent_us: Some(us(sent.planned)), ..Row::default() };
    match sent.done {
        Some((done, status)) => Row {
            first_byte_us: Some(us(done)),
            done_us: us(done),
            outcome: Outcome::Answered(status),
            ..row
        },
        None => row,
    }
}
