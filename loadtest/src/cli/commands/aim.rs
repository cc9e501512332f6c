//! From a URL and the request's flags to what can be fired: the request, and what one of it takes alone.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};

use crate::cli::flags::RequestArgs;
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::{ProxyChoice, RequestTemplate, Transport, Trust};
use crate::runner::measure;

/// A request, and what one of it takes alone.
pub struct Aim {
    pub request: Arc<RequestTemplate>,
    pub timeout: Option<Duration>,
    pub service_ms: f64,
}

/// Resolves `url`, and measures one request alone where that is allowed; `asked_for` names the requests
/// that the user did ask for.
pub async fn aim(args: &RequestArgs, url: &str, asked_for: &str) -> Result<Aim, Failure> {
    let request = Arc::new(request(args, url).await?);
    let timeout = Some(args.timeout);
    let service_ms = match args.service_ms {
        Some(given) => given,
        None if args.solo || is_safe(&args.method) => {
            let warm_up = (!args.cold).then(|| RequestTemplate::clone(&request));
            let others =
                if args.cold { "A request alone goes" } else { "A request to warm up, and one alone, go" };
            note(&format!("{others} to {url} beside {asked_for}; with --service-ms none does."));
            measure::service_ms(&request, warm_up, timeout).await?
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
    Ok(Aim { request, timeout, service_ms })
}

async fn request(args: &RequestArgs, url: &str) -> Result<RequestTemplate, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let mut request = RequestTemplate::get_over(url, &transport(args)).await.map_err(usage)?;
    request.method = args.method.clone();
    request.keep_alive = !args.disable_keepalive;
    request.good = Some(args.status.to_vec());
    // The first of a name replaces what would be sent by itself, such as `host`; more are added.
    let own = std::mem::take(&mut request.headers);
    for text in &args.headers {
        let (name, value) = header(text).map_err(usage)?;
        request.headers.append(name, value);
    }
    let flags = [(ACCEPT, &args.accept), (USER_AGENT, &args.user_agent), (HOST, &args.host)];
    for (name, value) in flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))) {
        request.headers.insert(name, value);
    }
    if let Some(auth) = &args.auth {
        request.headers.insert(AUTHORIZATION, basic(auth).map_err(usage)?);
    }
    for (name, value) in &own {
        request.headers.entry(name).or_insert_with(|| value.clone());
    }
    request.body = match &args.body_file {
        Some(path) => {
            std::fs::read(path).map_err(|error| usage(format!("-D {}: {error}", path.display())))?.into()
        }
        None => args.body.clone().into(),
    };
    if !request.body.is_empty() {
        request.headers.entry(CONTENT_TYPE).or_insert(args.content_type.clone());
    }
    Ok(request)
}

fn transport(args: &RequestArgs) -> Transport {
    let trust = match &args.cacert {
        Some(path) => Trust::File(path.clone()),
        None if args.insecure => Trust::Any,
        None => Trust::System,
    };
    let proxy = args.proxy.clone().map_or(ProxyChoice::Environment, ProxyChoice::Explicit);
    Transport { trust, http2: args.http2, proxy }
}

/// A header. What is wrong with a value is said without repeating it: it may be a secret.
fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("-H: `Name: value` is allowed")?;
    let name: HeaderName = name.trim().parse().map_err(|error| format!("-H {name:?}: {error}"))?;
    let mut value: HeaderValue =
        value.trim().parse().map_err(|error| format!("-H '{name}: ...': {error}"))?;
    value.set_sensitive(name == AUTHORIZATION);
    Ok((name, value))
}

fn basic(auth: &str) -> Result<HeaderValue, String> {
    if !auth.contains(':') {
        return Err("-a: USER:PASSWORD is allowed".to_owned());
    }
    let text = format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(auth));
    let mut value: HeaderValue = text.parse().map_err(|error| format!("-a: {error}"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
