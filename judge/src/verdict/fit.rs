//! Which pool size explains the answers best.

use super::arrivals::Arrivals;
use super::model;
use crate::trace::Trace;

/// As many sizes are tried at a time; the next round looks closer around the best.
const TRIED: usize = 64;
/// Sizes whose deviations differ by no more than this, in service times and as a share of the best
/// deviation, are as good as each other.
const TOLERANCE: (f64, f64) = (0.02, 0.2);
/// Where it isn't known whether a burst was taken up late, what costs up to so many times as much is nearly as good.
const RIVAL: f64 = 1.5;
/// How far answers may be from where the pool has them, in service times, for one wave.
const SLACK: f64 = 0.3;
/// The same, on average, where nothing but service times that vary by 30 % to either side is at work.
const SNUG: f64 = 0.09;
/// The service time in the burst, in that of a request alone: the least and the most that is believed.
const SERVICE: (f64, f64) = (0.6, 1.6);
/// How much service times may vary unseen: the standard deviation of what is spread evenly over 30 %
/// to either side, as a share; and the least that is assumed.
const SPREAD: (f64, f64) = (0.18, 0.02);
/// The way there and back is part of an answer's time, and not of a place's: the share that it may have.
const WAY: f64 = 0.02;
/// So many standard errors of the mean service time are allowed for.
const ERRORS: f64 = 2.8;
/// The first wave's end, in times of the first answer: the least and the most. With service times that
/// vary by 30 % to either side, no answer of a second wave comes before 1.54, and none of the first after 1.86.
const FIRST_WAVE: (f64, f64) = (1.5, 1.92);
/// The most, where the wave has no clear end: they may vary by more than that.
const BLURRED: f64 = 2.5;

/// The pool size that explains the answers best.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The best size.
    pub k: usize,
    /// The least that is as good.
    pub low: usize,
    /// The most that is as good.
    pub high: usize,
    /// Whether the answers, and the last one, came where a pool of `k` has them, give or take what
    /// varies: a straggler makes no second wave.
    pub holds: bool,
    /// Whether they are as near to that as with service times that vary by 30 % to either side.
    pub tight_fit: bool,
    cost: f64,
    /// How many sizes were tried to find it.
    #[cfg(test)]
    pub tried: usize,
}

/// A size that was tried.
#[derive(Debug, Clone, Copy)]
struct Tried {
    k: usize,
    /// How far the answers are from where a pool of `k` would have them, on average, in times of a request alone.
    deviation: f64,
    /// The service time that goes with `k`, in the same.
    service: f64,
    /// How far the whole is from what the first answers' service time makes of it; up to 1 is believed.
    service_mismatch: f64,
    /// The last answer's distance from where it should be, in service times.
    end_off: f64,
    waves: f64,
}

impl Tried {
    fn cost(&self) -> f64 {
        // What can't be is only taken where nothing else is there to be taken.
        let impossible = if self.service_mismatch > 1.0 { 1e3 * self.service_mismatch } else { 0.0 };
        self.deviation + 0.02 * self.service_mismatch + impossible
    }
}

/// Fits k by least absolute deviation of the sorted completions from those of a pool of k.
///
/// `effective` is the concurrency that the makespan shows. A pool of k has at least about that, and
/// not much more than twice that: only its last wave can run partly empty. `offered` is the most that
/// could ever be there.
pub fn fit(trace: &Trace, arrivals: &Arrivals, offered: usize, effective: f64) -> Option<Fit> {
    let seen = Completions::of(trace, arrivals)?;
    let (least, most) = seen.sizes(offered.max(1), effective);
    let fit = |late: bool| Fit::of(&search(least, most, |k| seen.try_size(arrivals, k, late)));
    let on_time = fit(false)?;
    // Only of those that were released together it shows that they were taken up late.
    if seen.together { Some(on_time.or(fit(true)?)) } else { Some(on_time) }
}

