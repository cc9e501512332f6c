//! Judges any rows, schedule and service time: also times that are NaN, negative, infinite, equal or decreasing.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use judge::aggregate::Aggregate;
use judge::capacity::{End, Firing, Purpose, Search, Survey};
use judge::schedule::{Arrivals, Open, Schedule};
use judge::trace::{
    ErrorKind, Evidence, Failures, Fault, Generator, MissingData, Outcome, Phases, Row, Stay, Trace,
};
use judge::verdict::{effective_concurrency, judge};

/// A number of the input: any bits, or a small integer, so that times are often equal or in a plausible order.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Number {
    Any(f64),
    Small(u8),
    Medium(u32),
}

#[derive(Debug, Arbitrary)]
struct FuzzRow {
    connect: Option<Number>,
    connects: bool,
    planned: Option<Number>,
    sent: Option<Number>,
    first_byte: Option<Number>,
    done: Number,
    outcome: u16,
    good: Option<bool>,
    evidence: Option<FuzzEvidence>,
    is_uvicorn: bool,
    server_time: Option<Number>,
    phases: Option<[Number; 4]>,
}

#[derive(Debug, Arbitrary)]
struct FuzzEvidence {
    instance: u8,
    style: u8,
    served: Option<u32>,
    stay: Option<(u64, u64)>,
    start_ns: u64,
    host: Option<bool>,
}

#[derive(Debug, Arbitrary)]
struct FuzzOpen {
    rate: f64,
    ramp: Duration,
    is_poisson: bool,
    seed: u64,
}

#[derive(Debug, Arbitrary)]
struct Input {
    n: usize,
    c: usize,
    delay: Duration,
    spacing: Duration,
    duration: Option<Duration>,
    open: Option<FuzzOpen>,
    service_ms: Number,
    rows: Vec<FuzzRow>,
    shared_clock: bool,
    keep_alive: bool,
    cpu: f64,
    lag_p99_us: Number,
    no_service: bool,
    failures: u8,
    resolution_us: Number,
}

impl Number {
    fn value(self) -> f64 {
        match self {
            Self::Any(value) => value,
            Self::Small(value) => f64::from(value),
            Self::Medium(value) => f64::from(value),
        }
    }
}

impl FuzzEvidence {
    fn evidence(&self) -> Evidence {
        let styles = ["sync", "async-blocking", "await-then-block", "\u{1b}[31m"];
        Evidence {
            instance: self.instance.to_string(),
            endpoint: "e1-p1".to_owned(),
            style: styles[usize::from(self.style) % styles.len()].to_owned(),
            served: self.served,
            stay: self.stay.map(|(entered_ns, left_ns)| Stay { entered_ns, left_ns }),
            start_ns: self.start_ns,
            host: self.host.map(|is_first| is_first.to_string()),
        }
    }
}

impl FuzzRow {
    fn row(&self, i: usize) -> Row {
        let value = |number: Option<Number>| number.map(Number::value);
        Row {
            i,
            connect_us: value(self.connect),
            connects: self.connects,
            planned_us: value(self.planned),
            sent_us: value(self.sent),
            first_byte_us: value(self.first_byte),
            done_us: self.done.value(),
            outcome: match self.outcome {
                0 => Outcome::Rejected(Fault::new(ErrorKind::Reset, "connection reset")),
                1 => Outcome::Failed(Fault::new(ErrorKind::Timeout, "no answer")),
                status @ 2..600 => Outcome::Answered(status),
                _ => Outcome::Answered(200),
            },
            good: self.good,
            evidence: self.evidence.as_ref().map(FuzzEvidence::evidence),
            server: self.is_uvicorn.then(|| "uvicorn".to_owned()),
            server_time_us: value(self.server_time),
            phases: self.phases.map(|phases| {
                let [queue_us, start_us, handler_us, answer_us] = phases.map(Number::value);
                Phases { queue_us, start_us, handler_us, answer_us }
            }),
        }
    }
}

impl Input {
    fn schedule(&self) -> Schedule {
        let open = self.open.as_ref().map(|open| Open {
            rate: open.rate,
            ramp: open.ramp,
            arrivals: if open.is_poisson { Arrivals::Poisson } else { Arrivals::Even },
            seed: open.seed,
        });
        Schedule {
            c: self.c,
            delay: self.delay,
            spacing: self.spacing,
            duration: self.duration,
            open,
            ..Schedule::together(self.n)
        }
    }

    fn trace(&self) -> Trace {
        let rows: Vec<Row> = self.rows.iter().enumerate().map(|(i, row)| row.row(i)).collect();
        Trace {
            shared_clock: self.shared_clock,
            keep_alive: self.keep_alive,
            generator: Generator { cpu: self.cpu, lag_p99_us: self.lag_p99_us.value() },
            missing: MissingData {
                service: self.no_service,
                failures: [Failures::Kept, Failures::Counted, Failures::Unknown]
                    [usize::from(self.failures % 3)],
                resolution_us: self.resolution_us.value(),
            },
            ..Trace::new(self.schedule(), self.service_ms.value(), rows)
        }
    }
}

/// Every trace has a verdict, without a panic, and the interval of a number contains it.
pub fn run(bytes: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(bytes)) else { return };
    let trace = input.trace();
    let verdict = judge(&trace);
    if let (Some(low), Some(k), Some(high)) =
        (verdict.at_a_time_low, verdict.at_a_time, verdict.at_a_time_high)
    {
        assert!(low <= k && k <= high, "{verdict:?}");
    }
    let _ = verdict.clone().rounded().headline();
    let _ = effective_concurrency(&trace);
    let _ = Aggregate::of(&trace.rows);
    let _ = trace.schedule.planned().take(100).count();
    let search = Search { limit: 1_024, repeat: 3 };
    let mut survey = Survey::new(search, trace.service_ms, trace.baseline.clone(), false);
    survey.add(&Firing::new(trace.schedule.n, Purpose::Search), &trace, &verdict);
    let _ = survey.next();
    let _ = survey.answer(End::Found).to_string();
}
