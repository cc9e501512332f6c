//! `loadtest diagnose` at twenty servers of the corpus, whose mechanism follows from their configuration.

use std::process::Command;

use serde::Deserialize;

/// One or two of each mechanism, from many programs.
const SERVERS: [&str; 20] = [
    "nginx-limit-req",
    "nginx-limit-req-partly",
    "nginx-limit-req-nodelay",
    "nginx-limit-conn",
    "nginx-proxy",
    "haproxy-maxconn-4",
    "haproxy-rate",
    "gunicorn-sync-4",
    "gunicorn-gthread-1x8",
    "uvicorn-async",
    "uvicorn-blocking",
    "uvicorn-lock",
    "uvicorn-half-pool",
    "waitress-4",
    "node-batch",
    "node-pbkdf2",
    "apache-prefork-8",
    "java-fixed-10",
    "puma-2x3",
    "host-instances-4",
];

/// A line of `scripts/corpus.sh --diagnose`.
#[derive(Debug, Deserialize)]
struct Diagnosed {
    server: String,
    /// `right`; `parameter` if only the main parameter is wrong; `open`, `wrong` or `error`.
    outcome: String,
    #[serde(default)]
    requests: usize,
    #[serde(default)]
    seconds: f64,
}

#[test]
fn mechanisms_of_real_servers_are_found() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/corpus.sh");
    let output = Command::new(script).arg("--diagnose").args(SERVERS).output().expect("the script starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Vec<Diagnosed> =
        text.lines().map(|line| serde_json::from_str(line).expect("a result")).collect();
    assert_eq!(found.len(), SERVERS.len(), "{text}");
    let count = |outcome: &str| found.iter().filter(|one| one.outcome == outcome).count();
    assert!(count("right") >= 18 && count("wrong") == 0, "{text}");
    let mut requests: Vec<usize> = found.iter().map(|one| one.requests).collect();
    requests.sort_unstable();
    assert!(requests[requests.len() / 2] <= 300, "{requests:?}");
    for one in &found {
        // Starting the program and computing the diagnosis take a moment.
        assert!(one.requests <= 500 && one.seconds <= 65.0, "{}: {one:?}", one.server);
    }
}
