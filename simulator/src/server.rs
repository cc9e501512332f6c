//! Servers that take time in their own ways, simulated event by event.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

/// What a server is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Server {
    /// So many at a time, first come first served.
    Pool(usize),
    /// All at once, on so many processors, which they share alike.
    Cores(usize),
    /// So many at a time; the rest is turned away.
    Capped(usize),
}

/// A request on its way through a server. Times in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Way {
    pub lane: usize,
    pub planned: Option<f64>,
    pub sent: f64,
    /// When it was taken up; `None` where it was turned away.
    pub entered: Option<f64>,
    pub done: f64,
}

/// When requests are sent.
#[derive(Debug, Clone)]
pub struct Sends {
    pub n: usize,
    pub c: usize,
    /// When the planned ones are due, sorted; the others follow answers.
    pub planned: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct At(f64, usize);

impl Eq for At {}
impl PartialOrd for At {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for At {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

/// A server at work, and the client that waits for it.
struct Run<'a> {
    server: Server,
    work: &'a [f64],
    ways: Vec<Way>,
    waiting: VecDeque<usize>,
    /// When those inside are done: in time, or, where they share processors, in work done by each.
    inside: BinaryHeap<Reverse<At>>,
    /// How much work was done by each that is inside since the start, and until when.
    shared: (f64, f64),
}

/// How long it takes from a request's end at the server until the next is sent: the way to the client, too.
pub const TURNAROUND_US: f64 = 500.0;

/// The ways of all requests through the server, in the order in which they were sent. `work` is how long
/// each takes alone.
pub fn run(server: Server, sends: &Sends, work: &[f64]) -> Vec<Way> {
    let mut run = Run {
        server,
        work,
        ways: Vec::new(),
        waiting: VecDeque::new(),
        inside: BinaryHeap::new(),
        shared: (0.0, 0.0),
    };
    let mut free: BinaryHeap<_> = (0..sends.c).map(|lane| Reverse(At(0.0, lane))).collect();
    let mut planned = sends.planned.iter().copied();
    let mut next_planned = planned.next();
    while run.ways.len() < sends.n {
        // A connection must be free, and the request due.
        let send = free.peek().map(|Reverse(At(free, _))| free.max(next_planned.unwrap_or(0.0)));
        match (send, run.next_done()) {
            (Some(send), done) if done.is_none_or(|done| send < done) => {
                let Some(Reverse(At(_, lane))) = free.pop() else { break };
                let way = Way { lane, planned: next_planned, sent: send, ..Way::default() };
                next_planned = planned.next();
                if let Some(done) = run.offer(way) {
                    free.push(Reverse(At(done + TURNAROUND_US, lane)));
                }
            }
            (_, Some(_)) => {
                let Some((lane, done)) = run.finish() else { break };
                free.push(Reverse(At(done + TURNAROUND_US, lane)));
            }
            _ => break,
        }
    }
    while run.finish().is_some() {}
    run.ways
}

impl Run<'_> {
    fn rate(&self) -> f64 {
        match self.server {
            Server::Cores(cores) => (cores as f64 / self.inside.len().max(1) as f64).min(1.0),
            _ => 1.0,
        }
    }

    fn next_done(&self) -> Option<f64> {
        let Reverse(At(end, _)) = self.inside.peek()?;
        Some(match self.server {
            Server::Cores(_) => self.shared.1 + (end - self.shared.0) / self.rate(),
            _ => *end,
        })
    }

    /// Brings the processors' common work up to date.
    fn advance(&mut self, now: f64) {
        self.shared = (self.shared.0 + (now - self.shared.1) * self.rate(), now);
    }

    /// When it was turned away, if it was.
    fn offer(&mut self, way: Way) -> Option<f64> {
        let (i, now) = (self.ways.len(), way.sent);
        self.ways.push(way);
        match self.server {
            Server::Pool(k) if self.inside.len() >= k => self.waiting.push_back(i),
            Server::Capped(k) if self.inside.len() >= k => {
                self.ways[i].done = now + 200.0;
                return Some(self.ways[i].done);
            }
            _ => self.enter(i, now),
        }
        None
    }

    fn enter(&mut self, i: usize, now: f64) {
        let from = match self.server {
            Server::Cores(_) => {
                self.advance(now);
                self.shared.0
            }
            _ => now,
        };
        self.ways[i].entered = Some(now);
        self.inside.push(Reverse(At(from + self.work[i], i)));
    }

    fn finish(&mut self) -> Option<(usize, f64)> {
        let now = self.next_done()?;
        if matches!(self.server, Server::Cores(_)) {
            self.advance(now);
        }
        let Reverse(At(_, i)) = self.inside.pop()?;
        self.ways[i].done = now;
        if let Some(next) = self.waiting.pop_front() {
            self.enter(next, now);
        }
        Some((self.ways[i].lane, now))
    }
}
