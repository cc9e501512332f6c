//! `loadtest analyze` and `loadtest merge` with results of real bursts, and of thousands of simulated ones.

mod common;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use judge::aggregate::Aggregate;
use judge::verdict::{Kind, Verdict, judge};
use results::document::{Burst, Document};
use results::import;

use simulator::{Random, ServiceTimes, case};

fn file(folder: &Path) -> String {
    folder.join("result.json").to_str().expect("text").to_owned()
}

/// Removes the origin, which is the only difference of a document that is judged again.
fn without_source(document: Document) -> Document {
    Document { source: None, ..document }
}

#[test]
fn a_run_that_is_judged_again_is_unchanged() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = first.path().to_str().unwrap();
    // Setup 7 has a spacing, setup 4 a delay, and the manifests differ in their use of instances.
    let ended = common::output(&["run", "--setup", "4,7", "--time-scale", "0.2", "--out", out]);
    assert!(ended.status.success(), "{}", common::stderr(&ended));
    let analyzed =
        common::output(&["analyze", &file(first.path()), "--out", second.path().to_str().unwrap()]);
    assert!(analyzed.status.success(), "{}", common::stderr(&analyzed));
    let table =
        |output: &std::process::Output| common::stdout(output).split("\n\n").next().unwrap().to_owned();
    assert_eq!(table(&analyzed), table(&ended));
    assert_eq!(without_source(common::result(second.path())), common::result(first.path()));
}

#[test]
fn a_simulated_burst_that_is_judged_again_is_unchanged() {
    let mut random = Random::new(7);
    let mut changed = Vec::new();
    for number in 0..2_000 {
        let mut trace = case(&mut random, ServiceTimes::Uniform).trace;
        // A real burst has this for each request.
        trace.rows.iter_mut().for_each(|row| row.connects = !trace.keep_alive);
        let verdict = judge(&trace);
        let name = trace.rows.iter().find_map(|row| Some(row.evidence.as_ref()?.endpoint.clone()));
        let name = name.unwrap_or_default();
        let burst = Burst::new(String::new(), name, &trace.schedule, &trace, Aggregate::default(), verdict);
        let again = judge(&import::trace(&burst, trace.generator));
        let summary = |verdict: &Verdict| (verdict.kind, verdict.shape, verdict.confidence);
        if summary(&again) != summary(&burst.verdict) {
            changed.push(format!("{number}: {:?}\n{again:?}\n", burst.verdict));
        }
    }
    // Results are rounded to a tenth of a microsecond, which may change a verdict at a threshold.
    assert!(changed.len() <= 2, "{}", changed.concat());
}

#[test]
fn another_service_time_changes_the_verdict() {
    let served = common::serve("spin.toml", &[]);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}/e2/p1?wait_ms=500", served.authority());
    let args = ["burst", "-n", "8", "-c", "8", "--out", folder.path().to_str().unwrap(), &url];
    assert!(common::output(&args).status.success());
    let verdict = |args: &[&str]| {
        let output =
            common::output(&[&["analyze", "--format", "json"], args, &[&file(folder.path())]].concat());
        let document: Document = serde_json::from_slice(&output.stdout).expect("a result");
        document.runs[0].bursts[0].verdict.kind
    };
    assert_eq!(verdict(&[]), Kind::Parallel);
    // With an eighth of the service time, all requests were delayed; but their handlers ran at the same time.
    assert_ne!(verdict(&["--service-ms", "62.5"]), Kind::Inconclusive);
    let expected = common::output(&["analyze", "--expect", "sequential", &file(folder.path())]);
    assert_eq!(expected.status.code(), Some(1), "{}", common::stderr(&expected));
}

/// Fires `halves` at once, each from its own process. Returns the result files.
fn together(folder: &Path, url: &str, halves: &[(&str, &[&str])]) -> Vec<String> {
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(4);
    let start = format!("{:.3}", start.as_secs_f64());
    let fired: Vec<_> = halves
        .iter()
        .map(|(name, args)| {
            let out = folder.join(name);
            let always = ["burst", "--start-at", &start, "--out", out.to_str().unwrap()];
            let mut command = common::loadtest(&[&always[..], args, &[url]].concat());
            (out, command.stdout(Stdio::null()).spawn().expect("loadtest starts"))
        })
        .collect();
    fired
        .into_iter()
        .map(|(out, mut child)| {
            child.wait().expect("it ends");
            file(&out)
        })
        .collect()
}

