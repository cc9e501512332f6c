//! How a burst was served.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mechanism::Mechanism;
use crate::units;

/// A makespan up to the makespan of a server without limit, divided by this, is parallel.
pub(crate) const PARALLEL: f64 = 0.8;
/// A makespan from the makespan of a server that takes one request at a time, divided by this, is sequential.
pub(crate) const SEQUENTIAL: f64 = 1.25;

/// How a burst was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All requests at once.
    Parallel,
    /// One request after the other.
    Sequential,
    /// A few requests at a time.
    Limited,
    /// The server turned some or all requests away because of the load.
    Refused,
    /// The measurement supports no verdict.
    Inconclusive,
}

impl Kind {
    /// Returns the name in texts and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parallel => "parallel",
            Self::Sequential => "sequential",
            Self::Limited => "limited",
            Self::Refused => "refused",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Returns the kind for people, with the limit if it is part of the kind: the number of requests that were served at a
    /// time, `limited, 4 at a time`; where `mechanism` is a rate, `limited, 20 a second`, however many are sent.
    pub fn headline(self, at_a_time: Option<f64>, mechanism: Option<&Mechanism>) -> String {
        let rate = mechanism.filter(|mechanism| mechanism.is_rate());
        match (self, rate, at_a_time) {
            (Self::Limited, Some(rate), _) => {
                let rate =
                    rate.parameters.per_second.map(|per_second| format!(", {}", units::rate(per_second)));
                format!("limited{}", rate.unwrap_or_default())
            }
            (Self::Limited, None, Some(k)) if k.fract() == 0.0 => format!("limited, {k} at a time"),
            (Self::Limited, None, Some(k)) => format!("limited, about {k:.1} at a time"),
            (kind, ..) => kind.name().to_owned(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::{Name, Parameters};

    #[test]
    fn a_headline_says_how_many_at_a_time_unless_a_rate_is_the_limit() {
        let mechanism = |name: Name, parameters: Parameters| {
            Some(Mechanism { name, parameters, or: Vec::new(), probability: 0.95 })
        };
        let rate = Parameters { per_second: Some(20.3), ..Parameters::default() };
        let pool = Parameters { workers: Some(4.0), ..Parameters::default() };
        for (kind, mechanism, text) in [
            (Kind::Limited, None, "limited, 4 at a time"),
            (Kind::Limited, mechanism(Name::WorkerPool, pool), "limited, 4 at a time"),
            (Kind::Limited, mechanism(Name::RateLimit, rate), "limited, 20 a second"),
            (Kind::Limited, mechanism(Name::Throughput, rate), "limited, 20 a second"),
            (Kind::Limited, mechanism(Name::Lock, rate), "limited, 20 a second"),
            (Kind::Limited, mechanism(Name::Lock, Parameters::default()), "limited"),
            (Kind::Limited, mechanism(Name::Lock, pool), "limited, 4 at a time"),
            (Kind::Sequential, mechanism(Name::RateLimit, rate), "sequential"),
        ] {
            assert_eq!(kind.headline(Some(4.0), mechanism.as_ref()), text);
        }
    }
}
