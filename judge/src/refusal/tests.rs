//! Refusals by simulated servers whose mechanism is known.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use simulator::Random;
use simulator::mechanism::paced::{Excess, Rate};
use simulator::mechanism::pool::Pool;
use simulator::mechanism::unlimited::Unlimited;
use simulator::mechanism::{Load, Noise, Server, Service, burst};

use super::*;
use crate::schedule::Schedule;
use crate::trace::{ErrorKind, Fault, Outcome, Row};

/// The number of bursts at each kind of server.
const BURSTS: usize = 300;

fn fired(server: &mut dyn Server, service: Service, load: Load, noise: Noise, random: &mut Random) -> Trace {
    let burst = burst(server, service, load, noise, random);
    let rows = burst.requests.iter().enumerate().map(|(i, request)| Row {
        i,
        planned_us: request.planned.map(|planned| planned * 1e6),
        sent_us: Some(request.sent * 1e6),
        done_us: request.done * 1e6,
        outcome: Outcome::Answered(request.status),
        ..Row::default()
    });
    let spacing = Duration::from_secs_f64(load.spacing);
    let schedule = Schedule { c: load.c, spacing, ..Schedule::together(load.n) };
    Trace::new(schedule, service.mean() * 1e3, rows.collect())
}

/// A random load: all at once, a closed loop, or spaced.
fn load(service: f64, random: &mut Random) -> Load {
    let c = random.log_uniform(8, 100);
    match (random.uniform() * 3.0) as usize {
        0 => Load { n: c, c, spacing: 0.0 },
        1 => Load { n: c * random.log_uniform(2, 20), c, spacing: 0.0 },
        _ => Load { n: c, c, spacing: service * random.between(0.01, 0.5) },
    }
}

fn service(random: &mut Random) -> Service {
    let mean = random.log_uniform(20, 2_000) as f64 / 1e3;
    match (random.uniform() * 4.0) as usize {
        0 => Service::Constant(mean),
        1 => Service::Uniform(mean, random.between(0.0, 0.5)),
        2 => Service::Gamma(mean, random.between(2.0, 50.0)),
        _ => Service::LogNormal(mean, random.between(0.0, 0.8)),
    }
}

/// Fires a random burst at a random server of this mechanism; `None` if it has too few refusals or answers.
fn burst_at(name: Name, random: &mut Random) -> Option<Trace> {
    let service = service(random);
    let mean = service.mean();
    let load = load(mean, random);
    let noise = Noise { network: random.between(0.0001, 0.002), delayed: 0.02, delay: 0.005 };
    let workers = random.log_uniform(1, 20);
    let mut server: Box<dyn Server> = match name {
        Name::ConcurrencyCap => Box::new(Pool::new(workers).capped((random.uniform() * 20.0) as usize)),
        Name::QueueDeadline => {
            Box::new(Pool::new(workers).deadline(mean.max(0.03) * random.between(0.6, 3.0)))
        }
        Name::RateCap => {
            let per_second = random.between(0.2, 5.0) * load.c as f64 / mean;
            Box::new(Rate::new(per_second / 10.0, random.log_uniform(1, 30), Excess::Refused))
        }
        _ => Box::new(Unlimited::new().failing(random.between(0.05, 0.5))),
    };
    let trace = fired(server.as_mut(), service, load, noise, random);
    let answered = trace.answered().count();
    (answered >= 3 && trace.rows.len() - answered >= 2).then_some(trace)
}

const NAMES: [Name; 4] = [Name::ConcurrencyCap, Name::RateCap, Name::QueueDeadline, Name::RandomFailures];

/// The number of bursts, of named classes, of right ones, and of wrong kinds.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    bursts: usize,
    named: usize,
    right: usize,
    wrong_kind: usize,
}

/// Counts how often mechanisms are right. `outcome` gives the outcome of a refused request by its status.
fn score(outcome: impl Fn(u16) -> Outcome) -> BTreeMap<Name, Count> {
    let mut random = Random::new(21);
    let mut counts: BTreeMap<Name, Count> = BTreeMap::new();
    for name in NAMES {
        let count = counts.entry(name).or_default();
        while count.bursts < BURSTS {
            let Some(mut trace) = burst_at(name, &mut random) else { continue };
            for row in &mut trace.rows {
                if let Outcome::Answered(status @ 400..) = row.outcome {
                    row.outcome = outcome(status);
                }
            }
            let refusals = Refusals::of(&trace).unwrap();
            let named = refusals.named();
            count.bursts += 1;
            count.named += usize::from(named.is_some());
            count.right += usize::from(named.is_some_and(|class| class.class().any(|one| one == name)));
            let is_random = name == Name::RandomFailures;
            count.wrong_kind += usize::from(is_random != refusals.random_share().is_some());
        }
    }
    counts
}

