//! `--on spin`, with a stand-in for Spin's command line (`tests/stand-ins/spin`): start, stop and each kind of failure.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use common::{
    Process, TIMEOUT, build, connections_of, hosts_of, is_gone, loadtest, started_by, stderr, wait_until,
};

const STAND_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand-ins/spin");

/// `loadtest run --on spin` with the stand-in; `stand_in` is the kind of failure.
fn on_spin(stand_in: &str, args: &[&str]) -> Command {
    build();
    let mut command = loadtest(&[&["run", "--on", "spin"], args].concat());
    command
        .env("SPIN", STAND_IN)
        .env("LOADTEST", assert_cmd::cargo::cargo_bin!("loadtest"))
        .env("STAND_IN", stand_in);
    command
}

const SHORT: [&str; 4] = ["--setup", "6", "--time-scale", "0.3"];

/// The exit code and the standard error of a short run on the stand-in.
fn ended(stand_in: &str, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = on_spin(stand_in, &[&SHORT, args].concat()).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn both_applications_are_tested_with_the_isolation_flags() {
    let out = tempfile::tempdir().unwrap();
    let flags = ["--setup", "7", "--time-scale", "0.3", "--max-instance-reuse-count", "1"];
    let ended =
        on_spin("", &[&flags[..], &["--out", out.path().to_str().unwrap()]].concat()).output().unwrap();
    // 4: on a busy machine, so short a burst may be inconclusive.
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let document = common::result(out.path());
    let tested: Vec<_> =
        document.runs.iter().map(|run| (run.system.as_str(), run.manifest.as_deref())).collect();
    assert_eq!(tested, [("spin", Some("spin.toml")), ("spin", Some("spin-wasip3.toml"))]);
    // Without the flag, requests share instances of WASIp3 components.
    assert!(document.bursts().all(|burst| burst.instances == 10));
}

#[test]
fn a_version_without_wasip3_skips_wasip3_applications() {
    let old = || {
        let mut command = on_spin("", &SHORT);
        command.env("STAND_IN_VERSION", "4.0.2");
        command
    };
    let ended = old().output().unwrap();
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let sentence = "spin-wasip3.toml is skipped on spin 4.0.2: WASIp3 components need Spin 4.1 or later";
    assert!(stderr(&ended).contains(sentence), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("setup 6 on spin, spin.toml"), "{}", stderr(&ended));
    let ended = old().args(["--manifest", "spin-wasip3.toml"]).output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0), "{}", stderr(&ended));
}

#[test]
fn a_missing_or_wrong_program_is_an_error() {
    build();
    let nothing = tempfile::tempdir().unwrap();
    for (variable, value, said) in [
        (
            "PATH",
            nothing.path().to_str().unwrap(),
            "spin is not installed: see https://spinframework.dev/install, or set SPIN to its path",
        ),
        ("SPIN", "/nowhere/spin", "SPIN: no such file: /nowhere/spin"),
        ("SPIN", "/bin/true", "no version in the output of /bin/true --version"),
        ("SPIN_BIN_PATH", "/nowhere/spin", "SPIN_BIN_PATH: no such file: /nowhere/spin"),
    ] {
        let mut command = loadtest(&["run", "--on", "spin", "--manifest", "spin.toml"]);
        let ended =
            command.env_remove("SPIN").env_remove("SPIN_BIN_PATH").env(variable, value).output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
        assert!(stderr(&ended).contains(said), "{}", stderr(&ended));
    }
}

/// Spin sets `SPIN_BIN_PATH` when it calls a plugin. `SPIN` is what the user chose, so it counts first.
#[test]
fn a_plugin_uses_the_spin_that_called_it() {
    for (spin, caller) in [(None, STAND_IN), (Some(STAND_IN), "/nowhere/spin")] {
        let mut command = on_spin("", &[&SHORT[..], &["--manifest", "spin.toml"]].concat());
        command.env_remove("SPIN");
        command.env("SPIN_BIN_PATH", caller).envs(spin.map(|path| ("SPIN", path)));
        let ended = command.output().unwrap();
        // 4: on a busy machine, so short a burst may be inconclusive.
        assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    }
}

