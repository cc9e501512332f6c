//! The configuration of a random burst, and its trace.

use judge::schedule::Schedule;
use judge::trace::{Evidence, Generator, Outcome, Row, Stay, Trace};

use crate::Random;
use crate::server::{self, Request, SendPlan, Server};

/// The distribution of service times.
#[derive(Debug, Clone, Copy)]
pub enum ServiceTimes {
    /// Uniform, up to a share to either side.
    Uniform,
    /// Log-normal with twice that share as sigma: some requests take several times as long as others.
    LogNormal,
}

/// The configuration of a random burst.
pub(super) struct Config {
    pub(super) plan: SendPlan,
    pub(super) service_us: f64,
    /// The variation of service times to either side, as a share.
    jitter: f64,
    service_times: ServiceTimes,
    /// Whether the replies tell when a request was in its handler.
    evidence: bool,
}

impl Config {
    pub(super) fn random(random: &mut Random, service_times: ServiceTimes) -> Self {
        let service_us = random.log_uniform(20_000, 2_000_000) as f64;
        let jitter = if random.chance(0.5) { random.between(0.0, 0.1) } else { random.between(0.0, 0.3) };
        let plan = send_plan(service_us, random);
        Self { plan, service_us, jitter, service_times, evidence: random.chance(0.3) }
    }

    /// Returns the same configuration with all requests sent at once.
    pub(super) fn together(&self) -> Self {
        self.with_requests(self.plan.n)
    }

    /// Returns the same configuration with `n` requests, all sent at once.
    pub(super) fn with_requests(&self, n: usize) -> Self {
        let Self { service_us, jitter, service_times, evidence, .. } = *self;
        let plan = SendPlan { n, c: n, planned: vec![0.0; n] };
        Self { plan, service_us, jitter, service_times, evidence }
    }

    fn service(&self, random: &mut Random) -> f64 {
        self.service_us
            * match self.service_times {
                ServiceTimes::Uniform => 1.0 + self.jitter * random.between(-1.0, 1.0),
                ServiceTimes::LogNormal => (2.0 * self.jitter * random.normal()).exp(),
            }
    }

    /// Returns a random service time for each request.
    pub(super) fn work(&self, random: &mut Random) -> Vec<f64> {
        (0..self.plan.n).map(|_| self.service(random)).collect()
    }

    /// Whether the case is plain; see [`crate::Case::plain`].
    pub(super) fn is_plain(&self, k: usize) -> bool {
        let n = self.plan.n;
        let makespan = |server| {
            let requests = server::simulate(server, &self.plan, &vec![self.service_us; n]);
            requests.iter().map(|request| request.done).fold(0.0, f64::max)
        };
        let (unlimited, one) = (makespan(Server::Pool(usize::MAX)), makespan(Server::Pool(1)));
        self.jitter <= 0.1 && (k == usize::MAX || n >= 3 * k) && one >= 1.6 * unlimited
    }

    /// Returns the trace of the simulated requests.
    pub(super) fn trace(&self, requests: &[Request], random: &mut Random) -> Trace {
        let alone = self.service(random);
        let SendPlan { n, c, .. } = self.plan;
        let schedule = Schedule { c, ..Schedule::together(n) };
        let service_ms = (alone + network_us(random)) / 1e3;
        let rows = requests.iter().enumerate().map(|(i, request)| self.row(i, request, random)).collect();
        let generator =
            Generator { cpu: random.between(0.01, 0.6), lag_p99_us: random.between(50.0, 1_500.0) };
        Trace { generator, ..Trace::new(schedule, service_ms, rows) }
    }

    fn row(&self, i: usize, request: &Request, random: &mut Random) -> Row {
        let ns = |us: f64| 1_000_000_000 + (us * 1e3) as u64;
        let evidence = self.evidence.then_some(request.entered).flatten().map(|entered| Evidence {
            instance: format!("{i:016x}"),
            endpoint: "e1-p1".to_owned(),
            style: "sync".to_owned(),
            served: Some(1),
            stay: Some(Stay { entered_ns: ns(entered), left_ns: ns(request.done) }),
            start_ns: ns(0.0),
            host: None,
        });
        Row {
            i,
            connect_us: Some(random.between(50.0, 1_000.0)),
            planned_us: request.planned,
            sent_us: Some(request.sent + random.between(0.0, 50.0)),
            first_byte_us: Some(request.done),
            done_us: request.done + network_us(random),
            outcome: Outcome::Answered(if request.entered.is_some() { 200 } else { 503 }),
            evidence,
            ..Row::default()
        }
    }
}

/// Returns a random time that the network adds to a request.
fn network_us(random: &mut Random) -> f64 {
    random.between(100.0, 400.0)
}

/// Returns a random plan: all at once, a closed loop, spaced, or at an even or random rate.
fn send_plan(service_us: f64, random: &mut Random) -> SendPlan {
    let n = random.log_uniform(3, 2_000);
    let c = random.log_uniform(1, n);
    let spaced = |gap: f64, count: usize| (0..count).map(|i| gap * i as f64).collect();
    match (random.uniform() * 20.0) as usize {
        0..10 => SendPlan { n, c: n, planned: vec![0.0; n] },
        10..15 => SendPlan { n, c, planned: vec![0.0; c] },
        15..17 => SendPlan { n, c: n, planned: spaced(service_us * random.between(0.0, 2.0) / n as f64, n) },
        17..18 => SendPlan { n, c, planned: spaced(service_us / c as f64, c) },
        choice => {
            // The number of requests that a server without limit would serve at a time.
            let load = random.log_uniform(1, 100) as f64;
            let gap = service_us / load;
            let mut planned: Vec<f64> = spaced(gap, n);
            if choice == 19 {
                let mut at = 0.0;
                planned.iter_mut().for_each(|due| {
                    *due = at;
                    at += random.exponential(gap);
                });
            }
            SendPlan { n, c: n.min(500), planned }
        }
    }
}
