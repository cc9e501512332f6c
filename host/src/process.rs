//! Child processes that are not left behind.

use std::io;
use std::process::ExitStatus;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::Command;

/// Runs `command` to its end. Where the future is dropped before, the command and all that it has
/// started are told to end (SIGTERM).
///
/// # Errors
///
/// Where it can't be started.
pub async fn run_to_end(command: &mut Command) -> io::Result<ExitStatus> {
    // A group of its own: a signal reaches a shell's children too, and Ctrl-C only its parent.
    let mut child = command.process_group(0).spawn()?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
    let status = child.wait().await;
    std::mem::forget(group);
    status
}

struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let _ = killpg(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}
