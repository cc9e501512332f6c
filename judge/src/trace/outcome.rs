//! How a request ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A whole answer came, with this status.
    Answered(u16),
    /// The server broke the request off: it reset the connection, or closed it before the answer was whole.
    Rejected(Fault),
    /// The request failed for a reason on the client's side, such as a timeout or a missing file descriptor.
    Failed(Fault),
}

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of error, for programs.
    pub kind: ErrorKind,
    /// The error message, for people.
    pub text: String,
}

/// The kind of an error. The names don't change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nobody listens at the address.
    ConnectRefused,
    /// No connection, tunnel or handshake within its time.
    ConnectTimeout,
    /// The connection failed for another reason, such as no route.
    Connect,
    /// The certificate isn't trusted, or the handshake failed.
    Tls,
    /// The proxy can't be reached, or refuses.
    Proxy,
    /// The server reset the connection or HTTP/2's stream.
    Reset,
    /// The server closed the connection before the answer was whole.
    Closed,
    /// No whole answer within the request's time.
    Timeout,
    /// The answer is no HTTP, or too large.
    Protocol,
    /// The user ended the burst.
    Interrupted,
    /// The request was never sent.
    NotSent,
    /// Any other error, such as no free file descriptor.
    Other,
}

impl ErrorKind {
    /// Whether no connection was opened, so that the server was not reached.
    pub fn is_of_connecting(self) -> bool {
        use ErrorKind::{Connect, ConnectRefused, ConnectTimeout, Proxy, Tls};
        matches!(self, ConnectRefused | ConnectTimeout | Connect | Tls | Proxy)
    }
}

impl Fault {
    /// Returns a fault of this kind, with its message.
    pub fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// Returns the outcome of a request that ended with this fault, if nothing else is known: the kind decides between
    /// server and client.
    pub fn outcome(self) -> Outcome {
        use ErrorKind::{Closed, ConnectRefused, Protocol, Reset};
        match self.kind {
            ConnectRefused | Reset | Closed | Protocol => Outcome::Rejected(self),
            _ => Outcome::Failed(self),
        }
    }
}

impl Default for Outcome {
    fn default() -> Self {
        Self::Failed(Fault::new(ErrorKind::NotSent, "not sent"))
    }
}
