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
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy() // the burst goes there directly
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(unreachable)?;
    client.get(url).send().await.map_err(unreachable)?;
    Ok(Running { base_url: url.to_owned(), child: None })
}
