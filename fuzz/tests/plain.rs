//! Runs each fuzz target over its corpus, and over changed inputs: the same in each run, so that the result depends on the
//! code alone. With `FUZZ_SECONDS=N`, the inputs are others in each run, and each target takes N seconds.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use fuzz::{Mutator, TARGETS, Target};

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
        let file = env::temp_dir().join(format!("fuzz-{}-{}", target.name, std::process::id()));
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
    let seconds = env::var("FUZZ_SECONDS").ok().map(|text| text.parse().expect("FUZZ_SECONDS is a number"));
    let seed = seconds.map_or(1, |_| fastrand::u64(..));
    let mut mutator = Mutator::new(&corpus, seed);
    match seconds {
        None => (0..target.inputs).for_each(|_| check(target, &mutator.input())),
        Some(seconds) => {
            let end = Instant::now() + Duration::from_secs(seconds);
            let mut count = 0_u64;
            while Instant::now() < end {
                check(target, &mutator.input());
                count += 1;
            }
            eprintln!("{name}: {count} inputs in {seconds} s");
        }
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
