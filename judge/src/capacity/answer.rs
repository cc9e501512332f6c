//! What was found.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::search::Search;
use super::sizes::{Size, Sizes};
use crate::units::rounded;

/// Where no place can be counted, the time that one takes alone decides, and that is good to a quarter.
const SHARED: f64 = 1.25;

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The capacity was found.
    Found,
    /// The largest burst allowed was served at once.
    Limit,
    /// The largest burst that this process may open connections for was served at once.
    Descriptors,
    /// Larger bursts can't be measured from here.
    Generator,
    /// The server answered no more.
    Unanswered,
    /// A signal came.
    Interrupted,
}

/// What becomes of requests beyond the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Beyond {
    /// They wait for a place.
    Wait,
    /// They are turned away.
    Refused,
    /// They slow all others: they share something, such as processors.
    Slow,
}

/// How many requests the server takes at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// How many; null where only a least number is known.
    pub at_a_time: Option<f64>,
    /// The least that it can be.
    pub at_a_time_low: f64,
    /// The most that it can be; null where no bound is known.
    pub at_a_time_high: Option<f64>,
    /// What becomes of the others; null where no burst was too large.
    pub beyond: Option<Beyond>,
    /// The smallest burst of which some were turned away; null where none was.
    pub refused_from: Option<usize>,
    /// How the server turned requests away, such as `status 503`.
    pub refusal: Option<String>,
    /// Why the search ended.
    pub ended: End,
    /// What kept larger bursts from being measured, where that ended it.
    pub doubt: Option<String>,
}

impl Answer {
    /// What these bursts say, after a search that ended so.
    pub fn of(search: &Search, observed: &[Observation], ended: End) -> Self {
        let sizes = Sizes::of(observed, search.repeat);
        let first_refused = observed.iter().filter(|burst| burst.refused > 0).min_by_key(|burst| burst.n);
        let doubt = observed.iter().rev().find_map(|burst| burst.doubt.clone());
        let (at_a_time, low, high, beyond) = match sizes.fallen().next() {
            None => (None, sizes.taken() as f64, None, None),
            Some(_) if sizes.is_shared() => shared(&sizes, ended),
            Some(_) => edge(&sizes),
        };
        Self {
            at_a_time: at_a_time.map(|k| rounded(k, 1)),
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

type Range = (Option<f64>, f64, Option<f64>, Option<Beyond>);

/// Where all are slowed alike, E rises to the capacity and stays there.
fn shared(sizes: &Sizes, ended: End) -> Range {
    let most = sizes.iter().map(|(_, size)| size.effective()).fold(1.0, f64::max);
    let is_known = ended == End::Found;
    let low = (most / SHARED).max(1.0);
    (is_known.then_some(most), low, is_known.then_some(most * SHARED), Some(Beyond::Slow))
}

/// Where places are taken up, N are served in one service time, N + 1 in two.
fn edge(sizes: &Sizes) -> Range {
    let taken = sizes.taken();
    let refused = |size: &Size| size.median(|burst| burst.refused as f64);
    let (first, refused) = sizes.fallen().next().map_or((usize::MAX, 0.0), |(n, size)| (n, refused(size)));
    let beyond = Some(if refused > 0.0 { Beyond::Refused } else { Beyond::Wait });
    let ever = || sizes.iter().filter(|(_, size)| size.follows() > 0);
    let always = ever().filter(|(n, size)| *n <= taken && size.falls() == 0);
    let low = always.map(|(n, _)| n).max().unwrap_or(1);
    if first > taken + 1 {
        return (None, low as f64, Some((first - 1) as f64), beyond);
    }
    // So many were taken once, and so many were answered first of the largest burst, if any were.
    let once = ever().map(|(n, _)| n).max().unwrap_or(taken);
    let largest = sizes.fallen().next_back().map_or(0, |(_, size)| size.at_once());
    let at_once = if largest == 0 { taken } else { largest };
    (Some(taken as f64), low.min(at_once) as f64, Some(once.max(at_once) as f64), beyond)
}

impl fmt::Display for Answer {
    /// A sentence without its subject: `takes 16 requests at a time (15 to 16); others wait`.
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
            (Some(Beyond::Slow), _) => f.write_str("; all are slowed alike by those beyond")?,
            (Some(Beyond::Refused), Some(refusal)) => write!(f, ", and turns the rest away ({refusal})")?,
            (Some(Beyond::Refused), None) => f.write_str(", and turns the rest away")?,
            (None, _) => {}
        }
        self.end(f)
    }
}

impl Answer {
    fn end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(Beyond::Wait), Some(from)) = (self.beyond, self.refused_from) {
            let refusal = self.refusal.as_deref().unwrap_or("no answer");
            write!(f, "; of {from} requests some are turned away ({refusal})")?;
        }
        match self.ended {
            End::Found => f.write_str("."),
            End::Limit => f.write_str("; the search ended at the limit given (--limit)."),
            End::Descriptors => f.write_str(
                "; the search ended because this process may open no more connections (`ulimit -Hn`).",
            ),
            End::Generator => {
                f.write_str("; the search ended because larger bursts can't be measured from here")?;
                self.doubt.as_ref().map_or(Ok(()), |doubt| write!(f, ": {doubt}"))?;
                f.write_str(".")
            }
            End::Unanswered => f.write_str("; the search ended because the server answered no more."),
            End::Interrupted => f.write_str("; the search was interrupted."),
        }
    }
}
