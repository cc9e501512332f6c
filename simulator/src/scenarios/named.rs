//! Random parameters for the mechanisms that the judge can name.

use judge::mechanism::Name;

use super::draft::{Draft, Knobs};
use super::subject::Subject;
use crate::Random;
use crate::mechanism::batching::Batching;
use crate::mechanism::instances::ColdStart;
use crate::mechanism::lock::{Held, Lock};
use crate::mechanism::paced::{Cost, Excess, Rate};
use crate::mechanism::pool::{Order, Pool, Sticky};
use crate::mechanism::shared_cpu::SharedCpu;
use crate::mechanism::unlimited::{SingleFlight, Unlimited};

/// Draws the parameters of a mechanism, for services of this mean and bursts over `n` connections.
pub(super) fn draft(name: Name, mean: f64, n: usize, random: &mut Random) -> Draft {
    match name {
        Name::WorkerPool => worker_pool(random),
        Name::RateLimit => rate_limit(mean, random),
        Name::Lock | Name::InnerPool => lock_or_inner_pool(name, mean, random),
        Name::SharedCpu => shared_cpu(random),
        Name::Throughput | Name::SlowAccept => cost(name, mean, random),
        Name::Batching => batching(mean, random),
        Name::ColdStart => cold_start(mean, random),
        Name::WarmPool => warm_pool(mean, random),
        Name::Growth => growth(mean, random),
        Name::UnevenBackends => uneven_backends(random),
        Name::Pause => pause(mean, random),
        Name::StickyConnections => sticky_connections(random),
        Name::SingleFlight => {
            Draft::new(Subject::Named(name), String::new(), Knobs::default(), SingleFlight::default)
        }
        Name::ConcurrencyCap => concurrency_cap(n, random),
        Name::QueueDeadline => queue_deadline(mean, random),
        Name::RateCap => rate_cap(mean, n, random),
        Name::RandomFailures => random_failures(random),
        // Instances that block each other are known by evidence alone, and the simulator gives none.
        Name::None | Name::SharedInstance => {
            Draft::new(Subject::Named(name), String::new(), Knobs::default(), Unlimited::new)
        }
    }
}

fn worker_pool(random: &mut Random) -> Draft {
    let k = random.log_uniform(2, 64);
    let order = match (random.uniform() * 5.0) as usize {
        0 => Order::Lifo,
        1 => Order::Random,
        _ => Order::Fifo,
    };
    pool(Subject::Named(Name::WorkerPool), k, order)
}

fn rate_limit(mean: f64, random: &mut Random) -> Draft {
    let gap = mean * random.log_uniform(20, 2_000) as f64 / 1e3;
    let bucket = if random.chance(0.6) { 1 } else { random.log_uniform(2, 20) };
    let knobs = Knobs { gap: Some(gap), bucket, ..Knobs::default() };
    let text = format!("{:.2} a second, bucket of {bucket}", 1.0 / gap);
    Draft::new(Subject::Named(Name::RateLimit), text, knobs, move || {
        Rate::new(1.0 / gap, bucket, Excess::Delayed)
    })
}

fn lock_or_inner_pool(name: Name, mean: f64, random: &mut Random) -> Draft {
    let k = if name == Name::Lock { 1 } else { random.log_uniform(2, 16) };
    let share = random.between(0.1, 1.0);
    let held = if random.chance(0.5) { Held::First } else { Held::Last };
    let knobs = Knobs { k: Some(k), share, gap: Some(mean * share / k as f64), ..Knobs::default() };
    let text = format!("{share:.2} of the time, by {k}, {held:?}");
    Draft::new(Subject::Named(name), text, knobs, move || Lock::new(share, k, held))
}

fn shared_cpu(random: &mut Random) -> Draft {
    let k = random.log_uniform(1, 32);
    let knobs = Knobs { k: Some(k), ..Knobs::default() };
    Draft::new(Subject::Named(Name::SharedCpu), format!("{k} cores"), knobs, move || SharedCpu::new(k))
}

fn cost(name: Name, mean: f64, random: &mut Random) -> Draft {
    // A cost far below the service time, or as much.
    let high = if name == Name::Throughput { 1_000 } else { 300 };
    let gap = mean * random.log_uniform(10, high) as f64 / 1e3;
    let knobs = Knobs { gap: Some(gap), bucket: 1, ..Knobs::default() };
    Draft::new(Subject::Named(name), format!("{gap:.4} s for each"), knobs, move || Cost::new(gap))
}

fn batching(mean: f64, random: &mut Random) -> Draft {
    let (k, gather) = (random.log_uniform(2, 32), mean * random.between(0.01, 0.3));
    let knobs = Knobs { k: Some(k), ..Knobs::default() };
    Draft::new(
        Subject::Named(Name::Batching),
        format!("{k} together, gathered for {gather:.3} s"),
        knobs,
        move || Batching::new(k, gather),
    )
}

