//! What the conformance guests do, by path: the same in every WASI version. Whatever needs an SDK
//! is left to the guest, as an [`Act`].

mod answer;
mod facts;
mod files;
mod harm;
mod query;

use std::time::Duration;

use endpoint::instance::Guest;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode, Uri};

use answer::text;
pub use answer::{Answer, error, outbound, shown};
use query::Query;

/// What a guest does with a request.
pub enum Act {
    /// Answers, and never looks at the request's body.
    Answer(Answer),
    /// Answers the request's body, each piece as it comes, with these headers.
    Echo(HeaderMap),
    /// Reads the request's body and answers how many bytes it had.
    BodySize,
    /// Streams these pieces, with a pause after each.
    Stream(Pieces, Duration),
    /// Awaits a while, which lets others use the instance, then answers what the function gives.
    Await(Duration, fn() -> Answer),
    /// Blocks for a while in a call of WASI that others await, as a language without futures does, then
    /// answers what the function gives.
    Hold(Duration, fn() -> Answer),
    /// Answers the value of the variable of this name.
    Variable(String),
    /// Sends a GET request there and answers what comes back.
    Outbound(Uri),
}

/// The pieces of a streamed body; drawing one may panic.
pub type Pieces = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// So that the piece before a panic has left for the client.
const BEFORE_PANIC: Duration = Duration::from_millis(100);

/// What to do with this request. Some of it is done here: a panic, a wait, a loop.
pub fn act(request: &Parts, guest: &Guest) -> Act {
    match chosen(request, guest) {
        Ok(act) => act,
        Err(bad_query) => Act::Answer(error(StatusCode::BAD_REQUEST, &bad_query)),
    }
}

fn chosen(request: &Parts, guest: &Guest) -> Result<Act, query::Bad> {
    let query = Query::new(&request.uri);
    let path = request.uri.path();
    Ok(Act::Answer(match behaviour_of(path) {
        "/echo" => return Ok(Act::Echo(content_type(request))),
        "/body-size" => return Ok(Act::BodySize),
        "/stream" => return stream(&query),
        "/panic-after" => return Ok(Act::Stream(panic_after_first(), BEFORE_PANIC)),
        "/await" => return Ok(Act::Await(query.ms()?, || text("awaited"))),
        "/trap-late" => return Ok(Act::Await(query.ms()?, || panic!("asked to panic late"))),
        "/await-loop" => return Ok(Act::Await(query.ms()?, harm::run_for_ever)),
        "/hold" => return Ok(Act::Hold(query.ms()?, || text("held"))),
        "/variables" => return query.get("name").map(Act::Variable),
        "/outbound" => return query.get("url").map(Act::Outbound),
        "/ignore-body" => text("ignored"),
        path if path.trim_end_matches('/').ends_with("/headers") => facts::headers(request),
        "/instance" => facts::instance(guest),
        "/env" => facts::environment(),
        "/status" => answer::status(query.get("code")?),
        "/many-headers" => answer::many_headers(query.get("n")?),
        "/stdio" => files::print(&query.get::<String>("text")?),
        "/files" => files::read(&query.get::<String>("path")?),
        "/list" => files::list(&query.get::<String>("path")?),
        "/write" => files::write(&query.get::<String>("path")?),
        "/panic" => panic!("asked to panic"),
        "/loop" => harm::run_for_ever(),
        "/spin" => harm::spin(query.ms()?),
        "/sleep" => harm::sleep(query.ms()?),
        "/eat" => harm::eat(query.get("mib")?),
        _ => text(format!("{path} is fine\n")),
    }))
}

/// A component at `/other/...` does all that one at `/...` does.
fn behaviour_of(path: &str) -> &str {
    path.strip_prefix("/other").unwrap_or(path)
}

fn content_type(request: &Parts) -> HeaderMap {
    request.headers.get(CONTENT_TYPE).map(|value| (CONTENT_TYPE, value.clone())).into_iter().collect()
}

fn stream(query: &Query) -> Result<Act, query::Bad> {
    let piece = vec![b'.'; query.get("bytes")?];
    let pieces: Pieces = match query.get("pieces")? {
        0 => Box::new(std::iter::repeat(piece)),
        count => Box::new(std::iter::repeat_n(piece, count)),
    };
    Ok(Act::Stream(pieces, Duration::from_millis(query.get("every_ms")?)))
}

fn panic_after_first() -> Pieces {
    let first = std::iter::once(b"first\n".to_vec());
    Box::new(first.chain(std::iter::from_fn(|| panic!("asked to panic after the first piece"))))
}
