//! Child processes that end with the future that runs them.

use std::io;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::Command;

/// Runs `command` and waits for its end. If the future is dropped before, SIGTERM goes to the command and to every
/// process that it has started.
///
/// # Errors
///
/// If the command can't be started.
pub async fn run_to_end(command: &mut Command) -> io::Result<ExitStatus> {
    // Its own process group: a signal to the group reaches the children of a shell, and Ctrl-C reaches this process only.
    let mut child = command.process_group(0).spawn()?;
    let guard = ProcessGroupGuard(child.id().and_then(|id| i32::try_from(id).ok()));
    let status = child.wait().await;
    std::mem::forget(guard);
    status
}

/// Ends a process group when it is dropped.
struct ProcessGroupGuard(Option<i32>);

impl Drop for ProcessGroupGuard {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let _ = killpg(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}
