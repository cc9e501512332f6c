//! Random parameters for each server.

use super::draft::{Draft, Knobs};
use super::named::{self, pool};
use super::subject::Subject;
use crate::Random;
use crate::mechanism::instances::ColdStart;
use crate::mechanism::outside::{Change, Changing, Congested, Priority, Tandem, Ticking};
use crate::mechanism::pool::Order;
use crate::mechanism::{Load, Service};

impl Subject {
    /// Random parameters.
    pub(crate) fn draft(self, service: Service, load: Load, random: &mut Random) -> Draft {
        let mean = service.mean();
        let (n, requests) = (load.c, load.n);
        match self {
            Self::Named(name) => named::draft(name, mean, n, random),
            Self::OneWorker => pool(self, 1, Order::Fifo),
            Self::Congested => {
                // The first of all requests takes 1.5 to 4 times as long as the last.
                let (k, share) = (workers(n, random), random.between(0.5, 3.0) / n as f64);
                let text = format!("{k} workers, {share:.3} more for each waiting");
                Draft::new(self, text, Knobs::of(k), move || Congested::new(k, share))
            }
            Self::Ticking => {
                let tick = mean * random.between(0.2, 1.0);
                let knobs = Knobs { delay: tick, ..Knobs::default() };
                Draft::new(self, format!("a tick every {tick:.3} s"), knobs, move || Ticking::new(tick))
            }
            Self::ContendedStarts => {
                let (start, contention) = (mean * random.between(0.5, 2.0), random.between(0.02, 0.2));
                let text = format!("{start:.3} s, {contention:.2} more for each other");
                Draft::new(self, text, Knobs::default(), move || {
                    ColdStart::new(1, start).contended(contention)
                })
            }
            Self::Priority => {
                let k = workers(n, random);
                Draft::new(self, format!("{k} workers"), Knobs::of(k), move || Priority::new(k))
            }
            Self::Drift => {
                // Services become longer by this rate's exponential: in the end 1.3 to 4 times as long.
                let k = workers(n, random);
                let rate = random.between(0.3, 1.4) * k as f64 / (requests as f64 * mean);
                let text = format!("{k} workers, {rate:.3} slower each second");
                Draft::new(self, text, Knobs::of(k), move || Changing::new(k, Change::Drift(rate)))
            }
            Self::Tandem => {
                let (first, second) = (workers(n, random), workers(n, random));
                let share = random.between(0.2, 0.8);
                let text = format!("{first} workers for {share:.2} of the time, then {second}");
                Draft::new(self, text, Knobs::default(), move || Tandem::new([first, second], share))
            }
            Self::Phases => {
                let (k, seconds) = (workers(n, random), mean * random.between(1.5, 4.0));
                let factor = random.between(1.8, 4.0);
                let text = format!("{k} workers, {factor:.1} times as slow in every other {seconds:.3} s");
                let change = Change::Phases(seconds, factor);
                Draft::new(self, text, Knobs::of(k), move || Changing::new(k, change))
            }
        }
    }
}

/// A number of workers that most often is below the number of requests.
fn workers(n: usize, random: &mut Random) -> usize {
    random.log_uniform(1, n.min(48))
}
