//! Starts come at a pace.

use std::collections::VecDeque;

use super::{Answer, Arrival, Server};

/// A token bucket: so many at once, then one after each gap. It delays, or refuses.
#[derive(Debug, Clone)]
pub(in super::super) struct Bucket {
    pub(in super::super) gap: f64,
    pub(in super::super) size: f64,
    pub(in super::super) refuses: bool,
    /// When the bucket is full again.
    pub(in super::super) due: f64,
}

impl Server for Bucket {
    /// The generic cell rate algorithm (ITU-T I.371).
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let allowance = self.gap * (self.size - 1.0).max(0.0);
        let mut answer = |one: &Arrival| {
            let start = one.at.max(self.due - allowance);
            if self.refuses && start > one.at + 1e-9 {
                return Answer::refused(one.at);
            }
            self.due = self.due.max(one.at) + self.gap;
            Answer::good(start + one.work)
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// So many requests in any window of time; the others are refused.
#[derive(Debug, Clone)]
pub(in super::super) struct Window {
    pub(in super::super) seconds: f64,
    pub(in super::super) limit: usize,
    /// Whether refused requests count, too.
    pub(in super::super) counts_refused: bool,
    /// When the last requests that count arrived.
    pub(in super::super) recent: VecDeque<f64>,
}

impl Server for Window {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut answer = |one: &Arrival| {
            while self.recent.front().is_some_and(|at| *at <= one.at - self.seconds) {
                self.recent.pop_front();
            }
            let is_good = self.recent.len() < self.limit;
            if is_good || self.counts_refused {
                self.recent.push_back(one.at);
            }
            if is_good { Answer::good(one.at + one.work) } else { Answer::refused(one.at) }
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// A limit on an estimate of the requests in the last window of time: those of the current fixed window, and of the previous
/// one the share that still lies in the last window. HAProxy's `freq_ctr` counts so. Refused requests count, too.
#[derive(Debug, Clone)]
pub(in super::super) struct WindowEstimate {
    seconds: f64,
    limit: usize,
    /// When the current fixed window began.
    start: f64,
    current: f64,
    previous: f64,
}

impl WindowEstimate {
    pub(in super::super) fn new(seconds: f64, limit: usize) -> Self {
        Self { seconds, limit, start: f64::NEG_INFINITY, current: 0.0, previous: 0.0 }
    }

    /// Returns the estimate with a request at this time.
    fn count(&mut self, at: f64) -> f64 {
        let since = at - self.start;
        if since >= 2.0 * self.seconds {
            (self.start, self.current, self.previous) = (at, 0.0, 0.0);
        } else if since >= self.seconds {
            self.start += self.seconds;
            (self.previous, self.current) = (self.current, 0.0);
        }
        self.current += 1.0;
        let left = 1.0 - ((at - self.start) / self.seconds).clamp(0.0, 1.0);
        self.current + (self.previous * left).floor()
    }
}

impl Server for WindowEstimate {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut answer = |one: &Arrival| match self.count(one.at) <= self.limit as f64 {
            true => Answer::good(one.at + one.work),
            false => Answer::refused(one.at),
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}

/// Fresh connections are taken up one after the other.
#[derive(Debug, Clone)]
pub(in super::super) struct Accepting(pub(in super::super) f64);

impl Server for Accepting {
    fn serve(&mut self, arrivals: &[Arrival]) -> Vec<Answer> {
        let mut free = f64::NEG_INFINITY;
        let mut answer = |one: &Arrival| {
            if !one.is_fresh {
                return Answer::good(one.at + one.work);
            }
            free = free.max(one.at) + self.0;
            Answer::good(free + one.work)
        };
        arrivals.iter().map(&mut answer).collect()
    }

    fn copy(&self) -> Box<dyn Server> {
        Box::new(self.clone())
    }
}
