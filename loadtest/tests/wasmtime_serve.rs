//! `wasmtime serve`, which refuses requests beyond its limit of instances.

mod common;

use judge::verdict::Kind;

use common::peers::wasmtime;
use common::{build, burst, output, started_by, stderr};

#[test]
fn refused_requests_are_counted_and_reported() {
    build();
    let peer = wasmtime("wasip2_sync.wasm");
    let url = format!("{}/e2/p1?wait_ms=1000", peer.url);
    let burst = burst(&["-n", "400", "-c", "400", "--service-ms", "1000", &url]);
    assert_eq!(burst.verdict.kind, Kind::Refused, "{:?}", burst.verdict);
    // wasmtime has 1,000 core instances, and a component needs three or four.
    assert!((200..400).contains(&burst.ok) && burst.ok + burst.failed == 400, "{} answered", burst.ok);
    let why = &burst.verdict.why;
    assert!(why.contains(&burst.ok.to_string()) && why.contains(&burst.failed.to_string()), "{why}");
}

#[test]
fn each_component_has_a_process_with_its_environment_and_flags() {
    build();
    let folder = tempfile::tempdir().unwrap();
    let on = ["run", "--on", "wasmtime", "--setup", "4,7", "--time-scale", "0.3"];
    let flags = ["--max-instance-reuse-count", "1", "--request-timeout", "30s"];
    let ended = output(&[&on[..], &flags, &["--out", folder.path().to_str().unwrap()]].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("wasmtime serve has no --request-timeout"), "{}", stderr(&ended));
    let document = common::result(folder.path());
    assert_eq!(document.runs.len(), 4, "both applications");
    for burst in document.bursts() {
        assert!(burst.url.contains(&burst.endpoint.replace('-', "/")), "{}", burst.url);
        assert_eq!((burst.ok, burst.instances), (10, 10), "{}", burst.url);
    }
    let ports = |run: usize| {
        document.runs[run].bursts.iter().map(|burst| burst.url.split(':').nth(2).unwrap().to_owned())
    };
    assert_eq!(
        ports(0).chain(ports(1)).collect::<std::collections::HashSet<_>>().len(),
        3,
        "one port for each component"
    );
}

#[test]
fn all_processes_end_with_loadtest() {
    build();
    let args = ["run", "--on", "wasmtime", "--setup", "3", "--manifest", "spin.toml"];
    let mut process = common::Process::spawn(common::loadtest(&args).stderr(std::process::Stdio::null()));
    let id = process.child.id();
    common::wait_until("two servers run", || started_by(id).len() == 2);
    let started = started_by(id);
    process.signal(nix::sys::signal::Signal::SIGKILL);
    process.ended_within(common::TIMEOUT);
    common::wait_until("all processes end", || started.iter().all(|id| common::is_gone(*id)));
}

#[test]
fn flags_that_wasmtime_does_not_accept_are_an_error() {
    build();
    let flags = ["--manifest", "spin.toml", "--max-instance-reuse-count", "1..3"];
    let ended = output(&[&["run", "--on", "wasmtime"][..], &flags].concat());
    assert_eq!(ended.status.code(), Some(2));
    assert!(
        stderr(&ended).contains("--max-instance-reuse-count=1..3: wasmtime accepts no ranges"),
        "{}",
        stderr(&ended)
    );
}
