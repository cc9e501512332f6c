//! The clock, the timers and the answers of a simulation.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::Service;
use crate::Random;

/// What happens at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The request of this number arrives at the server.
    Arrive(usize),
    /// The service of this request ends.
    Done(usize),
    /// A timer of the server; the number is the server's own.
    Timer(usize),
}

/// A server: reacts to arrivals and to its own events, and answers by [`World::answer`].
pub trait Server {
    /// Handles an event.
    fn handle(&mut self, event: Event, world: &mut World);
}

/// A pending event. The sequence number keeps events of equal time in the order in which they were scheduled.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pending {
    at: f64,
    sequence: u64,
    event: Event,
}

impl Eq for Pending {}
impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Pending {
    // Reversed: the heap gives the earliest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.sequence.cmp(&self.sequence))
    }
}

/// A request that differs from those to the endpoint under test over a connection that is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Special {
    /// By how much longer it takes.
    pub factor: f64,
    /// Whether it goes to another endpoint.
    pub is_elsewhere: bool,
    /// Its session.
    pub session: usize,
    /// Whether its connection is new.
    pub is_fresh: bool,
}

impl Default for Special {
    fn default() -> Self {
        Self { factor: 1.0, is_elsewhere: false, session: 0, is_fresh: false }
    }
}

/// The clock, the timers and the answers of a simulation.
pub struct World<'a> {
    now: f64,
    sequence: u64,
    pending: BinaryHeap<Pending>,
    answers: Vec<(usize, u16)>,
    service: Service,
    /// Service times have random numbers of their own: another server has the same service times for the same seed.
    services: Random,
    /// The service times that were drawn.
    drawn: Vec<f64>,
    /// When the service of each request began, as far as the server uses [`World::serve`].
    began: Vec<Option<f64>>,
    /// The connection of each request.
    connections: Vec<usize>,
    /// What is special about some requests.
    special: HashMap<usize, Special>,
    /// The request that is handled.
    current: Option<usize>,
    /// The number of the experiment, and when it began.
    experiment: (usize, f64),
    /// The server's source of random numbers.
    pub random: &'a mut Random,
}

impl<'a> World<'a> {
    pub(crate) fn new(service: Service, random: &'a mut Random) -> Self {
        Self {
            now: 0.0,
            sequence: 0,
            pending: BinaryHeap::new(),
            answers: Vec::new(),
            service,
            services: random.fork(),
            drawn: Vec::new(),
            began: Vec::new(),
            connections: Vec::new(),
            special: HashMap::new(),
            current: None,
            experiment: (0, 0.0),
            random,
        }
    }

    /// The time.
    pub fn now(&self) -> f64 {
        self.now
    }

    /// A service time, drawn anew, for the request that is handled.
    pub fn service_time(&mut self) -> f64 {
        let factor = self.current.map_or(1.0, |request| self.special(request).factor);
        let time = factor * self.service.draw(&mut self.services);
        self.drawn.push(time);
        time
    }

    /// What is special about a request.
    pub fn special(&self, request: usize) -> Special {
        self.special.get(&request).copied().unwrap_or_default()
    }

    /// The number of the experiment, and when it began.
    pub fn experiment(&self) -> (usize, f64) {
        self.experiment
    }

    /// Begins another experiment then.
    pub(crate) fn begin(&mut self, at: f64) {
        self.experiment = (self.experiment.0 + 1, at);
    }

    /// The connection of a request.
    pub fn connection(&self, request: usize) -> usize {
        self.connections[request]
    }

    /// Schedules an event after `delay` seconds.
    pub fn after(&mut self, delay: f64, event: Event) {
        self.at(self.now + delay.max(0.0), event);
    }

    /// Schedules an event.
    pub fn at(&mut self, at: f64, event: Event) {
        self.sequence += 1;
        self.pending.push(Pending { at, sequence: self.sequence, event });
    }

    /// Answers a request now.
    pub fn answer(&mut self, request: usize, status: u16) {
        self.answers.push((request, status));
    }

    /// Starts the service of a request now: its [`Event::Done`] follows after a service time.
    pub fn serve(&mut self, request: usize) {
        self.current = Some(request);
        let time = self.service_time();
        self.began[request] = Some(self.now);
        self.after(time, Event::Done(request));
    }

    /// Lets a new request arrive.
    pub(super) fn send(&mut self, at: f64, connection: usize) -> usize {
        let request = self.connections.len();
        self.connections.push(connection);
        self.began.push(None);
        self.at(at, Event::Arrive(request));
        request
    }

    /// Lets a new request arrive that differs from others.
    pub(crate) fn send_special(&mut self, at: f64, connection: usize, special: Special) -> usize {
        let request = self.send(at, connection);
        self.special.insert(request, special);
        request
    }

    /// Advances to the next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let Pending { at, event, .. } = self.pending.pop()?;
        self.now = at;
        self.current = event.request();
        Some(event)
    }

    /// When the service of a request began, if the server tells.
    pub(super) fn began(&self, request: usize) -> Option<f64> {
        self.began[request]
    }

    /// The service times that were drawn, in their order.
    pub(super) fn drawn(self) -> Vec<f64> {
        self.drawn
    }

    /// The answers since the last call.
    pub(crate) fn take_answers(&mut self) -> Vec<(usize, u16)> {
        std::mem::take(&mut self.answers)
    }
}
