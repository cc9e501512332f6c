//! Results of known shape, for tests of reports.

use judge::aggregate::Aggregate;
use judge::mechanism::{Mechanism, Name, Parameters};
use judge::schedule::Schedule;
use judge::trace::{Evidence, Generator, Outcome, Row, Stay, Trace};
use judge::verdict::{Confidence, Kind, Shape, Verdict};

use super::{Audit, AuditedRoute, Burst, Document, Instances, Isolation, Machine, Meaning, Observed, Run};

/// Returns `n` requests, served `at_a_time` in one second each, by instances of `per_instance` requests each. The last
/// request is refused. If `per_instance` is 0, there is no evidence.
pub fn rows(n: usize, at_a_time: usize, per_instance: usize) -> Vec<Row> {
    let second = 1_000_000_000;
    let row = |i: usize| {
        let wave = (i / at_a_time) as u64;
        Row {
            first_byte_us: Some((wave + 1) as f64 * 1e6 - 100.0),
            done_us: (wave + 1) as f64 * 1e6,
            outcome: Outcome::Answered(if i + 1 == n { 503 } else { 200 }),
            evidence: (i + 1 < n && per_instance > 0).then(|| Evidence {
                instance: format!("{:016x}", i / per_instance),
                endpoint: "e1-p1".to_owned(),
                style: "sync".to_owned(),
                served: Some((i % per_instance) as u32 + 1),
                stay: Some(Stay {
                    entered_ns: wave * second + 1_000_000,
                    left_ns: (wave + 1) * second - 1_000_000,
                }),
                start_ns: 0,
                host: None,
            }),
            ..answered(i)
        }
    };
    (0..n).map(row).collect()
}

/// Returns a burst of `rows` at `url`.
pub fn burst(url: &str, endpoint: &str, rows: Vec<Row>, verdict: Verdict) -> Burst {
    let trace = Trace::new(Schedule::together(rows.len()), 1e3, rows);
    Burst::new(url.to_owned(), endpoint.to_owned(), &trace.schedule, &trace, Aggregate::default(), verdict)
}

/// Returns a burst of ten requests, four at a time, without evidence. The last request is refused.
pub fn waves() -> Burst {
    let verdict = Verdict {
        at_a_time: Some(4.0),
        at_a_time_low: Some(4.0),
        at_a_time_high: Some(4.0),
        shape: Some(Shape::Waves),
        confidence: Confidence::High,
        why: "10 requests took 3.00 s in all, one alone takes 1.00 s.".to_owned(),
        remedy: Some("Give the pool more threads.".to_owned()),
        ..Verdict::of(Kind::Limited)
    };
    burst("http://127.0.0.1:3000/waves", "waves", rows(10, 4, 0), verdict)
}

/// Returns a burst of ten requests at a pool of four, which is named, without evidence. The last request is refused.
pub fn pool() -> Burst {
    let four = Parameters { workers: Some(4.0), ..Parameters::default() };
    let mechanism = mechanism(Name::WorkerPool, four, &[Name::Batching], 0.97);
    let waves = waves();
    let verdict = Verdict { mechanism: Some(mechanism), ..waves.verdict.clone() };
    Burst { url: "http://127.0.0.1:3000/pool".to_owned(), endpoint: "pool".to_owned(), verdict, ..waves }
}

/// Returns a burst of twelve requests at a server that starts one every 50 ms, and needs 200 ms for each.
pub fn rate() -> Burst {
    let twenty = Parameters { per_second: Some(20.0), burst: Some(1.0), ..Parameters::default() };
    let pool = Parameters { workers: Some(4.0), ..Parameters::default() };
    let verdict = Verdict {
        mechanism: Some(mechanism(Name::RateLimit, twenty, &[Name::Lock], 0.93)),
        alternatives: vec![mechanism(Name::WorkerPool, pool, &[], 0.06)],
        shape: Some(Shape::Staircase),
        confidence: Confidence::High,
        why: "12 requests took 750 ms in all, one alone takes 200 ms.".to_owned(),
        ..Verdict::of(Kind::Limited)
    };
    let row = |i: usize| {
        let done_us = 200_000.0 + 50_000.0 * i as f64;
        Row { first_byte_us: Some(done_us - 100.0), done_us, ..answered(i) }
    };
    let burst = burst("http://127.0.0.1:3000/paced", "paced", (0..12).map(row).collect(), verdict);
    Burst { service_ms: 200.0, ..burst }
}

/// Returns a burst that two mechanisms explain, neither of them surely.
pub fn open() -> Burst {
    let pool = Parameters { workers: Some(4.0), ..Parameters::default() };
    let verdict = Verdict {
        alternatives: vec![
            mechanism(Name::WorkerPool, pool, &[], 0.6),
            mechanism(Name::Growth, Parameters::default(), &[], 0.3),
        ],
        confidence: Confidence::Medium,
        ..waves().verdict
    };
    Burst { url: "http://127.0.0.1:3000/open".to_owned(), endpoint: "open".to_owned(), verdict, ..waves() }
}

