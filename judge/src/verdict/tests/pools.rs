//! Pools and shared cores of any size.

use proptest::test_runner::RngSeed;

use super::*;
use crate::mechanism::Name;
use crate::verdict::{Confidence, Kind, Shape};

fn truth(schedule: &Schedule, k: usize) -> Kind {
    match k {
        1 => Kind::Sequential,
        k if k >= schedule.connections() => Kind::Parallel,
        _ => Kind::Limited,
    }
}

proptest! {
    // The judge is right in most bursts, not in all: docs/judge.md has the shares. So the bursts stay the same.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(21), ..ProptestConfig::with_cases(200) })]

    /// Service times vary by up to a tenth, and each request has a connection of its own.
    #[test]
    fn a_plain_burst_is_judged_right(n in 3_usize..200, k in 1_usize..64, jitter in 0.0..0.1, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let schedule = Schedule::together(n);
        let verdict = judge(&pool(schedule, k, jitter, &mut rng));
        // A few late answers may be stragglers: a limit that is hardly exceeded may stay open.
        if (1..=2 + k / 4).contains(&n.saturating_sub(k)) {
            prop_assert!(verdict.kind == truth(&schedule, k) || verdict.confidence != Confidence::High, "{:?}", verdict);
            return Ok(());
        }
        prop_assert_eq!(verdict.kind, truth(&schedule, k), "{:?}", verdict);
        let (low, high) = (verdict.at_a_time_low.unwrap(), verdict.at_a_time_high.unwrap());
        let k = k.min(n) as f64;
        prop_assert!(low <= k && k <= high.ceil(), "{k}: {:?}", verdict);
    }

    /// A busy server starts late: all answers are delayed by the same time. A last wave of a single answer may be a straggler.
    #[test]
    fn a_pool_that_starts_late_is_counted(k in 2_usize..64, waves in 2_usize..6, part in 2_usize..64, late in 0.0..0.24, jitter in 0.0..0.02, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let mut trace = pool(Schedule::together(k * waves + part.min(k)), k, jitter, &mut rng);
        for row in &mut trace.rows {
            row.done_us += late * SERVICE_MS * 1e3;
        }
        let verdict = judge(&trace);
        prop_assert_eq!(verdict.kind, Kind::Limited, "{:?}", verdict);
        // A late start and one more worker look alike in a long first wave.
        let error = (verdict.at_a_time.unwrap() - k as f64).abs();
        prop_assert!(error <= (k as f64 / 20.0).max(1.0), "{:?}", verdict);
        prop_assert_eq!(verdict.shape, Some(Shape::Waves), "{:?}", verdict);
        prop_assert!(verdict.confidence >= Confidence::Medium, "{:?}", verdict);
    }

    /// Four requests per core, as in setup 8. In one burst, a fixed delay looks much the same: the
    /// kind may stay open. The four answers of a single core show no shape.
    #[test]
    fn shared_cores_are_counted(cores in 2_usize..128, jitter in 0.0..0.15, mut rng in any::<u64>().prop_perturb(|_, rng| rng)) {
        let verdict = judge(&shared_cores(4 * cores, cores, jitter, &mut rng));
        if verdict.kind == Kind::Inconclusive {
            let best = verdict.alternatives.first().map(|one| one.name);
            prop_assert_eq!(best, Some(Name::SharedCpu), "{:?}", verdict);
            return Ok(());
        }
        prop_assert_eq!(verdict.shape, Some(Shape::Stretched), "{:?}", verdict);
        prop_assert_eq!(verdict.kind, Kind::Limited, "{:?}", verdict);
        let (low, high) = (verdict.at_a_time_low.unwrap(), verdict.at_a_time_high.unwrap());
        prop_assert!(low <= cores as f64 && cores as f64 <= high, "{:?}", verdict);
        prop_assert!((verdict.at_a_time.unwrap() / cores as f64 - 1.0).abs() <= 0.2, "{:?}", verdict);
    }
}

/// If service times vary by 30 %, and the request alone was a quick one, any burst looks like a burst with a late start.
/// The judge can't always tell; then its interval or its confidence must say so.
#[test]
fn a_quick_request_alone_is_rarely_taken_for_a_late_start() {
    let mut rng = rng();
    let (mut sure, mut wrong) = (0, 0);
    for _ in 0..150 {
        let (k, waves) = (rng.random_range(2..32), rng.random_range(3..12));
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