#[test]
fn a_failed_start_is_an_error_with_the_output_of_spin() {
    let (code, said) = ended("fails", &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("error: spin up did not start (exit status: 1); its last lines:\n"), "{said}");
    assert!(said.contains("\n    Error: this application is not to its liking\n"), "{said}");
    let (code, said) = ended("port-taken", &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("\n    Error: 127.0.0.1:3000 is already in use\n"), "{said}");
}

#[test]
fn a_slow_start_is_awaited_up_to_the_limit() {
    let (code, said) = ended("slow", &["--manifest", "spin.toml"]);
    assert!(matches!(code, Some(0 | 4)), "{said}");
    for (stand_in, words) in
        [("hangs", "    Warming up\n"), ("rubbish", "    { this is\n    \u{fffd} no JSON }\n")]
    {
        let began = Instant::now();
        let (code, said) = ended(stand_in, &["--ready-timeout", "1s"]);
        assert_eq!(code, Some(3), "{said}");
        let expected = format!("error: spin up was not ready after 1 s; its last lines:\n{words}");
        assert!(said.ends_with(&expected), "{said}");
        assert!(began.elapsed() < TIMEOUT);
    }
}

#[test]
fn flags_that_spin_does_not_accept_are_an_error() {
    let (code, said) = ended("", &["--idle-instance-timeout", "100ms"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("error: --idle-instance-timeout=100ms: spin accepts whole seconds only"), "{said}");
    let (code, said) = ended("", &["--manifest", "spin.toml", "--idle-instance-timeout", "1..3"]);
    assert!(matches!(code, Some(0 | 4)), "{said}");
}

/// A run during a long burst, and all processes that it has started.
fn in_a_burst(stand_in: &str) -> (Process, Vec<i32>) {
    let args = ["--setup", "2", "--time-scale", "2", "--manifest", "spin.toml"];
    let mut process = Process::spawn(on_spin(stand_in, &args).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = BufReader::new(process.child.stderr.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.starts_with("setup 2 on spin")), "the burst starts");
    let started = started_by(process.child.id());
    assert_eq!(hosts_of(process.child.id()).len(), 1, "the server of the stand-in");
    assert!(started.len() >= 2, "{started:?}");
    (process, started)
}

fn assert_all_end(started: &[i32]) {
    wait_until("all processes end", || started.iter().all(|id| is_gone(*id)));
}

#[test]
fn no_process_is_left_after_any_end() {
    for stand_in in ["", "daemon"] {
        let (mut process, started) = in_a_burst(stand_in);
        assert!(matches!(process.ended_within(TIMEOUT).code(), Some(0 | 4)));
        assert_all_end(&started);
        for (signal, code) in
            [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, Some(130)), (Signal::SIGKILL, None)]
        {
            let (mut process, started) = in_a_burst(stand_in);
            process.signal(signal);
            assert_eq!(process.ended_within(TIMEOUT).code(), code);
            assert_all_end(&started);
        }
    }
}

#[test]
fn a_system_that_ignores_sigterm_is_killed() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let (mut process, started) = in_a_burst("ignores-sigterm");
        process.signal(signal);
        process.ended_within(TIMEOUT);
        assert_all_end(&started);
    }
}

#[test]
fn a_server_that_ends_during_the_burst_is_an_error() {
    build();
    let args = ["--setup", "2", "--time-scale", "2", "--manifest", "spin.toml"];
    let mut process = Process::spawn(on_spin("", &args).stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(process.child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("setup 2 on spin")));
    let started = started_by(process.child.id());
    let host = hosts_of(process.child.id())[0];
    wait_until("the burst's connections are open", || connections_of(host) >= 10);
    kill(Pid::from_raw(host), Signal::SIGKILL).unwrap();
    assert_eq!(process.ended_within(TIMEOUT).code(), Some(3));
    let said = lines.collect::<Vec<_>>().join("\n");
    assert!(
        said.contains("error: spin up ended during the run (exit status: 137)")
            || said.contains("by SIGKILL"),
        "{said}"
    );
    assert_all_end(&started);
}
