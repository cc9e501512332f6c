//! The judge on servers whose truth is known.

mod any;
mod remedies;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::*;
use crate::schedule::Schedule;
use crate::trace::{ErrorKind, Evidence, Fault, Generator, MissingData, Row};

const SERVICE_MS: f64 = 1_000.0;

/// A server that takes `k` at a time, first come first served, each for the service time give or
/// take `jitter`.
fn pool(schedule: Schedule, k: usize, jitter: f64, rng: &mut TestRng) -> Trace {
    let mut places = vec![0.0_f64; k.min(schedule.n)];
    let lanes = schedule.connections();
    let mut lane_free = vec![0.0_f64; lanes];
    let mut rows = Vec::new();
    for i in 0..schedule.n {
        let first = i < lanes;
        let by_time =
            |times: &[f64]| (0..times.len()).min_by(|a, b| times[*a].total_cmp(&times[*b])).unwrap();
        let lane = if first { i } else { by_time(&lane_free) };
        let planned = schedule.spacing.as_secs_f64() * 1e6 * i as f64;
        let sent = if first { planned } else { lane_free[lane] };
        let place = by_time(&places);
        let service = SERVICE_MS * 1e3 * (1.0 + jitter * (2.0 * rng.random::<f64>() - 1.0));
        let done = sent.max(places[place]) + service;
        places[place] = done;
        lane_free[lane] = done;
        rows.push(answered(i, first.then_some(planned), sent, done));
    }
    trace(schedule, rows)
}

/// A server that shares `cores` among all that are there, each with work for the service time give
/// or take `jitter`.
fn shared_cores(n: usize, cores: usize, jitter: f64, rng: &mut TestRng) -> Trace {
    let mut work: Vec<f64> =
        (0..n).map(|_| SERVICE_MS * 1e3 * (1.0 + jitter * (2.0 * rng.random::<f64>() - 1.0))).collect();
    work.sort_by(f64::total_cmp);
    let (mut now, mut each) = (0.0, 0.0);
    let rows = work.iter().enumerate().map(|(i, work)| {
        now += (work - each) * ((n - i) as f64 / cores as f64).max(1.0);
        each = *work;
        answered(i, Some(0.0), 0.0, now)
    });
    trace(Schedule::together(n), rows.collect())
}

fn answered(i: usize, planned_us: Option<f64>, sent: f64, done: f64) -> Row {
    let outcome = Outcome::Answered(200);
    Row {
        i,
        planned_us,
        sent_us: Some(sent),
        first_byte_us: Some(done),
        done_us: done,
        outcome,
        ..Row::default()
    }
}

fn trace(schedule: Schedule, rows: Vec<Row>) -> Trace {
    let generator = Generator { cpu: 0.1, lag_p99_us: 100.0 };
    Trace {
        schedule,
        service_ms: SERVICE_MS,
        rows,
        shared_clock: true,
        keep_alive: true,
        generator,
        missing: MissingData::default(),
    }
}

fn rng() -> TestRng {
    TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha)
}

fn together(n: usize, k: usize) -> Trace {
    pool(Schedule::together(n), k, 0.0, &mut rng())
}

/// Requests that share an instance: `entered` and `left` in milliseconds.
fn in_instance(trace: &mut Trace, instance: &str, stays: &[(usize, f64, f64)]) {
    for (served, (i, entered, left)) in stays.iter().enumerate() {
        let ns = |ms: f64| (ms * 1e6) as u64;
        trace.rows[*i].evidence = Some(Evidence {
            instance: instance.to_owned(),
            endpoint: "e2-p4".to_owned(),
            style: "await-then-block".to_owned(),
            served: served as u32 + 1,
            entered_ns: ns(*entered),
            left_ns: ns(*left),
            start_ns: 0,
            host: None,
        });
    }
}

#[test]
fn all_at_once_is_parallel_and_together() {
    let verdict = judge(&together(10, 10));
    assert_eq!(
        (verdict.kind, verdict.shape, verdict.confidence),
        (Kind::Parallel, Some(Shape::Together), Confidence::High)
    );
    assert_eq!((verdict.at_a_time, verdict.at_a_time_low), (Some(10.0), Some(10.0)));
    assert_eq!(verdict.why, "10 requests took 1.00 s in all, one alone takes 1.00 s.");
}

#[test]
fn one_by_one_is_sequential_and_a_staircase() {
    let verdict = judge(&together(10, 1));
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Staircase)));
    assert_eq!(
        verdict.why,
        "10 requests took 10.0 s in all, one alone takes 1.00 s. They were answered one by one. \
         A single worker, a lock, or a handler that blocks an event loop could be why."
    );
    assert_eq!(verdict.remedy, None);
}

#[test]
fn a_pool_of_four_is_limited_to_four_in_waves() {
    let verdict = judge(&together(10, 4));
    assert_eq!(
        (verdict.kind, verdict.shape, verdict.at_a_time),
        (Kind::Limited, Some(Shape::Waves), Some(4.0))
    );
    assert_eq!(verdict.headline(), "limited, 4 at a time");
}