#[test]
fn mechanisms_are_told_apart() {
    let counts = score(Outcome::Answered);
    for (name, count) in counts {
        assert!(count.right * 100 >= count.named * 97, "{name}: {count:?}");
        assert!(count.wrong_kind * 100 <= count.bursts, "{name}: {count:?}");
        assert!(count.named * 100 >= count.bursts * 60, "{name}: {count:?}");
    }
}

/// Broken connections don't tell a cap from a failure, so that only order, load and time can. In one burst of requests that
/// are all refused or answered at once, they can't: nothing is named.
#[test]
fn without_a_status_load_and_time_decide() {
    let counts = score(|_| Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset")));
    for (name, count) in counts {
        assert!(count.right * 100 >= count.named * 97, "{name}: {count:?}");
        assert!(count.named * 100 >= count.bursts * 30, "{name}: {count:?}");
        if name != Name::RandomFailures {
            assert!(count.wrong_kind * 100 <= count.bursts * 4, "{name}: {count:?}");
        }
    }
}

/// Requests that are all sent at once; `refused` tells how each is refused, and after how many milliseconds.
fn at_once(n: usize, refused: impl Fn(usize) -> Option<(u16, f64)>) -> Trace {
    let row = |i: usize| {
        let (status, ms) = refused(i).unwrap_or((200, 1_000.0));
        let sent = 20.0 * i as f64;
        Row {
            i,
            planned_us: Some(0.0),
            sent_us: Some(sent),
            done_us: sent + ms * 1e3,
            outcome: Outcome::Answered(status),
            ..Row::default()
        }
    };
    Trace::new(Schedule::together(n), 1_000.0, (0..n).map(row).collect())
}

#[test]
fn in_one_burst_a_cap_and_a_rate_are_one_class() {
    let first = explain(&at_once(30, |i| (i >= 20).then_some((503, 1.0)))).unwrap().remove(0);
    assert_eq!((first.name, first.or.as_slice()), (Name::ConcurrencyCap, [Name::RateCap].as_slice()));
    assert_eq!(first.parameters.limit, Some(20.0));
    assert!(first.probability >= NAMED, "{first:?}");
    let first = explain(&at_once(30, |i| (i >= 20).then_some((429, 1.0)))).unwrap().remove(0);
    assert_eq!((first.name, first.or.as_slice()), (Name::RateCap, [Name::ConcurrencyCap].as_slice()));
    assert_eq!((first.parameters.burst, first.parameters.per_second), (Some(20.0), None));
}

#[test]
fn failures_in_any_order_are_random() {
    let any = |i: usize| [3, 7, 8, 14, 19, 22, 25, 31, 34, 38].contains(&i).then_some((500, 1.0));
    let first = explain(&at_once(40, any)).unwrap().remove(0);
    assert_eq!((first.name, first.parameters.share), (Name::RandomFailures, Some(0.25)));
    // A handler that fails at its end.
    let late = |i: usize| any(i).map(|(status, _)| (status, 1_001.0));
    let first = explain(&at_once(40, late)).unwrap().remove(0);
    assert_eq!(first.name, Name::RandomFailures, "{first:?}");
    assert!(first.probability >= NAMED, "{first:?}");
}

#[test]
fn refusals_after_a_fixed_wait_are_a_deadline() {
    let first = explain(&at_once(30, |i| (i >= 20).then_some((503, 800.0)))).unwrap().remove(0);
    assert_eq!((first.name, first.parameters.delay_ms), (Name::QueueDeadline, Some(800.0)));
    assert!(first.probability >= NAMED, "{first:?}");
}

#[test]
fn nothing_is_explained_without_answers_or_refusals() {
    assert_eq!(explain(&at_once(10, |_| None)), None);
    assert_eq!(explain(&at_once(10, |_| Some((503, 1.0)))), None);
    assert_eq!(explain(&at_once(10, |i| (i > 5).then_some((404, 1.0)))), None);
    assert_eq!(explain(&Trace::new(Schedule::together(0), f64::NAN, Vec::new())), None);
}

proptest! {
    #[test]
    fn probabilities_of_any_trace_add_up_to_one(
        rows in prop::collection::vec((any::<f64>(), any::<f64>(), prop::sample::select(vec![200, 404, 429, 500, 503])), 0..40),
        c in 0_usize..40,
        service_ms in any::<f64>(),
    ) {
        let row = |(i, (sent, done, status)): (usize, &(f64, f64, u16))| Row {
            i,
            sent_us: Some(*sent),
            done_us: *done,
            outcome: Outcome::Answered(*status),
            ..Row::default()
        };
        let n = rows.len();
        let rows = rows.iter().enumerate().map(row).collect();
        let trace = Trace::new(Schedule { c, ..Schedule::together(n) }, service_ms, rows);
        if let Some(mechanisms) = explain(&trace) {
            let all: f64 = mechanisms.iter().map(|one| one.probability).sum();
            prop_assert!((all - 1.0).abs() < 1e-6, "{mechanisms:?}");
        }
    }
}
