//! A deadline for waiting: a request that has waited for so long is refused. All workers are busy then.

use super::evidence::{mean_of_logs, penalty};
use super::explanation::Explanation;
use super::load::{Group, Load};
use super::order::first_come;
use super::random_failures::ln_any;
use super::waits::Waits;
use crate::mechanism::{Name, Parameters};

/// The logarithm of the probability that a request is refused while no other is in service.
const IDLE: f64 = -3.0;
/// The most that all such refusals count together: the burst's end may look idle.
const MOST: f64 = -20.0;

pub(super) fn explain(load: &Load, waits: &Waits) -> Explanation {
    // The first come are served first, or any: a queue may have any order.
    let all = Group { from: 0, to: load.count(), start: 0.0, end: 0.0, taken: load.taken, taken_before: 0 };
    let in_order = first_come(load, &[all], |_| true) - ((load.count() + 1) as f64).ln();
    let which = mean_of_logs(&[in_order, ln_any(load)]);
    let idle = (IDLE * idle_refusals(load) as f64).max(MOST);
    Explanation {
        name: Name::QueueDeadline,
        parameters: Parameters { delay_ms: Some(waits.median_us / 1e3), ..Parameters::default() },
        evidence: which + idle + waits.ln_deadline() - penalty(1, load.count()),
        prior: 0.15,
    }
}

/// Returns the number of refusals at which no request was in service. The deadline's timer and the end of a service may
/// fall on one moment.
fn idle_refusals(load: &Load) -> usize {
    let sorted = |of: fn(&super::load::Request) -> f64| {
        let mut times: Vec<f64> = load.requests.iter().filter(|request| request.taken).map(of).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let (sent, done) = (sorted(|request| request.sent), sorted(|request| request.done));
    let margin = load.service_us / 10.0;
    let in_service = |at: f64| {
        let begun = sent.partition_point(|sent| *sent < at);
        begun.saturating_sub(done.partition_point(|done| *done < at - margin))
    };
    let refusals = load.requests.iter().filter(|request| !request.taken);
    refusals.filter(|request| in_service(request.done) == 0).count()
}
