//! A hypothesis: a model of a server with its parameters.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;

use super::server::{
    Accepting, Batches, Bucket, Capped, Deadline, Failing, Growing, Held, Holders, Instances, Pool,
    Processors, Server, SingleFlight, Sticky, Unlimited, Unordered, Window, WindowEstimate,
};
use super::server_model::ServerModel;
use super::service_shape::Shape;
use crate::mechanism::{Name, Order, Parameters};

/// Two groups of service times are apart by at least so many of their standard deviations: the mixture of two normal
/// distributions has two modes from 2 on.
const APART: f64 = 2.0;
/// The share of the requests in a group.
const SHARES: RangeInclusive<f64> = 0.07..=0.93;
/// The windows over which rates are limited, in seconds: people choose round numbers.
pub(super) const WINDOWS: [f64; 8] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// A limit that delays the last of a burst by less than this share of the longest service is as good as none.
const SHORT: f64 = 0.4;
/// The most processors for each worker that shares them.
const MOST_BUSY: f64 = 0.8;
/// A shorter deadline, as a share of the service time, is a cap.
const LEAST_DEADLINE: f64 = 0.3;

/// A hypothesis with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hypothesis {
    pub(super) model: ServerModel,
    /// The logarithms of the median service time in seconds and of its spread, then those of the model's parameters.
    pub(super) point: Vec<f64>,
    /// The experiment of a pause.
    pub(super) experiment: usize,
    /// Whether an instance was warm before the first request.
    pub(super) is_warm: bool,
    /// Whether another endpoint meets the limit, too.
    pub(super) is_shared: bool,
    /// Whether each session has a limit of its own.
    pub(super) by_session: bool,
    /// The largest delay on the way, in seconds, unless it is a parameter.
    pub(super) jitter: f64,
    /// The distribution of the service times.
    pub(super) shape: Shape,
}

impl Hypothesis {
    pub(super) fn name(&self) -> Name {
        self.model.prior().name
    }

    fn value(&self, i: usize) -> f64 {
        self.point[2 + i].exp()
    }

    fn whole(&self, i: usize) -> usize {
        (self.value(i).round() as usize).clamp(1, 2_000)
    }

    fn share(&self, i: usize) -> f64 {
        self.value(i).clamp(0.003, 1.0)
    }

    /// Whether the parameters are possible.
    pub(super) fn is_possible(&self) -> bool {
        let spread = self.point[1].exp();
        let possible = match self.model {
            // Two groups that overlap are none, and a few stragglers are no group.
            ServerModel::Uneven => {
                let apart = (1.0 + self.value(1)).ln();
                SHARES.contains(&self.value(0)) && apart > APART * spread && self.value(1) > 0.2
            }
            model if model.has_window() => {
                WINDOWS.iter().any(|window| (self.value(0) / window).ln().abs() < 1e-6)
            }
            ServerModel::LockFirst | ServerModel::LockLast => self.value(0) <= 0.93,
            ServerModel::InnerFirst | ServerModel::InnerLast => self.value(0) <= 0.93 && self.whole(1) >= 2,
            ServerModel::ColdStart => self.value(0) > 0.12 * self.point[0].exp(),
            ServerModel::WarmPool => self.value(0) > 0.12 * self.point[0].exp() && self.whole(1) >= 2,
            ServerModel::Pause => {
                let median = self.point[0].exp();
                self.value(1) > 0.15 * median && self.value(0) < 0.95 * median
            }
            ServerModel::Bucket => self.whole(1) >= 2,
            ServerModel::Capped => self.whole(0) <= self.whole(1),
            ServerModel::Batches => {
                let median = self.point[0].exp();
                self.whole(0) >= 2 && self.value(1) < median && self.value(2) < 0.5 * median
            }
            ServerModel::Sticky => self.whole(0) >= 2,
            ServerModel::SingleFlight => self.value(0) < 0.5 * self.point[0].exp(),
            ServerModel::Failing => self.value(0) < 0.97,
            ServerModel::Deadline => self.value(1) > LEAST_DEADLINE * self.point[0].exp(),
            ServerModel::Processors => self.value(0) >= 0.5,
            // Workers that hardly ever share a processor are a pool.
            ServerModel::PooledProcessors => {
                self.value(0) >= 0.5 && self.value(0) <= MOST_BUSY * self.whole(1) as f64
            }
            _ => true,
        };
        possible && (0.000_5..1.5).contains(&spread)
    }

    /// The largest delay on the way, in seconds. Where it matters, it is a parameter: answers that leave together come
    /// apart by it.
    pub(super) fn network(&self) -> f64 {
        match self.model {
            ServerModel::SingleFlight => self.value(0),
            ServerModel::Batches => self.value(2),
            _ => self.jitter,
        }
    }

