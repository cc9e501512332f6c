//! Simulated servers. Times are service times, unless a name says otherwise.

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::SEARCH;
use crate::capacity::*;
use crate::trace::{Baseline, Generator, Outcome, Row, Trace};
use crate::verdict::{Confidence, Kind, Verdict, judge};

pub(super) const SERVICE_MS: f64 = 500.0;
/// Instances that idle for so long expire.
const IDLE: f64 = 4.0;

#[derive(Debug, Clone, Copy)]
pub(super) enum Server {
    /// A pool of workers; other requests wait.
    Pool(usize),
    /// A pool of workers; other requests are refused.
    Cap(usize),
    /// A pool of workers with a queue of half its size; other requests are refused.
    Queue(usize),
    /// Larger bursts are refused completely.
    Breaker(usize),
    /// Processors that all requests share.
    Sharing(usize),
    /// Two threads of one core: together they do this multiple of one thread's work.
    Threads(f64),
    /// Contention and coherency by the Universal Scalability Law.
    Law(f64, f64),
    /// No answers after this number of bursts.
    Stops(usize),
    /// Log-normal service times of this deviation, without limit.
    Lognormal(f64),
    /// As many workers, and service times from half to one and a half.
    Jittered(usize),
    /// Two speeds behind a balancer, without limit: this many times as long, in turns or at random.
    TwoSpeeds(f64, bool),
    /// One in twelve takes this many times as long, without limit.
    Stalled(f64),
    /// So many starts at once, then one in each share of a service time.
    Bucket(f64, f64),
    /// Connections stay with one of so many processes, each of which takes one request at a time. Connections that are opened
    /// together go to one process, or are spread at random.
    Sticky(usize, bool),
    /// This share fails, whatever the load.
    Random(f64),
    /// So many in any window of this many service times; the rest is refused.
    Window(usize, f64),
    /// Several requests take this many times as long as one.
    Slower(f64),
    /// A share of the service time under a lock.
    Lock(f64),
    /// New instances take this many service times more; one is warm, and those that were started stay so for five.
    Cold(f64),
}

/// What changes from burst to burst.
#[derive(Default)]
pub(super) struct State {
    bursts: usize,
    /// The time since the start, in service times.
    now: f64,
    /// When each request of the last window was taken, in service times.
    taken: Vec<f64>,
    /// The number of requests that a bucket lets through at once now, and when it was filled.
    tokens: (f64, f64),
    /// The number of instances.
    warm: usize,
}

pub(super) struct Simulated {
    pub(super) server: Server,
    /// Service times vary by this share to either side.
    pub(super) jitter: f64,
    /// This share of the bursts is delayed by a whole service time.
    pub(super) delayed: f64,
    /// This number of first bursts takes five times as long.
    pub(super) cold: usize,
    pub(super) generator: Generator,
    pub(super) state: State,
    pub(super) rng: TestRng,
}

impl Simulated {
    pub(super) fn new(server: Server) -> Self {
        let tokens = if let Server::Bucket(burst, _) = server { burst } else { 0.0 };
        Self {
            server,
            jitter: 0.0,
            delayed: 0.0,
            cold: 0,
            generator: Generator::default(),
            state: State { tokens: (tokens, 0.0), warm: 1, ..State::default() },
            rng: TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
        }
    }

    /// Returns a simulation of which each seed gives another one.
    pub(super) fn seeded(server: Server, seed: u8) -> Self {
        let rng = TestRng::from_seed(prop::test_runner::RngAlgorithm::ChaCha, &[seed; 32]);
        Self { jitter: 0.01, rng, ..Self::new(server) }
    }

    fn random(&mut self) -> f64 {
        self.rng.random()
    }

    fn work(&mut self, n: usize) -> Vec<f64> {
        let slow = if self.state.bursts <= self.cold { 5.0 } else { 1.0 };
        (0..n).map(|i| slow * self.factor(i) * (1.0 + self.jitter * (2.0 * self.random() - 1.0))).collect()
    }