impl Fit {
    fn of(tried: &[Tried]) -> Option<Self> {
        let best = cheapest(tried)?;
        let (fixed, share) = TOLERANCE;
        let limit = best.deviation * (1.0 + share) + fixed;
        let as_good = || {
            let good = tried.iter().filter(|one| one.service_mismatch <= 1.0 && one.deviation <= limit);
            good.map(|one| one.k).chain([best.k])
        };
        // What varies from wave to wave adds up, as the root of their number.
        let slack = SLACK * best.waves.sqrt();
        Some(Self {
            k: best.k,
            low: as_good().min()?,
            high: as_good().max()?,
            holds: best.service_mismatch <= 1.0
                && best.deviation <= slack * best.service
                && best.end_off <= slack,
            tight_fit: best.deviation <= SNUG * best.waves.sqrt() * best.service,
            cost: best.cost(),
            #[cfg(test)]
            tried: tried.len(),
        })
    }

    /// The better one. Where the other is nearly as good, its sizes are, too: beside a request alone that was a quick
    /// one, any burst looks as if it had been taken up late.
    fn or(self, other: Self) -> Self {
        let (better, worse) = if other.cost < self.cost { (other, self) } else { (self, other) };
        let is_rival = worse.holds && worse.tight_fit && worse.cost <= RIVAL * better.cost + TOLERANCE.0;
        if !is_rival {
            return better;
        }
        Self { low: better.low.min(worse.low), high: better.high.max(worse.high), ..better }
    }
}

/// Tries sizes coarse to fine, each round closer around the best of the last.
fn search(least: usize, most: usize, mut try_size: impl FnMut(usize) -> Tried) -> Vec<Tried> {
    let (mut from, mut to) = (least, most);
    let mut tried: Vec<Tried> = Vec::new();
    loop {
        let step = (to - from).div_ceil(TRIED).max(1);
        for k in (from..to).step_by(step).chain([to]) {
            if tried.iter().all(|one| one.k != k) {
                tried.push(try_size(k));
            }
        }
        let Some(best) = cheapest(&tried).filter(|_| step > 1) else { return tried };
        (from, to) = (best.k.saturating_sub(step).max(least), (best.k + step).min(most));
    }
}

fn cheapest(tried: &[Tried]) -> Option<Tried> {
    tried.iter().copied().min_by(|a, b| a.cost().total_cmp(&b.cost()))
}

/// The answers, in the order in which they came.
struct Completions {
    /// From the first arrival, in microseconds.
    done: Vec<f64>,
    /// The sums of how long the first of them took, and of the squares.
    took: Vec<(f64, f64)>,
    /// How many of the first took no longer than those of a first wave can.
    alike: usize,
    alone_us: f64,
    together: bool,
}

