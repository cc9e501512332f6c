//! `loadtest run`, end to end.
//!
//! Tests of a file run in parallel. Here they are the neighbours that make each other fail: every run compiles its components,
//! and setup 8 computes, on all processors. Beside them, requests are sent late, timers fire late (by up to 266 ms on two
//! processors) and service times are too long, so the verdict is inconclusive or wrong. So a test of a verdict or of a time has
//! the machine to itself ([`exclusive`]), and the other tests share it ([`shared`]). Test files run one after the other.

mod common;

use std::fs;
use std::io::BufRead;
use std::process::Stdio;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use judge::verdict::{Kind, Shape};
use nix::sys::signal::Signal;
use results::document::{Burst, Document};

use common::{
    Process, TIMEOUT, build, hosts_of, is_gone, loadtest, output, serve, stderr, stdout, wait_until,
};

/// The use of this machine by the tests of this file.
static MACHINE: RwLock<()> = RwLock::new(());

/// For tests that tolerate other tests at the same time.
fn shared() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// For tests that tolerate no other test at the same time.
fn exclusive() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// Runs with `--check`; returns the exit code, the result and the output. Code 4 means: some bursts are inconclusive, as on a
/// busy machine, and the others are as expected. Then it runs again, at most twice.
fn checked(flags: &[&str]) -> (Option<i32>, Document, String) {
    build();
    for _ in 0..2 {
        let run = checked_once(flags);
        if run.0 != Some(4) {
            return run;
        }
        println!("repeated, because a burst was inconclusive:\n{}", run.2);
    }
    checked_once(flags)
}

fn checked_once(flags: &[&str]) -> (Option<i32>, Document, String) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let ran = output(&[&["run", "--check", "--out", out.to_str().unwrap()], flags].concat());
    let text = fs::read_to_string(out.join("result.json")).expect("result.json is there");
    validate(&text);
    let shown = format!("{}\n{}", stdout(&ran), stderr(&ran));
    (ran.status.code(), serde_json::from_str(&text).unwrap(), shown)
}

fn validate(result: &str) {
    let schema = serde_json::to_value(loadtest::report::json::schema()).unwrap();
    let result = serde_json::from_str(result).unwrap();
    if let Err(error) = jsonschema::validate(&schema, &result) {
        panic!("{error} at {}", error.instance_path());
    }
}

fn bursts<'a>(document: &'a Document, manifest: &str) -> Vec<(&'a str, &'a Burst)> {
    let runs = document.runs.iter().filter(|run| run.manifest.as_deref() == Some(manifest));
    runs.flat_map(|run| run.bursts.iter().map(|burst| (run.setup.as_str(), burst))).collect()
}

/// A third of the waits is short enough for a test, and long enough for a busy machine.
#[test]
fn the_setups_that_wait_are_as_expected() {
    let _machine = exclusive();
    let (code, document, shown) = checked(&["--time-scale", "0.3", "--setup", "1,2,3,4,5,6,7"]);
    assert_eq!(code, Some(0), "{shown}");

    for (setup, burst) in bursts(&document, "spin.toml") {
        assert_eq!(burst.verdict.kind, Kind::Parallel, "WASIp2, setup {setup}: {}", burst.verdict.why);
        assert_eq!(burst.instances, burst.n, "setup {setup}");
        assert!(burst.requests.iter().all(|request| request.served == Some(1)), "setup {setup}");
    }
    let wasip3 = bursts(&document, "spin-wasip3.toml");
    for (setup, burst) in wasip3.iter().filter(|(setup, _)| *setup != "7") {
        assert_eq!(burst.verdict.kind, Kind::Parallel, "WASIp3, setup {setup}: {}", burst.verdict.why);
    }
    let (_, blocked) = wasip3.iter().find(|(setup, _)| *setup == "7").unwrap();
    assert!(matches!(blocked.verdict.kind, Kind::Sequential | Kind::Limited), "{}", blocked.verdict.why);
    assert_eq!(blocked.verdict.shape, Some(Shape::Batched));
    assert!(blocked.instances < blocked.n);
    assert!(blocked.verdict.why.contains("blocked each other in turn"), "{}", blocked.verdict.why);

    for column in ["FastAPI,", "WASIp2, fresh instances: 10 of 10", "WASIp3, shared instances: 9 of 10"] {
        assert!(shown.contains(column), "{column} is missing in\n{shown}");
    }
    assert!(!shown.contains("ERROR"), "{shown}");
    assert_eq!(document.runs.len(), 14);
    assert!(document.bursts().all(|burst| burst.requests.len() == burst.n && burst.ok == burst.n));
    // The host's trace tells what each request's time went into.
    for burst in document.bursts() {
        let baseline = burst.baseline.as_ref().expect("requests alone");
        let (handler_ms, alone_ms) = (baseline.handler_ms.expect("a trace"), baseline.median_ms);
        assert!(handler_ms <= alone_ms && handler_ms >= 0.8 * alone_ms, "{baseline:?}");
        for request in &burst.requests {
            let phases = request.phases.unwrap_or_else(|| panic!("no trace of {request:?}"));
            let sum = phases.queue_us + phases.start_us + phases.handler_us + phases.answer_us;
            // A busy host sees the end of an answer later than the client.
            let latency = request.done_us - request.sent_us.expect("sent");
            assert!(phases.handler_us >= 290_000.0 && sum <= latency + 50_000.0, "{request:?}");
        }
    }
}

