//! A server that runs already, somewhere.

use std::time::Duration;

use http::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Running;
use crate::exit::{Exit, Failure};

const PATIENCE: Duration = Duration::from_secs(10);

/// Any answer will do: it shows that a server is there. By https, so does a connection; its certificate is
/// the burst's matter.
pub async fn reach(url: &str) -> Result<Running, Failure> {
    let reached = if url.starts_with("https") { connects(url).await } else { answers(url).await };
    match reached {
        Ok(()) => Ok(Running::at(url)),
        Err(cause) => Err(Failure::new(Exit::System, format!("{url} can't be reached: {cause}"))),
    }
}

async fn answers(url: &str) -> Result<(), String> {
    let get = async { client(PATIENCE)?.get(url).send().await };
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
    match timeout(PATIENCE, TcpStream::connect((host.as_str(), port))).await {
        Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err(format!("no connection within {} s", PATIENCE.as_secs())),
    }
}

/// The host and the port of a URL.
pub fn authority(url: &str) -> (String, u16) {
    let url = url.parse::<Uri>().unwrap_or_default();
    let standard = if url.scheme_str() == Some("https") { 443 } else { 80 };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    (host.to_owned(), url.port_u16().unwrap_or(standard))
}

/// For requests that only show whether a server is there, `timeout` each.
pub fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy() // the burst goes there directly
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Whether paths can be put behind it.
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
    fn paths_can_be_put_behind_a_base() {
        for url in ["http://127.0.0.1:3000", "https://lab.example/", "http://[::1]:80/lab"] {
            assert!(is_base(url), "{url}");
        }
        for url in ["", "mars", "ftp://x", "http://", "http://x/?a=1", "http://x/#a", "/x"] {
            assert!(!is_base(url), "{url}");
        }
    }

    #[test]
    fn a_port_is_given_or_the_schemes() {
        assert_eq!(authority("https://lab.example/x"), ("lab.example".to_owned(), 443));
        assert_eq!(authority("http://[::1]/x"), ("::1".to_owned(), 80));
        assert_eq!(authority("http://127.0.0.1:3911"), ("127.0.0.1".to_owned(), 3911));
    }
}
