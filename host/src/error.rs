//! Why an application can't be served.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::{build, manifest};

/// Why an application can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The manifest can't be read, or asks for what this host doesn't offer; or a component's file can't be used.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// A build command failed, or made no component.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// The certificate or its key can't be used.
    #[error("{0}")]
    Tls(String),
    /// A route can't be told to its guest.
    #[error("{0}")]
    Route(String),
    /// The guests' output can't be kept.
    #[error("can't write the guests' output to {}; --log-dir names another folder", path.display())]
    Logs {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The machine can't run components at all.
    #[error("wasmtime can't start: {0}")]
    Engine(String),
    /// The port is taken.
    #[error(
        "{0} is already in use; --find-free-port looks for another, --listen HOST:PORT names one, and port 0 is any"
    )]
    AddressInUse(SocketAddr),
    /// The address can't be listened on for another reason.
    #[error("can't listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
}