/// Files of which nothing but an export is read.
#[test]
fn an_application_that_only_spin_can_run_is_skipped() {
    let _machine = shared();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml").display().to_string();
    let text = "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/e2/p3\"\ncomponent = \"lab\"\n\
                [component.lab]\nsource = \"app.wasm\"\n";
    fs::write(&manifest, text).unwrap();
    let component = |name: &str| {
        let section = [&[1, 0, name.len() as u8][..], name.as_bytes(), &[5, 0, 0]].concat();
        [&b"\0asm\x0d\0\x01\0"[..], &[11, section.len() as u8], &section].concat()
    };
    let candidate = "wasi:http/handler@0.3.0-rc-2026-03-15";
    let module = [&b"\0asm\x01\0\0\0\x07\x17\x01\x13"[..], b"handle-http-request", &[0, 0]].concat();
    for (wasm, reason) in [
        (
            component(candidate),
            format!("uses {candidate}, a release candidate of WASI, which only Spin offers"),
        ),
        (component("fermyon:spin/inbound-http"), "exports fermyon:spin/inbound-http".to_owned()),
        (module, "is a core module of an SDK for Spin 1, for which only Spin has the adapter".to_owned()),
    ] {
        fs::write(folder.path().join("app.wasm"), wasm).unwrap();
        let ended = output(&["run", "--manifest", &manifest, "--setup", "6"]);
        let said = stderr(&ended);
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0), "{said}");
        let sentence = format!("{manifest} is skipped on the embedded host: its component lab {reason}");
        assert!(said.contains(&sentence), "{said}");
        let ended = output(&["serve", "--listen", "127.0.0.1:0", &manifest]);
        let said = stderr(&ended);
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(
            said.contains(&reason) && said.contains("; build it with a newer SDK, or run this app"),
            "{said}"
        );
    }
}

#[test]
fn without_reuse_blocking_after_an_await_is_parallel() {
    let _machine = exclusive();
    let flags = [
        "--setup",
        "7",
        "--time-scale",
        "0.3",
        "--manifest",
        "spin-wasip3.toml",
        "--max-instance-reuse-count",
        "1",
    ];
    let (code, document, shown) = checked(&flags);
    assert_eq!(code, Some(0), "{shown}");
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.verdict.kind, burst.instances), (Kind::Parallel, 10));
    assert!(shown.contains("WASIp3, fresh instances: the burst was parallel."), "{shown}");
}

#[test]
fn processors_limit_handlers_that_compute_and_not_handlers_that_wait() {
    let _machine = exclusive();
    let (code, document, shown) = checked(&["--setup", "8", "--time-scale", "0.5"]);
    assert_eq!(code, Some(0), "{shown}");
    let cores = loadtest::machine::cores();
    let (least, most) = (*cores.start() as f64 - 1.0, *cores.end() as f64 + 1.0);
    for manifest in ["spin.toml", "spin-wasip3.toml"] {
        let found = bursts(&document, manifest);
        let [(_, burning), (_, awaiting)] = found[..] else { panic!("two bursts in\n{shown}") };
        assert_eq!(burning.n, 4 * loadtest::machine::processors());
        assert!(
            burning.verdict.at_a_time.is_some_and(|k| least <= k && k <= most),
            "{manifest}: {}",
            burning.verdict.why
        );
        assert!(burning.requests.iter().all(|request| request.status == Some(200)));
        assert_eq!(awaiting.verdict.kind, Kind::Parallel, "{manifest}: {}", awaiting.verdict.why);
    }
}

