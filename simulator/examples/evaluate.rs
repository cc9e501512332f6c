//! Judges simulated bursts of known mechanism, and reports how often the verdicts are right.
//!
//! `cargo run --release -p simulator --example evaluate -- CASES SEED [MECHANISM]`: an even seed gives bursts for
//! development, an odd one bursts for a check. `-- --show SEED` prints one case; `-- --time` measures how long bursts of
//! 1,000, 10,000 and 100,000 requests take to judge.

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use judge::mechanism::Name;
use judge::verdict::judge;
use simulator::evaluation::Evaluation;
use simulator::scenarios::{Scenario, Subject};

const USAGE: &str = "usage: evaluate CASES SEED [MECHANISM] | evaluate --show SEED | evaluate --time";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |i: usize| arguments.get(i).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(0), number(1)) {
        (Some("--show"), _, Some(seed)) => show(seed),
        (Some("--time"), ..) => time(),
        (_, Some(cases), Some(seed)) => evaluate(cases as usize, seed, arguments.get(2)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn evaluate(cases: usize, seed: u64, filter: Option<&String>) {
    let is_wanted = |subject: Subject| filter.is_none_or(|name| subject.name().contains(name.as_str()));
    if !Subject::ALL.into_iter().any(is_wanted) {
        let names = Subject::ALL.map(Subject::name).join(", ");
        eprintln!("no mechanism is called so; there are {names}");
        return;
    }
    let mut evaluation = Evaluation::default();
    let (mut longest, mut sum) = ((Duration::ZERO, 0), Duration::ZERO);
    // Steps of two keep the seeds even or odd.
    let seeds = (seed..).step_by(2).filter(|seed| is_wanted(Subject::of(*seed))).take(cases);
    for seed in seeds {
        let scenario = Scenario::new(seed);
        let start = Instant::now();
        let verdict = judge(&scenario.trace);
        let took = start.elapsed();
        sum += took;
        longest = longest.max((took, seed));
        let Scenario { subject, load, truth, .. } = &scenario;
        evaluation.add(subject.name(), &seed.to_string(), load.n, truth, &verdict);
    }
    print!("{}", evaluation.report());
    println!(
        "\njudging took {:?} on average, at most {:?} (seed {})",
        sum / cases.max(1) as u32,
        longest.0,
        longest.1
    );
}

fn time() {
    let subjects = [Name::None, Name::WorkerPool, Name::RateLimit, Name::Lock, Name::Throughput];
    for name in subjects {
        let is_wanted = |seed: &u64| Subject::of(*seed) == Subject::Named(name);
        for n in [1_000, 10_000, 100_000] {
            let seeds = (0..).filter(is_wanted).step_by(2).take(3);
            let longest = seeds.map(|seed| {
                let trace = Scenario::together(seed, n).trace;
                let start = Instant::now();
                judge(&trace);
                start.elapsed()
            });
            println!("{name} {n}: at most {:?}", longest.max().unwrap_or_default());
        }
    }
}

fn show(seed: u64) {
    let scenario = Scenario::new(seed);
    let Scenario { subject, parameters, service, load, noise, truth, trace, .. } = &scenario;
    println!("{}: {parameters}\n{service:?}\n{load:?}\n{noise:?}\n{truth:#?}", subject.name());
    let times = |times: &mut dyn Iterator<Item = f64>| {
        times.map(|time| format!("{time:.1}")).collect::<Vec<_>>().join(" ")
    };
    println!("warm-up {:?} ms", trace.baseline.warm_up_ms);
    println!("alone {} ms", times(&mut trace.baseline.before_ms.iter().copied()));
    println!("after {:?} ms", trace.baseline.after_ms);
    let mut latencies: Vec<f64> = trace.rows.iter().filter_map(|row| Some(row.latency_us()? / 1e3)).collect();
    latencies.sort_by(f64::total_cmp);
    println!("latencies {} ms", times(&mut latencies.into_iter()));
    let mut done: Vec<f64> = trace.answered().map(|row| row.done_us / 1e3).collect();
    done.sort_by(f64::total_cmp);
    println!("answers at {} ms", times(&mut done.into_iter()));
    let verdict = serde_json::to_string_pretty(&judge(trace));
    println!("{}", verdict.unwrap_or_else(|error| error.to_string()));
}
