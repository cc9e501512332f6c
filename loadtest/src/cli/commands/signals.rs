//! SIGINT and SIGTERM.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Exit, Failure, OrExit};

/// From its making on, the signals no longer end the process.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// Why a command did not come to its own end.
pub enum Ended {
    /// A signal came.
    Interrupted,
    /// It could not go on.
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Signals {
    pub fn catch() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).or_exit(Exit::System)?,
            terminate: signal(SignalKind::terminate()).or_exit(Exit::System)?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does `work`, or gives it up at the next signal.
    pub async fn or_end<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Ended> {
        tokio::select! {
            done = work => Ok(done?),
            () = self.next() => Err(Ended::Interrupted),
        }
    }
}