#[test]
fn a_blocked_shared_instance_is_batched_by_its_evidence() {
    let rows = (0..10).map(|i| answered(i, Some(0.0), i as f64, 10_100_000.0 + i as f64)).collect();
    let mut trace = trace(Schedule::together(10), rows);
    assert_eq!(
        judge(&trace).shape,
        Some(Shape::Stretched),
        "without evidence it can't be told from a shared processor"
    );
    let stays: Vec<_> = (0..10).map(|i| (i, 1.0, 1_100.0 + i as f64 * 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Sequential, Some(Shape::Batched)));
    assert!(
        verdict.why.contains("One instance took all 10; 10 of them were inside a handler together"),
        "{}",
        verdict.why
    );
    assert_eq!(
        verdict.remedy.as_deref(),
        Some(
            "e2-p4 awaits and then blocks; 10 requests shared one instance. Replace the blocking call by its async \
             form, or run with --max-instance-concurrent-reuse-count 1."
        )
    );
}

#[test]
fn sharing_an_instance_without_holding_each_other_up_is_parallel() {
    let mut trace = together(10, 10);
    let stays: Vec<_> = (0..10).map(|i| (i, 1.0, 1_000.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Parallel, Some(Shape::Together)));
    assert!(verdict.why.ends_with("One instance took all 10, and none held up another."), "{}", verdict.why);
}

#[test]
fn what_the_server_rejects_is_refused_and_the_rest_is_still_judged() {
    let mut trace = together(10, 10);
    for row in &mut trace.rows[6..] {
        row.outcome = Outcome::Answered(503);
        row.done_us = 1_000.0;
    }
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Refused, Some(Shape::Together)));
    assert!(
        verdict
            .why
            .starts_with("6 answered, 4 refused (status 503). It took 6 at once, and turned the rest away."),
        "{}",
        verdict.why
    );
}

#[test]
fn nothing_answered_is_refused_and_no_shape_is_claimed() {
    let mut trace = together(4, 4);
    for row in &mut trace.rows {
        row.outcome = Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"));
    }
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape, verdict.at_a_time), (Kind::Refused, None, None));
    assert_eq!(verdict.why, "0 answered, 4 refused (connection reset).");
}

#[test]
fn a_measurement_that_carries_no_verdict_says_why() {
    let doubtful = |change: fn(&mut Trace), reason: &str| {
        let mut trace = together(10, 10);
        change(&mut trace);
        let verdict = judge(&trace);
        assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Inconclusive, None), "{reason}");
        assert!(
            verdict.reasons.iter().any(|found| found.contains(reason)),
            "{reason}: {:?}",
            verdict.reasons
        );
        assert!(verdict.why.contains(reason));
    };
    doubtful(
        |trace| {
            trace.rows[3].outcome = Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer within 20 s"))
        },
        "failed on the client's side",
    );
    doubtful(|trace| trace.rows[3].sent_us = Some(150_000.0), "sent up to 150.0 ms late");
    doubtful(|trace| trace.generator.cpu = 0.95, "the load generator was the bottleneck");
    doubtful(|trace| trace.generator.lag_p99_us = 200_000.0, "the load generator was the bottleneck");
    let two = judge(&together(2, 2));
    assert_eq!(two.kind, Kind::Inconclusive);
    assert!(two.why.contains("2 answers are too few"), "{}", two.why);
}

fn truth(schedule: &Schedule, k: usize) -> Kind {
    match k {
        1 => Kind::Sequential,
        k if k >= schedule.connections() => Kind::Parallel,
        _ => Kind::Limited,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Jitter up to a tenth, every request with a connection of its own.
    #[test]
    fn a_plain_burst_is_judged_right(n in 3_usize..200, k in 1_usize..64, jitter in 0.0..0.1, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let schedule = Schedule::together(n);
        let verdict = judge(&pool(schedule, k, jitter, &mut rng));
        prop_assert_eq!(verdict.kind, truth(&schedule, k), "{:?}", verdict);
        let (low, high) = (verdict.at_a_time_low.unwrap(), verdict.at_a_time_high.unwrap());
        let k = k.min(n) as f64;
        prop_assert!(low <= k && k <= high.ceil(), "{k}: {:?}", verdict);
    }

    /// A server that is busy with something else, or whose event loop has much to read: its first answers are later
    /// than they need be, and the others come in time after them.
    #[test]
    fn a_pool_that_takes_the_burst_up_late_is_counted(k in 2_usize..64, waves in 2_usize..6, part in 1_usize..64, late in 0.0..0.24, jitter in 0.0..0.02, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let mut trace = pool(Schedule::together(k * waves + part.min(k)), k, jitter, &mut rng);
        for row in &mut trace.rows {
            row.done_us += late * SERVICE_MS * 1e3;
        }
        let verdict = judge(&trace);
        prop_assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Limited, Some(k as f64)), "{:?}", verdict);
        prop_assert_eq!((verdict.shape, verdict.confidence), (Some(Shape::Waves), Confidence::High), "{:?}", verdict);
    }

    /// Four requests a core, as in setup 8.
    #[test]
    fn shared_cores_are_counted(cores in 1_usize..128, jitter in 0.0..0.15, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let verdict = judge(&shared_cores(4 * cores, cores, jitter, &mut rng));
        prop_assert_eq!(verdict.shape, Some(Shape::Stretched), "{:?}", verdict);
        prop_assert_eq!(verdict.kind, if cores == 1 { Kind::Sequential } else { Kind::Limited }, "{:?}", verdict);
        let (low, high) = (verdict.at_a_time_low.unwrap(), verdict.at_a_time_high.unwrap());
        prop_assert!(low <= cores as f64 && cores as f64 <= high, "{:?}", verdict);
        prop_assert!((verdict.at_a_time.unwrap() / cores as f64 - 1.0).abs() <= 0.15, "{:?}", verdict);
        prop_assert!(cores == 1 || verdict.confidence == Confidence::High, "{:?}", verdict);
    }
}

