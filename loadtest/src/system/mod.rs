//! Who is under test: starts it, waits until it is ready, stops it.

mod embedded;
mod url;

use std::path::Path;

use host::isolation::Policy;

use crate::cli::AppArgs;
use crate::exit::Failure;

/// A kind of system that can be put under test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum System {
    /// The embedded host, as a process of its own.
    Embedded,
    /// A server that runs already.
    Url(String),
}

/// A system that is ready for requests.
pub struct Running {
    /// Such as `http://127.0.0.1:3000`, with no slash at the end.
    pub base_url: String,
    child: Option<embedded::Child>,
}

impl System {
    /// The name in results: `embedded`, or the URL.
    pub fn name(&self) -> &str {
        match self {
            Self::Embedded => "embedded",
            Self::Url(url) => url,
        }
    }

    /// Starts the system with the application of `manifest`, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Where it can't be started or reached, with the reason.
    pub async fn start(
        &self,
        manifest: Option<&Path>,
        app: &AppArgs,
        policy: &Policy,
    ) -> Result<Running, Failure> {
        match self {
            Self::Embedded => embedded::start(manifest, app, policy).await,
            Self::Url(url) => url::reach(url).await,
        }
    }
}

fn is_base(url: &http::Uri) -> bool {
    url.scheme_str() == Some("http")
        && url.host().is_some_and(|host| !host.is_empty())
        && url.query().is_none()
}

impl std::str::FromStr for System {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "embedded" => Ok(Self::Embedded),
            url => match url.parse::<http::Uri>() {
                Ok(parsed) if is_base(&parsed) && !url.contains('#') => {
                    Ok(Self::Url(url.trim_end_matches('/').to_owned()))
                }
                _ => Err("`embedded` or a URL such as http://127.0.0.1:3000 is allowed".to_owned()),
            },
        }
    }
}

impl Running {
    /// Waits for the end of a system that was started here, which is none of its own doing.
    pub async fn died(&mut self) -> Failure {
        match &mut self.child {
            Some(child) => child.died().await,
            None => std::future::pending().await,
        }
    }

    /// Ends a system that was started here; a server that ran already goes on.
    pub async fn stop(self) {
        if let Some(child) = self.child {
            child.stop().await;
        }
    }
}
