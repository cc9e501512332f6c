//! Processor sharing: all requests progress, the slower the more there are.

use super::{Event, Server, World};

/// Any number of requests on `cores` processors, which they share equally.
#[derive(Debug)]
pub struct SharedCpu {
    cores: f64,
    /// The remaining work of each request in service, in seconds of a processor of its own.
    inside: Vec<(usize, f64)>,
    updated: f64,
    /// The number of the latest timer; earlier ones are void.
    latest: usize,
}

impl SharedCpu {
    /// So many processors.
    pub fn new(cores: usize) -> Self {
        Self { cores: cores as f64, inside: Vec::new(), updated: 0.0, latest: 0 }
    }

    fn speed(&self) -> f64 {
        (self.cores / self.inside.len().max(1) as f64).min(1.0)
    }

    fn advance(&mut self, now: f64) {
        let done = (now - self.updated) * self.speed();
        self.inside.iter_mut().for_each(|(_, left)| *left -= done);
        self.updated = now;
    }

    fn schedule(&mut self, world: &mut World) {
        self.latest += 1;
        let least = self.inside.iter().map(|(_, left)| *left).fold(f64::INFINITY, f64::min);
        if least.is_finite() {
            world.after(least / self.speed(), Event::Timer(self.latest));
        }
    }
}

impl Server for SharedCpu {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                self.advance(world.now());
                let work = world.service_time();
                self.inside.push((request, work));
                self.schedule(world);
            }
            Event::Timer(number) if number == self.latest => {
                self.advance(world.now());
                let least = self.inside.iter().map(|(_, left)| *left).fold(f64::INFINITY, f64::min);
                let done = |left: f64| left <= least + 1e-12;
                self.inside.iter().filter(|(_, left)| done(*left)).for_each(|(id, _)| world.answer(*id, 200));
                self.inside.retain(|(_, left)| !done(*left));
                self.schedule(world);
            }
            _ => {}
        }
    }
}