/// Returns a mechanism with its class.
pub fn mechanism(name: Name, parameters: Parameters, or: &[Name], probability: f64) -> Mechanism {
    Mechanism { name, parameters, or: or.to_vec(), probability }
}

/// Returns a request of a burst sent at once, answered at time 0.
fn answered(i: usize) -> Row {
    Row {
        i,
        connect_us: Some(120.0),
        planned_us: Some(0.0),
        sent_us: Some(i as f64),
        outcome: Outcome::Answered(200),
        ..Row::default()
    }
}

/// Returns a burst of ten requests at once, each in a new instance. The last request is refused.
pub fn together() -> Burst {
    let verdict = Verdict {
        at_a_time: Some(10.0),
        shape: Some(Shape::Together),
        confidence: Confidence::High,
        why: "10 requests took 1.00 s in all, one alone takes 1.00 s.".to_owned(),
        ..Verdict::of(Kind::Parallel)
    };
    let burst = burst("http://127.0.0.1:3000/e1/p1", "e1-p1", rows(10, 10, 1), verdict);
    Burst {
        expected: Some(Kind::Sequential),
        as_expected: Some(false),
        mismatch: Some("sequential".to_owned()),
        fastapi: Some(Kind::Parallel),
        author_expected: Some(Kind::Sequential),
        ..burst
    }
}

/// Returns a complete document, the same on every machine.
pub fn document(bursts: Vec<Burst>) -> Document {
    let machine = Machine {
        os: "linux".into(),
        arch: "x86_64".into(),
        cpus: 2,
        cpu_model: None,
        memory_mib: Some(1024),
    };
    let mut document = Document {
        tool: "loadtest 0.1.0".to_owned(),
        machine,
        started: "2026-11-24T00:00:00Z".to_owned(),
        command: "loadtest run --setup 1".to_owned(),
        ..Document::new(String::new(), Machine::unknown(), String::new(), String::new())
    };
    let run = Run {
        system: "embedded".to_owned(),
        manifest: Some("spin.toml".to_owned()),
        instances: None,
        round: 1,
        setup: "1".to_owned(),
        title: "sync handler".to_owned(),
        generator: None,
        bursts,
    };
    document.add(run, Generator { cpu: 0.031, lag_p99_us: 90.0 }, 20_000);
    document
}

/// Returns the result of an audit: a route that sharing slows, one that it doesn't, one of WASIp2, and one that wasn't fired.
pub fn audit() -> Document {
    let mut document = document(Vec::new());
    let shared_burst =
        Burst { url: "http://127.0.0.1:3000/trap".to_owned(), endpoint: "trap".to_owned(), ..waves() };
    let run = |isolation, burst: &Burst| Run {
        manifest: Some("shop.toml".to_owned()),
        instances: Some(Instances { wasi: 3, isolation }),
        setup: "/trap/:id".to_owned(),
        title: "/trap/7, component trap".to_owned(),
        bursts: vec![burst.clone()],
        ..document.runs[0].clone()
    };
    document.runs = vec![run(Isolation::Shared, &shared_burst), run(Isolation::Fresh, &together())];
    let observed = |burst: &Burst, (instances, most_in_one)| Observed {
        instances,
        most_in_one,
        ..Observed::new(burst, 10.0)
    };
    let route = |route: &str, meaning, why: &str| AuditedRoute {
        route: route.to_owned(),
        component: Some(route.trim_matches('/').split('/').next().unwrap_or_default().to_owned()),
        wasi: Some(3),
        path: Some(route.to_owned()),
        alone_ms: Some(1_000.0),
        shared: Some(observed(&together(), (4, 3))),
        isolated: Some(observed(&together(), (10, 1))),
        meaning,
        why: why.to_owned(),
        remedy: None,
    };
    let routes = vec![
        AuditedRoute {
            path: Some("/trap/7".to_owned()),
            shared: Some(observed(&shared_burst, (1, 10))),
            remedy: Some("Replace the blocking call by its async form.".to_owned()),
            ..route("/trap/:id", Meaning::SharedSlower, "Only the sharing differs, so that it is the cause.")
        },
        route("/await", Meaning::NotSeen, "Bursts were sent together, over 10.0 ms."),
        AuditedRoute {
            wasi: Some(2),
            shared: None,
            ..route("/old", Meaning::Isolated, "Each request has an instance of its own.")
        },
        AuditedRoute {
            path: None,
            alone_ms: None,
            shared: None,
            isolated: None,
            ..route("/files/...", Meaning::NotFired, "The route needs a path: --path '/files/...=/...'.")
        },
    ];
    let shared_components = ["await", "files", "trap"].map(str::to_owned).to_vec();
    let (system, manifest) = ("embedded".to_owned(), "shop.toml".to_owned());
    document.audit = Some(Audit { system, manifest, n: 10, shared_components, routes });
    document
}
