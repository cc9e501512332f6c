//! The clock, the timers and the answers of a simulation.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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
    /// The server's source of random numbers.
    pub random: &'a mut Random,
}

impl<'a> World<'a> {
    pub(super) fn new(service: Service, random: &'a mut Random) -> Self {
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
            random,
        }
    }

    /// The time.
    pub fn now(&self) -> f64 {
        self.now
    }

    /// A service time, drawn anew.
    pub fn service_time(&mut self) -> f64 {
        let time = self.service.draw(&mut self.services);
        self.drawn.push(time);
        time
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

    /// Advances to the next event; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Event> {
        let Pending { at, event, .. } = self.pending.pop()?;
        self.now = at;
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
    pub(super) fn take_answers(&mut self) -> Vec<(usize, u16)> {
        std::mem::take(&mut self.answers)
    }
}
