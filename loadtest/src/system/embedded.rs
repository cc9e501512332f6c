//! The embedded host as a process of its own, so that generator and server are measured apart.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use host::Startup;
use host::isolation::Policy;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::Running;
use crate::cli::AppArgs;
use crate::exit::{Exit, Failure, OrExit};

/// How long a server may take to finish what is in flight before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// The server's process. It ends when its standard input does, and so with this process, however that ends.
pub struct Child {
    process: tokio::process::Child,
    _alive: Option<ChildStdin>,
}

/// Starts `loadtest serve` on a free port, and waits until it says that it is ready.
pub async fn start(manifest: Option<&Path>, app: &AppArgs, policy: &Policy) -> Result<Running, Failure> {
    let program = std::env::current_exe().or_exit(Exit::System)?;
    let mut command = Command::new(program);
    command
        .args([
            "serve",
            "--quiet",
            "--no-build",
            "--until-stdin-closes",
            "--listen=127.0.0.1:0",
            "--format=json",
        ])
        .args(app.flags())
        .args(policy.flags());
    if let Some(manifest) = manifest {
        command.arg(manifest);
    }
    // A group of its own: Ctrl-C on the terminal is for us to pass on, once the results are safe.
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .or_exit(Exit::System)?;
    let alive = process.stdin.take();
    let stdout = process.stdout.take();
    let Some(startup) = read_startup(stdout).await else {
        let status = process.wait().await.or_exit(Exit::System)?;
        return Err(Failure::new(
            exit_of(status),
            "the embedded host did not start; its own words stand above",
        ));
    };
    Ok(Running { base_url: startup.base_url, child: Some(Child { process, _alive: alive }) })
}

/// The server prints one JSON document when its port is bound; `None` where it ends without.
async fn read_startup(stdout: Option<ChildStdout>) -> Option<Startup> {
    let mut stdout = BufReader::new(stdout?);
    let mut text = Vec::new();
    loop {
        if stdout.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
        if let Ok(startup) = serde_json::from_slice(&text) {
            return Some(startup);
        }
    }
}

/// Bad input stays bad input, whoever reads it.
fn exit_of(status: ExitStatus) -> Exit {
    if status.code() == Some(Exit::Usage as i32) { Exit::Usage } else { Exit::System }
}

impl Child {
    pub async fn died(&mut self) -> Failure {
        let status =
            self.process.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        Failure::new(Exit::System, format!("the embedded host ended in the middle of it ({status})"))
    }

    pub async fn stop(mut self) {
        if let Some(id) = self.process.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        if timeout(GRACE, self.process.wait()).await.is_err() {
            let _ = self.process.kill().await;
        }
    }
}
