//! The options of a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::tls::Tls;
use crate::dispatch::isolation::Policy;
use crate::guest::Logs;
use crate::limits::Limits;

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Listen {
    /// The address; port 0 means any free port.
    pub address: SocketAddr,
    /// Whether the server tries the next higher ports if the port is in use.
    pub find_free_port: bool,
}

impl Default for Listen {
    /// Spin's default: `127.0.0.1:3000`.
    fn default() -> Self {
        Self { address: (Ipv4Addr::LOCALHOST, 3000).into(), find_free_port: false }
    }
}

/// How to serve an application.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How many requests an instance takes, and how long it lives.
    pub policy: Policy,
    /// Limits for clients, guests and bursts.
    pub limits: Limits,
    /// Where to listen.
    pub listen: Listen,
    /// The certificate for HTTPS. `None`: plain HTTP.
    pub tls: Option<Tls>,
    /// The destination of the guests' output. `None`: standard error only.
    pub logs: Option<Logs>,
    /// The number of instances whose slots are made ready for a burst after the start.
    pub warm: usize,
    /// Whether responses of components name their instances in the header `Served-By`: its name, the number of requests
    /// that it has taken and holds, and when this one entered and left the guest.
    pub evidence: bool,
    /// The file that gets a line of JSON for each request to a component, with the times that it spent in the host.
    pub trace: Option<PathBuf>,
}
