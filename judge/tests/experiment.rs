//! Experiments at simulated servers: what one burst can't tell apart, several can.

use std::time::Duration;

use judge::experiment::{self, Budget, Diagnosis, End, Observed, Planner, Spent, Step};
use judge::mechanism::Name;
use judge::schedule::Schedule;
use judge::trace::{Baseline, ErrorKind, Fault, Outcome, Row, Trace};
use proptest::prelude::*;
use simulator::Random;
use simulator::laboratory::{Abilities, Laboratory};
use simulator::mechanism::batching::Batching;
use simulator::mechanism::instances::ColdStart;
use simulator::mechanism::lock::{Held, Lock};
use simulator::mechanism::paced::{Cost, Excess, Rate};
use simulator::mechanism::places::{OfEndpoint, OfFreshConnections, OfSession};
use simulator::mechanism::pool::{Pool, Sticky};
use simulator::mechanism::shared_cpu::SharedCpu;
use simulator::mechanism::unlimited::{SingleFlight, Unlimited};
use simulator::mechanism::{Noise, Server, Service};

const NOISE: Noise = Noise { network: 0.000_2, delayed: 0.0, delay: 0.0 };
const SERVICE: Service = Service::LogNormal(0.1, 0.1);
const ALSO: Abilities = Abilities { also: Some(0.5), other_header: false, http2: false };
const NOTHING: Abilities = Abilities { also: None, other_header: false, http2: false };

/// Runs the planner to its end; returns the diagnosis, the number of requests, and the time.
fn diagnose(
    server: impl Server + 'static,
    service: Service,
    abilities: Abilities,
    budget: Budget,
) -> (Diagnosis, usize, Duration) {
    let mut random = Random::new(22);
    let mut laboratory = Laboratory::new(Box::new(server), service, NOISE, 300.0, abilities, &mut random);
    let alone = laboratory.measure_alone();
    let planner = Planner {
        service_ms: laboratory.service_ms(),
        alone,
        abilities: experiment::Abilities {
            also: laboratory.also(),
            other_header: abilities.other_header,
            http2: abilities.http2,
        },
        budget,
    };
    let mut seen = Vec::new();
    let ended = loop {
        let (requests, time) = laboratory.spent();
        let spent = Spent { requests, time };
        let step = planner.next(&seen, spent);
        assert_eq!(step, planner.next(&seen, spent), "what was seen determines the next step");
        match step {
            Step::Fire(experiment) => seen.push(laboratory.fire(&experiment)),
            Step::Done(end) => break end,
        }
    };
    let (requests, time) = laboratory.spent();
    (planner.diagnosis(&seen, ended), requests, time)
}

fn class(server: impl Server + 'static, abilities: Abilities) -> Vec<Name> {
    let diagnosis = diagnose(server, SERVICE, abilities, Budget::default()).0;
    diagnosis.mechanism.iter().flat_map(|one| one.class().collect::<Vec<_>>()).collect()
}

#[test]
fn a_pool_is_told_from_batches_and_from_a_rate() {
    assert_eq!(class(Pool::new(5), NOTHING)[0], Name::WorkerPool);
    assert_eq!(class(Batching::new(5, 0.01), NOTHING), [Name::Batching]);
    assert_eq!(class(Rate::new(50.0, 5, Excess::Delayed), NOTHING), [Name::RateLimit]);
}

#[test]
fn shared_processors_cold_starts_growth_and_a_pause_are_told_apart() {
    assert_eq!(class(SharedCpu::new(4), NOTHING), [Name::SharedCpu]);
    assert!(class(ColdStart::new(1, 0.3), NOTHING).contains(&Name::ColdStart));
    assert_eq!(class(Pool::new(2).growing(0.05, 12).while_waiting(), NOTHING), [Name::Growth]);
    let pause = Unlimited::new().pausing(0.05, 0.3).in_experiment(2);
    assert_eq!(class(pause, NOTHING), [Name::Pause]);
}

#[test]
fn connections_that_stick_are_told_from_a_pool_and_from_slow_acceptance() {
    assert_eq!(class(Sticky::new(4, 1), NOTHING), [Name::StickyConnections]);
    let accepting = OfFreshConnections(Box::new(Cost::new(0.02)));
    assert_eq!(class(accepting, NOTHING), [Name::SlowAccept]);
}

