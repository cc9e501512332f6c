//! A pool that prefers some connections.

use super::super::{Event, Server, World};

/// A pool that serves the waiting request of the lowest connection first.
#[derive(Debug)]
pub struct Priority {
    workers: usize,
    busy: usize,
    waiting: Vec<usize>,
}

impl Priority {
    /// So many workers.
    pub fn new(workers: usize) -> Self {
        Self { workers, busy: 0, waiting: Vec::new() }
    }

    fn take(&mut self, world: &mut World) {
        while self.busy < self.workers
            && let Some(next) =
                (0..self.waiting.len()).min_by_key(|i| (world.connection(self.waiting[*i]), *i))
        {
            self.busy += 1;
            world.serve(self.waiting.remove(next));
        }
    }
}

impl Server for Priority {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => self.waiting.push(request),
            Event::Done(request) => {
                self.busy -= 1;
                world.answer(request, 200);
            }
            Event::Timer(_) => {}
        }
        self.take(world);
    }
}