impl Completions {
    fn of(trace: &Trace, arrivals: &Arrivals) -> Option<Self> {
        let alone_us = trace.service_ms * 1e3;
        let mut rows: Vec<(f64, f64)> =
            trace.answered().map(|row| (row.done_us, row.done_us - row.sent_us.unwrap_or(0.0))).collect();
        if rows.is_empty() || !alone_us.is_finite() || alone_us <= 0.0 {
            return None;
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let sums = rows.iter().scan((0.0, 0.0), |(sum, squares), (_, took)| {
            *sum += took;
            *squares += took * took;
            Some((*sum, *squares))
        });
        let alike = rows.iter().scan((f64::INFINITY, 0.0_f64), |(least, most), (_, took)| {
            (*least, *most) = (least.min(*took), most.max(*took));
            (*most <= FIRST_WAVE.1 * *least).then_some(())
        });
        Some(Self {
            alike: alike.count(),
            took: sums.collect(),
            done: rows.iter().map(|(done, _)| done - arrivals.first_us()).collect(),
            alone_us,
            together: arrivals.are_together(alone_us),
        })
    }

    /// The least and the most that a pool can have. None of its first answers waited: they took alike. All
    /// at once, about that many came before a second wave could.
    fn sizes(&self, offered: usize, effective: f64) -> (usize, usize) {
        let (least, most) = if self.together {
            // Of many, one may be quick by chance.
            let first = self.done.get((effective / 20.0) as usize).copied().unwrap_or(0.0);
            let by = |share: f64| self.done.partition_point(|done| *done < share * first);
            let (least, most) = (by(FIRST_WAVE.0), by(FIRST_WAVE.1));
            if least == most { (least, most) } else { (least, by(BLURRED)) }
        } else {
            let most = ((effective * 3.0).ceil() as usize).saturating_add(1);
            ((effective * 0.6).floor() as usize, most.min(self.alike))
        };
        let least = least.clamp(1, offered);
        (least, most.clamp(least, offered))
    }

    /// `late`: whether the burst may have been taken up late.
    fn try_size(&self, arrivals: &Arrivals, k: usize, late: bool) -> Tried {
        let first = arrivals.first_us();
        let mut service_us = self.service_us(k);
        let mut due: Vec<f64> =
            model::simulate(arrivals, service_us, k).done.iter().map(|due| due - first).collect();
        let late_us = if late { self.late_us(&due, service_us) } else { 0.0 };
        due.iter_mut().for_each(|due| *due = late_us + *due * (1.0 - late_us / service_us));
        service_us -= late_us;
        let total: f64 = due.iter().sum();
        let ratio = if total > 0.0 { self.done.iter().sum::<f64>() / total } else { 1.0 };
        // The whole tells the service time better than the first answers alone.
        if self.together {
            due.iter_mut().for_each(|due| *due *= ratio);
        } else {
            let simulated = model::simulate(arrivals, service_us * ratio, k);
            due = simulated.done.iter().map(|due| due - first).collect();
        }
        let off = |(seen, due): (&f64, &f64)| (seen - due).abs();
        let unit = (service_us * ratio).max(f64::MIN_POSITIVE);
        Tried {
            k,
            deviation: self.done.iter().zip(&due).map(off).sum::<f64>()
                / (due.len().max(1) as f64 * self.alone_us),
            service: unit / self.alone_us,
            service_mismatch: (ratio - 1.0).abs() / self.error(k),
            end_off: self.done.last().zip(due.last()).map_or(0.0, off) / unit,
            waves: (due.last().copied().unwrap_or(0.0) / unit).max(1.0),
        }
    }

    /// How late the server took up the burst, because it was busy: unlike a service that takes longer, that delays
    /// the waves after the first no further.
    fn late_us(&self, due: &[f64], service_us: f64) -> f64 {
        let (due_us, done_us): (f64, f64) = (due.iter().sum(), self.done.iter().sum());
        // By how much the sum falls for each microsecond that is taken off the service and put before the burst.
        let falls = (due_us / service_us - due.len() as f64).max(1.0);
        let longer_us = (service_us - self.alone_us).max(0.0);
        ((due_us - done_us) / falls).clamp(0.0, longer_us)
    }

    /// How long a service took, were `k` served at a time: the first k answers waited for nobody. The
    /// request alone is one more sample.
    fn service_us(&self, k: usize) -> f64 {
        let count = k.min(self.took.len());
        let (sum, _) = self.took[count - 1];
        let (least, most) = SERVICE;
        ((sum + self.alone_us) / (count + 1) as f64).clamp(least * self.alone_us, most * self.alone_us)
    }

    /// How far off that mean may be, as a share of it.
    fn error(&self, k: usize) -> f64 {
        let count = k.min(self.took.len());
        let (sum, squares) = self.took[count - 1];
        let mean = sum / count as f64;
        let spread = ((squares / count as f64 - mean * mean).max(0.0)).sqrt() / mean;
        let (most, least) = SPREAD;
        // Of a few, the spread isn't known.
        let spread = if count < 8 || spread.is_nan() { most } else { (1.2 * spread).clamp(least, most) };
        ERRORS * spread / (count as f64 + 1.0).sqrt() + WAY
    }
}
