use judge::mechanism::{Mechanism, Name, Parameters};
use judge::verdict::{Confidence, Kind, Verdict};

use super::{Band, Evaluation, Share};
use crate::scenarios::{NoiseClass, Truth};

fn pool_of_4() -> Truth {
    Truth {
        mechanism: Some(Name::WorkerPool),
        class: vec![Name::WorkerPool, Name::InnerPool],
        kinds: vec![Kind::Limited],
        k: Some(4.0),
        pool: None,
        spread: 0.1,
        exceeds: true,
        noise: NoiseClass::Quiet,
    }
}

fn said(kind: Kind, (low, high): (f64, f64), name: Name) -> Verdict {
    Verdict {
        at_a_time_low: Some(low),
        at_a_time_high: Some(high),
        mechanism: Some(Mechanism {
            name,
            parameters: Parameters::default(),
            or: vec![Name::Batching],
            probability: 0.95,
        }),
        confidence: Confidence::High,
        ..Verdict::of(kind)
    }
}

#[test]
fn a_right_verdict_is_counted_as_right_everywhere() {
    let mut evaluation = Evaluation::default();
    evaluation.add("pool", "1", 40, &pool_of_4(), &said(Kind::Limited, (3.0, 5.0), Name::InnerPool));
    let one = Share { part: 1, of: 1 };
    let counts = evaluation.total(|group| group == "pool");
    assert_eq!([counts.high(), counts.named, counts.best], [one; 3]);
    assert_eq!(evaluation.intervals[&Band::Low].hold, one);
    assert_eq!(evaluation.intervals[&Band::Low].median_width(), Some(0.5));
    assert_eq!(evaluation.reliability[&9], one);
    assert!(evaluation.errors.is_empty());
}

#[test]
fn a_wrong_kind_a_wrong_name_and_a_missed_k_are_told_with_their_case() {
    let mut evaluation = Evaluation::default();
    let verdict = said(Kind::Sequential, (1.0, 1.2), Name::RateLimit);
    evaluation.add("pool", "17", 40, &pool_of_4(), &verdict);
    let none = Share { part: 0, of: 1 };
    let counts = evaluation.total(|_| true);
    assert_eq!([counts.high(), counts.named, evaluation.intervals[&Band::Low].hold], [none; 3]);
    let report = evaluation.report();
    assert!(report.contains("17 pool: n 40, spread 0.10, quiet: is limited, 4 at a time; said sequential"));
    assert!(report.contains("is worker_pool or inner_pool; named rate_limit at 0.95"), "{report}");
}

#[test]
fn an_open_verdict_is_neither_right_nor_wrong() {
    let mut evaluation = Evaluation::default();
    evaluation.add("pool", "1", 40, &pool_of_4(), &Verdict::of(Kind::Inconclusive));
    let counts = evaluation.total(|_| true);
    assert_eq!((counts.inconclusive, counts.high(), counts.named), (1, Share::default(), Share::default()));
    assert!(evaluation.conclusive.values().all(|share| *share == Share { part: 0, of: 1 }));
}
