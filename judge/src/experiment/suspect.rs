//! A suspected server: a mechanism with its parameters.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;

use super::server::{
    Accepting, Batches, Bucket, Capped, Deadline, Failing, Growing, Held, Holders, Instances, Pool,
    Processors, Server, SingleFlight, Sticky, Unlimited, Unordered, Window,
};
use crate::mechanism::{Name, Order, Parameters};

/// A kind of server. Several kinds may have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Unlimited,
    Uneven,
    Pause,
    Pool,
    LastFirst,
    AnyOrder,
    Pace,
    Bucket,
    Cost,
    Accepting,
    LockFirst,
    LockLast,
    InnerFirst,
    InnerLast,
    Processors,
    Batches,
    ColdStart,
    WarmPool,
    Growing,
    Sticky,
    SingleFlight,
    Capped,
    Deadline,
    RateCap,
    /// As [`Self::RateCap`], over a sliding window of time.
    WindowCap,
    /// As [`Self::WindowCap`]; refused requests count, too.
    WindowOfAll,
    Failing,
}

/// What is known of a sort before anything is measured.
pub(super) struct Habit {
    pub(super) sort: Sort,
    pub(super) name: Name,
    /// The prior probability.
    pub(super) prior: f64,
    /// The probability that another endpoint of the server shares the limit.
    pub(super) shared: f64,
}

const fn habit(sort: Sort, name: Name, prior: f64, shared: f64) -> Habit {
    Habit { sort, name, prior, shared }
}

/// The sorts that serve all requests.
pub(super) const SERVING: [Habit; 21] = [
    habit(Sort::Unlimited, Name::None, 0.25, 0.5),
    habit(Sort::Uneven, Name::UnevenBackends, 0.06, 0.5),
    habit(Sort::Pause, Name::Pause, 0.02, 0.5),
    habit(Sort::Pool, Name::WorkerPool, 0.2, 0.85),
    habit(Sort::LastFirst, Name::WorkerPool, 0.02, 0.85),
    habit(Sort::AnyOrder, Name::WorkerPool, 0.02, 0.85),
    habit(Sort::Pace, Name::RateLimit, 0.06, 0.6),
    habit(Sort::Bucket, Name::RateLimit, 0.04, 0.6),
    habit(Sort::Cost, Name::Throughput, 0.04, 0.97),
    habit(Sort::Accepting, Name::SlowAccept, 0.03, 0.97),
    habit(Sort::LockFirst, Name::Lock, 0.03, 0.15),
    habit(Sort::LockLast, Name::Lock, 0.03, 0.15),
    habit(Sort::InnerFirst, Name::InnerPool, 0.025, 0.15),
    habit(Sort::InnerLast, Name::InnerPool, 0.025, 0.15),
    habit(Sort::Processors, Name::SharedCpu, 0.08, 0.97),
    habit(Sort::Batches, Name::Batching, 0.03, 0.15),
    habit(Sort::ColdStart, Name::ColdStart, 0.05, 0.3),
    habit(Sort::WarmPool, Name::WarmPool, 0.03, 0.3),
    habit(Sort::Growing, Name::Growth, 0.03, 0.8),
    habit(Sort::Sticky, Name::StickyConnections, 0.04, 0.9),
    habit(Sort::SingleFlight, Name::SingleFlight, 0.02, 0.1),
];

/// The sorts that refuse requests.
pub(super) const REFUSING: [Habit; 6] = [
    habit(Sort::Capped, Name::ConcurrencyCap, 0.4, 0.7),
    habit(Sort::Deadline, Name::QueueDeadline, 0.2, 0.8),
    habit(Sort::RateCap, Name::RateCap, 0.15, 0.7),
    habit(Sort::WindowCap, Name::RateCap, 0.1, 0.7),
    habit(Sort::WindowOfAll, Name::RateCap, 0.05, 0.7),
    habit(Sort::Failing, Name::RandomFailures, 0.1, 0.5),
];

impl Sort {
    pub(super) fn habit(self) -> &'static Habit {
        SERVING.iter().chain(&REFUSING).find(|habit| habit.sort == self).unwrap_or(&SERVING[0])
    }
}

/// Two groups of service times are apart by at least so many of their standard deviations: the mixture of two normal
/// distributions has two modes from 2 on.
const APART: f64 = 2.0;
/// The share of the requests in a group.
const SHARES: RangeInclusive<f64> = 0.07..=0.93;
/// The windows over which rates are limited, in seconds: people choose round numbers.
pub(super) const WINDOWS: [f64; 8] = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// A limit that delays the last of a burst by less than this share of the longest service is as good as none.
const SHORT: f64 = 0.4;
/// A shorter deadline, as a share of the service time, is a cap.
const LEAST_DEADLINE: f64 = 0.3;

/// A suspected server with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspect {
    pub(super) sort: Sort,
    /// The logarithms of the median service time in seconds and of its spread, then those of the sort's parameters.
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

/// A distribution of service times. Their median and their spread are parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    LogNormal,
    Uniform,
    Gamma,
}