fn cold_start(mean: f64, random: &mut Random) -> Draft {
    let delay = mean * random.between(0.3, 5.0);
    let knobs = Knobs { delay, k: Some(1), ..Knobs::default() };
    Draft::new(Subject::Named(Name::ColdStart), format!("{delay:.3} s"), knobs, move || {
        ColdStart::new(1, delay)
    })
}

fn warm_pool(mean: f64, random: &mut Random) -> Draft {
    let (k, delay) = (random.log_uniform(2, 64), mean * random.between(0.3, 3.0));
    let knobs = Knobs { delay, k: Some(k), ..Knobs::default() };
    Draft::new(
        Subject::Named(Name::WarmPool),
        format!("{k} warm, {delay:.3} s for others"),
        knobs,
        move || ColdStart::new(k, delay),
    )
}

fn growth(mean: f64, random: &mut Random) -> Draft {
    let from = random.log_uniform(1, 16);
    let to = from + random.log_uniform(1, 32);
    let interval = mean * random.between(0.1, 1.5);
    let text = format!("from {from} to {to}, one each {interval:.3} s");
    let delay = interval * (to - from) as f64;
    let knobs = Knobs { k: Some(from), to: Some(to), delay, ..Knobs::default() };
    Draft::new(Subject::Named(Name::Growth), text, knobs, move || Pool::new(from).growing(interval, to))
}

fn uneven_backends(random: &mut Random) -> Draft {
    let (share, factor) = (random.between(0.15, 0.6), random.between(1.5, 5.0));
    Draft::new(
        Subject::Named(Name::UnevenBackends),
        format!("{share:.2} takes {factor:.1} times as long"),
        Knobs::default(),
        move || Unlimited::backends(vec![(1.0 - share, 1.0), (share, factor)]),
    )
}

fn pause(mean: f64, random: &mut Random) -> Draft {
    let (from, delay) = (mean * random.between(0.0, 1.0), mean * random.between(0.3, 4.0));
    let knobs = Knobs { delay, ..Knobs::default() };
    Draft::new(Subject::Named(Name::Pause), format!("{delay:.3} s from {from:.3} s"), knobs, move || {
        Unlimited::new().pausing(from, delay)
    })
    .alone(Unlimited::new)
}

fn sticky_connections(random: &mut Random) -> Draft {
    let (processes, each) = (random.log_uniform(2, 8), random.log_uniform(1, 8));
    let knobs = Knobs { k: Some(processes * each), ..Knobs::default() };
    Draft::new(
        Subject::Named(Name::StickyConnections),
        format!("{processes} processes of {each}"),
        knobs,
        move || Sticky::new(processes, each),
    )
}

fn concurrency_cap(n: usize, random: &mut Random) -> Draft {
    let k = random.log_uniform(1, 32);
    let queue = if random.chance(0.5) { 0 } else { random.log_uniform(1, n) };
    let knobs = Knobs { k: Some(k), bucket: queue, ..Knobs::default() };
    Draft::new(
        Subject::Named(Name::ConcurrencyCap),
        format!("{k} at once, {queue} may wait"),
        knobs,
        move || Pool::new(k).capped(queue),
    )
}

fn queue_deadline(mean: f64, random: &mut Random) -> Draft {
    let (k, deadline) = (random.log_uniform(1, 32), mean * random.between(0.5, 5.0));
    let knobs = Knobs { k: Some(k), delay: deadline, ..Knobs::default() };
    Draft::new(
        Subject::Named(Name::QueueDeadline),
        format!("{k} workers, {deadline:.3} s"),
        knobs,
        move || Pool::new(k).deadline(deadline),
    )
}

fn rate_cap(mean: f64, n: usize, random: &mut Random) -> Draft {
    let (gap, bucket) = (mean * random.between(0.02, 2.0), random.log_uniform(1, n));
    let knobs = Knobs { gap: Some(gap), bucket, ..Knobs::default() };
    let text = format!("{:.2} a second, bucket of {bucket}", 1.0 / gap);
    Draft::new(Subject::Named(Name::RateCap), text, knobs, move || {
        Rate::new(1.0 / gap, bucket, Excess::Refused)
    })
}

fn random_failures(random: &mut Random) -> Draft {
    let share = random.between(0.05, 0.5);
    Draft::new(
        Subject::Named(Name::RandomFailures),
        format!("{share:.2} fail"),
        Knobs::default(),
        move || Unlimited::new().failing(share),
    )
    .alone(Unlimited::new)
}

/// A pool that serves waiting requests in this order.
pub(super) fn pool(subject: Subject, k: usize, order: Order) -> Draft {
    Draft::new(subject, format!("{k} workers, {order:?}"), Knobs::of(k), move || Pool::new(k).ordered(order))
}
