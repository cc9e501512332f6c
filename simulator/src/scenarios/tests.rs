use judge::mechanism::Name;
use judge::verdict::Kind;

use super::{Scenario, Subject};

fn scenarios(subject: Subject) -> impl Iterator<Item = Scenario> {
    (0..20_000).filter(move |seed| Subject::of(*seed) == subject).take(40).map(Scenario::new)
}

#[test]
fn a_seed_gives_the_same_scenario() {
    for seed in 0..60 {
        assert_eq!(format!("{:?}", Scenario::new(seed)), format!("{:?}", Scenario::new(seed)));
    }
}

#[test]
fn every_scenario_has_a_truth_and_a_whole_record() {
    for seed in 0..400 {
        let scenario = Scenario::new(seed);
        assert!(!scenario.truth.kinds.is_empty(), "{scenario:?}");
        assert!(!scenario.truth.class.is_empty() || scenario.subject.is_outside(), "{scenario:?}");
        assert_eq!(scenario.trace.rows.len(), scenario.load.n, "{scenario:?}");
        assert!(!scenario.trace.baseline.before_ms.is_empty());
    }
}

#[test]
fn a_server_without_limit_is_parallel_and_one_worker_is_sequential() {
    for scenario in scenarios(Subject::Named(Name::None)) {
        assert_eq!(scenario.truth.kinds, [Kind::Parallel]);
        assert!(!scenario.truth.exceeds);
    }
    for scenario in scenarios(Subject::OneWorker).filter(|scenario| scenario.truth.exceeds) {
        assert_eq!(scenario.truth.kinds, [Kind::Sequential]);
        assert_eq!(scenario.truth.k, Some(1.0));
    }
}

#[test]
fn subjects_come_with_even_and_with_odd_seeds() {
    for subject in Subject::ALL {
        for parity in 0..2 {
            assert!((0..100).any(|seed| seed % 2 == parity && Subject::of(seed) == subject), "{subject:?}");
        }
    }
}
