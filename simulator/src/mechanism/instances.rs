//! Instances that start on demand: any number of requests, but new instances cost time.

use super::{Event, Server, World};

/// `warm` instances are there; each further one takes `start` seconds, and stays.
#[derive(Debug)]
pub struct ColdStart {
    idle: usize,
    start: f64,
    /// The time of a start grows by this share of itself for each other start under way.
    contention: f64,
    starting: usize,
}

impl ColdStart {
    /// `warm` instances; `start` seconds for a new one.
    pub fn new(warm: usize, start: f64) -> Self {
        Self { idle: warm, start, contention: 0.0, starting: 0 }
    }

    /// The same, with starts that slow each other down by a share of their time for each other one.
    pub fn contended(self, contention: f64) -> Self {
        Self { contention, ..self }
    }
}

impl Server for ColdStart {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) if self.idle > 0 => {
                self.idle -= 1;
                world.serve(request);
            }
            Event::Arrive(request) => {
                let delay = self.start * (1.0 + self.contention * self.starting as f64);
                self.starting += 1;
                world.after(delay, Event::Timer(request));
            }
            Event::Timer(request) => {
                self.starting -= 1;
                world.serve(request);
            }
            Event::Done(request) => {
                self.idle += 1;
                world.answer(request, 200);
            }
        }
    }
}
