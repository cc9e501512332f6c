//! From a URL and the request's flags to what can be fired: the request, and what one of it takes alone.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::CONTENT_TYPE;

use crate::burst::Target;
use crate::cli::RequestArgs;
use crate::exit::{Exit, Failure};
use crate::measure;

/// A request, and what one of it takes alone.
pub struct Aim {
    pub target: Arc<Target>,
    pub timeout: Option<Duration>,
    pub service_ms: f64,
}

/// Resolves `url`, and measures one request alone where that is allowed; `asked_for` names the requests
/// that the user did ask for.
pub async fn aim(args: &RequestArgs, url: &str, asked_for: &str) -> Result<Aim, Failure> {
    let target = Arc::new(target(args, url).await?);
    let timeout = Some(args.timeout);
    let service_ms = match args.service_ms {
        Some(given) => given,
        None if args.solo || is_safe(&args.method) => {
            let warm_up = Target::clone(&target);
            measure::service_ms(&target, Some(warm_up), timeout).await?
        }
        None => {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{} may change something on the server, so no request goes out beside {asked_for}: \
                     give the time that one takes alone by --service-ms, or let it be measured by --solo",
                    args.method
                ),
            ));
        }
    };
    Ok(Aim { target, timeout, service_ms })
}

async fn target(args: &RequestArgs, url: &str) -> Result<Target, Failure> {
    let mut target = Target::get(url).await.map_err(|error| Failure::new(Exit::Usage, error))?;
    target.method = args.method.clone();
    // The first of a name replaces what would be sent by itself, such as `host`; more are added.
    let own = std::mem::take(&mut target.headers);
    for (name, value) in &args.headers {
        target.headers.append(name, value.clone());
    }
    for (name, value) in &own {
        target.headers.entry(name).or_insert_with(|| value.clone());
    }
    if !args.body.is_empty() {
        target.headers.entry(CONTENT_TYPE).or_insert(args.content_type.clone());
        target.body = args.body.clone().into();
    }
    Ok(target)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
