//! Worker pools: k requests at a time.

use std::collections::VecDeque;

use super::{Event, Server, World};

/// Which waiting request is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first that came.
    Fifo,
    /// The last that came.
    Lifo,
    /// Any.
    Random,
}

/// A pool of workers.
#[derive(Debug)]
pub struct Pool {
    workers: usize,
    order: Order,
    /// Every so many seconds of load one more worker, up to so many.
    growth: Option<(f64, usize)>,
    /// Whether it grows only while requests wait.
    needs_waiting: bool,
    /// The most that may wait; more are refused.
    queue_limit: usize,
    /// How long a request may wait, in seconds; then it is refused.
    deadline: f64,
    waiting: VecDeque<(usize, f64)>,
    busy: usize,
    grows: bool,
}

/// The status of refused requests.
const REFUSED: u16 = 503;

impl Pool {
    /// A pool of so many workers, first come first served.
    pub fn new(workers: usize) -> Self {
        Self {
            workers,
            order: Order::Fifo,
            growth: None,
            needs_waiting: false,
            queue_limit: usize::MAX,
            deadline: f64::INFINITY,
            waiting: VecDeque::new(),
            busy: 0,
            grows: false,
        }
    }

    /// The same, with another order.
    pub fn ordered(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The same, with one more worker every `interval` seconds of load, up to `to`.
    pub fn growing(self, interval: f64, to: usize) -> Self {
        Self { growth: Some((interval, to)), ..self }
    }

    /// The same, with growth only while requests wait.
    pub fn while_waiting(self) -> Self {
        Self { needs_waiting: true, ..self }
    }

    /// The same, with at most `limit` waiting requests; more are refused at once.
    pub fn capped(self, limit: usize) -> Self {
        Self { queue_limit: limit, ..self }
    }

    /// The same, with requests refused that waited for `deadline` seconds.
    pub fn deadline(self, deadline: f64) -> Self {
        Self { deadline, ..self }
    }

    fn arrive(&mut self, request: usize, world: &mut World) {
        let may_grow = !self.needs_waiting || self.busy >= self.workers;
        if let (Some((interval, _)), false, true) = (self.growth, self.grows, may_grow) {
            self.grows = true;
            world.after(interval, Event::Timer(usize::MAX));
        }
        if self.busy < self.workers {
            self.busy += 1;
            world.serve(request);
        } else if self.waiting.len() >= self.queue_limit {
            world.answer(request, REFUSED);
        } else {
            self.waiting.push_back((request, world.now()));
            if self.deadline.is_finite() {
                world.after(self.deadline, Event::Timer(request));
            }
        }
    }

    fn next(&mut self, world: &mut World) -> Option<usize> {
        let at = match self.order {
            Order::Fifo => 0,
            Order::Lifo => self.waiting.len().checked_sub(1)?,
            Order::Random => (world.random.uniform() * self.waiting.len() as f64) as usize,
        };
        self.waiting.remove(at).map(|(request, _)| request)
    }

    /// Lets free workers take waiting requests.
    fn take(&mut self, world: &mut World) {
        while self.busy < self.workers
            && let Some(request) = self.next(world)
        {
            self.busy += 1;
            world.serve(request);
        }
    }
}

impl Server for Pool {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => self.arrive(request, world),
            Event::Done(request) => {
                world.answer(request, 200);
                self.busy -= 1;
                self.take(world);
            }
            Event::Timer(usize::MAX) => {
                let Some((interval, to)) = self.growth else { return };
                if self.needs_waiting && self.waiting.is_empty() {
                    self.grows = false;
                    return;
                }
                if self.workers < to {
                    self.workers += 1;
                    world.after(interval, Event::Timer(usize::MAX));
                    self.take(world);
                }
            }
            Event::Timer(request) => {
                if let Some(at) = self.waiting.iter().position(|(waiting, _)| *waiting == request) {
                    self.waiting.remove(at);
                    world.answer(request, REFUSED);
                }
            }
        }
    }
}

/// Processes with a pool each; a connection stays with the process that accepted it.
#[derive(Debug)]
pub struct Sticky {
    processes: Vec<Pool>,
    /// The process of each connection.
    accepted: Vec<usize>,
}

impl Sticky {
    /// So many processes with so many workers each.
    pub fn new(processes: usize, workers: usize) -> Self {
        Self { processes: (0..processes.max(1)).map(|_| Pool::new(workers)).collect(), accepted: Vec::new() }
    }

    fn process(&mut self, request: usize, world: &mut World) -> usize {
        let connection = world.connection(request);
        while self.accepted.len() <= connection {
            self.accepted.push((world.random.uniform() * self.processes.len() as f64) as usize);
        }
        self.accepted[connection]
    }
}

impl Server for Sticky {
    fn handle(&mut self, event: Event, world: &mut World) {
        if let Some(request) = event.request() {
            let process = self.process(request, world);
            self.processes[process].handle(event, world);
        }
    }
}
