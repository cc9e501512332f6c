//! `loadtest compare` with results of real runs.

mod common;

use std::fs;

#[test]
fn the_same_burst_is_no_change_and_a_different_one_is_not_comparable() {
    let served = common::serve("spin.toml", &[]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}/e2/p1?wait_ms=300", served.authority());
    for (name, n) in [("a", "8"), ("b", "8"), ("c", "9")] {
        let out = folder.path().join(name);
        common::output(&[
            "burst",
            "-n",
            n,
            "-c",
            n,
            "--format",
            "json",
            "--out",
            out.to_str().unwrap(),
            &url,
        ]);
    }
    let path = |name: &str| folder.path().join(name).join("result.json").to_str().unwrap().to_owned();
    let same = common::output(&["compare", &path("a"), &path("b"), "--fail-on-change"]);
    assert_eq!(same.status.code(), Some(0), "{}", common::stdout(&same));
    assert!(common::stdout(&same).contains("0 of 1 verdicts changed"), "{}", common::stdout(&same));
    let other =
        common::output(&["compare", &path("a"), &path("c"), "--fail-on-change", "--format", "markdown"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(
        common::stdout(&other).contains("not comparable: requests: 8, then 9"),
        "{}",
        common::stdout(&other)
    );
}

#[test]
fn an_invalid_result_is_reported_with_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    let path = file.to_str().unwrap();
    for (text, expected) in [
        ("{\n  \"schema\": 1\n}", "line 3 column 1"),
        ("{\"schema\": 9}", "format 9"),
        ("", "line 1 column 0"),
    ] {
        fs::write(&file, text).unwrap();
        let output = common::output(&["compare", path, path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(common::stderr(&output).contains(expected), "{}", common::stderr(&output));
        assert_eq!(common::stderr(&output).lines().count(), 1, "{}", common::stderr(&output));
    }
    let missing = common::output(&["compare", "/nowhere.json", path]);
    assert!(common::stderr(&missing).contains("/nowhere.json"), "{}", common::stderr(&missing));
    let share = common::output(&["compare", path, path, "--tolerance", "fast"]);
    assert!(common::stderr(&share).contains("5%"), "{}", common::stderr(&share));
}