    /// About how long the longest of so many requests would take without a limit, in seconds: the expected maximum of normal
    /// numbers grows as the root of twice the logarithm of their count.
    fn longest(&self, requests: f64) -> f64 {
        (self.point[0] + self.point[1].exp() * (2.0 * requests.max(1.0).ln()).sqrt()).exp()
            + 2.0 * self.jitter
    }

    /// Whether a burst of so many requests shows the limit: one that it hardly reaches is as good as none.
    pub(super) fn shows_in(&self, requests: usize) -> bool {
        let (most, all) = (0.85 * requests as f64, requests as f64);
        let median = self.point[0].exp();
        // A delay that is short beside the longest service is not seen.
        let delay = f64::max(0.5 * (median + self.jitter), SHORT * self.longest(all));
        match self.model {
            ServerModel::Pool | ServerModel::LastFirst | ServerModel::AnyOrder | ServerModel::Processors => {
                self.value(0) <= most
            }
            ServerModel::PooledProcessors => self.value(0) <= most && self.value(1) <= most,
            ServerModel::Pace | ServerModel::Cost | ServerModel::Accepting => self.value(0) * all >= delay,
            ServerModel::Bucket => {
                self.value(1) <= most && self.value(0) * (all - self.value(1)) >= 0.8 * delay
            }
            ServerModel::LockFirst | ServerModel::LockLast => self.share(0) * median * all >= delay,
            ServerModel::InnerFirst | ServerModel::InnerLast => {
                self.value(1) <= most && self.share(0) * median * (all / self.value(1) - 1.0) >= 0.6 * delay
            }
            ServerModel::WarmPool => self.value(1) <= most,
            // A pool with a few workers more after a long time is a pool.
            ServerModel::Growing => {
                let is_much = self.value(1) >= 0.25 * self.value(0);
                let lasts = self.value(1) * self.value(2);
                self.value(0) <= most && is_much && self.value(2) <= 2.0 * median && lasts >= 0.5 * median
            }
            ServerModel::Sticky => (self.whole(0) * self.whole(1)) as f64 <= 1.2 * all,
            _ => true,
        }
    }

    /// Returns the server before the first request.
    pub(super) fn server(&self) -> Box<dyn Server> {
        match self.model {
            ServerModel::Unlimited => Box::new(Unlimited::default()),
            ServerModel::Uneven => Box::new(Unlimited {
                slow: Some((self.share(0), 1.0 + self.value(1))),
                ..Unlimited::default()
            }),
            ServerModel::Pause => Box::new(Unlimited {
                pause: Some((self.experiment, self.value(0), self.value(1))),
                ..Unlimited::default()
            }),
            ServerModel::Pool => Box::new(Pool(self.whole(0))),
            ServerModel::LastFirst | ServerModel::AnyOrder => {
                let is_last_first = self.model == ServerModel::LastFirst;
                Box::new(Unordered { workers: self.whole(0), is_last_first })
            }
            ServerModel::Pace | ServerModel::Cost => Box::new(bucket(self.value(0), 1.0, false)),
            ServerModel::Bucket => Box::new(bucket(self.value(0), self.whole(1) as f64, false)),
            ServerModel::RateCap => Box::new(bucket(self.value(0), self.whole(1) as f64, true)),
            ServerModel::WindowEstimate => Box::new(WindowEstimate::new(self.value(0), self.whole(1))),
            ServerModel::WindowCap | ServerModel::WindowOfAll => Box::new(Window {
                seconds: self.value(0),
                limit: self.whole(1),
                counts_refused: self.model == ServerModel::WindowOfAll,
                recent: VecDeque::new(),
            }),
            ServerModel::Accepting => Box::new(Accepting(self.value(0))),
            ServerModel::LockFirst => self.holders(1, Held::First),
            ServerModel::LockLast => self.holders(1, Held::Last),
            ServerModel::InnerFirst => self.holders(self.whole(1), Held::First),
            ServerModel::InnerLast => self.holders(self.whole(1), Held::Last),
            ServerModel::Processors => Box::new(Processors { cores: self.value(0), places: usize::MAX }),
            ServerModel::PooledProcessors => {
                Box::new(Processors { cores: self.value(0), places: self.whole(1) })
            }
            ServerModel::Batches => Box::new(Batches { size: self.whole(0), gather: self.value(1) }),
            ServerModel::ColdStart => {
                Box::new(Instances { warm: usize::from(self.is_warm), delay: self.value(0) })
            }
            ServerModel::WarmPool => Box::new(Instances { warm: self.whole(1), delay: self.value(0) }),
            ServerModel::Growing => Box::new(Growing {
                workers: self.whole(0),
                to: self.whole(0) + self.whole(1),
                every: self.value(2),
            }),
            ServerModel::Sticky => {
                Box::new(Sticky { processes: self.whole(0), each: self.whole(1), accepted: HashMap::new() })
            }
            ServerModel::SingleFlight => Box::new(SingleFlight),
            ServerModel::Capped => Box::new(Capped { workers: self.whole(0), limit: self.whole(1) }),
            ServerModel::Deadline => Box::new(Deadline { workers: self.whole(0), deadline: self.value(1) }),
            ServerModel::Failing => Box::new(Failing(self.share(0))),
        }
    }

