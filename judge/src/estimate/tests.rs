use proptest::prelude::*;

use super::*;
use crate::stats::percentile;

const SHARES: [f64; 7] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];

/// The sends and the ends of requests at a server that takes `workers` at a time, in the order of arrival. `connections` send
/// their first request at once, and each next one after an answer.
fn served(workers: usize, connections: usize, services_ms: &[f64]) -> Vec<(f64, f64)> {
    let mut free = vec![0.0; workers];
    let mut sends = vec![0.0; connections];
    let mut requests = Vec::new();
    for service_ms in services_ms {
        sends.sort_by(f64::total_cmp);
        let sent = sends.remove(0);
        let at = (0..workers).min_by(|a, b| f64::total_cmp(&free[*a], &free[*b])).unwrap();
        free[at] = f64::max(free[at], sent) + service_ms;
        requests.push((sent, free[at]));
        sends.push(free[at]);
    }
    requests
}

/// The summary that a load generator would write about these requests.
fn summary(requests: &[(f64, f64)], connections: Option<usize>, service_ms: Option<f64>) -> Summary {
    let mut times: Vec<f64> = requests.iter().map(|(sent, done)| done - sent).collect();
    times.sort_by(f64::total_cmp);
    Summary {
        answered: requests.len(),
        duration_ms: requests.iter().map(|(_, done)| *done).fold(0.0, f64::max),
        connections,
        fastest_ms: times.first().copied(),
        mean_ms: Some(times.iter().sum::<f64>() / times.len() as f64),
        slowest_ms: times.last().copied(),
        quantiles: SHARES.map(|share| Quantile::exact(share, percentile(&times, share).unwrap())).into(),
        service_ms,
        ..Summary::default()
    }
}

proptest! {
    #[test]
    fn a_pool_is_recognised_by_throughput_times_service_time(
        workers in 1_usize..30, waiting in 0.0..5.0_f64, rounds in 5_usize..20, service_ms in 0.5..5_000.0,
        is_given in any::<bool>(), is_measured in any::<bool>(),
    ) {
        // A pool is seen if clearly more requests are in flight.
        let connections = ((workers as f64 * (1.5 + waiting)).ceil() as usize).max(3);
        let requests = served(workers, connections, &vec![service_ms; connections * rounds]);
        let service_ms = is_measured.then_some(service_ms);
        let verdict = estimate(&summary(&requests, is_given.then_some(connections), service_ms));
        prop_assert_eq!(verdict.confidence, Confidence::Low);
        if verdict.kind == Kind::Inconclusive {
            // Neither the load nor the service time is known: the distribution may have several explanations.
            prop_assert!(!is_given && !is_measured, "{}", verdict.why);
            return Ok(());
        }
        let expected = if workers == 1 { Kind::Sequential } else { Kind::Limited };
        prop_assert_eq!(verdict.kind, expected, "{}", verdict.why);
        let (low, k, high) =
            (verdict.at_a_time_low.unwrap(), verdict.at_a_time.unwrap(), verdict.at_a_time_high.unwrap());
        prop_assert!((low..=high).contains(&(workers as f64)), "{low} {k} {high}: {}", verdict.why);
    }

    #[test]
    fn a_burst_at_once_is_recognised_without_the_connections(
        workers in 1_usize..10, waves in 3_usize..9, service_ms in 1.0..1_000.0, is_measured in any::<bool>(),
    ) {
        let n = workers * waves;
        let requests = served(workers, n, &vec![service_ms; n]);
        let verdict = estimate(&summary(&requests, None, is_measured.then_some(service_ms)));
        prop_assert_eq!(verdict.at_a_time, Some(workers as f64), "{}", verdict.why);
    }

    #[test]
    fn varied_times_of_a_parallel_server_are_no_limit(
        services in prop::collection::vec(20.0..200.0, 300..600), connections in 5_usize..25,
    ) {
        let requests = served(connections, connections, &services);
        let mean = services.iter().sum::<f64>() / services.len() as f64;
        let known = estimate(&summary(&requests, Some(connections), Some(mean)));
        prop_assert_eq!(known.kind, Kind::Parallel, "{}", known.why);
        let unknown = estimate(&summary(&requests, Some(connections), None));
        prop_assert_eq!(unknown.kind, Kind::Inconclusive, "{}", unknown.why);
        prop_assert!(unknown.why.contains("give the service time of one request alone"), "{}", unknown.why);
    }

    #[test]
    fn any_numbers_have_an_estimate(
        counts in any::<(usize, usize, usize)>(), connections in any::<Option<usize>>(), few in prop::option::of(0_usize..100),
        numbers in prop::array::uniform8(any::<f64>()), known in prop::array::uniform6(any::<bool>()),
        quantiles in prop::collection::vec((any::<f64>(), any::<f64>(), any::<f64>()), 0..6),
    ) {
        let [duration_ms, rate, fastest, mean, slowest, resolution_ms, service, solo] = numbers;
        let some = |at: usize, value: f64| known[at].then_some(value);
        let summary = Summary {
            answered: few.unwrap_or(counts.0), refused: counts.1, failed: counts.2, failure: None, duration_ms, connections,
            per_second: some(0, rate), fastest_ms: some(1, fastest), mean_ms: some(2, mean), slowest_ms: some(3, slowest),
            quantiles: quantiles.into_iter().map(|(share, low_ms, high_ms)| Quantile { share, low_ms, high_ms }).collect(),
            resolution_ms, service_ms: some(4, service), may_pause: known[5], baseline: crate::trace::Baseline::new(vec![solo]),
        };
        let verdict = estimate(&summary);
        if let (Some(low), Some(k), Some(high)) = (verdict.at_a_time_low, verdict.at_a_time, verdict.at_a_time_high) {
            prop_assert!(low <= k && k <= high, "{verdict:?}");
        }
        prop_assert!(verdict.kind == Kind::Refused || (verdict.kind == Kind::Inconclusive) != verdict.reasons.is_empty());
    }
}

