//! Servers that have more to serve with after a burst than before it, and one request served for all.

use super::{Answer, Arrival, Server, Workers};

/// Instances that start on demand; each start takes a time, and the instance stays.
#[derive(Debug, Clone)]
pub(in super::super) struct Instances {
    pub(in super::super) warm: usize,
    pub(in super::super) delay: f64,
}

impl Server for Instances {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut free = vec![f64::NEG_INFINITY; self.warm];
        let mut answer = |one: &Arrival| {
            let idle = free.iter_mut().find(|free| **free <= one.at);
            let delay = if idle.is_some() { 0.0 } else { self.delay };
            let end = one.at + delay + one.work;
            match idle {
                Some(idle) => *idle = end,
                None => free.push(end),
            }
            Answer::good(end)
        };
        let answers = arrivals.iter().map(&mut answer).collect();
        self.warm = free.len();
        answers
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// A pool that has one more worker after each interval in which requests wait. Workers stay.
#[derive(Debug, Clone)]
pub(in super::super) struct Growing {
    pub(in super::super) workers: usize,
    pub(in super::super) to: usize,
    pub(in super::super) every: f64,
}

impl Server for Growing {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut workers = Workers::new(self.workers);
        let mut next: Option<f64> = None;
        let mut answer = |one: &Arrival| {
            let free = |workers: &Workers| workers.0[workers.first()];
            if free(&workers) <= one.at {
                next = None;
            }
            let mut due = *next.get_or_insert(one.at + self.every);
            while free(&workers) > one.at.max(due) && workers.0.len() < self.to {
                workers.0.push(due);
                due += self.every;
                next = Some(due);
            }
            Answer::good(workers.take(one.at, one.work))
        };
        let answers = arrivals.iter().map(&mut answer).collect();
        self.workers = workers.0.len();
        answers
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// One request is served; those that come meanwhile share its answer.
#[derive(Debug, Clone)]
pub(in super::super) struct SingleFlight;

impl Server for SingleFlight {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut end = f64::NEG_INFINITY;
        let mut answer = |one: &Arrival| {
            if one.at >= end {
                end = one.at + one.work;
            }
            Answer::good(end)
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}