    fn holders(&self, places: usize, held: Held) -> Box<dyn Server> {
        Box::new(Holders { places, share: self.share(0), held })
    }

    /// Returns the name and the value of the main parameter, if there is one.
    pub(super) fn main_parameter(&self) -> Option<(&'static str, f64)> {
        let all = self.parameters();
        let named = match self.model {
            ServerModel::Unlimited | ServerModel::Uneven | ServerModel::SingleFlight => return None,
            ServerModel::Pool
            | ServerModel::LastFirst
            | ServerModel::AnyOrder
            | ServerModel::InnerFirst
            | ServerModel::InnerLast
            | ServerModel::Deadline => ("workers", all.workers),
            ServerModel::Pace
            | ServerModel::Bucket
            | ServerModel::Cost
            | ServerModel::Accepting
            | ServerModel::RateCap
            | ServerModel::WindowCap
            | ServerModel::WindowOfAll
            | ServerModel::WindowEstimate => ("per_second", all.per_second),
            ServerModel::LockFirst | ServerModel::LockLast | ServerModel::Failing => ("share", all.share),
            ServerModel::Processors | ServerModel::PooledProcessors => ("cores", all.cores),
            ServerModel::Batches | ServerModel::WarmPool => ("size", all.size),
            ServerModel::ColdStart | ServerModel::Pause => ("delay_ms", all.delay_ms),
            ServerModel::Growing => ("from", all.from),
            ServerModel::Sticky => ("processes", all.processes),
            ServerModel::Capped => ("limit", all.limit),
        };
        named.1.map(|value| (named.0, value))
    }

    /// Returns the parameters for people. `median` is the median service time in seconds.
    pub(super) fn parameters(&self) -> Parameters {
        let none = Parameters::default();
        let median = self.point[0].exp();
        let whole = |i: usize| Some(self.whole(i) as f64);
        match self.model {
            ServerModel::Unlimited | ServerModel::SingleFlight => none,
            ServerModel::Uneven => Parameters { parts: Some(2.0), ..none },
            ServerModel::Pause => Parameters { delay_ms: Some(self.value(1) * 1e3), ..none },
            ServerModel::Pool => Parameters { workers: whole(0), ..none },
            ServerModel::LastFirst => Parameters { workers: whole(0), order: Some(Order::Lifo), ..none },
            ServerModel::AnyOrder => Parameters { workers: whole(0), order: Some(Order::Random), ..none },
            ServerModel::Pace | ServerModel::Cost | ServerModel::Accepting => {
                Parameters { per_second: Some(1.0 / self.value(0)), ..none }
            }
            ServerModel::Bucket | ServerModel::RateCap => {
                Parameters { per_second: Some(1.0 / self.value(0)), burst: whole(1), ..none }
            }
            ServerModel::WindowCap | ServerModel::WindowOfAll | ServerModel::WindowEstimate => {
                Parameters { per_second: Some(self.whole(1) as f64 / self.value(0)), burst: whole(1), ..none }
            }
            ServerModel::LockFirst | ServerModel::LockLast => Parameters {
                share: Some(self.share(0)),
                per_second: Some(1.0 / (self.share(0) * median)),
                ..none
            },
            ServerModel::InnerFirst | ServerModel::InnerLast => Parameters {
                share: Some(self.share(0)),
                workers: whole(1),
                per_second: Some(self.whole(1) as f64 / (self.share(0) * median)),
                ..none
            },
            ServerModel::Processors => Parameters { cores: Some(self.value(0)), ..none },
            ServerModel::PooledProcessors => {
                Parameters { cores: Some(self.value(0)), at_once: whole(1), ..none }
            }
            ServerModel::Batches => Parameters { size: whole(0), ..none },
            ServerModel::ColdStart => Parameters { delay_ms: Some(self.value(0) * 1e3), ..none },
            ServerModel::WarmPool => {
                Parameters { size: whole(1), delay_ms: Some(self.value(0) * 1e3), ..none }
            }
            ServerModel::Growing => {
                Parameters { from: whole(0), to: Some((self.whole(0) + self.whole(1)) as f64), ..none }
            }
            ServerModel::Sticky => Parameters { processes: whole(0), workers: whole(1), ..none },
            ServerModel::Capped => Parameters { limit: whole(1), ..none },
            ServerModel::Deadline => {
                Parameters { workers: whole(0), delay_ms: Some(self.value(1) * 1e3), ..none }
            }
            ServerModel::Failing => Parameters { share: Some(self.share(0)), ..none },
        }
    }
}

fn bucket(gap: f64, size: f64, refuses: bool) -> Bucket {
    Bucket { gap, size, refuses, due: f64::NEG_INFINITY }
}
