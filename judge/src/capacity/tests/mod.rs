//! The search at simulated servers with known capacity.

mod confidence;
mod server;

use proptest::prelude::*;

use self::server::{Server, Simulated};
use super::*;
use crate::trace::{Baseline, Generator};

const SEARCH: Search = Search { limit: 1024, repeat: 3 };

fn holds(answer: &Answer, k: usize) -> bool {
    let k = k as f64;
    answer.at_a_time_low <= k && answer.at_a_time_high.is_some_and(|high| k <= high)
}

proptest! {
    // Each case judges dozens of bursts.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_pool_is_found(k in 1_usize..=200, jitter in 0.0..0.1) {
        let (answer, bursts) = Simulated { jitter, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert_eq!((answer.at_a_time, answer.ended), (Some(k as f64), End::Found), "{}", answer);
        prop_assert!(holds(&answer, k) && answer.beyond == Some(Beyond::Wait), "{answer:?}");
        prop_assert!(bursts <= 30, "{bursts} bursts");
    }

    #[test]
    fn a_pool_is_found_if_some_bursts_are_delayed(k in 1_usize..=200, delayed in 0.0..0.12) {
        let (answer, _) = Simulated { delayed, ..Simulated::new(Server::Pool(k)) }.search(1024);
        // Delays in several bursts of a size leave the number open.
        prop_assert!(answer.inconclusive || holds(&answer, k), "k = {k}: {answer:?}");
    }

    #[test]
    fn a_cap_is_found(k in 1_usize..=200, jitter in 0.0..0.1) {
        for server in [Server::Cap(k), Server::Breaker(k)] {
            let (answer, _) = Simulated { jitter, ..Simulated::new(server) }.search(1024);
            prop_assert_eq!((answer.at_a_time, answer.beyond), (Some(k as f64), Some(Beyond::Refused)));
            prop_assert_eq!(answer.at_a_time_low, k as f64);
            prop_assert!(holds(&answer, k) && answer.refusal.as_deref() == Some("status 503"), "{answer:?}");
        }
    }

    #[test]
    fn a_pool_with_a_full_queue_waits_and_refuses(k in 2_usize..=200) {
        let (answer, _) = Simulated::new(Server::Queue(k)).search(1024);
        prop_assert_eq!((answer.at_a_time, answer.beyond), (Some(k as f64), Some(Beyond::Wait)));
    }

    #[test]
    fn shared_processors_are_found(processors in 1_usize..=64, jitter in 0.0..0.1) {
        let (answer, bursts) = Simulated { jitter, ..Simulated::new(Server::Sharing(processors)) }.search(1024);
        prop_assert!(holds(&answer, processors), "{processors}: {answer:?}");
        prop_assert_eq!((answer.beyond, answer.ended), (Some(Beyond::Slow), End::Found));
        prop_assert!(bursts <= 40, "{bursts} bursts");
    }

    #[test]
    fn two_threads_of_a_core_are_a_shared_resource(together in 1.3..1.9, jitter in 0.0..0.05) {
        let (answer, _) = Simulated { jitter, ..Simulated::new(Server::Threads(together)) }.search(1024);
        prop_assert_eq!((answer.beyond, answer.ended), (Some(Beyond::Slow), End::Found), "{}", answer);
        prop_assert!(answer.at_a_time_low <= together && answer.at_a_time_high >= Some(together), "{answer:?}");
    }

    #[test]
    fn without_a_limit_the_capacity_is_at_least_the_search_limit(limit in 1_usize..=1024, jitter in 0.0..0.1) {
        let (answer, _) = Simulated { jitter, ..Simulated::new(Server::Pool(limit)) }.search(limit);
        prop_assert_eq!((answer.at_a_time, answer.at_a_time_high, answer.ended), (None, None, End::Limit));
        prop_assert_eq!((answer.at_a_time_low, answer.beyond), (limit as f64, None));
    }

    #[test]
    fn a_slow_start_does_not_change_the_answer(k in 1_usize..=64, cold in 1_usize..=4) {
        let (answer, _) = Simulated { cold, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert!(holds(&answer, k), "k = {k}: {answer:?}");
    }

    #[test]
    fn the_search_ends_if_the_server_stops_answering(bursts in 1_usize..12) {
        let (answer, fired) = Simulated::new(Server::Stops(bursts)).search(1024);
        prop_assert_eq!(answer.ended, End::Unanswered);
        prop_assert!(fired <= bursts + 3, "{fired}");
    }

    #[test]
    fn an_overloaded_generator_is_not_blamed_on_the_server(k in 1_usize..=64) {
        let generator = Generator { cpu: 1.0, lag_p99_us: 1e6 };
        let (answer, _) = Simulated { generator, ..Simulated::new(Server::Pool(k)) }.search(1024);
        prop_assert_eq!(answer.ended, End::Generator, "{}", answer);
        prop_assert!(answer.at_a_time_low <= k as f64 && answer.at_a_time_high.is_none());
        prop_assert!(answer.disturbance.is_some_and(|disturbance| disturbance.contains("the load generator was the bottleneck")));
    }
}

#[test]
fn a_wrong_given_service_time_is_reported() {
    for (given, text) in [
        (100.0, "one request alone took 500 ms, more than the service time of 100 ms"),
        (2_000.0, "less than one request alone"),
    ] {
        let (survey, ended) =
            Simulated::new(Server::Pool(4)).survey_by(Survey::new(SEARCH, given, Baseline::default(), true));
        let answer = survey.answer(ended);
        assert_eq!((answer.ended, answer.at_a_time_low), (End::Generator, 1.0), "{answer}");
        assert!(
            answer.disturbance.as_ref().is_some_and(|disturbance| disturbance.contains(text)),
            "{answer}"
        );
    }
}

#[test]
fn the_answer_is_a_sentence() {
    let text = |server, limit| Simulated::new(server).search(limit).0.to_string();
    assert_eq!(
        text(Server::Pool(40), 1024),
        "takes 40 requests at a time; others wait until one of them is answered."
    );
    assert_eq!(
        text(Server::Pool(1), 1024),
        "takes 1 request at a time; others wait until one of them is answered."
    );
    assert_eq!(
        text(Server::Cap(16), 1024),
        "takes 16 requests at a time, and refuses the rest (status 503)."
    );
    assert_eq!(
        text(Server::Queue(16), 1024),
        "takes 16 requests at a time; others wait until one of them is answered; of 32 requests at once, \
         it refuses some (status 503)."
    );
    assert_eq!(
        text(Server::Pool(40), 32),
        "takes at least 32 requests at a time; the search ended at the given limit (--limit)."
    );
    assert_eq!(
        text(Server::Sharing(4), 64),
        "does the work of about 4 requests at a time (3.2 to 5); further requests slow all others alike."
    );
}

#[test]
fn forty_at_a_time_are_found_in_twenty_bursts_and_two_checks() {
    assert!(Simulated::new(Server::Pool(40)).search(1024).1 <= 22);
}

#[test]
fn the_parameters_of_the_scalability_law_are_recovered() {
    for (contention, coherency) in [(0.02, 0.001), (0.1, 0.002)] {
        let server = Simulated { jitter: 0.05, ..Simulated::new(Server::Law(contention, coherency)) };
        let (survey, _) = server.survey(1024);
        let found = Scalability::of(&Sizes::of(&survey.observed, survey.search.repeat));
        assert!(found.unsupported.is_none(), "{found:?}");
        let near = |found: Option<f64>, truth: f64| found.is_some_and(|found| (found - truth).abs() < 0.05);
        assert!(near(found.contention, contention) && near(found.coherency, coherency), "{found:?}");
    }
}
