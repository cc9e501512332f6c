//! Fuzz targets: each takes any bytes, and panics if the code under test breaks a promise.
//!
//! `cargo test -p fuzz` runs each over its corpus, and over changed inputs for a moment. `scripts/fuzz.sh` runs them with
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
    /// Runs it on an input.
    pub run: fn(&[u8]),
}

/// All targets. Each has a corpus in `fuzz/corpus`, and a file in `fuzz/libfuzzer/fuzz_targets`.
pub static TARGETS: [Target; 6] = [
    Target { name: "header", run: header::run },
    Target { name: "importers", run: importers::run },
    Target { name: "manifest", run: manifest::run },
    Target { name: "response", run: response::run },
    Target { name: "routes", run: routes::run },
    Target { name: "verdict", run: verdict::run },
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
