//! Two pools, one after the other.

use std::collections::VecDeque;

use super::super::{Event, Server, World};

/// A tandem queue: each request is served by a first pool for a share of its service time, then by a second one.
#[derive(Debug)]
pub struct Tandem {
    share: f64,
    stages: [Stage; 2],
    /// The service time of each request, and the number of its stage.
    requests: Vec<(f64, usize)>,
}

#[derive(Debug)]
struct Stage {
    workers: usize,
    busy: usize,
    waiting: VecDeque<usize>,
}

impl Tandem {
    /// The workers of both pools, and the first one's share of the service time.
    pub fn new(workers: [usize; 2], share: f64) -> Self {
        let stages = workers.map(|workers| Stage { workers, busy: 0, waiting: VecDeque::new() });
        Self { share, stages, requests: Vec::new() }
    }

    fn take(&mut self, stage: usize, world: &mut World) {
        let share = if stage == 0 { self.share } else { 1.0 - self.share };
        let Stage { workers, busy, waiting } = &mut self.stages[stage];
        while *busy < *workers
            && let Some(request) = waiting.pop_front()
        {
            *busy += 1;
            world.after(self.requests[request].0 * share, Event::Done(request));
        }
    }
}

impl Server for Tandem {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) => {
                let time = world.service_time();
                self.requests.resize(self.requests.len().max(request + 1), (0.0, 0));
                self.requests[request] = (time, 0);
                self.stages[0].waiting.push_back(request);
                self.take(0, world);
            }
            Event::Done(request) => {
                let stage = self.requests[request].1;
                self.stages[stage].busy -= 1;
                if stage == 0 {
                    self.requests[request].1 = 1;
                    self.stages[1].waiting.push_back(request);
                    self.take(1, world);
                } else {
                    world.answer(request, 200);
                }
                self.take(stage, world);
            }
            Event::Timer(_) => {}
        }
    }
}
