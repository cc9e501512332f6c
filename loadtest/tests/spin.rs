//! `--on spin`, with a stand-in for Spin's command line (`tests/stand-ins/spin`): how it is started and stopped,
//! and each way in which it can go wrong.

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use common::{Process, SOON, build, hosts_of, is_gone, loadtest, started_by, stderr, wait_until};

/// `loadtest run --on spin` with the stand-in, which goes wrong in this way.
fn on_spin(stand_in: &str, args: &[&str]) -> Command {
    build();
    let mut command = loadtest(&[&["run", "--on", "spin"], args].concat());
    command
        .env("SPIN", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stand-ins/spin"))
        .env("LOADTEST", assert_cmd::cargo::cargo_bin!("loadtest"))
        .env("STAND_IN", stand_in);
    command
}

const SHORT: [&str; 4] = ["--setup", "6", "--time-scale", "0.3"];

/// How a short run on the stand-in ended.
fn ended(stand_in: &str, args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = on_spin(stand_in, &[&SHORT, args].concat()).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn both_applications_are_tested_with_the_flags_given() {
    let out = tempfile::tempdir().unwrap();
    let flags = ["--setup", "7", "--time-scale", "0.3", "--max-instance-reuse-count", "1"];
    let ended =
        on_spin("", &[&flags[..], &["--out", out.path().to_str().unwrap()]].concat()).output().unwrap();
    // 4: on a busy machine so short a burst can't be trusted.
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let document = common::result(out.path());
    let tested: Vec<_> =
        document.runs.iter().map(|run| (run.system.as_str(), run.manifest.as_deref())).collect();
    assert_eq!(tested, [("spin", Some("spin.toml")), ("spin", Some("spin-wasip3.toml"))]);
    // Without the flag, requests share instances of WASIp3 components.
    assert!(document.bursts().all(|burst| burst.instances == 10));
}

#[test]
fn what_is_too_old_for_wasip3_is_left_out_of_it() {
    let old = || {
        let mut command = on_spin("", &SHORT);
        command.env("STAND_IN_VERSION", "4.0.2");
        command
    };
    let ended = old().output().unwrap();
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    let sentence = "spin-wasip3.toml is left out on spin 4.0.2: WASIp3 components need Spin 4.1 or later";
    assert!(stderr(&ended).contains(sentence), "{}", stderr(&ended));
    assert!(stderr(&ended).contains("setup 6 on spin, spin.toml"), "{}", stderr(&ended));
    let ended = old().args(["--manifest", "spin-wasip3.toml"]).output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(0), 0), "{}", stderr(&ended));
}

#[test]
fn what_is_not_there_or_no_spin_is_said() {
    build();
    let nothing = tempfile::tempdir().unwrap();
    for (variable, value, said) in [
        (
            "PATH",
            nothing.path().to_str().unwrap(),
            "spin is not installed: see https://spinframework.dev/install, or let",
        ),
        ("SPIN", "/nowhere/spin", "SPIN names /nowhere/spin, which is not there"),
        ("SPIN", "/bin/true", "/bin/true --version says no version"),
    ] {
        let mut command = loadtest(&["run", "--on", "spin", "--manifest", "spin.toml"]);
        let ended = command.env_remove("SPIN").env(variable, value).output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
        assert!(stderr(&ended).contains(said), "{}", stderr(&ended));
    }
}

#[test]
fn what_does_not_start_is_said_in_its_own_words() {
    let (code, said) = ended("fails", &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("error: spin up did not start (exit status: 1); its last lines:\n"), "{said}");
    assert!(said.contains("\n    Error: this application is not to its liking\n"), "{said}");
    let (code, said) = ended("port-taken", &[]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("\n    Error: 127.0.0.1:3000 is already in use\n"), "{said}");
}

#[test]
fn what_is_slow_is_waited_for_but_not_for_ever() {
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
        assert!(began.elapsed() < SOON);
    }
}

#[test]
fn flags_that_spin_does_not_take_are_refused() {
    let (code, said) = ended("", &["--idle-instance-timeout", "100ms"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("error: --idle-instance-timeout=100ms is not for spin, which takes whole seconds"),
        "{said}"
    );
    let (code, said) = ended("", &["--manifest", "spin.toml", "--idle-instance-timeout", "1..3"]);
    assert!(matches!(code, Some(0 | 4)), "{said}");
}

/// A run in the middle of a burst that takes long, and all processes that it has started.
fn in_a_burst(stand_in: &str) -> (Process, Vec<i32>) {
    let args = ["--setup", "2", "--time-scale", "2", "--manifest", "spin.toml"];
    let mut process = Process::spawn(on_spin(stand_in, &args).stdout(Stdio::null()).stderr(Stdio::piped()));
    let lines = BufReader::new(process.child.stderr.take().unwrap()).lines();
    assert!(
        lines.map_while(Result::ok).any(|line| line.starts_with("setup 2 on spin")),
        "it comes to its burst"
    );
    let started = started_by(process.child.id());
    assert_eq!(hosts_of(process.child.id()).len(), 1, "a server that the stand-in started");
    assert!(started.len() >= 2, "{started:?}");
    (process, started)
}

fn all_end(started: &[i32]) {
    wait_until("nothing is left", || started.iter().all(|id| is_gone(*id)));
}

#[test]
fn after_every_ending_nothing_is_left() {
    for stand_in in ["", "daemon"] {
        let (mut process, started) = in_a_burst(stand_in);
        assert!(matches!(process.ended_within(SOON).code(), Some(0 | 4)));
        all_end(&started);
        for (signal, code) in
            [(Signal::SIGINT, Some(130)), (Signal::SIGTERM, Some(130)), (Signal::SIGKILL, None)]
        {
            let (mut process, started) = in_a_burst(stand_in);
            process.signal(signal);
            assert_eq!(process.ended_within(SOON).code(), code);
            all_end(&started);
        }
    }
}

#[test]
fn what_ignores_sigterm_is_killed() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let (mut process, started) = in_a_burst("ignores-sigterm");
        process.signal(signal);
        process.ended_within(SOON);
        all_end(&started);
    }
}

#[test]
fn a_server_that_dies_is_no_verdict() {
    build();
    let args = ["--setup", "2", "--time-scale", "2", "--manifest", "spin.toml"];
    let mut process = Process::spawn(on_spin("", &args).stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut lines = BufReader::new(process.child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("setup 2 on spin")));
    // The requests are under way.
    std::thread::sleep(Duration::from_millis(300));
    let started = started_by(process.child.id());
    kill(Pid::from_raw(hosts_of(process.child.id())[0]), Signal::SIGKILL).unwrap();
    assert_eq!(process.ended_within(SOON).code(), Some(3));
    let said = lines.collect::<Vec<_>>().join("\n");
    assert!(
        said.contains("error: spin up ended in the middle of it (exit status: 137)")
            || said.contains("by SIGKILL"),
        "{said}"
    );
    all_end(&started);
}
