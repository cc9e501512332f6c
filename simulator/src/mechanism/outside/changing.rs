//! Servers whose speed changes during the burst.

use std::collections::VecDeque;

use super::super::{Event, Server, World};

/// How the speed changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A service that starts after t seconds takes 1 + t times this rate as long.
    Drift(f64),
    /// Services that start in every other phase of so many seconds take this factor as long.
    Phases(f64, f64),
}

/// A pool whose speed changes.
#[derive(Debug)]
pub struct Changing {
    workers: usize,
    change: Change,
    busy: usize,
    waiting: VecDeque<usize>,
}

impl Changing {
    /// So many workers.
    pub fn new(workers: usize, change: Change) -> Self {
        Self { workers, change, busy: 0, waiting: VecDeque::new() }
    }

    fn factor(&self, now: f64) -> f64 {
        match self.change {
            Change::Drift(rate) => 1.0 + rate * now,
            Change::Phases(seconds, factor) if (now / seconds) as u64 % 2 == 1 => factor,
            Change::Phases(..) => 1.0,
        }
    }

    fn take(&mut self, world: &mut World) {
        while self.busy < self.workers
            && let Some(request) = self.waiting.pop_front()
        {
            self.busy += 1;
            let time = world.service_time() * self.factor(world.now());
            world.after(time, Event::Done(request));
        }
    }
}

impl Server for Changing {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => self.waiting.push_back(request),
            Event::Done(request) => {
                self.busy -= 1;
                world.answer(request, 200);
            }
            Event::Timer(_) => {}
        }
        self.take(world);
    }
}
