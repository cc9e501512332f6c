//! The flags for the request, of commands that fire at URLs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use judge::trace::Statuses;

pub use crate::plan::statuses;

#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The method of the request [default: GET, also with a body]
    #[arg(short, value_name = "METHOD", value_parser = method)]
    pub method: Option<http::Method>,
    /// A header, as `Name: value`; repeatable. No Accept-Encoding is sent unless given here
    // Parsed later, because clap repeats an invalid value in its error, and it may contain a password.
    #[arg(short = 'H', value_name = "HEADER")]
    pub headers: Vec<String>,
    /// The Accept header
    #[arg(short = 'A', value_name = "TYPE")]
    pub accept: Option<http::HeaderValue>,
    /// The User-Agent header [default: loadtest/VERSION]
    #[arg(short = 'U', value_name = "AGENT")]
    pub user_agent: Option<http::HeaderValue>,
    /// The Host header. The address and the expected name in the certificate are still those of the URL
    #[arg(long, value_name = "HOST")]
    pub host: Option<http::HeaderValue>,
    /// User and password for basic authentication
    #[arg(short = 'a', value_name = "USER:PASSWORD")]
    pub auth: Option<String>,
    /// The body of the request
    #[arg(short = 'd', value_name = "BODY", default_value = "", hide_default_value = true)]
    pub body: String,
    /// A file with the body of the request. It is read once
    #[arg(short = 'D', value_name = "FILE", conflicts_with = "body")]
    pub body_file: Option<PathBuf>,
    /// The content type of the body
    #[arg(short = 'T', value_name = "TYPE", default_value = "text/html")]
    pub content_type: http::HeaderValue,
    /// The time limit for a request, and for opening its connection, in seconds; 0 is no limit [default: 20; `burst` uses more
    /// if all requests would take longer one after the other]
    #[arg(short = 't', value_name = "SECONDS", value_parser = timeout)]
    pub timeout: Option<Duration>,
    /// The statuses that count as good, separated by commas: 2xx,304 or 200-204
    #[arg(long, value_name = "STATUSES", default_value = "2xx", value_parser = statuses)]
    pub status: Statuses,
    /// Connect to this Unix socket; the URL gives the Host header and the path
    #[arg(long, value_name = "PATH", conflicts_with = "proxy")]
    pub unix_socket: Option<PathBuf>,
    /// Use HTTP/2: by ALPN for https, with prior knowledge (h2c) for http. Requests share connections, up to
    /// the server's limit of streams; the result has the number of connections
    #[arg(long = "http2", alias = "h2")]
    pub http2: bool,
    /// Use a new connection for each request. The latency includes connecting, which is also shown separately
    #[arg(long)]
    pub disable_keepalive: bool,
    /// Trust the certificates in this PEM file, instead of the certificates of the system or of SSL_CERT_FILE
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Accept any certificate, without verification
    #[arg(long)]
    pub insecure: bool,
    /// A proxy: HOST:PORT or http://USER:PASSWORD@HOST:PORT [default: from http_proxy, HTTPS_PROXY or
    /// ALL_PROXY, except for the hosts in NO_PROXY]
    #[arg(short = 'x', value_name = "PROXY")]
    pub proxy: Option<String>,
    /// Accepted as in hey, without effect: loadtest never asks for compressed answers
    #[arg(long)]
    pub disable_compression: bool,
    /// Accepted as in hey, without effect: loadtest never follows redirects
    #[arg(long)]
    pub disable_redirects: bool,
    /// Measure the service time without a warm-up request before it
    #[arg(long)]
    pub cold: bool,
    /// Service time in milliseconds, or the times of several requests sent alone, separated by commas: their median and spread
    /// are used [default: measured with up to 9 requests alone]
    #[arg(long, value_name = "MS", value_delimiter = ',', value_parser = milliseconds)]
    pub service_ms: Vec<f64>,
    /// Measure the service time with additional requests, even if the method may change data on the server
    #[arg(long)]
    pub solo: bool,
}

const DAY_MS: f64 = 86_400_000.0;

pub fn milliseconds(text: &str) -> Result<f64, String> {
    let ms = text.parse().ok().filter(|ms: &f64| (0.001..=DAY_MS).contains(ms));
    ms.ok_or_else(|| format!("a number from 0.001 to {DAY_MS} is allowed"))
}

/// As in hey: seconds, also fractions. Zero is no limit, and becomes the longest duration.
fn timeout(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0.0) => Ok(Duration::MAX),
        Ok(seconds) => {
            Duration::try_from_secs_f64(seconds).map_err(|_| "0 or more seconds are allowed".to_owned())
        }
        Err(_) => Err("a number of seconds is allowed".to_owned()),
    }
}

fn method(text: &str) -> Result<http::Method, String> {
    text.to_uppercase().parse().map_err(|_| "a method such as GET or POST is allowed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_classes_ranges_or_numbers() {
        assert_eq!(*statuses("2xx, 304,400-403").unwrap(), [200..=299, 304..=304, 400..=403]);
        assert_eq!(*statuses("100-599,999,9xx").unwrap(), [100..=599, 999..=999, 900..=999]);
        for bad in ["", "2x", "xx", "99", "1000", "10xx", "304-200", "200,,", "abc"] {
            assert!(statuses(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_timeout_of_zero_is_no_limit() {
        assert_eq!(timeout("0"), Ok(Duration::MAX));
        assert_eq!(timeout("1.5"), Ok(Duration::from_millis(1500)));
        assert!(timeout("-1").is_err() && timeout("x").is_err());
    }
}
