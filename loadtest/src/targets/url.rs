//! A server that runs already.

use std::time::Duration;

use http::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::running::Running;
use crate::exit::{Exit, Failure};

/// The time limit for the reachability check.
const REACH_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks that the server answers, with any status. For https, a TCP connection is enough: the burst checks the certificate.
pub async fn reach(url: &str) -> Result<Running, Failure> {
    let reached = if url.starts_with("https") { connects(url).await } else { answers(url).await };
    match reached {
        Ok(()) => Ok(Running::at(url)),
        Err(cause) => Err(Failure::new(Exit::System, format!("cannot reach {url}: {cause}"))),
    }
}

async fn answers(url: &str) -> Result<(), String> {
    let get = async { client(REACH_TIMEOUT)?.get(url).send().await };
    get.await.map(drop).map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        cause.to_string()
    })
}

async fn connects(url: &str) -> Result<(), String> {
    let (host, port) = authority(url);
    match timeout(REACH_TIMEOUT, TcpStream::connect((host.as_str(), port))).await {
        Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no connection within {} s", REACH_TIMEOUT.as_secs())),
    }
}

/// The host and the port of a URL.
pub fn authority(url: &str) -> (String, u16) {
    let url = url.parse::<Uri>().unwrap_or_default();
    let standard = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    (host.to_owned(), url.port_u16().unwrap_or(standard))
}

/// A client for reachability checks; `timeout` is the limit for each request.
pub fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy() // the bursts of `run` use no proxy either
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Whether `url` is a base URL, to which paths can be appended.
pub fn is_base(url: &str) -> bool {
    let parsed = url.parse::<Uri>();
    !url.contains('#')
        && parsed.is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
                && url.query().is_none()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_has_a_scheme_and_a_host_and_no_query() {
        for url in ["http://127.0.0.1:3000", "https://app.example/", "http://[::1]:80/app"] {
            assert!(is_base(url), "{url}");
        }
        for url in ["", "mars", "ftp://x", "http://", "http://x/?a=1", "http://x/#a", "/x"] {
            assert!(!is_base(url), "{url}");
        }
    }

    #[test]
    fn the_default_port_is_the_scheme_s() {
        assert_eq!(authority("https://app.example/x"), ("app.example".to_owned(), 443));
        assert_eq!(authority("http://[::1]/x"), ("::1".to_owned(), 80));
        assert_eq!(authority("http://127.0.0.1:3911"), ("127.0.0.1".to_owned(), 3911));
    }
}
