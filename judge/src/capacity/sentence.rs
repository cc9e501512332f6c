//! The answer as a sentence.

use std::fmt;

use super::answer::Answer;
use super::end::End;
use super::estimate::Beyond;
use crate::units;

impl fmt::Display for Answer {
    /// Writes a sentence without its subject: `takes 16 requests at a time (15 to 16); others wait`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(per_second) = self.per_second {
            // One at a time is what a rate means.
            if let Some(at_once) = self.at_once.filter(|at_once| *at_once > 1.0) {
                write!(f, "takes {at_once} requests at once, then ")?;
            }
            write!(f, "answers {}, however many are sent", units::rate(per_second))?;
            return self.fmt_end(f);
        }
        if self.inconclusive {
            f.write_str("leaves open how many requests it takes at a time")?;
            return self.fmt_end(f);
        }
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
                self.disturbance.as_ref().map_or(Ok(()), |disturbance| write!(f, ": {disturbance}"))?;
                f.write_str(".")
            }
            End::Unanswered => f.write_str("; the search ended because the server stopped answering."),
            End::Interrupted => f.write_str("; the search was interrupted."),
        }
    }
}
