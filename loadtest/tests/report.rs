//! Output files, formats, and the expectations of `--expect`.

mod common;

use std::fs;
use std::process::Output;

fn burst(served: &common::Served, args: &[&str]) -> Output {
    let url = format!("http://{}/e2/p1?wait_ms=300", served.authority());
    common::output(&[&["burst", "-n", "5", "-c", "5", "--service-ms", "300"], args, &[&url]].concat())
}

#[test]
fn met_expectations_exit_with_0_and_unmet_ones_with_1_and_a_message() {
    let served = common::serve("spin.toml", &[]);
    let met = burst(&served, &["--expect", "at_a_time>=4", "--expect", "e2-p1: failed=0"]);
    assert_eq!(met.status.code(), Some(0), "{}", common::stderr(&met));
    let unmet = burst(&served, &["--expect", "failed=0", "--expect", "p99<20ms"]);
    assert_eq!(unmet.status.code(), Some(1));
    let stderr = common::stderr(&unmet);
    let line = stderr.lines().find(|line| line.contains("is not met")).unwrap_or_else(|| panic!("{stderr}"));
    assert!(
        line.starts_with("--expect 'p99<20ms' is not met: p99 ") && line.contains(" of e2-p1 "),
        "{line}"
    );
    assert!(!stderr.contains("failed=0"), "{stderr}");
}

#[test]
fn impossible_arguments_are_reported_before_the_burst() {
    let served = common::serve("spin.toml", &[]);
    for (args, expected) in [
        (&["--expect", "e9-p9: parallel"][..], "none of the endpoints: e2-p1"),
        (&["--expect", "fast"], "limited>=16"),
        (&["--format", "html,csv"], "--out"),
        (&["--format", "pdf"], "possible values: json, html, csv, markdown, junit"),
        (&["--format", "csv", "-o", "csv"], "cannot be used with"),
    ] {
        let output = burst(&served, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(common::stderr(&output).contains(expected), "{args:?}: {}", common::stderr(&output));
    }
}

#[test]
fn all_formats_are_written_or_one_is_printed() {
    let served = common::serve("spin.toml", &[]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let files = || {
        let mut files: Vec<_> = fs::read_dir(out).unwrap().map(|file| file.unwrap().file_name()).collect();
        files.sort();
        files
    };
    burst(&served, &["--out", out, "--format", "csv,junit"]);
    assert_eq!(files(), ["junit.xml", "requests.csv"]);
    burst(&served, &["--out", out]);
    assert_eq!(files(), ["junit.xml", "report.html", "report.md", "requests.csv", "result.json"]);
    let lines = fs::read_to_string(folder.path().join("requests.csv")).unwrap();
    assert_eq!(lines.lines().count(), 6, "one line for each request, and a header");
    let printed = burst(&served, &["--format", "markdown"]);
    assert!(common::stdout(&printed).starts_with("| Setup | "), "{}", common::stdout(&printed));
}

#[test]
fn github_actions_gets_annotations_of_unmet_expectations() {
    let served = common::serve("spin.toml", &[]);
    let url = format!("http://{}/e2/p1?wait_ms=300", served.authority());
    let args = ["burst", "-n", "5", "-c", "5", "--service-ms", "300", "--expect", "sequential", &url];
    let output = common::loadtest(&args).env("GITHUB_ACTIONS", "true").output().unwrap();
    let stderr = common::stderr(&output);
    assert!(
        stderr.contains("::error title=e2-p1 on http%3A//") && stderr.contains("sequential is not met"),
        "{stderr}"
    );
}
