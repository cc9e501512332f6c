//! SIGINT and SIGTERM.

use std::pin::pin;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Aborted, Exit, Failure, OrExit};
use crate::runner::interrupt::unless;

/// Receives SIGINT and SIGTERM. From its creation on, they no longer end the process.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn catch() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).or_exit(Exit::System)?,
            terminate: signal(SignalKind::terminate()).or_exit(Exit::System)?,
        })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does `work`, or drops it at the next signal.
    pub async fn or_abort<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Aborted> {
        unless(pin!(self.next()), work).await
    }
}
