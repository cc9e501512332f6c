//! A burst at a simulated server: the load, the noise, and the record of it.

use super::{Event, Server, Service, World};
use crate::Random;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// The number of requests.
    pub n: usize,
    /// The number of connections. With `c` < `n`, a connection sends its next request after its answer.
    pub c: usize,
    /// The distance between the first sends, in seconds.
    pub spacing: f64,
}

/// What disturbs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// The largest delay on the way to the server, and on the way back, in seconds.
    pub network: f64,
    /// The share of requests that a busy machine delays.
    pub delayed: f64,
    /// The largest delay of those, in seconds.
    pub delay: f64,
}

/// The record of a burst. Times are seconds from its start.
#[derive(Debug, Clone, PartialEq)]
pub struct Burst {
    /// The answered requests, in the order in which they were sent.
    pub requests: Vec<Sent>,
    /// The service times, in the order in which the server drew them.
    pub services: Vec<f64>,
}

/// A request of a burst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sent {
    /// The connection.
    pub connection: usize,
    /// When it was planned; `None` if it waited for an answer.
    pub planned: Option<f64>,
    /// When it was sent.
    pub sent: f64,
    /// When its service began; `None` if the server doesn't tell.
    pub began: Option<f64>,
    /// When the client had the answer.
    pub done: f64,
    /// The status of the answer.
    pub status: u16,
}

impl Noise {
    pub(crate) fn delay(&self, random: &mut Random) -> f64 {
        let network = random.between(0.0, self.network);
        if random.chance(self.delayed) { network + random.between(0.0, self.delay) } else { network }
    }
}

/// Fires a burst at `server`. A server that never answers leaves its requests out of the record.
pub fn burst(
    server: &mut dyn Server,
    service: Service,
    load: Load,
    noise: Noise,
    random: &mut Random,
) -> Burst {
    let mut delays = random.fork();
    let mut world = World::new(service, random);
    let first = load.c.min(load.n);
    let mut requests = Vec::new();
    for connection in 0..first {
        let planned = connection as f64 * load.spacing;
        let arrives = planned + noise.delay(&mut delays);
        world.send(arrives, connection);
        requests.push(Sent::new(connection, Some(planned), planned));
    }
    while let Some(event) = world.next() {
        server.handle(event, &mut world);
        for (request, status) in world.take_answers() {
            let done = world.now() + noise.delay(&mut delays);
            (requests[request].done, requests[request].status) = (done, status);
            requests[request].began = world.began(request);
            if requests.len() < load.n {
                let connection = requests[request].connection;
                let arrives = done + noise.delay(&mut delays);
                world.send(arrives, connection);
                requests.push(Sent::new(connection, None, done));
            }
        }
    }
    requests.retain(|request| request.done.is_finite());
    Burst { requests, services: world.drawn() }
}

impl Sent {
    fn new(connection: usize, planned: Option<f64>, sent: f64) -> Self {
        Self { connection, planned, sent, began: None, done: f64::NAN, status: 0 }
    }
}

impl Burst {
    /// The mean difference between the times of the answers, in their order, and those of another burst.
    pub fn mean_difference(&self, other: &Self) -> f64 {
        let done = |burst: &Self| {
            let mut done: Vec<f64> = burst.requests.iter().map(|request| request.done).collect();
            done.sort_by(f64::total_cmp);
            done
        };
        let (one, other) = (done(self), done(other));
        let differences = one.iter().zip(&other).map(|(one, other)| (one - other).abs());
        differences.sum::<f64>() / one.len().max(1) as f64
    }

    /// The time of the last answer.
    pub fn makespan(&self) -> f64 {
        self.requests.iter().map(|request| request.done).fold(0.0, f64::max)
    }
}

impl Event {
    /// The request of an event that has one.
    pub fn request(self) -> Option<usize> {
        match self {
            Self::Arrive(request) | Self::Done(request) => Some(request),
            Self::Timer(_) => None,
        }
    }
}
