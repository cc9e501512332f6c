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
