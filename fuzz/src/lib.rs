//! Fuzz targets: each takes any bytes, and panics if the code under test breaks a promise.
//!
//! `cargo test -p fuzz` runs each over its corpus, and over some changed inputs. `scripts/fuzz.sh` runs them with
//! libFuzzer, for as long as you like. An input that breaks a promise stays in the corpus, as a test.

mod header;
mod importers;
mod manifest;
mod mutation;
mod response;
mod routes;
mod verdict;

pub use mutation::Mutator;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name, which is also that of its corpus.
    pub name: &'static str,
    /// The number of changed inputs in `cargo test`: about two seconds.
    pub inputs: u32,
    /// Runs it on an input.
    pub run: fn(&[u8]),
}

/// All targets. Each has a corpus in `fuzz/corpus`, and a file in `fuzz/libfuzzer/fuzz_targets`.
pub static TARGETS: [Target; 6] = [
    Target { name: "header", inputs: 50_000, run: header::run },
    Target { name: "importers", inputs: 1_000, run: importers::run },
    Target { name: "manifest", inputs: 500, run: manifest::run },
    Target { name: "response", inputs: 1_500, run: response::run },
    Target { name: "routes", inputs: 400, run: routes::run },
    Target { name: "verdict", inputs: 30_000, run: verdict::run },
];

/// Runs the target of this name on an input.
///
/// # Panics
///
/// If there is no such target, or the code under test breaks a promise.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of TARGETS").run)(input);
}
