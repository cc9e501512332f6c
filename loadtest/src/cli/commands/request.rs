//! From the request's flags to its specification.

use base64::Engine;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::{HeaderMap, Method};
use hyper::body::Bytes;
use judge::trace::Baseline;

use crate::cli::flags::RequestArgs;
use crate::console::note;
use crate::exit::{Exit, Failure};
use crate::generator::{ProxyChoice, Transport, Trust};
use crate::runner::request::{RequestSpec, ServiceTime};

/// The request that `args` specify.
pub fn spec(args: &RequestArgs) -> Result<RequestSpec, Failure> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let body = body(args).map_err(usage)?;
    if args.method.is_none() && !body.is_empty() {
        note("A body is given and no method: the method is GET, as in hey. -m POST sends it by POST.");
    }
    Ok(RequestSpec {
        method: method(args),
        headers: headers(args, body.len()).map_err(usage)?,
        body,
        content_type: args.content_type.clone(),
        transport: transport(args),
        keep_alive: !args.disable_keepalive,
        good: args.status.to_vec(),
        timeout: args.timeout,
        service_time: service_time(args).map_err(usage)?,
    })
}

fn method(args: &RequestArgs) -> Method {
    args.method.clone().unwrap_or(Method::GET)
}

fn service_time(args: &RequestArgs) -> Result<ServiceTime, String> {
    match Baseline::given(&args.service_ms) {
        Some((service_ms, baseline)) => Ok(ServiceTime::Given(service_ms, baseline)),
        None if args.solo || is_safe(&method(args)) => Ok(ServiceTime::Measured { warm_up: !args.cold }),
        None => Err(format!(
            "the service time is needed, but {} may change data on the server, so loadtest sends no additional request to \
             measure it; give it with --service-ms, or allow the request with --solo",
            method(args)
        )),
    }
}

/// The headers from `-H` in order, then those with their own flags, which replace headers of the same name.
fn headers(args: &RequestArgs, body_length: usize) -> Result<HeaderMap, String> {
    let single = [HOST, AUTHORIZATION, PROXY_AUTHORIZATION, CONTENT_TYPE, USER_AGENT];
    let mut headers = HeaderMap::new();
    for text in &args.headers {
        let (name, value) = header("-H", text)?;
        match name {
            _ if single.contains(&name) && headers.contains_key(&name) => {
                return Err(format!("-H '{name}: ...' is given twice; a request has it once"));
            }
            TRANSFER_ENCODING => {
                return Err(
                    "-H 'transfer-encoding: ...': a body is sent with its length; leave the header out"
                        .to_owned(),
                );
            }
            // hyper sends it. Another length would make the server wait, or end the body early.
            CONTENT_LENGTH if value.as_bytes() == body_length.to_string().as_bytes() => {}
            CONTENT_LENGTH => {
                return Err(format!(
                    "-H 'content-length: ...': the body has {body_length} bytes, and the header is sent by itself; leave it out, \
                     or give a body by -d or -D"
                ));
            }
            _ => drop(headers.append(name, value)),
        }
    }
    let authorization = args.auth.as_deref().map(basic).transpose()?;
    let flags = [
        ("-A", ACCEPT, &args.accept),
        ("-U", USER_AGENT, &args.user_agent),
        ("--host", HOST, &args.host),
        ("-a", AUTHORIZATION, &authorization),
    ];
    for (flag, name, value) in flags {
        if let Some(value) = value.clone()
            && headers.insert(&name, value).is_some()
        {
            note(&format!("{flag} replaces the header {name} of -H."));
        }
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
        proxy: match &args.proxy {
            _ if args.unix_socket.is_some() => ProxyChoice::Direct,
            Some(proxy) => ProxyChoice::Explicit(proxy.clone()),
            None => ProxyChoice::Environment,
        },
        unix_socket: args.unix_socket.clone(),
    }
}

/// Parses the header of a flag. The error does not repeat the value, which may be a secret.
pub fn header(flag: &str, text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| format!("{flag}: `Name: value` is allowed, with a colon after the name"))?;
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