/// With service times that vary by 30 %, a request alone that was a quick one makes any burst look as if it had been taken
/// up late. The judge can't always tell, and then must say so by the interval, or by the confidence.
#[test]
fn a_quick_request_alone_is_seldom_taken_for_a_late_burst() {
    let mut rng = rng();
    let (mut sure, mut wrong) = (0, 0);
    for _ in 0..1_000 {
        let (k, waves) = (rng.random_range(2..64), rng.random_range(3..30));
        let mut trace = pool(Schedule::together(k * waves), k, 0.3, &mut rng);
        trace.service_ms = 0.7 * SERVICE_MS;
        let verdict = judge(&trace);
        if verdict.confidence == Confidence::High {
            let holds = verdict.at_a_time_low <= Some(k as f64) && Some(k as f64) <= verdict.at_a_time_high;
            sure += 1;
            wrong += usize::from(verdict.kind != Kind::Limited || !holds);
        }
    }
    assert!(wrong * 8 < sure, "{wrong} of {sure} were wrong");
}

#[test]
fn waves_of_requests_in_one_instance_do_not_block_each_other() {
    let schedule = Schedule { c: 5, ..Schedule::together(10) };
    let mut trace = pool(schedule, 10, 0.0, &mut rng());
    // The first of the second wave enters before the last of the first has left.
    let stays: Vec<_> =
        (0..10).map(|i| (i, (i / 5) as f64 * 1_000.0, (i / 5 + 1) as f64 * 1_000.0 + 5.0)).collect();
    in_instance(&mut trace, "a", &stays);
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.shape), (Kind::Parallel, Some(Shape::Together)));
    assert!(verdict.why.ends_with("and none held up another."), "{}", verdict.why);
}

#[test]
fn a_few_stragglers_are_no_pool() {
    let mut trace = together(10, 10);
    trace.rows[9].done_us = 1_500_000.0;
    let verdict = judge(&trace);
    assert_eq!((verdict.kind, verdict.at_a_time), (Kind::Inconclusive, None));
    assert!(verdict.why.contains("follow no pool"), "{}", verdict.why);
}

#[test]
fn shared_cores_with_a_busy_neighbour_are_stretched_all_the_same() {
    let done = [3_032, 4_458, 4_863, 5_196, 5_250, 5_262, 5_270, 5_811];
    let rows = done.iter().enumerate().map(|(i, ms)| answered(i, Some(0.0), 0.0, f64::from(*ms) * 1e3));
    let verdict = judge(&trace(Schedule::together(8), rows.collect()));
    assert_eq!((verdict.kind, verdict.shape), (Kind::Limited, Some(Shape::Stretched)), "{verdict:?}");
}

#[test]
fn a_burst_that_beats_its_own_service_time_is_doubted() {
    let mut trace = together(10, 10);
    trace.service_ms *= 3.0;
    let verdict = judge(&trace);
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("took less than one alone (3.00 s)"), "{}", verdict.why);
}

#[test]
fn one_connection_says_nothing_of_the_server() {
    let schedule = Schedule { c: 1, ..Schedule::together(12) };
    let verdict = judge(&pool(schedule, 12, 0.0, &mut rng()));
    assert_eq!(verdict.kind, Kind::Inconclusive);
    assert!(verdict.why.contains("one connection sends one request at a time"), "{}", verdict.why);
}

#[test]
fn a_schedule_with_spacing_is_no_excuse_and_no_blame() {
    let schedule = Schedule { spacing: Duration::from_millis(5), ..Schedule::together(10) };
    let mut rng = rng();
    assert_eq!(judge(&pool(schedule, 10, 0.0, &mut rng)).kind, Kind::Parallel);
    assert_eq!(judge(&pool(schedule, 1, 0.0, &mut rng)).kind, Kind::Sequential);
}
