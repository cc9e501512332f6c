//! The search's answer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::end::End;
use super::observation::Observation;
use super::search::Search;
use super::sizes::{Size, Sizes};
use crate::units::rounded;

/// The factor by which the capacity of a shared resource is uncertain: it rests on the service time, which is accurate to
/// a quarter.
const UNCERTAINTY: f64 = 1.25;

/// What happens to requests beyond the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// They wait until another request is done.
    Wait,
    /// The server refuses them.
    Refused,
    /// They slow all others: requests share a resource, such as processors.
    Slow,
}

/// How many requests the server takes at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The number of requests; null if only its interval is known.
    pub at_a_time: Option<f64>,
    /// The smallest possible number.
    pub at_a_time_low: f64,
    /// The largest possible number; null if no bound is known.
    pub at_a_time_high: Option<f64>,
    /// What happens to further requests; null if no burst was too large.
    pub beyond: Option<Beyond>,
    /// The size of the smallest burst with refused requests; null if there is none.
    pub refused_from: Option<usize>,
    /// How the server refused requests, such as `status 503`.
    pub refusal: Option<String>,
    /// Why the search ended.
    pub ended: End,
    /// Why larger bursts can't be measured, if that ended the search.
    pub doubt: Option<String>,
}

/// The number of requests at a time, with its interval.
struct Estimate {
    k: Option<f64>,
    low: f64,
    high: Option<f64>,
    beyond: Option<Beyond>,
}

impl Answer {
    /// Returns the answer that the bursts give, after a search that ended for this reason.
    pub fn of(search: &Search, observed: &[Observation], ended: End) -> Self {
        let sizes = Sizes::of(observed, search.repeat);
        let first_refused = observed.iter().filter(|burst| burst.refused > 0).min_by_key(|burst| burst.n);
        let doubt = observed.iter().rev().find_map(|burst| burst.doubt.clone());
        let Estimate { k, low, high, beyond } = match sizes.too_large().next() {
            None => Estimate { k: None, low: sizes.taken() as f64, high: None, beyond: None },
            Some(_) if sizes.is_shared() => shared_resource(&sizes, ended),
            Some(_) => fixed_limit(&sizes),
        };
        Self {
            at_a_time: k.map(|k| rounded(k, 1)),
            at_a_time_low: rounded(low, 1),
            at_a_time_high: high.map(|high| rounded(high, 1)),
            beyond,
            refused_from: first_refused.map(|burst| burst.n),
            refusal: first_refused.and_then(|burst| burst.refusal.clone()),
            ended,
            doubt: doubt.filter(|_| ended == End::Generator),
        }
    }
}

/// Estimates the capacity of a shared resource: the effective concurrency E rises to it, and stays there.
fn shared_resource(sizes: &Sizes, ended: End) -> Estimate {
    let most = sizes.iter().map(|(_, size)| size.effective()).fold(1.0, f64::max);
    let is_known = ended == End::Found;
    Estimate {
        k: is_known.then_some(most),
        low: (most / UNCERTAINTY).max(1.0),
        high: is_known.then_some(most * UNCERTAINTY),
        beyond: Some(Beyond::Slow),
    }
}

/// Estimates a fixed limit N: N requests take one service time, N + 1 take two.
fn fixed_limit(sizes: &Sizes) -> Estimate {
    let taken = sizes.taken();
    let refused = |size: &Size| size.median(|burst| burst.refused as f64);
    let (first, refused) = sizes.too_large().next().map_or((usize::MAX, 0.0), |(n, size)| (n, refused(size)));
    let beyond = Some(if refused > 0.0 { Beyond::Refused } else { Beyond::Wait });
    let ever_taken = || sizes.iter().filter(|(_, size)| size.all_at_once() > 0);
    let always_taken = ever_taken().filter(|(n, size)| *n <= taken && size.exceeded() == 0);
    let low = always_taken.map(|(n, _)| n).max().unwrap_or(1);
    if first > taken + 1 {
        return Estimate { k: None, low: low as f64, high: Some((first - 1) as f64), beyond };
    }
    // The upper bound: the largest burst that was ever taken, and the first answers of the largest burst of all.
    let once = ever_taken().map(|(n, _)| n).max().unwrap_or(taken);
    let largest = sizes.too_large().next_back().map_or(0, |(_, size)| size.at_once());
    let at_once = if largest == 0 { taken } else { largest };
    Estimate {
        k: Some(taken as f64),
        low: low.min(at_once) as f64,
        high: Some(once.max(at_once) as f64),
        beyond,
    }
}

impl fmt::Display for Answer {
    /// Writes a sentence without its subject: `takes 16 requests at a time (15 to 16); others wait`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (low, high) = (self.at_a_time_low, self.at_a_time_high);
        let requests = |count: f64| if count == 1.0 { "request" } else { "requests" };
        match (self.at_a_time, high) {
            (Some(k), _) if self.beyond == Some(Beyond::Slow) => {
                write!(f, "does the work of about {k} {} at a time", requests(k))?;
            }
            (Some(k), _) => write!(f, "takes {k} {} at a time", requests(k))?,
            (None, Some(high)) if high > low => write!(f, "takes {low} to {high} requests at a time")?,
            (None, Some(_)) => write!(f, "takes {low} {} at a time", requests(low))?,
            (None, None) => write!(f, "takes at least {low} {} at a time", requests(low))?,
        }
        if let (Some(_), Some(high)) = (self.at_a_time, high)
            && low < high
        {
            write!(f, " ({low} to {high})")?;
        }
        match (self.beyond, &self.refusal) {
            (Some(Beyond::Wait), _) => f.write_str("; others wait until one of them is answered")?,
            (Some(Beyond::Slow), _) => f.write_str("; further requests slow all others alike")?,
            (Some(Beyond::Refused), Some(refusal)) => write!(f, ", and refuses the rest ({refusal})")?,
            (Some(Beyond::Refused), None) => f.write_str(", and refuses the rest")?,
            (None, _) => {}
        }
        self.fmt_end(f)
    }
}

impl Answer {
    fn fmt_end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(Beyond::Wait), Some(from)) = (self.beyond, self.refused_from) {
            let refusal = self.refusal.as_deref().unwrap_or("no answer");
            write!(f, "; of {from} requests at once, it refuses some ({refusal})")?;
        }
        match self.ended {
            End::Found => f.write_str("."),
            End::Limit => f.write_str("; the search ended at the given limit (--limit)."),
            End::Descriptors => f.write_str(
                "; the search ended because this process may open no more connections (`ulimit -Hn`).",
            ),
            End::Generator => {
                f.write_str("; the search ended because this machine can't measure larger bursts")?;
                self.doubt.as_ref().map_or(Ok(()), |doubt| write!(f, ": {doubt}"))?;
                f.write_str(".")
            }
            End::Unanswered => f.write_str("; the search ended because the server stopped answering."),
            End::Interrupted => f.write_str("; the search was interrupted."),
        }
    }
}
