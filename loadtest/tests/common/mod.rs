//! What the tests share: the program, its served applications, and servers whose truth is known.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

pub mod burst_run;
#[cfg(feature = "peers")]
pub mod peers;
pub mod pool;
pub mod servers;

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::Signal;
use procfs::net::{TcpNetEntry, TcpState};
use procfs::process::FDTarget;
use results::document::{Burst, Document};
use testing::Program;

pub use testing::{
    CONFORMANCE, GUESTS, MANIFESTS, Process, Server as Served, TIMEOUT, get, ok, project, wait_until, wasm,
};

/// The program under test.
pub const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_loadtest"));

/// The program, in the project's folder, with nothing of the caller's that would change it.
pub fn loadtest(args: &[&str]) -> Command {
    PROGRAM.command(args)
}

/// Runs the program to its end.
pub fn output(args: &[&str]) -> Output {
    loadtest(args).output().expect("loadtest starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Interrupts the program as soon as `is_time`; returns its exit code and what it printed. `what` names the time.
pub async fn interrupted(
    args: &[&str],
    what: &'static str,
    is_time: impl Fn() -> bool + Send + 'static,
) -> (Option<i32>, String) {
    let mut command = loadtest(args);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::spawn(&mut command);
    let ended = move || {
        wait_until(what, is_time);
        process.signal(Signal::SIGINT);
        let code = process.ended_within(TIMEOUT).code();
        (code, std::io::read_to_string(process.child.stdout.take().expect("piped")).expect("text"))
    };
    tokio::task::spawn_blocking(ended).await.expect("it ends")
}

/// What was written to the folder that `--out` named.
pub fn result(folder: &Path) -> Document {
    let text = std::fs::read_to_string(folder.join("result.json")).expect("result.json was written");
    serde_json::from_str(&text).expect("result.json is one")
}

/// The one burst that these arguments fire. Its verdict may be that it can't be trusted.
pub fn burst(args: &[&str]) -> Burst {
    let folder = tempfile::tempdir().expect("a folder");
    let out = ["burst", "--out", folder.path().to_str().expect("text")];
    let ended = output(&[&out[..], args].concat());
    assert!(matches!(ended.status.code(), Some(0 | 4)), "{}", stderr(&ended));
    result(folder.path()).runs.remove(0).bursts.remove(0)
}

/// Builds the guests, once for all tests of a file; installs the wasm target if it is missing.
pub fn build() {
    PROGRAM.build_guests();
}

/// All that this process has started, itself or by others, but for the guards that watch over it.
pub fn started_by(parent: u32) -> Vec<i32> {
    let started = loadtest::machine::processes::descendants(&[parent.cast_signed()]);
    let command = |id: i32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    started.iter().map(|stat| stat.pid).filter(|id| !command(*id).contains("\0guard\0")).collect()
}

/// Those of them that serve by the embedded host.
pub fn hosts_of(parent: u32) -> Vec<i32> {
    let command = |id: i32| std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    started_by(parent).into_iter().filter(|id| command(*id).contains("loadtest\0serve\0")).collect()
}

/// The number of TCP connections that the process has.
pub fn connections_of(id: i32) -> usize {
    let inode = |target| match target {
        FDTarget::Socket(inode) => Some(inode),
        _ => None,
    };
    let Ok(descriptors) = procfs::process::Process::new(id).and_then(|process| process.fd()) else {
        return 0;
    };
    let sockets: HashSet<u64> = descriptors.flatten().filter_map(|one| inode(one.target)).collect();
    let connections = procfs::net::tcp().expect("the table can be read");
    let is_one = |one: &TcpNetEntry| one.state == TcpState::Established && sockets.contains(&one.inode);
    connections.iter().filter(|one| is_one(one)).count()
}

/// Ended, even where nobody has asked how.
pub fn is_gone(id: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"));
    status.map_or(true, |status| status.contains("State:\tZ"))
}

/// Serves the manifest on a free port, with more flags.
pub fn serve(manifest: &str, flags: &[&str]) -> Served {
    PROGRAM.serve(manifest, flags)
}

/// Serves the manifest at an address, with more flags.
pub fn serve_at(address: &str, manifest: &str, flags: &[&str]) -> Served {
    PROGRAM.serve_at(address, manifest, flags)
}

/// Runs a `serve` that tells where it serves in JSON.
pub fn serve_by(command: &mut Command) -> Served {
    Program::start_server(command)
}
