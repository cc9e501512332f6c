//! The layers between a socket and an HTTP request.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;

#[derive(Debug, Clone, Default)]
pub struct Route {
    /// The CONNECT request that asks the proxy for a tunnel; `None` without a tunnel.
    pub tunnel: Option<Vec<u8>>,
    /// Whether the address is a proxy's.
    pub by_proxy: bool,
    /// For https: the configuration, and the server's name.
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// Whether requests use HTTP/2.
    pub http2: bool,
}
