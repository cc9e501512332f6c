//! Servers that no model of the judge describes: what its gate is tested on.

mod changing;
mod priority;
mod tandem;

use std::collections::VecDeque;

use super::{Event, Server, World};

pub use changing::{Change, Changing};
pub use priority::Priority;
pub use tandem::Tandem;

/// A pool whose service times grow with the number of waiting requests: each waiting request adds a share.
#[derive(Debug)]
pub struct Congested {
    workers: usize,
    share: f64,
    busy: usize,
    waiting: VecDeque<usize>,
}

impl Congested {
    /// So many workers; each waiting request makes a service longer by `share` of itself.
    pub fn new(workers: usize, share: f64) -> Self {
        Self { workers, share, busy: 0, waiting: VecDeque::new() }
    }

    fn take(&mut self, world: &mut World) {
        while self.busy < self.workers
            && let Some(request) = self.waiting.pop_front()
        {
            self.busy += 1;
            let time = world.service_time() * (1.0 + self.share * self.waiting.len() as f64);
            world.after(time, Event::Done(request));
        }
    }
}

impl Server for Congested {
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

/// Answers leave in ticks, however they were served: the server looks at its work every `tick` seconds.
#[derive(Debug)]
pub struct Ticking {
    tick: f64,
    done: Vec<usize>,
    ticks: bool,
}

impl Ticking {
    /// A look every `tick` seconds.
    pub fn new(tick: f64) -> Self {
        Self { tick, done: Vec::new(), ticks: false }
    }
}

impl Server for Ticking {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => world.serve(request),
            Event::Done(request) => {
                self.done.push(request);
                if !self.ticks {
                    self.ticks = true;
                    let next = (world.now() / self.tick).floor() * self.tick + self.tick;
                    world.at(next, Event::Timer(0));
                }
            }
            Event::Timer(_) => {
                self.ticks = false;
                self.done.drain(..).for_each(|request| world.answer(request, 200));
            }
        }
    }
}
