//! Requests wait for a place.

use std::collections::HashMap;

use super::{Answer, Arrival, Server, Workers};

/// Workers, first come, first served.
#[derive(Debug, Clone)]
pub(in super::super) struct Pool(pub(in super::super) usize);

impl Server for Pool {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut workers = Workers::new(self.0);
        arrivals.iter().map(|one| Answer::good(workers.take(one.at, one.work))).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Workers that take the last request that came, or any.
#[derive(Debug, Clone)]
pub(in super::super) struct Unordered {
    pub(in super::super) workers: usize,
    pub(in super::super) is_last_first: bool,
}

impl Server for Unordered {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut answers = vec![Answer::good(0.0); arrivals.len()];
        let mut workers = Workers::new(self.workers);
        let (mut waiting, mut next): (Vec<usize>, usize) = (Vec::new(), 0);
        while next < arrivals.len() || !waiting.is_empty() {
            let free = workers.0[workers.first()];
            // All that came until a worker is free wait for it.
            match arrivals.get(next) {
                Some(one) if waiting.is_empty() || one.at <= free => {
                    waiting.push(next);
                    next += 1;
                    if free > one.at {
                        continue;
                    }
                }
                _ => {}
            }
            let at = match self.is_last_first {
                true => waiting.len() - 1,
                false => (arrivals[waiting[0]].chance * waiting.len() as f64) as usize,
            };
            let i = waiting.swap_remove(at.min(waiting.len() - 1));
            if self.is_last_first {
                waiting.sort_unstable();
            }
            answers[i].at = workers.take(arrivals[i].at, arrivals[i].work);
        }
        answers
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Which part of a request's time a place is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Held {
    First,
    Last,
}

/// A share of each request's time needs a place: a lock has one, an inner pool several.
#[derive(Debug, Clone)]
pub(in super::super) struct Holders {
    pub(in super::super) places: usize,
    pub(in super::super) share: f64,
    pub(in super::super) held: Held,
}

impl Server for Holders {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut places = Workers::new(self.places);
        let held = |one: &Arrival| self.share * one.work;
        match self.held {
            Held::First => arrivals
                .iter()
                .map(|one| Answer::good(places.take(one.at, held(one)) + one.work - held(one)))
                .collect(),
            Held::Last => {
                let reach = |i: usize| arrivals[i].at + arrivals[i].work - held(&arrivals[i]);
                let mut order: Vec<usize> = (0..arrivals.len()).collect();
                order.sort_by(|a, b| reach(*a).total_cmp(&reach(*b)));
                let mut answers = vec![Answer::good(0.0); arrivals.len()];
                for i in order {
                    answers[i].at = places.take(reach(i), held(&arrivals[i]));
                }
                answers
            }
        }
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Processes with workers each; a connection stays with the process that accepted it.
#[derive(Debug, Clone)]
pub(in super::super) struct Sticky {
    pub(in super::super) processes: usize,
    pub(in super::super) each: usize,
    pub(in super::super) accepted: HashMap<usize, usize>,
}

impl Server for Sticky {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut processes = vec![Workers::new(self.each); self.processes];
        let count = self.processes;
        let mut answer = |one: &Arrival| {
            let any = ((one.chance * count as f64) as usize).min(count - 1);
            let process = *self.accepted.entry(one.connection).or_insert(any);
            Answer::good(processes[process].take(one.at, one.work))
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}
