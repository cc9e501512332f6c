//! Targets for measured values.

use std::fmt;

use crate::numbers::grouped;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
    Below(f64),
}

/// A target and the value that was measured.
#[derive(Debug, Clone)]
pub struct Goal {
    /// The quantity, with its unit.
    pub what: String,
    pub limit: Limit,
    /// A better value that is aimed for.
    pub aim: Option<f64>,
    pub measured: f64,
}

impl Goal {
    pub fn new(what: impl Into<String>, limit: Limit, measured: f64) -> Self {
        Self { what: what.into(), limit, aim: None, measured }
    }

    /// NaN meets no target.
    pub fn met(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.measured >= limit,
            Limit::AtMost(limit) => self.measured <= limit,
            Limit::Below(limit) => self.measured < limit,
        }
    }

    /// The sentence for the list of missed targets.
    pub fn sentence(&self) -> String {
        format!("{}: {}, the target is {}", self.what, short(self.measured), self.limit)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(limit) => write!(f, "at least {}", short(*limit)),
            Self::AtMost(limit) => write!(f, "at most {}", short(*limit)),
            Self::Below(limit) => write!(f, "below {}", short(*limit)),
        }
    }
}

/// The text for a table's cell.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.limit)?;
        if let Some(aim) = self.aim {
            write!(f, ", aim {}", short(aim))?;
        }
        f.write_str(if self.met() { ": met" } else { ": **missed**" })
    }
}

/// At most three decimals, without trailing zeros.
fn short(value: f64) -> String {
    let text = grouped(value, 3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_met_on_its_side() {
        let met = |limit, measured| Goal::new("x", limit, measured).met();
        assert!(met(Limit::AtLeast(1.6), 1.6) && !met(Limit::AtLeast(1.6), 1.59));
        assert!(met(Limit::AtMost(96.0), 96.0) && !met(Limit::AtMost(96.0), 96.1));
        assert!(met(Limit::Below(50.0), 49.9) && !met(Limit::Below(50.0), 50.0));
        assert!(!met(Limit::AtMost(1.0), f64::NAN) && !met(Limit::AtLeast(1.0), f64::NAN));
    }

    #[test]
    fn a_goal_states_its_target_and_whether_it_is_met() {
        let goal = Goal { aim: Some(2.0), ..Goal::new("requests/s, times", Limit::AtLeast(1.6), 1.5) };
        assert_eq!(goal.to_string(), "at least 1.6, aim 2: **missed**");
        assert_eq!(goal.sentence(), "requests/s, times: 1.5, the target is at least 1.6");
        assert_eq!(Goal::new("failed", Limit::AtMost(0.0), 0.0).to_string(), "at most 0: met");
        assert_eq!(Goal::new("n", Limit::AtMost(10_000.0), 0.0).to_string(), "at most 10,000: met");
    }
}
