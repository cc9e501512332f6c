//! How many requests were served at a time.

use super::range::Range;
use super::shape::Shape;
use crate::findings::Findings;
use crate::kind::{Kind, PARALLEL, SEQUENTIAL};

/// Fewer requests than this don't show how much they vary.
const FEW: usize = 30;

/// Returns how many requests were served at a time by the answers' times; `None` if they don't tell.
pub(super) fn at_a_time(findings: &Findings, served: Kind, shape: Option<Shape>) -> Option<Range> {
    let (offered, effective) = (findings.offered as f64, findings.effective);
    let range = |k: f64, low: f64, high: f64| Some(Range { k, low: low.min(k), high: high.max(k) });
    match (served, shape) {
        (Kind::Parallel, _) => {
            let low = findings.posterior.as_ref().and_then(|posterior| posterior.at_a_time(|_| true));
            range(offered, low.map_or(effective, |(_, low, _)| low).min(offered), offered)
        }
        (Kind::Sequential, _) => range(1.0, 1.0, effective),
        (Kind::Limited, Some(Shape::Batched)) => {
            // Each instance serves one request at a time; some instances may be partly full.
            let (low, high) = shared_resource(findings);
            let instances = (findings.sharing.instances as f64).min(offered);
            range(instances, low, high)
        }
        (Kind::Limited, _) => {
            let posterior = findings.posterior.as_ref()?;
            // A rate limits without a number at a time.
            posterior.best().k?;
            let (k, low, high) = posterior.at_a_time(|one| one.kind == Kind::Limited)?;
            range(k, low, high)
        }
        (Kind::Refused | Kind::Inconclusive, _) => None,
    }
}

/// Returns the interval if a shared resource slows all requests. There are no waves to count, so it rests on the service
/// time, and is as accurate as the requests are alike: to a quarter at best.
fn shared_resource(findings: &Findings) -> (f64, f64) {
    let (_, spread) = findings.first_wave.mean_and_spread();
    // Shorter requests leave early and speed up the others: answers are half as far apart as the work.
    let variation = (2.4 * spread / (1.0 + spread)).min(0.6);
    let effective = findings.effective;
    // Few requests don't show their spread, and the request alone is a single sample.
    let (least_low, least_high) =
        if findings.answered < FEW { (1.35, 1.45) } else { (SEQUENTIAL, 1.0 / PARALLEL) };
    let (low, high) = (least_low.max(1.0 + variation), least_high.max(1.0 / (1.0 - variation)));
    ((effective / low).max(1.0), (effective * high).min(findings.offered as f64))
}