#[test]
fn two_generators_have_the_verdict_of_one() {
    // Four requests at a time: neither half of the burst alone shows this limit.
    let served = common::serve("spin.toml", &["--max-instances", "4"]);
    let url = format!("http://{}/e2/p1?wait_ms=500", served.authority());
    let folder = tempfile::tempdir().unwrap();
    let half: &[&str] = &["-n", "6", "-c", "6", "--service-ms", "501"];
    let files = together(folder.path(), &url, &[("a", half), ("b", half)]);
    let merged = folder.path().join("merged");
    let args = ["merge", &files[0], &files[1], "--out", merged.to_str().unwrap()];
    let output = common::output(&args);
    let document = common::result(&merged);
    let burst = document.bursts().next().unwrap();
    let one = common::burst(&["-n", "12", "-c", "12", "--service-ms", "501", &url]);
    assert_eq!((burst.n, burst.c, burst.ok), (12, 12, 12), "{}", common::stderr(&output));
    assert_eq!(
        (burst.verdict.kind, burst.verdict.at_a_time),
        (Kind::Limited, Some(4.0)),
        "{:?}",
        burst.verdict
    );
    assert_eq!((one.verdict.kind, one.verdict.at_a_time), (Kind::Limited, Some(4.0)), "{:?}", one.verdict);
    assert!(document.source.unwrap().lacks[0].contains("2 generators fired together"));
}

