//! The header `Served-By`, a structured field (RFC 9651): an Item that names the instance, with parameters.
//!
//! `docs/evidence.md` defines it.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use judge::trace::{Evidence, Stay};
use sfv::{BareItem, Item, Parameters, Parser};

use super::{Reply, is_name};

static NAME: HeaderName = HeaderName::from_static("served-by");
/// The longest value, in bytes. A longer one is ignored.
const MAX_BYTES: usize = 1_024;
/// The longest time between a burst's start and a stay, by different clocks, in nanoseconds: a day. A stay that is further
/// away is ignored.
const MAX_AWAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// Returns the evidence in the header; `None` if there is none, or it names no instance. A parameter that is invalid or
/// impossible is ignored.
pub(super) fn evidence(reply: &Reply) -> Option<Evidence> {
    let item: Item = Parser::new(value(reply.headers)?).parse().ok()?;
    let instance = name(&item.bare_item)?;
    Some(Evidence {
        instance,
        endpoint: endpoint::name_of(reply.path),
        style: text(&item.params, "style").unwrap_or_default(),
        served: served(&item.params),
        stay: stay(&item.params).filter(|stay| is_possible(stay, reply)),
        start_ns: reply.start_ns,
        host: text(&item.params, "host"),
    })
}

/// The value, if there is one header of this name. Several would be those of several servers.
fn value(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(&NAME).iter();
    let value = values.next()?.as_bytes();
    (values.next().is_none() && value.len() <= MAX_BYTES).then_some(value)
}

/// A String or a Token that is a name.
fn name(value: &BareItem) -> Option<String> {
    let text =
        value.as_string().map(|text| text.as_str()).or(value.as_token().map(|token| token.as_str()))?;
    (!text.trim().is_empty() && is_name(text)).then(|| text.to_owned())
}

fn text(parameters: &Parameters, key: &str) -> Option<String> {
    name(parameters.get(key)?)
}

fn served(parameters: &Parameters) -> Option<u32> {
    let number = parameters.get("served")?.as_integer()?;
    u32::try_from(i64::from(number)).ok().filter(|served| *served > 0)
}

fn stay(parameters: &Parameters) -> Option<Stay> {
    let time = |key| unix_ns(parameters.get(key)?.as_string()?.as_str());
    Some(Stay { entered_ns: time("entered")?, left_ns: time("left")? })
}

/// Unix seconds with up to six decimals, in nanoseconds.
fn unix_ns(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(seconds) || !is_digits(fraction) || fraction.len() > 6 {
        return None;
    }
    let microseconds: u64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(microseconds * 1_000)
}

/// Whether the request can have been in its handler then: not after leaving it, not for longer than the whole request took,
/// and not on another day.
fn is_possible(stay: &Stay, reply: &Reply) -> bool {
    let is_near = |at: u64| at.abs_diff(reply.start_ns) <= MAX_AWAY_NS;
    let duration = stay.left_ns.checked_sub(stay.entered_ns).map(Duration::from_nanos);
    is_near(stay.entered_ns) && duration.is_some_and(|duration| reply.is_within_latency(duration))
}
