//! Any number of requests at once: as if each were alone, in batches, or on shared processors.

use std::collections::VecDeque;

use super::{Answer, Arrival, Server};

/// No limit. A share of the requests may meet a slower backend, and everything may stand still once.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Unlimited {
    /// The share of slow requests, and how many times as long they take.
    pub(in super::super) slow: Option<(f64, f64)>,
    /// The number of the experiment in which everything stands still, from when after its first arrival, and for how long.
    pub(in super::super) pause: Option<(usize, f64, f64)>,
    pub(in super::super) experiment: Option<usize>,
}

impl Server for Unlimited {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let start = arrivals.first().map_or(0.0, |one| one.at);
        let pause = self.pause.filter(|(experiment, ..)| Some(*experiment) == self.experiment);
        let answer = |one: &Arrival| {
            let factor =
                self.slow.map_or(1.0, |(share, factor)| if one.chance < share { factor } else { 1.0 });
            let end = one.at + factor * one.work;
            Answer::good(match pause {
                Some((_, from, length)) if start + from >= one.at && start + from < end => end + length,
                Some((_, from, length)) if start + from < one.at && one.at < start + from + length => {
                    end + start + from + length - one.at
                }
                _ => end,
            })
        };
        arrivals.iter().map(answer).collect()
    }

    fn begin(&mut self, experiment: usize) {
        self.experiment = Some(experiment);
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Processors that requests share equally, so many at once; the others wait.
#[derive(Debug, Clone)]
pub(in super::super) struct Processors {
    pub(in super::super) cores: f64,
    /// The most requests at once.
    pub(in super::super) places: usize,
}

impl Server for Processors {
    /// All requests inside advance alike, so each ends when the work that every request has had reaches a mark of its own.
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut answers = vec![Answer::good(0.0); arrivals.len()];
        let mut inside: Vec<(f64, usize)> = Vec::new();
        let mut waiting: VecDeque<usize> = VecDeque::new();
        let (mut now, mut done, mut next) = (0.0_f64, 0.0_f64, 0);
        loop {
            let speed = (self.cores / inside.len().max(1) as f64).min(1.0);
            let first = inside.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
            let end = first.map_or(f64::INFINITY, |(mark, _)| now + (mark - done) / speed);
            match arrivals.get(next) {
                Some(one) if one.at <= end => {
                    done += (one.at - now).max(0.0) * if inside.is_empty() { 0.0 } else { speed };
                    now = one.at;
                    if inside.len() < self.places {
                        inside.push((done + one.work, next));
                    } else {
                        waiting.push_back(next);
                    }
                    next += 1;
                }
                _ => {
                    let Some((mark, i)) = first else { return answers };
                    (now, done) = (end, mark);
                    answers[i].at = now;
                    inside.retain(|(_, other)| *other != i);
                    inside.extend(waiting.pop_front().map(|other| (done + arrivals[other].work, other)));
                }
            }
        }
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Batches, one at a time. One that isn't full starts after a time.
#[derive(Debug, Clone)]
pub(in super::super) struct Batches {
    pub(in super::super) size: usize,
    pub(in super::super) gather: f64,
}

impl Server for Batches {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut answers = vec![Answer::good(0.0); arrivals.len()];
        let (mut free, mut from) = (f64::NEG_INFINITY, 0);
        while from < arrivals.len() {
            // Requests gather from the first one on, or from when the last batch is done.
            let begins = arrivals[from].at.max(free);
            let full = arrivals.get(from + self.size - 1).map_or(f64::INFINITY, |one| one.at.max(begins));
            let starts = full.min(begins + self.gather);
            let count = arrivals[from..].iter().take(self.size).take_while(|one| one.at <= starts).count();
            let to = from + count.max(1);
            free = starts + arrivals[from].work;
            answers[from..to].iter_mut().for_each(|answer| answer.at = free);
            from = to;
        }
        answers
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}
