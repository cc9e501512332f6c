//! Batches: requests gather, and are served together.

use super::{Event, Server, World};

/// Batches of `size` requests, one batch at a time. A batch that is not full starts after `gather` seconds.
#[derive(Debug)]
pub struct Batching {
    size: usize,
    gather: f64,
    waiting: Vec<usize>,
    inside: Vec<usize>,
    /// Whether a timer runs for a batch that is not full.
    gathers: bool,
}

const GATHERED: usize = 0;
const SERVED: usize = 1;

impl Batching {
    /// Batches of `size`.
    pub fn new(size: usize, gather: f64) -> Self {
        Self { size: size.max(1), gather, waiting: Vec::new(), inside: Vec::new(), gathers: false }
    }

    fn start(&mut self, world: &mut World) {
        if !self.inside.is_empty() || self.waiting.is_empty() {
            return;
        }
        if self.waiting.len() < self.size && !self.gathers {
            self.gathers = true;
            world.after(self.gather, Event::Timer(GATHERED));
        } else if self.waiting.len() >= self.size {
            self.serve(world);
        }
    }

    fn serve(&mut self, world: &mut World) {
        self.gathers = false;
        self.inside = self.waiting.drain(..self.size.min(self.waiting.len())).collect();
        let time = world.service_time();
        world.after(time, Event::Timer(SERVED));
    }
}

impl Server for Batching {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                self.waiting.push(request);
                self.start(world);
            }
            Event::Timer(SERVED) => {
                self.inside.drain(..).for_each(|request| world.answer(request, 200));
                self.start(world);
            }
            Event::Timer(_) if self.gathers && self.inside.is_empty() => self.serve(world),
            _ => {}
        }
    }
}