/// Two requests in an instance: five instances for ten requests, and each instance serves its two one after the other.
#[test]
fn requests_in_an_instance_block_each_other() {
    let _machine = exclusive();
    let flags = ["--setup", "7", "--time-scale", "0.3", "--manifest", "spin-wasip3.toml"];
    let (code, document, shown) =
        checked(&[&flags[..], &["--max-instance-concurrent-reuse-count", "2"]].concat());
    assert_eq!(code, Some(0), "{shown}");
    let burst = document.bursts().next().unwrap();
    assert_eq!((burst.instances, burst.verdict.shape), (5, Some(Shape::Batched)), "{}", burst.verdict.why);
    assert_eq!(burst.verdict.kind, Kind::Limited, "{}", burst.verdict.why);
}

/// With the wrong manifest, `--check` fails: it then expects the verdict of WASIp2 in setup 7.
#[test]
fn a_system_that_runs_already_is_tested_and_checked() {
    let _machine = exclusive();
    let served = serve("spin-wasip3.toml", &[]);
    let flags = ["--setup", "7", "--time-scale", "0.3", "--on", &served.url, "--manifest"];
    let (code, document, shown) = checked(&[&flags[..], &["spin-wasip3.toml"]].concat());
    assert_eq!(code, Some(0), "{shown}");
    assert_eq!(document.runs[0].system, served.url);
    let (code, _, shown) = checked(&[&flags[..], &["spin.toml"]].concat());
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("NOT as expected: parallel"), "{shown}");

    let unknown = output(&["run", "--on", &served.url, "--setup", "6", "--time-scale", "0.1"]);
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(unknown.status.code(), Some(0 | 4)), "{}", stderr(&unknown));
}

#[test]
fn wrong_usage_is_an_error_with_the_allowed_values() {
    let _machine = shared();
    build();
    for (args, code, expected) in [
        (&["run", "--setup", "99"][..], 2, "no setup has the id \"99\"; the ids are 1, 2, 3, 4, 5, 6, 7, 8"),
        (&["run", "--time-scale", "0"], 2, "a number from 0.001 to 6 is allowed"),
        (&["run", "--time-scale", "NaN"], 2, "a number from 0.001 to 6 is allowed"),
        (
            &["run", "--on", "mars"],
            2,
            "embedded, spin, wasmtime, fastapi, a name from systems.toml (node), or a URL",
        ),
        (
            &["run", "--on", "http://127.0.0.1:3000/?x=1"],
            2,
            "or a URL such as http://127.0.0.1:3000 is allowed",
        ),
        (&["run", "--on", "https://127.0.0.1:1"], 3, "cannot reach https://127.0.0.1:1: "),
        (&["run", "--workers", "0"], 2, "a whole number from 1 is allowed"),
        (&["run", "--threads", "3"], 2, "--threads needs --on fastapi"),
        (&["run", "--workers", "3", "--on", "spin"], 2, "--workers needs --on fastapi"),
        (&["run", "--ready-timeout", "soon"], 2, "\"soon\" is not a time"),
        (&["run", "--on", "http://127.0.0.1:1", "--check"], 2, "--check needs --manifest"),
        (&["run", "--on", "http://127.0.0.1:1"], 3, "cannot reach http://127.0.0.1:1: "),
        (&["run", "--manifest", "nowhere.toml"], 2, "nowhere.toml: no such file"),
        (
            &["run", "--max-instance-reuse-count", "0"],
            2,
            "allowed is a whole number from 1, or a range such as 1..8",
        ),
        (&["run", "--out", "Cargo.toml", "--setup", "6", "--time-scale", "0.01"], 2, "Cargo.toml"),
    ] {
        let failed = output(args);
        assert_eq!(failed.status.code(), Some(code), "{args:?}: {}", stderr(&failed));
        assert!(stderr(&failed).contains(expected), "{args:?}: {}", stderr(&failed));
    }
}

#[test]
fn a_closed_output_is_no_error() {
    let _machine = shared();
    build();
    let mut command = loadtest(&["run", "--setup", "6", "--time-scale", "0.1", "--manifest", "spin.toml"]);
    let mut process = Process::spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    drop(process.child.stdout.take());
    drop(process.child.stderr.take());
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(process.ended_within(TIMEOUT).code(), Some(0 | 4)));
}

