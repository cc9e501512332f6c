//! Runs each fuzz target over its corpus, and for a moment over changed inputs.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuzz::{Mutator, TARGETS, Target};

/// How long each target runs with changed inputs.
const TIME: Duration = Duration::from_secs(2);

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder(target))
        .unwrap_or_else(|error| panic!("{}: {error}", folder(target).display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Runs the target. An input that breaks a promise is written to a file.
fn check(target: &Target, input: &[u8]) {
    if catch_unwind(|| (target.run)(input)).is_err() {
        let file = std::env::temp_dir().join(format!("fuzz-{}-{}", target.name, std::process::id()));
        fs::write(&file, input).unwrap();
        panic!(
            "{} failed; keep the input as a case: cp {} {}/",
            target.name,
            file.display(),
            folder(target).display()
        );
    }
}

fn fuzz(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let corpus = corpus(target);
    assert!(!corpus.is_empty());
    corpus.iter().for_each(|input| check(target, input));
    // Another seed in each run finds more; the failing input is kept.
    let seed = fastrand::u64(..);
    let mut mutator = Mutator::new(&corpus, seed);
    let end = Instant::now() + TIME;
    while Instant::now() < end {
        check(target, &mutator.input());
    }
}

#[test]
fn headers() {
    fuzz("header");
}

#[test]
fn importers() {
    fuzz("importers");
}

#[test]
fn manifest() {
    fuzz("manifest");
}

#[test]
fn response() {
    fuzz("response");
}

#[test]
fn routes() {
    fuzz("routes");
}

#[test]
fn verdict() {
    fuzz("verdict");
}

#[test]
fn each_target_has_a_corpus_and_a_file_for_libfuzzer() {
    for target in &TARGETS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("libfuzzer/fuzz_targets")
            .join(format!("{}.rs", target.name));
        assert!(
            fs::read_to_string(file).unwrap().contains(&format!("fuzz::run(\"{}\", input)", target.name))
        );
        assert!(folder(target).is_dir());
    }
}