#[test]
fn throughput_times_mean_latency_is_only_the_number_of_connections() {
    // Ten connections, each answer after 100 ms: one at a time for 10 ms, or ten at a time for 100 ms.
    let slow = Summary {
        answered: 1_000,
        duration_ms: 10_000.0,
        connections: Some(10),
        mean_ms: Some(100.0),
        fastest_ms: Some(99.0),
        slowest_ms: Some(101.0),
        ..Summary::default()
    };
    let unknown = estimate(&slow);
    assert_eq!(unknown.kind, Kind::Inconclusive);
    assert!(unknown.why.contains("--service-ms"), "{}", unknown.why);
    let known = |service_ms| estimate(&Summary { service_ms: Some(service_ms), ..slow.clone() });
    assert_eq!((known(10.0).kind, known(100.0).kind), (Kind::Sequential, Kind::Parallel));
    assert_eq!((known(40.0).kind, known(40.0).at_a_time), (Kind::Limited, Some(4.0)));
    assert!(
        known(40.0).why.contains("Throughput times service time: about 4 requests"),
        "{}",
        known(40.0).why
    );
    let slower = known(2.0);
    assert_eq!((slower.kind, slower.at_a_time), (Kind::Limited, None));
    assert!(slower.why.contains("one every 10.0 ms"), "{}", slower.why);
    assert!(known(500.0).why.contains("not typical"), "{}", known(500.0).why);
}

#[test]
fn pauses_between_requests_are_not_a_limit() {
    // Ten users send a request of 100 ms, and pause for 900 ms.
    let relaxed = Summary {
        answered: 1_000,
        duration_ms: 100_000.0,
        connections: Some(10),
        mean_ms: Some(101.0),
        service_ms: Some(100.0),
        ..Summary::default()
    };
    let verdict = estimate(&relaxed);
    assert!(verdict.why.contains("about 1 request was in flight"), "{}", verdict.why);
    let unknown = Summary { answered: 4_000, connections: None, may_pause: true, ..relaxed.clone() };
    assert_eq!(estimate(&unknown).kind, Kind::Parallel);
    let busy = Summary { answered: 4_000, connections: Some(40), ..relaxed.clone() };
    let verdict = estimate(&busy);
    assert_eq!(
        (verdict.kind, verdict.at_a_time.map(f64::round)),
        (Kind::Parallel, Some(4.0)),
        "{}",
        verdict.why
    );
    let waiting = Summary { mean_ms: Some(500.0), answered: 1_000, connections: Some(40), ..relaxed };
    assert_eq!(estimate(&waiting).kind, Kind::Sequential);
    let idle = Summary { answered: 500, ..waiting };
    assert!(estimate(&idle).why.contains("the pauses between the requests"), "{}", estimate(&idle).why);
}

#[test]
fn failures_are_told_and_without_good_answers_there_is_no_estimate() {
    let all = Summary {
        answered: 10,
        duration_ms: 1_000.0,
        connections: Some(10),
        mean_ms: Some(999.0),
        slowest_ms: Some(1_000.0),
        service_ms: Some(990.0),
        failure: Some("status 503".to_owned()),
        ..Summary::default()
    };
    let some = estimate(&Summary { failed: 2, ..all.clone() });
    assert_eq!(some.kind, Kind::Parallel);
    assert!(some.why.starts_with("2 of 12 requests failed (status 503)."), "{}", some.why);
    let refused = estimate(&Summary { refused: 2, ..all.clone() });
    assert_eq!((refused.kind, refused.at_a_time), (Kind::Refused, None));
    assert!(refused.why.starts_with("10 answered, 2 refused (status 503)."), "{}", refused.why);
    let none = estimate(&Summary { answered: 0, refused: 12, ..all });
    assert_eq!(none.kind, Kind::Inconclusive);
    assert!(none.why.contains("no request was answered well (status 503)"), "{}", none.why);
    assert_eq!(estimate(&Summary::default()).kind, Kind::Inconclusive);
}

#[test]
fn coarse_times_are_no_service_time() {
    let coarse = Summary {
        answered: 1_000,
        duration_ms: 1_000.0,
        connections: Some(10),
        fastest_ms: Some(1.0),
        mean_ms: Some(10.0),
        resolution_ms: 1.0,
        ..Summary::default()
    };
    assert!(
        estimate(&coarse).why.contains("no usable time of the fastest answer"),
        "{}",
        estimate(&coarse).why
    );
}
