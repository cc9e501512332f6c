//! The proxy of a flag or of the environment, which is read as curl reads it; and its tunnel.

use http::Uri;
use http::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::socket::Socket;

/// The limit for the head of a CONNECT response.
const HEAD_BYTES: usize = 8 * 1024;

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The `Proxy-Authorization` value; never shown.
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy for `url`: `given`, or the environment's (`http_proxy`, `HTTPS_PROXY`, `ALL_PROXY`). `None` if there is
    /// no proxy, or if `NO_PROXY` names the URL's host.
    ///
    /// # Errors
    ///
    /// A line that names the allowed forms. It doesn't repeat the value, which may contain a password.
    pub fn of(url: &Uri, given: Option<&str>) -> Result<Option<Self>, String> {
        const ALLOWED: &str = "HOST:PORT or http://[USER:PASSWORD@]HOST:PORT is allowed";
        let matcher = match given {
            None => Matcher::from_env(),
            Some(given) => {
                let with_scheme =
                    if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
                let parsed: Uri =
                    with_scheme.parse().map_err(|_| format!("the proxy of -x is not a URL: {ALLOWED}"))?;
                if parsed.scheme_str() != Some("http") || parsed.host().is_none_or(str::is_empty) {
                    return Err(format!("the proxy of -x can't be used: {ALLOWED}"));
                }
                Matcher::builder().all(with_scheme).no(no_proxy()).build()
            }
        };
        let Some(found) = matcher.intercept(url) else { return Ok(None) };
        let uri = found.uri();
        match (uri.scheme_str(), uri.host()) {
            (Some("http"), Some(host)) => Ok(Some(Self {
                host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
                port: uri.port_u16().unwrap_or(80),
                authorization: found.basic_auth().cloned(),
            })),
            _ => Err(format!("the proxy of the environment can't be used: {ALLOWED}")),
        }
    }
}

fn no_proxy() -> String {
    ["NO_PROXY", "no_proxy"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default()
}

/// The request that asks a proxy for a tunnel to `authority`, which includes a port.
pub fn connect_request(authority: &str, authorization: Option<&HeaderValue>) -> Vec<u8> {
    let mut head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(value) = authorization {
        head.extend_from_slice(b"Proxy-Authorization: ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Sends the CONNECT request, and reads the response's head. Reads no further byte: it would belong to the tunnel.
pub async fn tunnel(stream: &mut Socket, connect: &[u8]) -> Result<(), String> {
    let broken = |error: std::io::Error| format!("the proxy closed the connection: {error}");
    stream.write_all(connect).await.map_err(broken)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES {
            return Err("the proxy's answer to CONNECT is too long".to_owned());
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    let line = String::from_utf8_lossy(&head);
    match line.split_whitespace().nth(1).and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) if line.starts_with("HTTP/1.") => Ok(()),
        Some(407) => {
            Err("the proxy requires a user and password (status 407): -x http://USER:PASSWORD@HOST:PORT"
                .to_owned())
        }
        Some(status) => Err(format!("the proxy answered CONNECT with status {status}")),
        None => Err("the proxy's answer to CONNECT is not HTTP".to_owned()),
    }
}
