//! A server that runs already, somewhere.

use std::time::Duration;

use super::Running;
use crate::exit::{Exit, Failure};

const PATIENCE: Duration = Duration::from_secs(10);

/// Any answer will do: it shows that a server is there.
pub async fn reach(url: &str) -> Result<Running, Failure> {
    let unreachable = |error: reqwest::Error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Failure::new(Exit::System, format!("{url} can't be reached: {cause}"))
    };
    let client = client(PATIENCE).map_err(unreachable)?;
    client.get(url).send().await.map_err(unreachable)?;
    Ok(Running::at(url))
}

/// For requests that only show whether a server is there, `timeout` each.
pub fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    // That another part of the program has chosen the same is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(timeout)
        .no_proxy() // the burst goes there directly
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Whether paths can be put behind it.
pub fn is_base(url: &str) -> bool {
    let parsed = url.parse::<http::Uri>();
    !url.contains('#')
        && parsed.is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.host().is_some_and(|host| !host.is_empty())
                && url.query().is_none()
        })
}