    /// Returns the service time of request `i` of a burst, as a factor.
    fn factor(&mut self, i: usize) -> f64 {
        let server = self.server;
        match server {
            Server::Lognormal(deviation) => {
                let normal = (0..12).map(|_| self.random()).sum::<f64>() - 6.0;
                (deviation * normal).exp()
            }
            Server::Jittered(_) => 0.5 + self.random(),
            Server::TwoSpeeds(slow, in_turns) => {
                let is_slow =
                    if in_turns { (self.state.bursts + i).is_multiple_of(2) } else { self.random() < 0.5 };
                if is_slow { slow } else { 1.0 }
            }
            Server::Stalled(slow) if self.random() < 1.0 / 12.0 => slow,
            _ => 1.0,
        }
    }

    /// Returns when each request is answered, in service times; `None` if it is refused.
    fn done(&mut self, n: usize, is_fresh: bool) -> Vec<Option<f64>> {
        let work = self.work(n);
        let unlimited = |work: &[f64]| work.iter().copied().map(Some).collect();
        match self.server {
            Server::Pool(k) | Server::Jittered(k) => pool(&work, k),
            Server::Lognormal(_) | Server::TwoSpeeds(..) | Server::Stalled(_) => unlimited(&work),
            Server::Bucket(burst, gap) => {
                let (tokens, filled) = self.state.tokens;
                let tokens = (tokens + (self.state.now - filled) / gap).min(burst);
                self.state.tokens = (tokens - n as f64, self.state.now);
                let start = |i: usize| ((i + 1) as f64 - tokens).max(0.0) * gap;
                work.iter().enumerate().map(|(i, work)| Some(start(i) + work)).collect()
            }
            // Fresh connections go to a process that is not busy.
            Server::Sticky(processes, _) if is_fresh => pool(&work, processes),
            Server::Sticky(_, true) => pool(&work, 1),
            Server::Sticky(processes, false) => {
                let mut free = vec![0.0; processes];
                let choose = |work: &f64| {
                    let process = &mut free[(self.rng.random::<f64>() * processes as f64) as usize];
                    *process += work;
                    Some(*process)
                };
                work.iter().map(choose).collect()
            }
            Server::Random(share) => {
                work.iter().map(|work| (self.random() >= share).then_some(*work)).collect()
            }
            Server::Window(most, window) => {
                let now = self.state.now;
                self.state.taken.retain(|at| now - at < window);
                let taken = n.min(most - self.state.taken.len());
                self.state.taken.extend(std::iter::repeat_n(now, taken));
                work.iter().enumerate().map(|(i, work)| (i < taken).then_some(*work)).collect()
            }
            Server::Slower(times) if n > 1 => work.iter().map(|work| Some(work * times)).collect(),
            Server::Slower(_) => unlimited(&work),
            Server::Lock(share) => {
                work.iter().enumerate().map(|(i, work)| Some(work + i as f64 * share)).collect()
            }
            Server::Cold(delay) => {
                let warm = self.state.warm;
                self.state.warm = warm.max(n);
                let done = |(i, work): (usize, &f64)| Some(work + if i < warm { 0.0 } else { delay });
                work.iter().enumerate().map(done).collect()
            }
            Server::Cap(k) => work.iter().enumerate().map(|(i, work)| (i < k).then_some(*work)).collect(),
            Server::Queue(k) => {
                let taken = n.min(k + k / 2);
                let mut done = pool(&work[..taken], k);
                done.resize(n, None);
                done
            }
            Server::Breaker(k) => work.iter().map(|work| (n <= k).then_some(*work)).collect(),
            Server::Sharing(processors) => shared(work, processors),
            Server::Threads(together) => {
                let slower = (n as f64 / together).max(1.0);
                work.iter().map(|work| Some(work * slower)).collect()
            }
            Server::Law(contention, coherency) => {
                let others = (n - 1) as f64;
                let slower = 1.0 + contention * others + coherency * others * n as f64;
                work.iter().map(|work| Some(work * slower)).collect()
            }
            Server::Stops(bursts) => {
                work.iter().map(|work| (self.state.bursts <= bursts).then_some(*work)).collect()
            }
        }
    }

    fn fire(&mut self, firing: &Firing, survey: &Survey) -> Trace {
        let pause = firing.pause.as_secs_f64() * 1e3 / SERVICE_MS;
        if pause >= IDLE {
            self.state.warm = 1;
        }
        self.state.now += pause;
        let trace = self.burst(firing, survey.service_ms());
        self.state.now += trace.makespan_ms() / SERVICE_MS;
        Trace { baseline: survey.baseline().clone(), ..trace }
    }

