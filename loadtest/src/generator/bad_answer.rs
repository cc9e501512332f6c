//! What an answer without a good status says about itself.

use http::header::{ALLOW, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::response::Parts;
use results::evidence::BodyPrefix;

/// The most characters of a body's first line, and of a header.
const LINE: usize = 200;

/// An answer without a good status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadAnswer {
    /// The status.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// The `WWW-Authenticate` that names the way to log in.
    pub authenticate: Option<String>,
    /// The `Allow` with the methods that the server takes.
    pub allow: Option<String>,
    /// The `Retry-After`: seconds or a date.
    pub retry_after: Option<String>,
    /// The first line of the body.
    pub first_line: Option<String>,
}

impl BadAnswer {
    pub(super) fn of(head: &Parts, body: &BodyPrefix) -> Self {
        let header = |name: HeaderName| {
            let value = String::from_utf8_lossy(head.headers.get(name)?.as_bytes()).into_owned();
            Some(value.chars().filter(|char| !char.is_control()).take(LINE).collect())
        };
        Self {
            status: head.status.as_u16(),
            location: header(LOCATION),
            authenticate: header(WWW_AUTHENTICATE),
            allow: header(ALLOW),
            retry_after: header(RETRY_AFTER),
            first_line: body.first_line(LINE),
        }
    }
}
