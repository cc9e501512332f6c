//! `Served-By` and the trace file tell which instance took a request, and when, whatever the guest does.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use serde_json::Value;
use testing::{CONFORMANCE, Server, eventually, get};

use common::serve;

const LONG_LIVED: [&str; 2] = ["--idle-instance-timeout", "60s"];

/// The header of one response: the instance, and the parameters.
#[derive(Debug)]
struct ServedBy {
    instance: String,
    parameters: BTreeMap<String, String>,
}

impl ServedBy {
    fn parse(header: &str) -> Self {
        let mut parts = header.split("; ");
        let instance = quoted(parts.next().unwrap()).to_owned();
        assert!(instance.len() == 16 && instance.chars().all(|digit| digit.is_ascii_hexdigit()), "{header}");
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap();
            let is_time = ["entered", "left"].contains(&name);
            (name.to_owned(), if is_time { quoted(value) } else { value }.to_owned())
        };
        Self { instance, parameters: parts.map(pair).collect() }
    }

    fn number(&self, name: &str) -> f64 {
        self.parameters[name].parse().unwrap()
    }
}

fn quoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap()
}

async fn served_by(server: &Server, path: &str) -> ServedBy {
    let response = get(format!("{}{path}", server.url)).await.unwrap();
    let header = response.headers()["served-by"].to_str().unwrap().to_owned();
    response.bytes().await.unwrap();
    ServedBy::parse(&header)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

#[tokio::test]
async fn without_the_flag_there_is_no_header() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &[]);
        let response = get(format!("{}/else", server.url)).await.unwrap();
        assert!(!response.headers().contains_key("served-by"), "{manifest}");
    }
}

#[tokio::test]
async fn every_response_of_a_guest_names_its_instance_and_times() {
    for manifest in CONFORMANCE {
        let server = serve(manifest, &["--evidence", "true"]);
        // A guest that awaits, one that blocks, one that fails, and one that streams.
        for path in [
            "/await?ms=50",
            "/sleep?ms=50",
            "/panic",
            "/stream?pieces=2&bytes=3&every_ms=1",
            "/status?code=204",
        ] {
            let before = now();
            let seen = served_by(&server, path).await;
            let (entered, left) = (seen.number("entered"), seen.number("left"));
            // A microsecond is lost by rounding, and the wall clock may be adjusted meanwhile.
            assert!(
                before - 0.01 <= entered && entered <= left && left <= now() + 0.01,
                "{manifest}: {path}: {seen:?}"
            );
            assert!(!path.contains("ms=50") || left - entered >= 0.049, "{manifest}: {path}: {seen:?}");
            assert!(
                seen.number("in-flight") == 1.0 && seen.number("served") >= 1.0,
                "{manifest}: {path}: {seen:?}"
            );
            assert_eq!(seen.parameters["entered"].split_once('.').unwrap().1.len(), 6, "{seen:?}");
        }
    }
}

#[tokio::test]
async fn only_wasip3_instances_serve_more_than_one_request() {
    for (manifest, expected) in CONFORMANCE.iter().zip([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]]) {
        let server = serve(manifest, &[&LONG_LIVED[..], &["--evidence", "true"]].concat());
        let mut seen = vec![];
        for _ in 0..3 {
            seen.push(served_by(&server, "/else").await);
        }
        let served: Vec<f64> = seen.iter().map(|seen| seen.number("served")).collect();
        assert_eq!(served, expected, "{manifest}");
        let instances: std::collections::HashSet<_> = seen.iter().map(|seen| &seen.instance).collect();
        assert_eq!(instances.len() == 1, served[2] == 3.0, "{manifest}: {seen:?}");
    }
}

