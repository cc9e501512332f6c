//! A child process under a guard (`loadtest guard`), which ends it even if this process is killed.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::output::{Lines, Sink, Tail};
use crate::exit::{Exit, Failure, OrExit};

/// The time limit for a system to finish its requests after the stop signal. Then it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// The additional time limit for the guard.
const GUARD_MARGIN: Duration = Duration::from_secs(2);
/// The time limit for reading the remaining output after the program has ended. A process that the program left behind may
/// hold the pipe open.
const OUTPUT_DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// A program with all processes that it starts. They end if this is dropped, or if this process ends in any way: the guard
/// then sees the end of its standard input.
pub struct Child {
    name: String,
    guard: i32,
    tail: Tail,
    ended: watch::Receiver<Option<ExitStatus>>,
    guard_stdin: Option<ChildStdin>,
}

/// Why a program did not become ready.
pub struct NotReady {
    /// The exit code; `None` if the program did not end.
    pub code: Option<i32>,
    message: String,
}

impl From<NotReady> for Failure {
    fn from(not_ready: NotReady) -> Self {
        Self::new(Exit::System, not_ready.message)
    }
}

/// A command for `program` under a guard, to which arguments can be added. `stop` is the signal that ends the program.
pub fn guarded_command(program: impl AsRef<OsStr>, stop: Signal) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe().or_exit(Exit::System)?);
    command.args(["guard", "--signal", stop.as_str()]);
    command.arg(format!("--grace={}s", GRACE.as_secs())).arg("--").arg(program);
    Ok(command)
}

impl Child {
    /// Starts a [`guarded_command`]; `name` is for messages.
    pub fn spawn(name: &str, mut command: Command) -> Result<(Self, Lines), Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C on the terminal must not reach the child: this process ends it after the results are written.
        let mut process = command
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::new(Exit::System, format!("cannot start {name}: {error}")))?;
        let guard_stdin = process.stdin.take();
        let guard = process.id().map_or(0, u32::cast_signed);
        let (sink, tail, lines) = Sink::new();
        let stdout = tokio::spawn(sink.clone().read(process.stdout.take(), true));
        let stderr = tokio::spawn(sink.read(process.stderr.take(), false));
        let (sender, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = process.wait().await;
            let _ = timeout(OUTPUT_DRAIN_TIMEOUT, async { (stdout.await, stderr.await) }).await;
            sender.send(Some(status.unwrap_or_default()))
        });
        Ok((Self { name: name.to_owned(), guard, tail, ended, guard_stdin }, lines))
    }

    /// The process id of the guard; its descendants are the system.
    pub fn guard(&self) -> i32 {
        self.guard
    }

    /// Waits until `sign` completes, for at most `limit`. Otherwise stops the program.
    pub async fn ready<T>(
        self,
        limit: Duration,
        sign: impl Future<Output = T>,
    ) -> Result<(Self, T), NotReady> {
        let (code, problem) = tokio::select! {
            found = sign => return Ok((self, found)),
            status = self.status() => (status.code(), format!("did not start ({})", describe(status))),
            () = sleep(limit) => (None, format!("was not ready after {} s", limit.as_secs_f64())),
        };
        let message = self.tail.below(&format!("{} {problem}", self.name));
        self.stop().await;
        Err(NotReady { code, message })
    }

    /// Waits until the program ends by itself, which is a failure.
    pub async fn unexpected_end(&self) -> Failure {
        let status = describe(self.status().await);
        Failure::new(Exit::System, self.tail.below(&format!("{} ended during the run ({status})", self.name)))
    }

    /// Its last lines of output; `None` if there is no output.
    pub fn last_output(&self) -> Option<String> {
        (!self.tail.is_empty()).then(|| self.tail.below(&self.name))
    }

    /// Stops the program, and waits until all its processes have ended.
    pub async fn stop(mut self) {
        drop(self.guard_stdin.take());
        let _ = timeout(GRACE + GUARD_MARGIN, self.status()).await;
    }

    async fn status(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|status| *status).unwrap_or_default()
    }
}

/// The exit status in words. A guard exits with its program's code, or with 128 + N if signal N ended the program.
fn describe(status: ExitStatus) -> String {
    let signal = status.code().and_then(|code| Signal::try_from(code - 128).ok());
    match signal {
        Some(signal) => format!("by {signal}"),
        None => status.to_string(),
    }
}
