//! What is sent, and to whom: the flags that every command shares that fires at URLs of one's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use judge::trace::Statuses;

#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The request's method
    #[arg(short, value_name = "METHOD", default_value = "GET", value_parser = method)]
    pub method: http::Method,
    /// A header, as `Name: value`; repeatable. Nothing is sent that asks for compression, unless given here
    // Text until it is looked at in `aim`: clap would repeat a bad one, and a password may be in it.
    #[arg(short = 'H', value_name = "HEADER")]
    pub headers: Vec<String>,
    /// The Accept header
    #[arg(short = 'A', value_name = "TYPE")]
    pub accept: Option<http::HeaderValue>,
    /// The User-Agent header [default: loadtest and its version]
    #[arg(short = 'U', value_name = "AGENT")]
    pub user_agent: Option<http::HeaderValue>,
    /// The Host header; where to connect, and whom a certificate must name, stays what the URL says
    #[arg(long, value_name = "HOST")]
    pub host: Option<http::HeaderValue>,
    /// A user and password for basic authentication, as `USER:PASSWORD`
    #[arg(short = 'a', value_name = "USER:PASSWORD")]
    pub auth: Option<String>,
    /// The request's body
    #[arg(short = 'd', value_name = "BODY", default_value = "", hide_default_value = true)]
    pub body: String,
    /// The file that holds the request's body; it is read once
    #[arg(short = 'D', value_name = "FILE", conflicts_with = "body")]
    pub body_file: Option<PathBuf>,
    /// The body's content type
    #[arg(short = 'T', value_name = "TYPE", default_value = "text/html")]
    pub content_type: http::HeaderValue,
    /// How long a request may take, in seconds; 0 is no limit
    #[arg(short = 't', value_name = "SECONDS", default_value = "20", value_parser = timeout)]
    pub timeout: Duration,
    /// Which statuses count as good, by commas: 2xx,304 or 200-204
    #[arg(long, value_name = "STATUSES", default_value = "2xx", value_parser = statuses)]
    pub status: Statuses,
    /// HTTP/2: by ALPN for https, at once for http (h2c with prior knowledge). Requests share connections, as
    /// many on each as the server allows streams; the result says how many that were
    #[arg(long = "http2", alias = "h2")]
    pub http2: bool,
    /// A new connection for every request: connecting is part of its latency, and is shown apart, too
    #[arg(long)]
    pub disable_keepalive: bool,
    /// Trust the certificates of this PEM file instead of the system's (or those of SSL_CERT_FILE)
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Take any certificate, whoever issued it to whomever
    #[arg(long)]
    pub insecure: bool,
    /// A proxy, as HOST:PORT or http://USER:PASSWORD@HOST:PORT [default: that of http_proxy, HTTPS_PROXY or
    /// ALL_PROXY; NO_PROXY names the hosts that need none]
    #[arg(short = 'x', value_name = "PROXY")]
    pub proxy: Option<String>,
    /// As in hey; without it, too, nothing asks for compressed answers
    #[arg(long)]
    pub disable_compression: bool,
    /// As in hey; without it, too, no redirect is followed: its answer is one like any other
    #[arg(long)]
    pub disable_redirects: bool,
    /// No warm-up request before the one that is measured alone
    #[arg(long)]
    pub cold: bool,
    /// What one request alone takes, in milliseconds, instead of measuring it
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub service_ms: Option<f64>,
    /// Send a warm-up and a solo request even where the method may change something on the server
    #[arg(long)]
    pub solo: bool,
}

/// The statuses that count as good.
pub fn statuses(text: &str) -> Result<Statuses, String> {
    let number = |text: &str| text.parse().ok().filter(|status| (100..=599).contains(status));
    let range = |part: &str| match part.strip_suffix("xx") {
        Some(class) => number(&format!("{class}00")).map(|first: u16| first..=first + 99),
        None => {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            number(first)
                .zip(number(last))
                .filter(|(first, last)| first <= last)
                .map(|(first, last)| first..=last)
        }
    };
    let ranges: Option<Vec<_>> = text.split(',').map(|part| range(part.trim())).collect();
    ranges
        .map(Arc::from)
        .ok_or_else(|| "statuses such as 2xx,304 or 200-204, from 100 to 599, are allowed".to_owned())
}

const DAY_MS: f64 = 86_400_000.0;

pub fn milliseconds(text: &str) -> Result<f64, String> {
    let ms = text.parse().ok().filter(|ms: &f64| (0.001..=DAY_MS).contains(ms));
    ms.ok_or_else(|| format!("a number from 0.001 to {DAY_MS} is allowed"))
}

/// As in hey: whole or broken seconds; zero, which is no limit, becomes the longest time there is.
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
    fn statuses_are_classes_ranges_and_numbers() {
        assert_eq!(*statuses("2xx, 304,400-403").unwrap(), [200..=299, 304..=304, 400..=403]);
        for bad in ["", "2x", "xx", "600", "9xx", "304-200", "200,,", "abc"] {
            assert!(statuses(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn heys_timeout_of_zero_is_no_limit() {
        assert_eq!(timeout("0"), Ok(Duration::MAX));
        assert_eq!(timeout("1.5"), Ok(Duration::from_millis(1500)));
        assert!(timeout("-1").is_err() && timeout("x").is_err());
    }
}