/// The guest's own counters say the same.
#[tokio::test]
async fn requests_in_flight_are_those_that_share_the_instance() {
    let server = serve(CONFORMANCE[1], &["--evidence", "true", "--max-instances", "1"]);
    let seen = join_all((0..4).map(|_| served_by(&server, "/await?ms=300"))).await;
    let most = seen.iter().map(|seen| seen.number("in-flight")).fold(0.0, f64::max);
    assert!(most >= 2.0, "{seen:?}");
    let mut served: Vec<f64> = seen.iter().map(|seen| seen.number("served")).collect();
    served.sort_by(f64::total_cmp);
    assert_eq!(served, [1.0, 2.0, 3.0, 4.0], "{seen:?}");
}

fn lines(path: &str) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_trace_has_a_line_with_the_times_of_each_request() {
    for manifest in CONFORMANCE {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl").display().to_string();
        let server = serve(
            manifest,
            &[
                "--trace",
                &path,
                "--max-instances",
                "1",
                "--max-instance-reuse-count",
                "1",
                "--max-waiting",
                "10",
            ],
        );
        let response = get(format!("{}/static", server.url)).await.unwrap();
        assert_eq!(response.status(), 203);
        assert!(!response.headers().contains_key("served-by"), "{manifest}: a trace alone adds no header");
        assert_eq!(server.get("/stream?pieces=3&bytes=5&every_ms=100").await.0, 200);
        eventually("the instance is gone", || lines(&path).len() == 1).await;
        let waits = join_all((0..2).map(|_| server.get("/other/sleep?ms=200"))).await;
        assert!(waits.iter().all(|(status, _)| *status == 200), "{manifest}: {waits:?}");
        eventually("three lines", || lines(&path).len() == 3).await;
        let lines = lines(&path);
        let us = |line: &Value, name: &str| line[name].as_u64().unwrap_or_else(|| panic!("{name}: {line}"));

        let streamed = &lines[0];
        assert_eq!(
            (&streamed["route"], &streamed["component"]),
            (&"/...".into(), &"guest".into()),
            "{streamed}"
        );
        assert_eq!((us(streamed, "status"), us(streamed, "served")), (200, 1), "{streamed}");
        assert!(us(streamed, "done_us") >= 100_000, "{manifest}: {streamed}");
        assert!(
            us(streamed, "start_us") > 0 && us(streamed, "start_us") < 5_000_000,
            "{manifest}: {streamed}"
        );

        let (first, second) = (&lines[1], &lines[2]);
        assert_eq!(
            (&second["route"], &second["component"]),
            (&"/other/...".into(), &"other".into()),
            "{second}"
        );
        assert!(us(first, "head_us") >= 100_000 && us(second, "head_us") >= 100_000, "{manifest}: {second}");
        // The second waited for the first one's instance.
        assert!(us(second, "queue_us") >= 100_000, "{manifest}: {second}");
        assert!(us(first, "queue_us") < us(second, "queue_us"), "{manifest}: {first} {second}");
        assert_ne!(first["instance"], second["instance"], "{manifest}");
    }
}

#[tokio::test]
async fn a_rejected_request_has_a_line_without_an_instance() {
    for manifest in CONFORMANCE {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl").display().to_string();
        let flags = [
            "--trace",
            &path,
            "--max-instances",
            "1",
            "--max-instance-reuse-count",
            "1",
            "--max-waiting",
            "0",
        ];
        let server = serve(manifest, &flags);
        let answers = join_all((0..3).map(|_| server.get("/sleep?ms=2000"))).await;
        assert!(answers.iter().any(|(status, _)| *status == 503), "{manifest}: {answers:?}");
        eventually("three lines", || lines(&path).len() == 3).await;
        let rejected = lines(&path).into_iter().find(|line| line["status"] == 503).unwrap();
        for name in ["instance", "served", "in_flight", "start_us", "head_us", "done_us"] {
            assert_eq!(rejected[name], Value::Null, "{name}: {rejected}");
        }
    }
}

#[test]
fn a_trace_file_that_can_not_be_written_is_named() {
    let output = common::PROGRAM.output(&[
        "serve",
        CONFORMANCE[0],
        "--listen",
        "127.0.0.1:0",
        "--trace",
        "/nowhere/x",
    ]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("can't write the trace to /nowhere/x; --trace names another file"), "{error}");
    assert!(!output.status.success());
}