/// Half the width of a uniform distribution whose standard deviation is 1.
const HALF_WIDTH: f64 = 1.732_050_8;
/// The least service time, as a multiple of the median.
const LEAST_TIME: f64 = 0.02;

impl Shape {
    /// Returns the service time, as a multiple of the median, that belongs to a normal number.
    pub(super) fn time(self, normal: f64, spread: f64) -> f64 {
        match self {
            Self::LogNormal => (spread * normal).exp(),
            // The normal distribution function: Bowling and others, "A logistic approximation to the cumulative normal
            // distribution", 2009.
            Self::Uniform => {
                let rank = 1.0 / (1.0 + (-0.07056 * normal.powi(3) - 1.5976 * normal).exp());
                (1.0 + HALF_WIDTH * spread * (2.0 * rank - 1.0)).max(LEAST_TIME)
            }
            // Wilson and Hilferty, "The distribution of chi-square", 1931.
            Self::Gamma => {
                let ninth = spread * spread / 9.0;
                let root = (1.0 - ninth + normal * ninth.sqrt()) / (1.0 - ninth);
                root.max(0.0).powi(3).max(LEAST_TIME)
            }
        }
    }
}

impl Suspect {
    pub(super) fn name(&self) -> Name {
        self.sort.habit().name
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
        let possible = match self.sort {
            // Two groups that overlap are none, and a few stragglers are no group.
            Sort::Uneven => {
                let apart = (1.0 + self.value(1)).ln();
                SHARES.contains(&self.value(0)) && apart > APART * spread && self.value(1) > 0.2
            }
            Sort::WindowCap | Sort::WindowOfAll => {
                WINDOWS.iter().any(|window| (self.value(0) / window).ln().abs() < 1e-6)
            }
            Sort::LockFirst | Sort::LockLast => self.value(0) <= 0.93,
            Sort::InnerFirst | Sort::InnerLast => self.value(0) <= 0.93 && self.whole(1) >= 2,
            Sort::ColdStart => self.value(0) > 0.12 * self.point[0].exp(),
            Sort::WarmPool => self.value(0) > 0.12 * self.point[0].exp() && self.whole(1) >= 2,
            Sort::Pause => {
                let median = self.point[0].exp();
                self.value(1) > 0.15 * median && self.value(0) < 0.95 * median
            }
            Sort::Bucket => self.whole(1) >= 2,
            Sort::Capped => self.whole(0) <= self.whole(1),
            Sort::Batches => {
                let median = self.point[0].exp();
                self.whole(0) >= 2 && self.value(1) < median && self.value(2) < 0.5 * median
            }
            Sort::Sticky => self.whole(0) >= 2,
            Sort::SingleFlight => self.value(0) < 0.5 * self.point[0].exp(),
            Sort::Failing => self.value(0) < 0.97,
            Sort::Deadline => self.value(1) > LEAST_DEADLINE * self.point[0].exp(),
            Sort::Processors => self.value(0) >= 0.5,
            _ => true,
        };
        possible && (0.000_5..1.5).contains(&spread)
    }