    fn burst(&mut self, firing: &Firing, service_ms: f64) -> Trace {
        self.state.bursts += 1;
        let is_delayed = self.random() < self.delayed;
        let delay = f64::from(u8::from(is_delayed));
        let schedule = firing.schedule(service_ms);
        let spacing_us = schedule.spacing.as_secs_f64() * 1e6;
        let failure = if matches!(self.server, Server::Random(_)) { 500 } else { 503 };
        let row = |(i, done): (usize, Option<f64>)| Row {
            i,
            planned_us: Some(i as f64 * spacing_us),
            sent_us: Some(i as f64 * spacing_us),
            done_us: i as f64 * spacing_us + done.map_or(100.0, |done| (done + delay) * SERVICE_MS * 1e3),
            outcome: Outcome::Answered(if done.is_some() { 200 } else { failure }),
            ..Row::default()
        };
        let rows = self.done(firing.n, firing.is_fresh()).into_iter().enumerate().map(row).collect();
        Trace { generator: self.generator, ..Trace::new(schedule, service_ms, rows) }
    }

    /// Returns the times of so many requests alone.
    fn alone(&mut self, count: usize) -> Vec<f64> {
        let one = Firing::new(1, Purpose::Search);
        let times = (0..count).map(|_| {
            let took = self.burst(&one, SERVICE_MS).makespan_ms();
            self.state.now += took / SERVICE_MS;
            took
        });
        times.filter(|took| *took > 0.0).collect()
    }

    /// Returns the answer, and the number of bursts that it took.
    pub(super) fn search(self, limit: usize) -> (Answer, usize) {
        let (survey, ended) = self.survey(limit);
        (survey.answer(ended), survey.observed.len())
    }

    pub(super) fn survey(mut self, limit: usize) -> (Survey, End) {
        let alone = self.alone(1);
        let search = Search { limit, ..SEARCH };
        self.survey_by(Survey::new(search, alone[0], Baseline::new(alone), false))
    }

    /// As [`search`](Self::search), after as many requests alone as `loadtest` sends.
    pub(super) fn measured(mut self, limit: usize) -> (Answer, Survey) {
        let baseline = Baseline::new(self.alone(8));
        let service_ms = baseline.median_ms().unwrap();
        let search = Search { limit, ..SEARCH };
        let (survey, ended) = self.survey_by(Survey::new(search, service_ms, baseline, false));
        (survey.answer(ended), survey)
    }

    pub(super) fn survey_by(mut self, mut survey: Survey) -> (Survey, End) {
        let limit = survey.search.limit;
        loop {
            assert!(survey.observed.len() < 200, "it ends: {:?}", survey.observed);
            match survey.next() {
                Step::Done(ended) => return (survey, ended),
                Step::Fire(firing) => {
                    assert!((1..=limit).contains(&firing.n), "{firing:?} of {limit}");
                    let trace = self.fire(&firing, &survey);
                    survey.add(&firing, &trace, &verdict(&trace));
                }
            }
        }
    }
}

/// Returns the judge's verdict, without asking it if all answers came at once.
fn verdict(trace: &Trace) -> Verdict {
    let latest = trace.answered().map(|row| row.done_us).fold(0.0, f64::max);
    let is_parallel = trace.answered().count() == trace.schedule.n && latest < 1.3 * trace.service_ms * 1e3;
    match is_parallel {
        true => Verdict { confidence: Confidence::High, ..Verdict::of(Kind::Parallel) },
        false => judge(trace),
    }
}

fn pool(work: &[f64], k: usize) -> Vec<Option<f64>> {
    let mut free = vec![0.0_f64; k.min(work.len())];
    work.iter()
        .map(|work| {
            let worker = free.iter_mut().min_by(|a, b| a.total_cmp(b))?;
            *worker += work;
            Some(*worker)
        })
        .collect()
}

fn shared(mut work: Vec<f64>, processors: usize) -> Vec<Option<f64>> {
    work.sort_by(f64::total_cmp);
    let (mut now, mut done_each, n) = (0.0, 0.0, work.len());
    let finish = work.into_iter().enumerate().map(|(i, work)| {
        now += (work - done_each) * ((n - i) as f64 / processors as f64).max(1.0);
        done_each = work;
        Some(now)
    });
    finish.collect()
}
