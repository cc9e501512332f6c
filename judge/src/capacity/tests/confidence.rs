//! What the answer says where it knows, and where it doesn't.

use super::server::{Server, Simulated};
use super::*;
use crate::verdict::Confidence;

const LIMIT: usize = 128;
/// The number of simulations of each server.
const SEEDS: u8 = 8;

fn answers(server: Server) -> impl Iterator<Item = (Answer, Survey)> {
    (0..SEEDS).map(move |seed| Simulated::seeded(server, seed).measured(LIMIT))
}

fn text(answer: &Answer) -> String {
    format!("{answer} {:?} {:?}", answer.confidence, answer.reasons)
}

#[test]
fn a_fixed_limit_is_sure() {
    for k in [1, 2, 4, 16, 40] {
        for (server, beyond) in [(Server::Pool(k), Beyond::Wait), (Server::Cap(k), Beyond::Refused)] {
            for (answer, _) in answers(server) {
                let text = text(&answer);
                assert_eq!((answer.at_a_time, answer.beyond), (Some(k as f64), Some(beyond)), "{text}");
                assert_eq!((answer.confidence, answer.reasons.len()), (Confidence::High, 0), "{text}");
            }
        }
    }
}

#[test]
fn if_service_times_vary_and_nothing_waits_there_is_no_number() {
    for server in [
        Server::Lognormal(0.8),
        Server::Lognormal(0.3),
        Server::TwoSpeeds(3.0, true),
        Server::TwoSpeeds(3.0, false),
        Server::Stalled(10.0),
        Server::Stalled(2.0),
    ] {
        let mut unlimited = 0;
        for (answer, _) in answers(server) {
            let text = text(&answer);
            assert!(answer.confidence < Confidence::High && !answer.reasons.is_empty(), "{server:?}: {text}");
            assert_eq!((answer.at_a_time, answer.at_a_time_high), (None, None), "{server:?}: {text}");
            unlimited += usize::from(answer.at_a_time_low == LIMIT as f64);
        }
        let is_ambiguous = matches!(server, Server::Stalled(2.0));
        assert!(is_ambiguous || unlimited >= 6, "{server:?}: {unlimited}");
    }
}

#[test]
fn a_pool_of_varied_service_times_has_a_range() {
    let mut found = 0;
    for (answer, _) in answers(Server::Jittered(10)) {
        let text = text(&answer);
        assert!(answer.confidence < Confidence::High, "{text}");
        assert!(answer.reasons.iter().any(|reason| reason.starts_with("requests alone took ")), "{text}");
        found += usize::from(answer.at_a_time.is_some_and(|k| (7.0..=13.0).contains(&k)));
        assert!(answer.at_a_time.is_some() || answer.inconclusive, "{text}");
    }
    assert!(found >= 5, "{found}");
}

#[test]
fn a_rate_is_given_as_a_rate() {
    for (server, per_second, at_once) in [
        (Server::Bucket(1.0, 0.25), 8.0, 1.0),
        (Server::Bucket(1.0, 0.8), 2.5, 1.0),
        (Server::Lock(0.5), 4.0, 1.0),
        // The bucket is empty after the search, and full after a pause.
        (Server::Bucket(10.0, 0.25), 8.0, 10.0),
    ] {
        for (answer, _) in answers(server) {
            let text = text(&answer);
            assert!(answer.per_second.is_some_and(|rate| (rate / per_second - 1.0).abs() < 0.05), "{text}");
            assert_eq!((answer.at_a_time, answer.at_a_time_high), (None, None), "{text}");
            assert!((answer.at_once.unwrap() - at_once).abs() < 1.5, "{text}");
            assert!(text.contains(" a second, however many are sent."), "{text}");
            assert!(answer.mechanism.is_some_and(|mechanism| mechanism.is_rate()), "{text}");
        }
    }
    let (answer, _) = answers(Server::Bucket(10.0, 0.25)).next().unwrap();
    assert_eq!(
        answer.to_string(),
        "takes 10 requests at once, then answers 8 a second, however many are sent."
    );
}

#[test]
fn requests_alone_that_a_rate_paces_are_not_sure() {
    for (answer, _) in answers(Server::Bucket(1.0, 2.0)) {
        assert!(answer.confidence < Confidence::High, "{}", text(&answer));
    }
}

