//! Exit codes, and the errors that carry them.

use std::fmt::Display;

/// How the command ended; the numbers are documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All as expected.
    Success = 0,
    /// A verdict or a threshold failed.
    Unexpected = 1,
    /// Bad usage or bad input.
    Usage = 2,
    /// The system under test could not be started or reached.
    System = 3,
    /// The measurement itself can't be trusted.
    Untrusted = 4,
    /// Stopped by a signal.
    Interrupted = 130,
}

/// An error and the code to exit with.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What went wrong.
    pub error: anyhow::Error,
}

impl Failure {
    /// An error of one line.
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
            | host::Error::AddressInUse(_)
            | host::Error::Listen { .. } => Exit::System,
            host::Error::Manifest(_)
            | host::Error::Build(_)
            | host::Error::Route(_)
            | host::Error::Tls(_) => Exit::Usage,
        };
        Self { exit, error: error.into() }
    }
}

/// Says which code an error exits with.
pub trait OrExit<T> {
    /// The value, or the error with `exit`.
    ///
    /// # Errors
    ///
    /// The error that was there.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, error: error.into() })
    }
}
