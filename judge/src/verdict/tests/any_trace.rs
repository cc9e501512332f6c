//! Properties of any trace.

use std::time::Duration;

use proptest::num::f64::ANY;
use proptest::option;
use proptest::prelude::*;

use super::{judge, pool, rng};
use crate::arrivals::ArrivalTimes;
use crate::model::Burst;
use crate::schedule::Schedule;
use crate::trace::{ErrorKind, Evidence, Failures, Fault, Generator, MissingData, Outcome, Row, Stay, Trace};
use crate::verdict::{Confidence, effective_concurrency};

fn any_evidence() -> impl Strategy<Value = Evidence> {
    (0..3_u8, prop::option::of(any::<u32>()), prop::option::of(any::<(u64, u64)>()), any::<u64>()).prop_map(
        |(instance, served, stay, start_ns)| Evidence {
            instance: instance.to_string(),
            endpoint: "e1-p1".to_owned(),
            style: "async-blocking".to_owned(),
            served,
            stay: stay.map(|(entered_ns, left_ns)| Stay { entered_ns, left_ns }),
            start_ns,
            host: None,
        },
    )
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Answered(200)),
        1 => any::<u16>().prop_map(Outcome::Answered),
        1 => Just(Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset"))),
        1 => Just(Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer"))),
    ]
}

fn any_row() -> impl Strategy<Value = Row> {
    let times = (option::of(ANY), option::of(ANY), option::of(ANY), ANY);
    (times, any_outcome(), option::of(any_evidence())).prop_map(
        |((connect_us, planned_us, sent_us, done_us), outcome, evidence)| Row {
            connect_us,
            planned_us,
            sent_us,
            done_us,
            outcome,
            evidence,
            ..Row::default()
        },
    )
}

fn any_trace() -> impl Strategy<Value = Trace> {
    let schedule = (0_usize..30, 0_usize..30);
    let rows = prop::collection::vec(any_row(), 0..30);
    let beside = prop::collection::vec(ANY, 0..3);
    (schedule, rows, ANY, any::<[bool; 2]>(), ANY, ANY, beside).prop_map(
        |((n, c), rows, service_ms, [shared_clock, keep_alive], cpu, lag_p99_us, beside_us)| Trace {
            shared_clock,
            keep_alive,
            missing: MissingData {
                service: !shared_clock,
                failures: if keep_alive { Failures::Kept } else { Failures::Unknown },
                resolution_us: lag_p99_us,
            },
            generator: Generator { cpu, lag_p99_us },
            beside_us,
            ..Trace::new(Schedule { c, ..Schedule::together(n) }, service_ms, rows)
        },
    )
}

/// A plausible burst: a pool of any size, with any number of connections and any spacing.
fn any_burst() -> impl Strategy<Value = Trace> {
    let sizes = (3_usize..80, 1_usize..80, 1_usize..40);
    (sizes, 0.01..0.3, 0_u64..300).prop_perturb(|((n, c, k), jitter, spacing_ms), mut rng| {
        let schedule = Schedule { c, spacing: Duration::from_millis(spacing_ms), ..Schedule::together(n) };
        pool(schedule, k, jitter, &mut rng)
    })
}

/// The same burst, shifted, and with all times scaled.
fn transformed(trace: &Trace, shift_us: f64, scale: f64) -> Trace {
    let time = |us: f64| us * scale + shift_us;
    let mut transformed = trace.clone();
    transformed.service_ms *= scale;
    transformed.generator.lag_p99_us *= scale;
    for row in &mut transformed.rows {
        (row.planned_us, row.sent_us) = (row.planned_us.map(time), row.sent_us.map(time));
        row.done_us = time(row.done_us);
    }
    transformed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_trace_has_a_verdict(trace in any_trace()) {
        prop_assert!(serde_json::to_string(&judge(&trace)).is_ok());
        let _ = effective_concurrency(&trace);
    }

    #[test]
    fn an_interval_contains_its_k(trace in prop_oneof![any_trace(), any_burst()]) {
        let verdict = judge(&trace);
        if let Some(((k, low), high)) = verdict.at_a_time.zip(verdict.at_a_time_low).zip(verdict.at_a_time_high) {
            prop_assert!(low <= k && k <= high, "{verdict:?}");
        }
    }

    #[test]
    fn shifted_and_stretched_times_change_no_sure_kind(
        trace in any_burst(),
        shift_us in 0.0..1e6,
        // At longer times, what the network adds matters less still.
        scale in 1.0..20.0,
    ) {
        let (original, other) = (judge(&trace), judge(&transformed(&trace, shift_us, scale)));
        let both_sure = original.confidence == Confidence::High && other.confidence == Confidence::High;
        prop_assert!(!both_sure || original.kind == other.kind, "{original:?}\n{other:?}");
    }

    #[test]
    fn the_order_of_the_rows_changes_no_verdict(
        (trace, shuffled) in any_burst().prop_flat_map(|trace| (Just(trace.clone()), Just(trace.rows).prop_shuffle())),
    ) {
        let verdict = judge(&Trace { rows: shuffled, ..trace.clone() });
        prop_assert_eq!(judge(&trace), verdict);
    }
}

/// The models explain the first answers of a long burst: the work doesn't grow with the number of requests.
#[test]
fn a_long_burst_is_observed_up_to_its_pattern() {
    let cells = |n: usize, k: usize| {
        let trace = pool(Schedule::together(n), k, 0.2, &mut rng());
        let arrivals = ArrivalTimes::of(&trace);
        Burst::of(&trace, &arrivals, n, (1_000.0, n as f64 * 1_000.0)).unwrap().observed.cells.len()
    };
    for k in [1, 10, 300] {
        assert!((1..1_500).contains(&cells(10_000, k)), "{k}: {}", cells(10_000, k));
    }
}
