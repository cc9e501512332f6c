//! Servers, simulated event by event. Times are microseconds.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// The time from a request's completion at the server to the connection's next send, with the network's delay.
pub const TURNAROUND_US: f64 = 500.0;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Server {
    /// A pool of workers, first come first served.
    Pool(usize),
    /// Processors that all requests share equally (processor sharing).
    Cores(usize),
    /// A limit on requests in service; further requests are refused.
    Capped(usize),
}

/// A simulated request. Times are microseconds from the burst's start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// The number of its connection.
    pub connection: usize,
    /// The planned time of the send; `None` if the request followed an answer.
    pub planned: Option<f64>,
    /// The time of the send.
    pub sent: f64,
    /// The time when its service began; `None` if the server refused the request.
    pub entered: Option<f64>,
    /// The time when the request was done or refused.
    pub done: f64,
}

/// When requests are sent.
#[derive(Debug, Clone)]
pub struct SendPlan {
    /// The number of requests.
    pub n: usize,
    /// The number of connections.
    pub c: usize,
    /// The due times of the planned requests, sorted. Further requests follow answers.
    pub planned: Vec<f64>,
}

/// Simulates a burst. `work` is the service time of each request alone. Returns the requests in the order of their sends.
pub fn simulate(server: Server, plan: &SendPlan, work: &[f64]) -> Vec<Request> {
    let mut simulation = Simulation {
        server,
        work,
        requests: Vec::new(),
        waiting: VecDeque::new(),
        in_service: BinaryHeap::new(),
        shared_work: 0.0,
        shared_until: 0.0,
    };
    let mut free: BinaryHeap<_> = (0..plan.c).map(|connection| Reverse(Event(0.0, connection))).collect();
    let mut planned = plan.planned.iter().copied();
    let mut next_planned = planned.next();
    while simulation.requests.len() < plan.n {
        // A send needs a free connection, and a request that is due.
        let send = free.peek().map(|Reverse(Event(free, _))| free.max(next_planned.unwrap_or(0.0)));
        match (send, simulation.next_done()) {
            (Some(send), done) if done.is_none_or(|done| send < done) => {
                let Some(Reverse(Event(_, connection))) = free.pop() else { break };
                let request = Request { connection, planned: next_planned, sent: send, ..Request::default() };
                next_planned = planned.next();
                if let Some(refused) = simulation.arrive(request) {
                    free.push(Reverse(Event(refused + TURNAROUND_US, connection)));
                }
            }
            (_, Some(_)) => {
                let Some((connection, done)) = simulation.finish() else { break };
                free.push(Reverse(Event(done + TURNAROUND_US, connection)));
            }
            _ => break,
        }
    }
    while simulation.finish().is_some() {}
    simulation.requests
}

/// A time, and the number of a connection or request.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Event(f64, usize);

impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

/// The state of a server and its requests.
struct Simulation<'a> {
    server: Server,
    work: &'a [f64],
    requests: Vec<Request>,
    waiting: VecDeque<usize>,
    /// When the requests in service are done: a time, or for shared processors the value of `shared_work`.
    in_service: BinaryHeap<Reverse<Event>>,
    /// The work that shared processors have done for each request in service since the start.
    shared_work: f64,
    /// The time up to which `shared_work` counts.
    shared_until: f64,
}

impl Simulation<'_> {
    /// Returns the speed of each request in service.
    fn rate(&self) -> f64 {
        match self.server {
            Server::Cores(cores) => (cores as f64 / self.in_service.len().max(1) as f64).min(1.0),
            _ => 1.0,
        }
    }

    fn next_done(&self) -> Option<f64> {
        let Reverse(Event(end, _)) = self.in_service.peek()?;
        Some(match self.server {
            Server::Cores(_) => self.shared_until + (end - self.shared_work) / self.rate(),
            _ => *end,
        })
    }

    fn advance_shared_work(&mut self, now: f64) {
        self.shared_work += (now - self.shared_until) * self.rate();
        self.shared_until = now;
    }

    /// Adds a request. Returns the time of its refusal if the server refuses it.
    fn arrive(&mut self, request: Request) -> Option<f64> {
        let (i, now) = (self.requests.len(), request.sent);
        self.requests.push(request);
        match self.server {
            Server::Pool(k) if self.in_service.len() >= k => self.waiting.push_back(i),
            Server::Capped(k) if self.in_service.len() >= k => {
                self.requests[i].done = now + 200.0;
                return Some(self.requests[i].done);
            }
            _ => self.enter(i, now),
        }
        None
    }

    fn enter(&mut self, i: usize, now: f64) {
        let start = match self.server {
            Server::Cores(_) => {
                self.advance_shared_work(now);
                self.shared_work
            }
            _ => now,
        };
        self.requests[i].entered = Some(now);
        self.in_service.push(Reverse(Event(start + self.work[i], i)));
    }

    /// Completes the next request. Returns its connection and the time; `None` if no request is in service.
    fn finish(&mut self) -> Option<(usize, f64)> {
        let now = self.next_done()?;
        if matches!(self.server, Server::Cores(_)) {
            self.advance_shared_work(now);
        }
        let Reverse(Event(_, i)) = self.in_service.pop()?;
        self.requests[i].done = now;
        if let Some(next) = self.waiting.pop_front() {
            self.enter(next, now);
        }
        Some((self.requests[i].connection, now))
    }
}