#[test]
fn files_that_cannot_be_merged_and_invalid_start_times_are_reported() {
    let served = common::serve("spin.toml", &[]);
    let url = format!("http://{}/e2/p1?wait_ms=100", served.authority());
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let out = folder.path().join(name);
        common::output(&["burst", "-n", "3", "-c", "3", "--out", out.to_str().unwrap(), &url]);
    }
    let [a, b] = ["a", "b"].map(|name| file(&folder.path().join(name)));
    let alone = common::output(&["merge", &a, &b]);
    assert_eq!(alone.status.code(), Some(2));
    let said = common::stderr(&alone);
    assert!(said.contains("after the first part, so they were not fired together"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for (time, reason) in [("yesterday", "2026-11-24T10:00:00Z"), ("1000", "s ago"), ("9e9", "within a day")]
    {
        let output = common::output(&["burst", "--start-at", time, &url]);
        assert_eq!(output.status.code(), Some(2));
        assert!(common::stderr(&output).contains(reason), "{}", common::stderr(&output));
    }
}

#[test]
fn a_pipe_is_read_once() {
    let mut text =
        "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n"
            .to_owned();
    (1..=200).for_each(|i| text += &format!("{i}.0000,0.0000,0.0000,0.0000,0.0000,0.0000,200,0.0000\n"));
    let mut command =
        common::loadtest(&["analyze", "--format", "json", "--service-ms", "1000", "/dev/stdin"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let document: Document = serde_json::from_slice(&output.stdout).expect("a result");
    let burst = &document.runs[0].bursts[0];
    assert_eq!((burst.n, burst.verdict.kind), (200, Kind::Sequential));
}

#[test]
fn an_unknown_file_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("a.txt");
    std::fs::write(&text, "hello\n").unwrap();
    for (path, expected) in
        [(text.to_str().unwrap(), "its format isn't known"), ("/nowhere.csv", "/nowhere.csv")]
    {
        let output = common::output(&["analyze", path]);
        assert_eq!(output.status.code(), Some(2));
        let stderr = common::stderr(&output);
        assert!(stderr.contains(expected) && stderr.contains(path), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

/// Runs `analyze` with this text on its standard input.
fn analyze(text: &str, args: &[&str]) -> std::process::Output {
    let mut command = common::loadtest(&[&["analyze"], args, &["/dev/stdin"]].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What wrk printed about a server that takes four requests at a time, for 50 ms.
const WRK: &str = "\
me@box:~$ wrk -t2 -c20 -d3s http://127.0.0.1:8181/slow
Running 3s test @ http://127.0.0.1:8181/slow
  2 threads and 20 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   242.51ms   37.11ms 255.02ms   95.00%
    Req/Sec    40.02     10.11    50.00     80.00%
  240 requests in 3.02s, 17.34KB read
Requests/sec:     79.47
Transfer/sec:      5.74KB
";

#[test]
fn a_pasted_summary_is_estimated_in_all_reports() {
    let output = analyze(WRK, &["--service-ms", "50"]);
    let text = common::stdout(&output);
    assert!(output.status.success(), "{}", common::stderr(&output));
    assert!(text.contains("http://127.0.0.1:8181/slow: limited, 4 at a time (low confidence)"), "{text}");
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "Throughput times service time: about 4 requests were in service at a time; the others waited.",
        "This is an estimate from a summary; the times of single requests would make it better.",
        "240 requests over 20 connections: 240 answered, 0 failed; makespan 3.02 s",
        "wrk writes neither single requests nor the fastest answer",
    ] {
        assert!(unwrapped.contains(part), "{part}: {text}");
    }
    assert!(!unwrapped.contains("Mechanism") && !unwrapped.contains(" late"), "{text}");
    let out = tempfile::tempdir().unwrap();
    let args = ["--service-ms", "50", "--expect", "limited>=4", "--out", out.path().to_str().unwrap()];
    assert!(analyze(WRK, &args).status.success());
    let document = common::result(out.path());
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.n, burst.requests.len(), burst.counted_only), (240, 0, 240));
    let page = std::fs::read_to_string(out.path().join("report.html")).unwrap();
    assert!(page.contains("limited, 4 at a time"));
    assert_eq!(analyze(WRK, &["--service-ms", "50", "--expect", "parallel"]).status.code(), Some(1));
    let open = analyze(WRK, &[]);
    assert_eq!(open.status.code(), Some(4));
    assert!(common::stdout(&open).contains("--service-ms"), "{}", common::stdout(&open));
    for (expect, code) in [("parallel", 4), ("mechanism=lock", 4), ("failed=1", 1), ("failed=0", 4)] {
        assert_eq!(analyze(WRK, &["--expect", expect]).status.code(), Some(code), "{expect}");
    }
}

#[test]
fn a_burst_without_a_good_answer_fails() {
    let header = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n";
    let failed = |status| header.to_owned() + &format!("0.0001,0,0,0.1,0.1,3,{status}\n").repeat(10);
    for status in [503, 404] {
        let output = analyze(&failed(status), &["-n", "10", "--service-ms", "100"]);
        let text = common::stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("inconclusive") && text.contains("0 answered, 10 failed"), "{text}");
    }
    let allowed = analyze(&failed(404), &["-n", "10", "--service-ms", "100", "--status", "404"]);
    assert!(allowed.status.success(), "{}", common::stdout(&allowed));
    let summary = WRK.replace("Requests/sec:", "  Non-2xx or 3xx responses: 240\nRequests/sec:");
    assert_eq!(analyze(&summary, &["--service-ms", "50"]).status.code(), Some(1));
}

#[test]
fn replies_name_the_host_if_the_environment_does() {
    for manifest in common::MANIFESTS {
        let served = common::serve(manifest, &["--env", "HOST_NAME=node-7"]);
        let url = format!("http://{}/e2/p1?wait_ms=200", served.authority());
        let burst = common::burst(&["-n", "5", "-c", "5", &url]);
        assert_eq!(burst.hosts, 1, "{manifest}");
        assert!(burst.requests.iter().all(|request| request.host.as_deref() == Some("node-7")), "{manifest}");
        assert!(burst.verdict.why.contains("One host served all requests."), "{}", burst.verdict.why);
    }
    let served = common::serve("spin.toml", &[]);
    let url = format!("http://{}/e2/p1?wait_ms=10", served.authority());
    assert_eq!(common::burst(&["-n", "3", "-c", "3", &url]).hosts, 0);
}
