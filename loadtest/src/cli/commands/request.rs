//! From the request's flags to its specification.

use base64::Engine;
use http::header::{ACCEPT, AUTHORIZATION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use hyper::body::Bytes;
use judge::trace::Baseline;

use crate::cli::flags::RequestArgs;
use crate::exit::{Exit, Failure};
use crate::generator::{ProxyChoice, Transport, Trust};
use crate::runner::request::{RequestSpec, ServiceTime};

/// The request that `args` specify.
pub fn spec(args: &RequestArgs) -> Result<RequestSpec, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    Ok(RequestSpec {
        method: args.method.clone(),
        headers: headers(args).map_err(usage)?,
        body: body(args).map_err(usage)?,
        content_type: args.content_type.clone(),
        transport: transport(args),
        keep_alive: !args.disable_keepalive,
        good: args.status.to_vec(),
        timeout: args.timeout,
        service_time: service_time(args).map_err(usage)?,
    })
}

fn service_time(args: &RequestArgs) -> Result<ServiceTime, String> {
    match Baseline::given(&args.service_ms) {
        Some((service_ms, baseline)) => Ok(ServiceTime::Given(service_ms, baseline)),
        None if args.solo || is_safe(&args.method) => Ok(ServiceTime::Measured { warm_up: !args.cold }),
        None => Err(format!(
            "the service time is needed, but {} may change data on the server, so loadtest sends no additional request to \
             measure it; give it with --service-ms, or allow the request with --solo",
            args.method
        )),
    }
}

/// The headers from `-H` in order, then those with their own flags, which replace headers of the same name.
fn headers(args: &RequestArgs) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for text in &args.headers {
        let (name, value) = header("-H", text)?;
        headers.append(name, value);
    }
    let flags = [(ACCEPT, &args.accept), (USER_AGENT, &args.user_agent), (HOST, &args.host)];
    for (name, value) in flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))) {
        headers.insert(name, value);
    }
    if let Some(auth) = &args.auth {
        headers.insert(AUTHORIZATION, basic(auth)?);
    }
    Ok(headers)
}

fn body(args: &RequestArgs) -> Result<Bytes, String> {
    match &args.body_file {
        Some(path) => {
            std::fs::read(path).map(Bytes::from).map_err(|error| format!("-D {}: {error}", path.display()))
        }
        None => Ok(args.body.clone().into()),
    }
}

fn transport(args: &RequestArgs) -> Transport {
    let trust = match &args.cacert {
        Some(path) => Trust::File(path.clone()),
        None if args.insecure => Trust::Any,
        None => Trust::System,
    };
    Transport {
        trust,
        http2: args.http2,
        proxy: args.proxy.clone().map_or(ProxyChoice::Environment, ProxyChoice::Explicit),
    }
}

/// Parses the header of a flag. The error does not repeat the value, which may be a secret.
pub fn header(flag: &str, text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or_else(|| format!("{flag}: `Name: value` is allowed"))?;
    let name: HeaderName = name.trim().parse().map_err(|error| format!("{flag} {name:?}: {error}"))?;
    let mut value: HeaderValue =
        value.trim().parse().map_err(|error| format!("{flag} '{name}: ...': {error}"))?;
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

/// Whether the method changes nothing on the server (RFC 9110, section 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
