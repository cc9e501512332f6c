//! Exit codes, and the errors that carry them.

use std::fmt::Display;

/// The exit codes; `--help` documents them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Success: the results are as expected.
    Success = 0,
    /// A verdict is not as expected, an expectation is not met, or a burst has no good answer.
    Unexpected = 1,
    /// Bad usage or bad input.
    Usage = 2,
    /// The system under test could not be started or reached.
    System = 3,
    /// The measurement is not reliable.
    Untrusted = 4,
    /// Interrupted by a signal.
    Interrupted = 130,
}

/// An error with its exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The error.
    pub error: anyhow::Error,
}

impl Failure {
    /// An error with a message of one line.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, error: anyhow::anyhow!("{message}") }
    }
}

impl From<host::Error> for Failure {
    fn from(error: host::Error) -> Self {
        let exit = match error {
            host::Error::Build(host::build::Error::Target(_))
            | host::Error::Engine(_)
            | host::Error::Logs { .. }
            | host::Error::Download { .. }
            | host::Error::Storage { .. }
            | host::Error::Trace { .. }
            | host::Error::AddressInUse(_)
            | host::Error::Listen { .. } => Exit::System,
            host::Error::Manifest(_)
            | host::Error::Build(_)
            | host::Error::Route(_)
            | host::Error::Tls(_)
            | host::Error::Warm { .. } => Exit::Usage,
        };
        Self { exit, error: error.into() }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Aborted {
    /// A signal came.
    Interrupted,
    /// An error occurred.
    Failed(Failure),
}

impl From<Failure> for Aborted {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Adds an exit code to an error.
pub trait OrExit<T> {
    /// The value, or the error with the exit code `exit`.
    ///
    /// # Errors
    ///
    /// The same error.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }
}
