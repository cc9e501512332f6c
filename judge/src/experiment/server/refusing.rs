//! Requests are refused.

use super::{Answer, Arrival, Server, Workers};

/// Workers, and a limit on requests that are served or wait.
#[derive(Debug, Clone)]
pub(in super::super) struct Capped {
    pub(in super::super) workers: usize,
    pub(in super::super) limit: usize,
}

impl Server for Capped {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut workers = Workers::new(self.workers);
        let mut ends: Vec<f64> = Vec::new();
        let mut answer = |one: &Arrival| {
            ends.retain(|end| *end > one.at);
            if ends.len() >= self.limit {
                return Answer::refused(one.at);
            }
            let end = workers.take(one.at, one.work);
            ends.push(end);
            Answer::good(end)
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Workers; who has waited for so long is refused.
#[derive(Debug, Clone)]
pub(in super::super) struct Deadline {
    pub(in super::super) workers: usize,
    pub(in super::super) deadline: f64,
}

impl Server for Deadline {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut workers = Workers::new(self.workers);
        let mut answer = |one: &Arrival| {
            let free = workers.0[workers.first()];
            if free > one.at + self.deadline {
                return Answer::refused(one.at + self.deadline);
            }
            Answer::good(workers.take(one.at, one.work))
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// A share of the requests fails at once.
#[derive(Debug, Clone)]
pub(in super::super) struct Failing(pub(in super::super) f64);

impl Server for Failing {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let answer = |one: &Arrival| match one.chance < self.0 {
            true => Answer::refused(one.at),
            false => Answer::good(one.at + one.work),
        };
        arrivals.iter().map(answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}