    /// The largest delay on the way, in seconds. Where it matters, it is a parameter: answers that leave together come
    /// apart by it.
    pub(super) fn network(&self) -> f64 {
        match self.sort {
            Sort::SingleFlight => self.value(0),
            Sort::Batches => self.value(2),
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
        match self.sort {
            Sort::Pool | Sort::LastFirst | Sort::AnyOrder | Sort::Processors => self.value(0) <= most,
            Sort::Pace | Sort::Cost | Sort::Accepting => self.value(0) * all >= delay,
            Sort::Bucket => self.value(1) <= most && self.value(0) * (all - self.value(1)) >= 0.8 * delay,
            Sort::LockFirst | Sort::LockLast => self.share(0) * median * all >= delay,
            Sort::InnerFirst | Sort::InnerLast => {
                self.value(1) <= most && self.share(0) * median * (all / self.value(1) - 1.0) >= 0.6 * delay
            }
            Sort::WarmPool => self.value(1) <= most,
            // A pool with a few workers more after a long time is a pool.
            Sort::Growing => {
                let is_much = self.value(1) >= 0.25 * self.value(0);
                let lasts = self.value(1) * self.value(2);
                self.value(0) <= most && is_much && self.value(2) <= 2.0 * median && lasts >= 0.5 * median
            }
            Sort::Sticky => (self.whole(0) * self.whole(1)) as f64 <= 1.2 * all,
            _ => true,
        }
    }

    /// Returns the server before the first request.
    pub(super) fn server(&self) -> Box<dyn Server> {
        match self.sort {
            Sort::Unlimited => Box::new(Unlimited::default()),
            Sort::Uneven => Box::new(Unlimited {
                slow: Some((self.share(0), 1.0 + self.value(1))),
                ..Unlimited::default()
            }),
            Sort::Pause => Box::new(Unlimited {
                pause: Some((self.experiment, self.value(0), self.value(1))),
                ..Unlimited::default()
            }),
            Sort::Pool => Box::new(Pool(self.whole(0))),
            Sort::LastFirst | Sort::AnyOrder => {
                let is_last_first = self.sort == Sort::LastFirst;
                Box::new(Unordered { workers: self.whole(0), is_last_first })
            }
            Sort::Pace | Sort::Cost => Box::new(bucket(self.value(0), 1.0, false)),
            Sort::Bucket => Box::new(bucket(self.value(0), self.whole(1) as f64, false)),
            Sort::RateCap => Box::new(bucket(self.value(0), self.whole(1) as f64, true)),
            Sort::WindowCap | Sort::WindowOfAll => Box::new(Window {
                seconds: self.value(0),
                limit: self.whole(1),
                counts_refused: self.sort == Sort::WindowOfAll,
                recent: VecDeque::new(),
            }),
            Sort::Accepting => Box::new(Accepting(self.value(0))),
            Sort::LockFirst => self.holders(1, Held::First),
            Sort::LockLast => self.holders(1, Held::Last),
            Sort::InnerFirst => self.holders(self.whole(1), Held::First),
            Sort::InnerLast => self.holders(self.whole(1), Held::Last),
            Sort::Processors => Box::new(Processors(self.value(0))),
            Sort::Batches => Box::new(Batches { size: self.whole(0), gather: self.value(1) }),
            Sort::ColdStart => Box::new(Instances { warm: usize::from(self.is_warm), delay: self.value(0) }),
            Sort::WarmPool => Box::new(Instances { warm: self.whole(1), delay: self.value(0) }),
            Sort::Growing => Box::new(Growing {
                workers: self.whole(0),
                to: self.whole(0) + self.whole(1),
                every: self.value(2),
            }),
            Sort::Sticky => {
                Box::new(Sticky { processes: self.whole(0), each: self.whole(1), accepted: HashMap::new() })
            }
            Sort::SingleFlight => Box::new(SingleFlight),
            Sort::Capped => Box::new(Capped { workers: self.whole(0), limit: self.whole(1) }),
            Sort::Deadline => Box::new(Deadline { workers: self.whole(0), deadline: self.value(1) }),
            Sort::Failing => Box::new(Failing(self.share(0))),
        }
    }

    fn holders(&self, places: usize, held: Held) -> Box<dyn Server> {
        Box::new(Holders { places, share: self.share(0), held })
    }

    /// Returns the parameters for people. `median` is the median service time in seconds.
    pub(super) fn parameters(&self) -> Parameters {
        let none = Parameters::default();
        let median = self.point[0].exp();
        let whole = |i: usize| Some(self.whole(i) as f64);
        match self.sort {
            Sort::Unlimited | Sort::SingleFlight => none,
            Sort::Uneven => Parameters { parts: Some(2.0), ..none },
            Sort::Pause => Parameters { delay_ms: Some(self.value(1) * 1e3), ..none },
            Sort::Pool => Parameters { workers: whole(0), ..none },
            Sort::LastFirst => Parameters { workers: whole(0), order: Some(Order::Lifo), ..none },
            Sort::AnyOrder => Parameters { workers: whole(0), order: Some(Order::Random), ..none },
            Sort::Pace | Sort::Cost | Sort::Accepting => {
                Parameters { per_second: Some(1.0 / self.value(0)), ..none }
            }
            Sort::Bucket | Sort::RateCap => {
                Parameters { per_second: Some(1.0 / self.value(0)), burst: whole(1), ..none }
            }
            Sort::WindowCap | Sort::WindowOfAll => {
                Parameters { per_second: Some(self.whole(1) as f64 / self.value(0)), burst: whole(1), ..none }
            }
            Sort::LockFirst | Sort::LockLast => Parameters {
                share: Some(self.share(0)),
                per_second: Some(1.0 / (self.share(0) * median)),
                ..none
            },
            Sort::InnerFirst | Sort::InnerLast => Parameters {
                share: Some(self.share(0)),
                workers: whole(1),
                per_second: Some(self.whole(1) as f64 / (self.share(0) * median)),
                ..none
            },
            Sort::Processors => Parameters { cores: Some(self.value(0)), ..none },
            Sort::Batches => Parameters { size: whole(0), ..none },
            Sort::ColdStart => Parameters { delay_ms: Some(self.value(0) * 1e3), ..none },
            Sort::WarmPool => Parameters { size: whole(1), delay_ms: Some(self.value(0) * 1e3), ..none },
            Sort::Growing => {
                Parameters { from: whole(0), to: Some((self.whole(0) + self.whole(1)) as f64), ..none }
            }
            Sort::Sticky => Parameters { processes: whole(0), workers: whole(1), ..none },
            Sort::Capped => Parameters { limit: whole(1), ..none },
            Sort::Deadline => Parameters { workers: whole(0), delay_ms: Some(self.value(1) * 1e3), ..none },
            Sort::Failing => Parameters { share: Some(self.share(0)), ..none },
        }
    }
}

fn bucket(gap: f64, size: f64, refuses: bool) -> Bucket {
    Bucket { gap, size, refuses, due: f64::NEG_INFINITY }
}
