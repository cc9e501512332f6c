//! The corpus is well formed, wide, and small enough to live in the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use corpus::{Entry, Truth};
use judge::mechanism::Name;
use judge::verdict::Kind;

/// The promised number of traces.
const TRACES: usize = 300;
/// The promised size of all files.
const MOST_BYTES: u64 = 10 * 1024 * 1024;

fn entries() -> Vec<Entry> {
    corpus::load(&corpus::folder()).unwrap()
}

fn count(entries: &[Entry], is: impl Fn(&Truth) -> bool) -> usize {
    entries.iter().filter(|entry| is(&entry.truth)).count()
}

fn bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { bytes(&entry.path()) } else { entry.metadata().unwrap().len() }
            },
        )
        .sum()
}

#[test]
fn the_corpus_has_the_promised_number_and_size() {
    let entries = entries();
    assert!(entries.len() >= TRACES, "{} traces", entries.len());
    assert!(bytes(&corpus::folder()) < MOST_BYTES);
    let names: BTreeSet<_> = entries.iter().map(|entry| &entry.name).collect();
    assert_eq!(names.len(), entries.len(), "names are unique");
}

#[test]
fn the_corpus_is_wide() {
    let entries = entries();
    let servers: BTreeSet<_> = entries.iter().map(|entry| &entry.truth.server).collect();
    let families: BTreeSet<_> = entries.iter().map(|entry| &entry.truth.family).collect();
    assert!(servers.len() >= 80 && families.len() >= 15, "{} of {}", servers.len(), families.len());
    let share = |is: fn(&Truth) -> bool| count(&entries, is) as f64 / entries.len() as f64;
    assert!((0.2..0.45).contains(&share(|truth| truth.busy)));
    assert!((0.25..0.45).contains(&share(|truth| truth.held_out)));
    assert!(share(|truth| truth.exceeds) >= 0.6);
    for kind in [Kind::Parallel, Kind::Sequential, Kind::Limited, Kind::Refused] {
        let (tuned, held_out): (Vec<_>, Vec<_>) = entries
            .iter()
            .filter(|entry| entry.truth.kinds == [kind])
            .partition(|entry| !entry.truth.held_out);
        assert!(tuned.len() >= 15 && held_out.len() >= 8, "{kind}: {} {}", tuned.len(), held_out.len());
    }
}

#[test]
fn families_are_held_out_as_a_whole_or_by_trace() {
    let entries = entries();
    let families: BTreeSet<_> = entries.iter().map(|entry| &entry.truth.family).collect();
    let whole = families.iter().filter(|family| {
        entries.iter().filter(|entry| entry.truth.family == ***family).all(|entry| entry.truth.held_out)
    });
    assert!(whole.count() >= 3);
}

#[test]
fn truths_are_consistent() {
    for Entry { name, truth, .. } in entries() {
        assert!(name.starts_with(&truth.server), "{name}");
        assert!(!truth.kinds.is_empty() && !truth.kinds.contains(&Kind::Inconclusive), "{name}");
        assert!(!truth.mechanisms.is_empty() && !truth.configuration.is_empty(), "{name}");
        assert!(truth.n >= truth.c && truth.c > 0 && truth.wait_ms > 0.0, "{name}");
        if let Some((low, high)) = truth.range() {
            assert!(1.0 <= low && low <= high, "{name}: {low} to {high}");
        }
        // A limit that the burst doesn't exceed can't be seen.
        let is_limited =
            truth.mechanisms.contains(&Name::WorkerPool) || truth.mechanisms.contains(&Name::RateLimit);
        assert!(!truth.exceeds || !truth.mechanisms.contains(&Name::None), "{name}");
        assert!(!(is_limited && truth.kinds == [Kind::Parallel] && truth.exceeds), "{name}");
    }
}

#[test]
fn traces_are_consistent() {
    for Entry { name, truth, trace } in entries() {
        assert_eq!(trace.rows.len(), truth.n, "{name}");
        assert!(trace.service_ms > 0.0 && trace.service_ms.is_finite(), "{name}");
        assert!(trace.baseline.before_ms.len() <= 8, "{name}");
        for (i, row) in trace.rows.iter().enumerate() {
            assert_eq!(row.i, i, "{name}");
            let times = [row.sent_us, row.first_byte_us, Some(row.done_us)];
            assert!(times.into_iter().flatten().is_sorted(), "{name}, request {i}");
            assert!(
                row.is_ok()
                    || truth.kinds.contains(&Kind::Refused)
                    || truth.mechanisms.contains(&Name::RandomFailures),
                "{name}, request {i}: {:?}",
                row.outcome
            );
        }
        let generator = trace.generator;
        assert!((0.0..=1.0).contains(&generator.cpu) && generator.lag_p99_us >= 0.0, "{name}");
    }
}

#[test]
fn an_error_names_the_file() {
    let folder = std::env::temp_dir().join(format!("corpus-{}", std::process::id()));
    fs::create_dir_all(folder.join("server")).unwrap();
    let error = format!("{:#}", corpus::load(&folder).unwrap_err());
    fs::remove_dir_all(&folder).unwrap();
    assert!(error.contains("server") && error.contains("truth.toml"), "{error}");
}