#[test]
fn connections_that_stick_to_processes_give_no_sure_number() {
    for together in [true, false] {
        for (answer, _) in answers(Server::Sticky(5, together)) {
            let text = text(&answer);
            assert!(answer.confidence < Confidence::High && !answer.reasons.is_empty(), "{text}");
            assert!(answer.at_a_time_high.is_none_or(|high| high > answer.at_a_time_low.min(4.0)), "{text}");
        }
    }
    let (answer, _) = answers(Server::Sticky(5, true)).next().unwrap();
    assert_eq!(
        answer.to_string(),
        "takes 1 to 5 requests at a time; others wait until one of them is answered."
    );
    assert!(
        answer.reasons[0].ends_with("connections stay with the process that accepted them"),
        "{answer:?}"
    );
}

#[test]
fn refusals_that_do_not_depend_on_the_size_are_no_capacity() {
    for share in [0.05, 0.25] {
        for (answer, _) in answers(Server::Random(share)).filter(|(answer, _)| answer.ended == End::Limit) {
            let text = text(&answer);
            assert_eq!((answer.at_a_time, answer.at_a_time_low), (None, LIMIT as f64), "{text}");
            assert!(
                answer.confidence < Confidence::High && text.contains("no limit on requests at a time"),
                "{text}"
            );
        }
    }
}

#[test]
fn refusals_by_a_rate_are_no_capacity() {
    for window in [2.0, 5.0] {
        for (answer, _) in answers(Server::Window(10, window)) {
            let text = text(&answer);
            assert!(answer.at_a_time.is_none() && answer.inconclusive, "{text}");
            assert!(answer.confidence == Confidence::Low && text.contains(" after a pause"), "{text}");
        }
    }
}

#[test]
fn requests_that_take_longer_than_one_after_the_other_wait_in_no_queue() {
    for (answer, _) in answers(Server::Slower(5.0)) {
        let text = text(&answer);
        assert!(answer.inconclusive && answer.at_a_time.is_none() && answer.beyond.is_none(), "{text}");
        assert!(text.starts_with("leaves open how many requests it takes at a time. Low"), "{text}");
        let reason = &answer.reasons[0];
        assert!(reason.starts_with("2 requests at once took 5"), "{text}");
        assert!(reason.contains("; 8 requests took 2.5"), "what larger bursts look like: {text}");
    }
}

#[test]
fn instances_that_start_cold_are_no_limit() {
    for (answer, _) in answers(Server::Cold(5.0)) {
        let text = text(&answer);
        assert_eq!((answer.at_a_time, answer.at_a_time_low), (None, LIMIT as f64), "{text}");
        assert!(answer.confidence < Confidence::High, "{text}");
    }
}

#[test]
fn with_a_given_service_time_the_answer_is_not_sure() {
    let survey = Survey::new(SEARCH, super::server::SERVICE_MS, Baseline::default(), true);
    let (survey, ended) = Simulated::new(Server::Pool(4)).survey_by(survey);
    let answer = survey.answer(ended);
    assert_eq!((answer.at_a_time, answer.confidence), (Some(4.0), Confidence::Medium));
    assert_eq!(answer.reasons, ["how much the time of a request alone varies is not known"]);
}

#[test]
fn the_checks_follow_a_pause_and_use_fresh_connections() {
    let (_, survey) = answers(Server::Pool(4)).next().unwrap();
    let purposes: Vec<_> = survey.observed.iter().map(|burst| burst.purpose).collect();
    assert!(purposes.ends_with(&[Purpose::Search, Purpose::Pause, Purpose::Fresh]), "{purposes:?}");
    let paused = survey.observed.iter().find(|burst| burst.purpose == Purpose::Pause).unwrap();
    assert!((2_000.0..=10_000.0).contains(&paused.pause_ms) && paused.n == 8, "{paused:?}");
}

#[test]
fn answers_of_earlier_versions_can_be_read() {
    let json = r#"{"at_a_time":4.0,"at_a_time_low":4.0,"at_a_time_high":4.0,"beyond":"wait","refused_from":null,
        "refusal":null,"ended":"found","doubt":null}"#;
    let answer: Answer = serde_json::from_str(json).unwrap();
    assert_eq!((answer.at_a_time, answer.confidence), (Some(4.0), Confidence::Low));
    assert!(!answer.inconclusive && answer.per_second.is_none() && answer.reasons.is_empty());
}
