//! Reasons why an application can't be served.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::app::{ManifestError, ManifestErrors, build};

/// The reason why an application can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest can't be read or asks for something that this host doesn't offer, or a component's file can't be
    /// used.
    #[error(transparent)]
    Manifest(#[from] ManifestErrors),
    /// A build command failed, or did not make its component.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The certificate or its key can't be used.
    #[error("{0}")]
    Tls(String),
    /// A route can't be sent to its guest in request headers.
    #[error("{0}")]
    Route(String),
    /// The log files of the guests' output can't be written.
    #[error("can't write the guests' output to {}; --log-dir names another folder", path.display())]
    Logs {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file of a store can't be used.
    #[error("can't use {}, which keeps what the guests store: {reason}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        reason: String,
    },
    /// A component can't be downloaded.
    #[error("{url}: {reason}")]
    Download {
        /// The component's URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The trace file can't be written.
    #[error("can't write the trace to {}; --trace names another file", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The machine can't run components.
    #[error("wasmtime can't start: {0}")]
    Engine(String),
    /// More instances are to be made ready than there can be.
    #[error("--warm {warm} is more than the {instances} instances that there can be ({limited_by})")]
    Warm {
        /// The requested number.
        warm: usize,
        /// The maximum number of instances.
        instances: usize,
        /// The resource or flag that limits it.
        limited_by: &'static str,
    },
    /// Another process listens on the port.
    #[error(
        "{0} is already in use; --find-free-port looks for another, --listen HOST:PORT names one, and port 0 is any"
    )]
    AddressInUse(SocketAddr),
    /// The host can't listen on the address for another reason.
    #[error("can't listen on {address}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
}

impl From<ManifestError> for Error {
    fn from(error: ManifestError) -> Self {
        Self::Manifest(error.into())
    }
}
