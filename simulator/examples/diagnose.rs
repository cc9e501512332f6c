//! Diagnoses simulated servers of known mechanism, and reports how often the diagnoses are right.
//!
//! `cargo run --release -p simulator --example diagnose -- CASES SEED [MECHANISM]`: an even seed gives cases for
//! development, an odd one cases for a check. In place of a mechanism, `known` means those that the judge knows, and
//! `other` all others. `-- --show SEED` prints one case.

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use judge::experiment::Budget;
use simulator::laboratory::{Case, Kind, Outcome, Verdict};

const USAGE: &str = "usage: diagnose CASES SEED [MECHANISM] | diagnose --show SEED";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |i: usize| arguments.get(i).and_then(|text| text.parse::<u64>().ok());
    match (arguments.first().map(String::as_str), number(0), number(1)) {
        (Some("--show"), _, Some(seed)) => show(seed),
        (_, Some(cases), Some(seed)) => evaluate(cases as usize, seed, arguments.get(2)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// The counts of one kind of server.
#[derive(Default)]
struct Counts {
    verdicts: [usize; 3],
    requests: Vec<usize>,
    seconds: Vec<f64>,
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        self.verdicts[outcome.verdict as usize] += 1;
        self.requests.push(outcome.requests);
        self.seconds.push(outcome.seconds);
    }

    fn print(&mut self, name: &str) {
        self.requests.sort_unstable();
        self.seconds.sort_by(f64::total_cmp);
        let all = self.requests.len();
        let [right, open, wrong] = self.verdicts;
        println!(
            "{name:24} {all:4} cases: right {right:3}, open {open:3}, wrong {wrong:3}; requests {:3} on the median, {:3} at most; \
             {:4.1} s on the median, {:4.1} s at most",
            self.requests[(all - 1) / 2],
            self.requests[all - 1],
            self.seconds[(all - 1) / 2],
            self.seconds[all - 1]
        );
    }
}

fn evaluate(cases: usize, seed: u64, filter: Option<&String>) {
    let is_wanted = |seed: &u64| match (filter.map(String::as_str), Kind::of(*seed)) {
        (None, _) => true,
        (Some("known"), kind) => !kind.is_outside(),
        (Some("other"), kind) => kind.is_outside(),
        (Some(name), kind) => kind.name().contains(name),
    };
    let mut kinds: BTreeMap<Kind, Counts> = BTreeMap::new();
    let mut longest = (Duration::ZERO, 0);
    let mut sum = Duration::ZERO;
    // Steps of two keep the seeds even or odd.
    for seed in (seed..).step_by(2).filter(is_wanted).take(cases) {
        let case = Case::new(seed);
        let start = Instant::now();
        let outcome = case.diagnose(Budget::default());
        let took = start.elapsed();
        sum += took;
        longest = longest.max((took, seed));
        kinds.entry(case.kind).or_default().add(&outcome);
        if outcome.verdict != Verdict::Right {
            let said = outcome.diagnosis.mechanism.iter().chain(&outcome.diagnosis.alternatives);
            let said: Vec<String> =
                said.take(3).map(|one| format!("{} {:.2}", one.class_in_words(), one.probability)).collect();
            println!(
                "{:?} {seed} {}: {}; spread {:.2}, {}; also {}; {} requests, {:.1} s, {:?}: {}; allowed {}",
                outcome.verdict,
                case.kind.name(),
                case.parameters,
                case.service.spread(),
                case.noise_class.name(),
                case.abilities.also.is_some(),
                outcome.requests,
                outcome.seconds,
                outcome.diagnosis.ended,
                said.join(", "),
                outcome.allowed.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
            );
        }
    }
    println!();
    let (mut known, mut outside) = (Counts::default(), Counts::default());
    for (kind, mut counts) in kinds {
        let all = if kind.is_outside() { &mut outside } else { &mut known };
        (0..3).for_each(|i| all.verdicts[i] += counts.verdicts[i]);
        all.requests.append(&mut counts.requests.clone());
        all.seconds.append(&mut counts.seconds.clone());
        counts.print(kind.name());
    }
    for (mut counts, name) in [(known, "all known mechanisms"), (outside, "all others")] {
        if !counts.requests.is_empty() {
            counts.print(name);
        }
    }
    println!(
        "computing took {:?} a case, at most {:?} (seed {})",
        sum / cases.max(1) as u32,
        longest.0,
        longest.1
    );
}

fn show(seed: u64) {
    let case = Case::new(seed);
    println!(
        "{}: {}\n{:?}\n{:?}\n{:?}",
        case.kind.name(),
        case.parameters,
        case.service,
        case.noise,
        case.abilities
    );
    let outcome = case.diagnose(Budget::default());
    println!(
        "{:?}, allowed {:?}, {} requests, {:.1} s",
        outcome.verdict, outcome.allowed, outcome.requests, outcome.seconds
    );
    let diagnosis = serde_json::to_string_pretty(&outcome.diagnosis.rounded());
    println!("{}", diagnosis.unwrap_or_else(|error| error.to_string()));
}
