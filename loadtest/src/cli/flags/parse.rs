//! Parsers of flag values.

use std::convert::Infallible;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::targets::address::completed;

/// The longest wait of the built-in setups is 10 s, and the longest wait of an endpoint is 60 s.
const MAX_TIME_SCALE: f64 = 6.0;

pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("NAME=VALUE is allowed")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A URL, which is checked later: clap repeats an invalid value in its error, and it may contain a password.
pub(super) fn url(text: &str) -> Result<String, Infallible> {
    Ok(completed(text))
}

pub(super) fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if (0.001..=MAX_TIME_SCALE).contains(&scale) => Ok(scale),
        _ => Err(format!("a number from 0.001 to {MAX_TIME_SCALE} is allowed")),
    }
}

pub(super) fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a whole number from 1 is allowed".to_owned())
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map(Vec::from_iter).unwrap_or_default();
    // A name may have several addresses. IPv4 is preferred, as in Spin.
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| {
        "a host and a port, such as 127.0.0.1:3000, localhost:3000 or [::1]:3000, is allowed".to_owned()
    })
}
