//! The judge on servers with known limits.

mod any_trace;
mod failures;
mod inconclusive;
mod kinds;
mod phases;
mod pools;
mod remedies;

use proptest::prelude::*;
use proptest::test_runner::TestRng;

use super::judge;
use crate::schedule::Schedule;
use crate::trace::{Evidence, Generator, Outcome, Row, Stay, Trace};

const SERVICE_MS: f64 = 1_000.0;

/// A pool of `k`, first come first served. Service times vary by `jitter` to either side.
fn pool(schedule: Schedule, k: usize, jitter: f64, rng: &mut TestRng) -> Trace {
    let mut worker_free = vec![0.0_f64; k.min(schedule.n)];
    let connections = schedule.connections();
    let mut connection_free = vec![0.0_f64; connections];
    let mut rows = Vec::new();
    for i in 0..schedule.n {
        let is_first = i < connections;
        let earliest =
            |times: &[f64]| (0..times.len()).min_by(|a, b| times[*a].total_cmp(&times[*b])).unwrap();
        let connection = if is_first { i } else { earliest(&connection_free) };
        let planned = schedule.spacing.as_secs_f64() * 1e6 * i as f64;
        let sent = if is_first { planned } else { connection_free[connection] };
        let worker = earliest(&worker_free);
        let service = SERVICE_MS * 1e3 * (1.0 + jitter * (2.0 * rng.random::<f64>() - 1.0));
        let done = sent.max(worker_free[worker]) + service;
        worker_free[worker] = done;
        connection_free[connection] = done;
        rows.push(answered(i, is_first.then_some(planned), sent, done));
    }
    trace(schedule, rows)
}

/// A server that shares `cores` among all requests. Each request's work varies by `jitter` to either side.
fn shared_cores(n: usize, cores: usize, jitter: f64, rng: &mut TestRng) -> Trace {
    let mut work: Vec<f64> =
        (0..n).map(|_| SERVICE_MS * 1e3 * (1.0 + jitter * (2.0 * rng.random::<f64>() - 1.0))).collect();
    work.sort_by(f64::total_cmp);
    let (mut now, mut done_each) = (0.0, 0.0);
    let rows = work.iter().enumerate().map(|(i, work)| {
        now += (work - done_each) * ((n - i) as f64 / cores as f64).max(1.0);
        done_each = *work;
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
    Trace { generator, ..Trace::new(schedule, SERVICE_MS, rows) }
}

fn rng() -> TestRng {
    TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha)
}

fn together(n: usize, k: usize) -> Trace {
    pool(Schedule::together(n), k, 0.0, &mut rng())
}

/// Lets requests share an instance. A stay is a request's number, and the times in milliseconds when it entered and left
/// its handler.
fn in_instance(trace: &mut Trace, instance: &str, stays: &[(usize, f64, f64)]) {
    for (served, (i, entered, left)) in stays.iter().enumerate() {
        let ns = |ms: f64| (ms * 1e6) as u64;
        trace.rows[*i].evidence = Some(Evidence {
            instance: instance.to_owned(),
            endpoint: "e2-p4".to_owned(),
            style: "await-then-block".to_owned(),
            served: Some(served as u32 + 1),
            stay: Some(Stay { entered_ns: ns(*entered), left_ns: ns(*left) }),
            start_ns: 0,
            host: None,
        });
    }
}
