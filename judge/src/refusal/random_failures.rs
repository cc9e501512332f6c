//! Failures at random: each request fails with the same probability, whatever the load and the order.

use super::evidence::sum_of_logs;
use super::explanation::Explanation;
use super::load::Load;
use super::order::ln_choices;
use super::waits::Waits;
use crate::mechanism::{Name, Parameters};

pub(super) fn explain(load: &Load, waits: &Waits) -> Explanation {
    let share = load.refused() as f64 / load.count() as f64;
    // A request fails at once, or after its work.
    let when = sum_of_logs(&[0.6_f64.ln() + waits.ln_at_once(), 0.4_f64.ln() + waits.ln_served()]);
    Explanation {
        name: Name::RandomFailures,
        parameters: Parameters { share: Some(share), ..Parameters::default() },
        evidence: ln_any(load) + when,
        prior: 0.25,
    }
}

/// Returns the logarithm of the probability of these refusals, if each request is refused with the same unknown
/// probability: any share is as likely as any other, and so is any choice of that many requests.
pub(super) fn ln_any(load: &Load) -> f64 {
    -((load.count() + 1) as f64).ln() - ln_choices(load.count(), load.taken)
}