#[test]
fn one_answer_for_all_is_told_from_no_limit() {
    assert_eq!(class(OfEndpoint(Box::new(SingleFlight::default())), NOTHING), [Name::SingleFlight]);
    assert_eq!(class(Unlimited::new(), NOTHING), [Name::None]);
}

#[test]
fn a_second_url_tells_the_limit_of_an_endpoint_from_that_of_the_server() {
    assert_eq!(class(Pool::new(4), ALSO), [Name::WorkerPool]);
    let inner = OfEndpoint(Box::new(Lock::new(0.5, 4, Held::Last)));
    assert_eq!(class(inner, ALSO), [Name::InnerPool]);
    let lock = class(OfEndpoint(Box::new(Lock::new(0.2, 1, Held::Last))), ALSO);
    assert!(lock.contains(&Name::Lock) && !lock.contains(&Name::Throughput), "{lock:?}");
}

#[test]
fn a_lock_of_a_session_is_no_lock_of_the_server() {
    let abilities = Abilities { other_header: true, ..NOTHING };
    let class = class(OfSession::new(|| Box::new(Pool::new(1))), abilities);
    assert!(class.contains(&Name::WorkerPool) || class.contains(&Name::Lock), "{class:?}");
}

#[test]
fn what_other_sessions_meet_is_told_of_a_class_too() {
    let abilities = Abilities { other_header: true, ..NOTHING };
    // Without variation, a lock of all sessions is in one class with a rate, which no model limits for each session.
    let steady = Service::LogNormal(0.2, 0.000_3);
    let diagnosis = diagnose(Lock::new(0.5, 1, Held::Last), steady, abilities, Budget::default()).0;
    let class: Vec<Name> =
        diagnosis.mechanism.iter().flat_map(|one| one.class().collect::<Vec<_>>()).collect();
    assert!(class.contains(&Name::Lock) && class.contains(&Name::RateLimit), "{diagnosis:?}");
    assert!(diagnosis.why.contains("Requests of another session meet the same limit."), "{diagnosis:?}");
    let of_session = OfSession::new(|| Box::new(Lock::new(0.5, 1, Held::Last)));
    let diagnosis = diagnose(of_session, steady, abilities, Budget::default()).0;
    assert!(diagnosis.why.contains("Each session has a limit of its own."), "{diagnosis:?}");
}

#[test]
fn refusals_are_told_apart() {
    assert_eq!(class(Pool::new(6).capped(4), NOTHING), [Name::ConcurrencyCap]);
    assert_eq!(class(Rate::new(30.0, 6, Excess::Refused), NOTHING), [Name::RateCap]);
    assert_eq!(class(Pool::new(4).deadline(0.2), NOTHING), [Name::QueueDeadline]);
    assert_eq!(class(Unlimited::new().failing(0.3), NOTHING), [Name::RandomFailures]);
}

#[test]
fn what_nothing_tells_apart_from_outside_is_one_class() {
    let rate = Rate::new(50.0, 1, Excess::Delayed);
    let diagnosis = diagnose(rate, Service::Constant(0.1), NOTHING, Budget::default()).0;
    assert_eq!(diagnosis.ended, End::OnlyFromInside);
    let mechanism = diagnosis.mechanism.unwrap();
    let class: Vec<Name> = mechanism.class().collect();
    assert!(class.contains(&Name::RateLimit) && class.len() > 1, "{class:?}");
    let per_second = mechanism.parameters.per_second.unwrap();
    assert!((per_second / 50.0 - 1.0).abs() < 0.1, "{per_second}");
    assert!(diagnosis.why.contains("alike"), "{}", diagnosis.why);
}

#[test]
fn each_experiment_says_why_it_was_chosen_and_what_it_ruled_out() {
    let (diagnosis, ..) = diagnose(Pool::new(4), SERVICE, NOTHING, Budget::default());
    assert!(!diagnosis.experiments.is_empty());
    assert!(diagnosis.experiments.iter().all(|one| !one.title.is_empty() && !one.reason.is_empty()));
    let ruled_out: Vec<Name> =
        diagnosis.experiments.iter().flat_map(|one| one.ruled_out.iter().copied()).collect();
    assert!(ruled_out.contains(&Name::SharedCpu), "{ruled_out:?}");
    assert!(!ruled_out.contains(&Name::WorkerPool), "{ruled_out:?}");
    assert_eq!(diagnosis.remedy.as_deref(), Some("Raise the number of workers, threads or connections."));
}

