//! Servers that start requests at a pace.

use std::collections::VecDeque;

use super::{Event, Server, World};

/// What becomes of a request that comes too soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// It starts later.
    Delayed,
    /// It is refused with status 429.
    Refused,
}

/// A token bucket: `burst` requests at once, then `per_second`. Any number may be in service.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    burst: f64,
    excess: Excess,
    /// The tokens at `filled`; below 0 if later starts are promised.
    tokens: f64,
    filled: f64,
}

impl Rate {
    /// A full bucket.
    pub fn new(per_second: f64, burst: usize, excess: Excess) -> Self {
        let burst = burst.max(1) as f64;
        Self { per_second, burst, excess, tokens: burst, filled: 0.0 }
    }
}

impl Server for Rate {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                let refilled = self.tokens + self.per_second * (world.now() - self.filled);
                (self.tokens, self.filled) = (refilled.min(self.burst), world.now());
                if self.tokens < 1.0 && self.excess == Excess::Refused {
                    world.answer(request, 429);
                    return;
                }
                self.tokens -= 1.0;
                let delay = (-self.tokens / self.per_second).max(0.0);
                let service = world.service_time();
                world.after(delay + service, Event::Done(request));
            }
            Event::Done(request) => world.answer(request, 200),
            Event::Timer(_) => {}
        }
    }
}

/// One after the other, each request costs a fixed time before its service: a proxy's own work, or connections that are
/// accepted slowly. Any number may be in service.
#[derive(Debug)]
pub struct Cost {
    seconds: f64,
    waiting: VecDeque<usize>,
    is_busy: bool,
}

impl Cost {
    /// So many seconds for each request.
    pub fn new(seconds: f64) -> Self {
        Self { seconds, waiting: VecDeque::new(), is_busy: false }
    }

    fn next(&mut self, world: &mut World) {
        if let Some(request) = self.waiting.pop_front() {
            self.is_busy = true;
            world.after(self.seconds, Event::Timer(request));
        }
    }
}

impl Server for Cost {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                self.waiting.push_back(request);
                if !self.is_busy {
                    self.next(world);
                }
            }
            Event::Timer(request) => {
                self.is_busy = false;
                world.serve(request);
                self.next(world);
            }
            Event::Done(request) => world.answer(request, 200),
        }
    }
}