/// A run that gets a signal during its second setup.
fn run_interrupted(signal: Signal) -> (Option<i32>, tempfile::TempDir, Vec<i32>) {
    build();
    let out = tempfile::tempdir().unwrap();
    let args = ["run", "--setup", "2,3", "--manifest", "spin.toml", "--out", out.path().to_str().unwrap()];
    let mut process = Process::spawn(loadtest(&args).stdout(Stdio::null()).stderr(Stdio::piped()));
    let stderr = std::io::BufReader::new(process.child.stderr.take().unwrap());
    let second = stderr.lines().map_while(Result::ok).find(|line| line.starts_with("setup 3"));
    assert!(second.is_some(), "setup 3 starts");
    let hosts = hosts_of(process.child.id());
    assert_eq!(hosts.len(), 1);
    process.signal(signal);
    (process.ended_within(TIMEOUT).code(), out, hosts)
}

#[test]
fn systems_take_turns_and_their_usage_is_reported() {
    let _machine = shared();
    let flags = ["--setup", "6", "--time-scale", "0.3", "--manifest", "spin.toml", "--repeat", "2"];
    let on = ["--on", "embedded", "--on", "embedded"];
    let (_, document, shown) = checked(&[&flags[..], &on].concat());
    assert_eq!(document.runs.iter().map(|run| run.round).collect::<Vec<_>>(), [1, 1, 2, 2]);
    assert_eq!(document.systems.len(), 4);
    for used in &document.systems {
        assert!(used.usage.memory_peak_mib > 1.0 && used.usage.cpu_s >= 0.0, "{used:?}");
    }
    let least = document.bursts().map(|burst| burst.makespan_ms).fold(f64::INFINITY, f64::min);
    assert!(least >= 300.0 && shown.contains(" to "), "{shown}");
    assert!(shown.contains("10\u{a0}instances") && shown.contains("MiB of memory and"), "{shown}");
}

#[test]
fn an_interrupted_run_writes_its_results_and_leaves_no_process() {
    let _machine = shared();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (code, out, hosts) = run_interrupted(signal);
        assert_eq!(code, Some(130));
        let text = fs::read_to_string(out.path().join("result.json")).unwrap();
        validate(&text);
        let document: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(document.runs.iter().map(|run| run.setup.as_str()).collect::<Vec<_>>(), ["2"]);
        wait_until("the embedded host ends", || hosts.iter().all(|id| is_gone(*id)));
    }
}

#[test]
fn a_host_that_ends_during_the_run_is_an_error() {
    let _machine = shared();
    build();
    let args = ["run", "--setup", "1", "--manifest", "spin.toml"];
    let mut process = Process::spawn(loadtest(&args).stdout(Stdio::piped()).stderr(Stdio::piped()));
    wait_until("the embedded host starts", || !hosts_of(process.child.id()).is_empty());
    let host = hosts_of(process.child.id())[0];
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(host), Signal::SIGKILL).unwrap();
    assert_eq!(process.ended_within(TIMEOUT).code(), Some(3));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut process.child.stderr.take().unwrap(), &mut text).unwrap();
    assert!(
        text.contains("the embedded host ended during the run") || text.contains("did not start"),
        "{text}"
    );
}

#[test]
fn a_killed_run_leaves_no_process() {
    let _machine = shared();
    let (_, _out, hosts) = run_interrupted(Signal::SIGKILL);
    wait_until("the embedded host ends", || hosts.iter().all(|id| is_gone(*id)));
}

/// At full scale, ten requests of a second take a second, within 3 %.
#[test]
fn ten_requests_of_a_second_take_a_second() {
    let _machine = exclusive();
    let (_, document, shown) = checked(&["--setup", "2", "--manifest", "spin.toml"]);
    let burst = document.bursts().next().unwrap();
    let baseline = burst.baseline.as_ref().unwrap();
    let alone = (baseline.warm_up_ms, baseline.before_ms.len(), baseline.after_ms);
    assert_eq!(alone, (None, 1, None), "the wait is known, so one request alone shows it");
    let makespan = burst.makespan_ms;
    assert!((makespan / 1_000.0 - 1.0).abs() <= 0.03, "{makespan} ms\n{shown}");
}