#[test]
fn an_endpoint_that_answers_in_microseconds_can_not_be_diagnosed() {
    let service = Service::Constant(0.000_05);
    let (diagnosis, requests, _) = diagnose(Pool::new(4), service, NOTHING, Budget::default());
    assert_eq!((diagnosis.ended, diagnosis.mechanism), (End::TooQuick, None));
    assert!(diagnosis.why.contains("network"), "{}", diagnosis.why);
    assert!(requests < 30, "{requests}");
}

fn planner(service_ms: f64, alone: Vec<f64>) -> Planner {
    Planner {
        service_ms,
        alone: Baseline::new(alone),
        abilities: experiment::Abilities::default(),
        budget: Budget::default(),
    }
}

#[test]
fn a_server_that_stops_answering_ends_the_experiments() {
    let planner = planner(100.0, vec![100.0; 4]);
    let mut seen: Vec<Observed> = Vec::new();
    let spent = Spent { requests: 5, time: Duration::from_secs(1) };
    let ended = loop {
        match planner.next(&seen, spent) {
            Step::Fire(experiment) => {
                let fault = Fault::new(ErrorKind::Timeout, "no answer within 1 s");
                let rows = |n: usize| {
                    let outcome = fault.clone().outcome();
                    let row = |i| Row {
                        i,
                        sent_us: Some(0.0),
                        done_us: 1e6,
                        outcome: outcome.clone(),
                        ..Row::default()
                    };
                    (0..n).map(row).collect::<Vec<_>>()
                };
                let trace = |n: usize| Trace::new(Schedule::together(n), 100.0, rows(n));
                let traces = experiment.parts.iter().map(|part| trace(part.n)).collect();
                seen.push(Observed { experiment, traces });
            }
            Step::Done(end) => break end,
        }
    };
    assert_eq!((ended, seen.len()), (End::Unanswered, 2));
    assert_eq!(planner.diagnosis(&seen, ended).mechanism, None);
}

#[test]
fn the_budget_is_kept() {
    for max_requests in [12, 25, 60, 130] {
        let budget = Budget { max_requests, ..Budget::default() };
        let (_, requests, _) = diagnose(Unlimited::new(), Service::LogNormal(0.05, 0.4), NOTHING, budget);
        assert!(requests <= max_requests, "{requests} of {max_requests}");
    }
    let budget = Budget { max_time: Duration::from_secs(6), ..Budget::default() };
    let (diagnosis, _, time) = diagnose(Pool::new(1), Service::LogNormal(0.3, 0.3), NOTHING, budget);
    assert!(time <= Duration::from_secs(8), "{time:?}: {diagnosis:?}");
}

fn any_time() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1e6_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => -1e9..1e12_f64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_traces_have_a_diagnosis(service_ms in any_time(), alone in prop::collection::vec(any_time(), 0..4), times in prop::collection::vec((any_time(), any_time(), 0_u8..4), 0..30), steps in 1_usize..5) {
        let planner = planner(service_ms, alone);
        let mut seen: Vec<Observed> = Vec::new();
        let spent = Spent::default();
        for _ in 0..steps {
            let Step::Fire(experiment) = planner.next(&seen, spent) else { break };
            prop_assert!(experiment.requests() >= 1 && experiment.requests() <= planner.budget.max_requests);
            let row = |i: usize| {
                let (sent, done, kind) = times.get(i % times.len().max(1)).copied().unwrap_or((0.0, 1.0, 0));
                let outcome = match kind {
                    0 => Outcome::Answered(503),
                    1 => Fault::new(ErrorKind::Timeout, "").outcome(),
                    2 => Fault::new(ErrorKind::Connect, "").outcome(),
                    _ => Outcome::Answered(200),
                };
                Row { i, sent_us: Some(sent), done_us: done, outcome, ..Row::default() }
            };
            let trace = |n: usize| Trace::new(Schedule::together(n), service_ms, (0..n).map(row).collect());
            let traces = experiment.parts.iter().map(|part| trace(part.n)).collect();
            seen.push(Observed { experiment, traces });
        }
        let diagnosis = planner.diagnosis(&seen, End::Interrupted);
        prop_assert_eq!(diagnosis.experiments.len(), seen.len());
        let json = serde_json::to_string(&diagnosis.rounded()).unwrap();
        prop_assert!(serde_json::from_str::<Diagnosis>(&json).is_ok());
    }
}
