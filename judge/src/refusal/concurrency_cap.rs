//! A cap on concurrent requests: the server takes a request if fewer than so many are in it, and refuses it at once
//! otherwise.

use super::evidence::mean_of_logs;
use super::explanation::Explanation;
use super::load::Load;
use super::order::first_come;
use super::slots::Slots;
use super::waits::Waits;
use crate::mechanism::{Name, Parameters};

pub(super) fn explain(load: &Load, waits: &Waits) -> Explanation {
    let slots = Slots::new(load, |request| request.done);
    // The request that is refused is in flight, too.
    let (which, limit) = limited(load, &slots, load.connections.saturating_sub(1));
    Explanation {
        name: Name::ConcurrencyCap,
        parameters: Parameters { limit: Some(limit as f64), ..Parameters::default() },
        // Before the burst, any limit up to the number of connections is as likely as any other.
        evidence: which + waits.ln_at_once() - (load.connections.max(1) as f64).ln(),
        prior: 0.35,
    }
}

/// Returns the logarithm of the probability of which requests were taken, with the limit up to `most` that explains it
/// best.
pub(super) fn limited(load: &Load, slots: &Slots, most: usize) -> (f64, usize) {
    let mut best = (f64::NEG_INFINITY, 1);
    let mut all = Vec::new();
    for groups in load.groupings() {
        let order = first_come(load, &groups, |group| slots.is_steady(group));
        let limits = slots.limits(&groups).into_iter().filter(|limit| *limit <= most);
        let fits = limits.map(|limit| (order + slots.ln_taken(&groups, limit), limit));
        let fit = fits.fold((f64::NEG_INFINITY, 1), |best, fit| if fit.0 > best.0 { fit } else { best });
        all.push(fit.0);
        best = if fit.0 > best.0 { fit } else { best };
    }
    (mean_of_logs(&all), best.1)
}
