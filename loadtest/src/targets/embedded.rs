//! The embedded host, in a process of its own, so that the load generator and the server are measured separately.

use nix::sys::signal::Signal;

use super::built_in::{BuiltIn, Content};
use super::child::{Child, NotReady, guarded_command};
use super::launch::{Launch, StartError, for_spin_only};
use super::running::Running;
use super::server_trace::ServerTrace;
use super::startup::StartupParser;
use crate::exit::{Exit, Failure, OrExit};

pub(super) const TARGET: BuiltIn = BuiltIn {
    name: "embedded",
    summary: "the embedded host, in a process of its own",
    content: Content::Applications,
    flags: &[],
    is_embedded_host: true,
    start: |launch| Box::pin(start(launch)),
};

/// Starts `loadtest serve` on a free port, and waits until it reports its URL.
async fn start(launch: Launch<'_>) -> Result<Running, StartError> {
    let Launch { options, .. } = launch;
    let app = launch.app()?;
    if let Some(skipped) = for_spin_only(app, "the embedded host") {
        return Err(skipped);
    }
    let trace = ServerTrace::create().or_exit(Exit::System)?;
    let program = std::env::current_exe().or_exit(Exit::System)?;
    let mut command = guarded_command(program, Signal::SIGTERM)?;
    command
        .args(["serve", "--quiet", "--no-build", "--listen=127.0.0.1:0", "--format=json"])
        .args(options.app_flags)
        .args(options.policy.flags())
        .args(["--evidence", "--trace"])
        .arg(trace.path())
        .arg(&app.manifest);
    let (child, lines) = Child::spawn("the embedded host", command)?;
    let mut startup = StartupParser::default();
    let ready = child.ready(options.ready_timeout(), lines.first(|line| startup.url(line))).await;
    let (child, url) = ready.map_err(failure)?;
    Ok(Running::child(child, &url).of_version(env!("CARGO_PKG_VERSION")).traced(trace))
}

/// Keeps the exit code for bad input, which the host may be the first to find.
fn failure(not_ready: NotReady) -> Failure {
    let exit = if not_ready.code == Some(Exit::Usage as i32) { Exit::Usage } else { Exit::System };
    Failure { exit, ..not_ready.into() }
}
