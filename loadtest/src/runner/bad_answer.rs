//! What helps against answers without a good status.

use http::header::AUTHORIZATION;
use results::document::without_password;

use crate::generator::{BadAnswer, RequestTemplate};

/// Returns what the answer says, and what helps; it follows `status 404`.
pub fn explain(answer: &BadAnswer, request: &RequestTemplate) -> String {
    let BadAnswer { status, location, authenticate, allow, retry_after, first_line } = answer;
    match (status, location, allow) {
        (300..=399, Some(location), _) => format!(
            " (Location: {}); redirects are not followed: use that URL, or --status 2xx,3xx to count them as good",
            without_password(location)
        ),
        (401, ..) => {
            let way =
                authenticate.as_deref().map_or_else(String::new, |way| format!(" (WWW-Authenticate: {way})"));
            let help = match request.headers.contains_key(AUTHORIZATION) {
                true => "the server doesn't accept these credentials",
                false if authenticate.as_deref().is_none_or(is_basic) => {
                    "give -a USER:PASSWORD, or -H 'Authorization: ...'"
                }
                false => "give -H 'Authorization: ...'",
            };
            format!("{way}; {help}")
        }
        (405, _, Some(allow)) => format!(" (Allow: {allow}); choose the method by -m"),
        (405, ..) => "; choose another method by -m".to_owned(),
        _ => {
            let later =
                retry_after.as_deref().map_or_else(String::new, |later| format!(" (Retry-After: {later})"));
            // A page for people says nothing in its first line.
            let line = first_line.as_deref().filter(|line| !line.starts_with('<'));
            let line = line.map_or_else(String::new, |line| format!(": {line}"));
            later + &line
        }
    }
}

/// Returns what else helps if the first request gets this status.
pub fn help(status: u16) -> String {
    let check = match status {
        404 | 410 => "the URL",
        400 | 403 | 406 | 409 | 411..=422 => "the request",
        _ => return String::new(),
    };
    format!("; check {check}, or count it as good by --status 2xx,{status}")
}

fn is_basic(way: &str) -> bool {
    way.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}
