//! A lock, or an inner pool, for a share of the service time.

use std::collections::VecDeque;

use super::{Event, Server, World};

/// When the share is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// At the start of the handler.
    First,
    /// At its end.
    Last,
}

/// A share of each service time is held by `holders` requests at a time; the rest has no limit.
#[derive(Debug)]
pub struct Lock {
    share: f64,
    held: Held,
    holders: usize,
    busy: usize,
    waiting: VecDeque<usize>,
    /// The whole service time of each request, and whether its held part is over.
    requests: Vec<(f64, Part)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Free,
    Held,
    Last,
}

impl Lock {
    /// `share` of the service time, from 0 to 1.
    pub fn new(share: f64, holders: usize, held: Held) -> Self {
        Self { share, held, holders, busy: 0, waiting: VecDeque::new(), requests: Vec::new() }
    }

    fn hold(&mut self, request: usize, world: &mut World) {
        self.requests[request].1 = Part::Held;
        if self.busy < self.holders {
            self.busy += 1;
            world.after(self.requests[request].0 * self.share, Event::Done(request));
        } else {
            self.waiting.push_back(request);
        }
    }
}

impl Server for Lock {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                let time = world.service_time();
                self.requests.resize(self.requests.len().max(request + 1), (0.0, Part::Free));
                self.requests[request] = (time, Part::Free);
                match self.held {
                    Held::First => self.hold(request, world),
                    Held::Last => world.after(time * (1.0 - self.share), Event::Done(request)),
                }
            }
            Event::Done(request) => match (self.requests[request].1, self.held) {
                (Part::Free, _) => self.hold(request, world),
                (Part::Held, held) => {
                    self.busy -= 1;
                    if let Some(next) = self.waiting.pop_front() {
                        self.hold(next, world);
                    }
                    match held {
                        Held::First => {
                            self.requests[request].1 = Part::Last;
                            world.after(self.requests[request].0 * (1.0 - self.share), Event::Done(request));
                        }
                        Held::Last => world.answer(request, 200),
                    }
                }
                (Part::Last, _) => world.answer(request, 200),
            },
            Event::Timer(_) => {}
        }
    }
}
