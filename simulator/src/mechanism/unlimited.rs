//! Servers without a limit.

use super::{Event, Server, World};

/// A server without a limit.
#[derive(Debug, Default)]
pub struct Unlimited {
    /// Backends: each the share of requests that it gets, and its service time as a factor. None: one backend.
    backends: Vec<(f64, f64)>,
    /// The share of requests that fail at once, whatever the load.
    failures: f64,
    /// What each service takes beside its time, in seconds.
    added: f64,
    /// Everything stands still: from when, and for how long, in seconds.
    pause: Option<(f64, f64)>,
    /// The experiment from whose start the pause counts; it comes in no other.
    experiment: Option<usize>,
}

impl Unlimited {
    /// One backend without failures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Backends, each with the share of requests that it gets and its service time as a factor.
    pub fn backends(backends: Vec<(f64, f64)>) -> Self {
        Self { backends, ..Self::default() }
    }

    /// The same, with so many seconds beside each service time.
    pub fn adding(self, seconds: f64) -> Self {
        Self { added: seconds, ..self }
    }

    /// The same, with this share of requests that fail with status 500.
    pub fn failing(self, failures: f64) -> Self {
        Self { failures, ..self }
    }

    /// The same, with a pause of the whole server.
    pub fn pausing(self, from: f64, seconds: f64) -> Self {
        Self { pause: Some((from, seconds)), ..self }
    }

    /// The same, with a pause that counts from the start of this experiment.
    pub fn in_experiment(self, experiment: usize) -> Self {
        Self { experiment: Some(experiment), ..self }
    }

    fn factor(&self, world: &mut World) -> f64 {
        let all: f64 = self.backends.iter().map(|(share, _)| share).sum();
        let mut left = world.random.uniform() * all;
        for (share, factor) in &self.backends {
            left -= share;
            if left <= 0.0 {
                return *factor;
            }
        }
        1.0
    }

    /// How much longer work that began then takes because of the pause.
    fn paused(&self, world: &World, time: f64) -> f64 {
        let (number, start) = world.experiment();
        if self.experiment.is_some_and(|experiment| experiment != number) {
            return 0.0;
        }
        let began = world.now() - if self.experiment.is_some() { start } else { 0.0 };
        match self.pause {
            Some((from, seconds)) if began <= from && from < began + time => seconds,
            Some((from, seconds)) if from < began && began < from + seconds => from + seconds - began,
            _ => 0.0,
        }
    }
}

impl Server for Unlimited {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) if world.random.chance(self.failures) => world.answer(request, 500),
            Event::Arrive(request) => {
                let time = self.factor(world) * world.service_time() + self.added;
                let paused = self.paused(world, time);
                world.after(time + paused, Event::Done(request));
            }
            Event::Done(request) => world.answer(request, 200),
            Event::Timer(_) => {}
        }
    }
}

/// One request is served, and all that arrive meanwhile share its answer.
#[derive(Debug, Default)]
pub struct SingleFlight {
    leader: Option<usize>,
    followers: Vec<usize>,
}

impl Server for SingleFlight {
    fn handle(&mut self, event: Event, world: &mut World) {
        match event {
            Event::Arrive(request) if self.leader.is_some() => self.followers.push(request),
            Event::Arrive(request) => {
                self.leader = Some(request);
                world.serve(request);
            }
            Event::Done(request) => {
                self.leader = None;
                world.answer(request, 200);
                self.followers.drain(..).for_each(|follower| world.answer(follower, 200));
            }
            Event::Timer(_) => {}
        }
    }
}
