//! The behaviours of the conformance guests, selected by the request's path. They are the same in every WASI
//! version. A behaviour that needs an SDK is returned to the guest as an [`Action`].

mod files;
mod inspect;
mod misbehaviour;
mod query;
mod response;

use std::time::Duration;

use endpoint::instance::InFlightGuard;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};

use query::{Query, QueryError};
use response::text;
pub use response::{Response, error, from_result, relay};

/// What the guest does with a request.
pub enum Action {
    /// Sends this response and never reads the request's body.
    Respond(Response),
    /// Streams the request's body back as it arrives, with these headers.
    Echo(HeaderMap),
    /// Reads the request's body and responds with its size in bytes.
    BodySize,
    /// Streams these chunks, with a pause after each.
    Stream(Chunks, Duration),
    /// Awaits for a time, so that the instance can take other requests, then sends the function's response.
    Await(Duration, fn() -> Response),
    /// Blocks for a time in a WASI call that other guests await, as a language without futures does, then
    /// sends the function's response.
    BlockInHostCall(Duration, fn() -> Response),
    /// Responds with the value of the variable of this name.
    Variable(String),
    /// Sends a GET request to this URL and relays the response.
    Outbound(Uri),
}

/// The chunks of a streamed body. Producing one may panic.
pub type Chunks = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// Pause before a panic, so that the chunk before it reaches the client.
const BEFORE_PANIC: Duration = Duration::from_millis(100);

/// Returns what to do with this request. Behaviours that need no SDK run here: a panic, a wait, a loop.
pub fn action(request: &Parts, guard: &InFlightGuard) -> Action {
    match select(request, guard) {
        Ok(action) => action,
        Err(bad_query) => Action::Respond(error(StatusCode::BAD_REQUEST, &bad_query)),
    }
}

fn select(request: &Parts, guard: &InFlightGuard) -> Result<Action, QueryError> {
    let query = Query::new(&request.uri);
    let path = request.uri.path();
    Ok(Action::Respond(match behaviour_of(path) {
        "/echo" => return Ok(Action::Echo(content_type(request))),
        "/body-size" => return Ok(Action::BodySize),
        "/stream" => return stream(&query),
        "/panic-after" => return Ok(Action::Stream(panic_after_first(), BEFORE_PANIC)),
        "/await" => return Ok(Action::Await(query.ms()?, || text("awaited"))),
        "/trap-late" => return Ok(Action::Await(query.ms()?, || panic!("asked to panic late"))),
        "/await-loop" => return Ok(Action::Await(query.ms()?, misbehaviour::loop_forever)),
        "/hold" => return Ok(Action::BlockInHostCall(query.ms()?, || text("held"))),
        "/variables" => return query.get("name").map(Action::Variable),
        "/outbound" => return query.get("url").map(Action::Outbound),
        "/ignore-body" => text("ignored"),
        path if path.trim_end_matches('/').ends_with("/headers") => inspect::headers(request),
        "/instance" => inspect::instance(guard),
        "/env" => inspect::environment(),
        "/status" => response::status(query.get("code")?),
        "/many-headers" => response::many_headers(query.get("n")?),
        "/stdio" => files::print(&query.get::<String>("text")?),
        "/files" => files::read(&query.get::<String>("path")?),
        "/list" => files::list(&query.get::<String>("path")?),
        "/write" => files::write(&query.get::<String>("path")?),
        "/panic" => panic!("asked to panic"),
        "/loop" => misbehaviour::loop_forever(),
        "/spin" => misbehaviour::burn_cpu(query.ms()?),
        "/sleep" => misbehaviour::block(query.ms()?),
        "/eat" => misbehaviour::leak(query.get("mib")?),
        _ => text(format!("{path} is fine\n")),
    }))
}

/// A component at `/other/...` has the same behaviours as one at `/...`.
fn behaviour_of(path: &str) -> &str {
    path.strip_prefix("/other").unwrap_or(path)
}

fn content_type(request: &Parts) -> HeaderMap {
    request.headers.get(CONTENT_TYPE).map(|value| (CONTENT_TYPE, value.clone())).into_iter().collect()
}

fn stream(query: &Query) -> Result<Action, QueryError> {
    let chunk = vec![b'.'; query.get("bytes")?];
    let chunks: Chunks = match query.get("pieces")? {
        0 => Box::new(std::iter::repeat(chunk)),
        count => Box::new(std::iter::repeat_n(chunk, count)),
    };
    Ok(Action::Stream(chunks, Duration::from_millis(query.get("every_ms")?)))
}

fn panic_after_first() -> Chunks {
    let first = std::iter::once(b"first\n".to_vec());
    Box::new(first.chain(std::iter::from_fn(|| panic!("asked to panic after the first piece"))))
}
