//! A program that was started here, under a guard that outlives this process.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::output::{Lines, Sink, Tail};
use crate::exit::{Exit, Failure, OrExit};

/// How long a system may take to finish what is in flight before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long a guard may take beyond that.
const GUARDS_OWN: Duration = Duration::from_secs(2);
/// How long output is waited for once its program has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A program and all that it starts. They end with this, and with this process, however that ends.
pub struct Child {
    name: String,
    guard: i32,
    tail: Tail,
    ended: watch::Receiver<Option<ExitStatus>>,
    _alive: Option<ChildStdin>,
}

/// Why a program isn't ready.
pub struct Unready {
    /// What it exited with, where it has ended.
    pub code: Option<i32>,
    message: String,
}

impl From<Unready> for Failure {
    fn from(unready: Unready) -> Self {
        Self::new(Exit::System, unready.message)
    }
}

/// `program`, to be given its arguments and spawned; `stop` tells it to end.
pub fn guarded(program: impl AsRef<OsStr>, stop: Signal) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe().or_exit(Exit::System)?);
    command.args(["guard", "--signal", stop.as_str()]);
    command.arg(format!("--grace={}s", GRACE.as_secs())).arg("--").arg(program);
    Ok(command)
}

impl Child {
    /// Starts a command that [`guarded`] made, for a system of this name.
    pub fn spawn(name: &str, mut command: Command) -> Result<(Self, Lines), Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Ctrl-C on the terminal is for us to pass on, once the results are safe.
        let mut process = command
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::new(Exit::System, format!("{name} can't be started: {error}")))?;
        let alive = process.stdin.take();
        let guard = process.id().map_or(0, u32::cast_signed);
        let (sink, tail, lines) = Sink::new();
        let stdout = tokio::spawn(sink.clone().read(process.stdout.take(), true));
        let stderr = tokio::spawn(sink.read(process.stderr.take(), false));
        let (sender, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = process.wait().await;
            let _ = timeout(LAST_WORDS, async { (stdout.await, stderr.await) }).await;
            sender.send(Some(status.unwrap_or_default()))
        });
        Ok((Self { name: name.to_owned(), guard, tail, ended, _alive: alive }, lines))
    }

    /// The process whose descendants are the system.
    pub fn guard(&self) -> i32 {
        self.guard
    }

    /// Waits `within` this time for what shows that it is ready; ends it where that doesn't come.
    pub async fn ready<T>(
        self,
        within: Duration,
        sign: impl Future<Output = T>,
    ) -> Result<(Self, T), Unready> {
        let (code, what) = tokio::select! {
            found = sign => return Ok((self, found)),
            status = self.status() => (status.code(), format!("did not start ({})", how(status))),
            () = sleep(within) => (None, format!("was not ready after {} s", within.as_secs_f64())),
        };
        let message = self.tail.below(&format!("{} {what}", self.name));
        self.stop().await;
        Err(Unready { code, message })
    }

    /// Waits for its end, which is none of our doing.
    pub async fn died(&self) -> Failure {
        let how = how(self.status().await);
        Failure::new(
            Exit::System,
            self.tail.below(&format!("{} ended in the middle of it ({how})", self.name)),
        )
    }

    /// What it wrote last; `None` where it wrote nothing.
    pub fn last_words(&self) -> Option<String> {
        (!self.tail.is_empty()).then(|| self.tail.below(&self.name))
    }

    /// Tells it to end, and waits until nothing is left of it.
    pub async fn stop(mut self) {
        drop(self._alive.take());
        let _ = timeout(GRACE + GUARDS_OWN, self.status()).await;
    }

    async fn status(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        ended.wait_for(Option::is_some).await.ok().and_then(|status| *status).unwrap_or_default()
    }
}

/// A guard exits as its program did, and as shells do where a signal ended that.
fn how(status: ExitStatus) -> String {
    let signal = status.code().and_then(|code| Signal::try_from(code - 128).ok());
    match signal {
        Some(signal) => format!("by {signal}"),
        None => status.to_string(),
    }
}
