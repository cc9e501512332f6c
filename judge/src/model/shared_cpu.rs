//! Processors that all requests share: each slows the others down.

use super::fitter::Fitted;
use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.3;
/// The distance of the numbers of processors that are weighed, as a share.
const STEP: f64 = 0.05;
const LEAST_STEP: f64 = 0.002;
/// A number is nearly as good as the best one if the logarithm of its likelihood is less than this below.
const NEARLY: f64 = 2.0;

pub(super) struct SharedCpu;

impl Model for SharedCpu {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let effective = burst.answers() as f64 * burst.alone / burst.observed.end().max(1e-9);
        let most = 0.95 * burst.offered as f64;
        if burst.offered < 2 || effective >= most {
            return Vec::new();
        }
        let stretched = fitter.stretched(1.0 / effective.max(1.0) * burst.offered as f64);
        let hypothesis = |service, cores: f64| Hypothesis {
            ready: burst.observed.arrivals.clone(),
            capacity: Capacity::Unlimited,
            speed: Speed::Shared(cores),
            service,
        };
        let start = effective.clamp(0.8, most);
        let Some(best) = stretched.fit(fitter.service(), &[start.ln()], &[0.04], 40, |service, at| {
            (0.6..most).contains(&at[0].exp()).then(|| hypothesis(service, at[0].exp()))
        }) else {
            return Vec::new();
        };
        // The number of processors is as uncertain as the service time: others are weighed beside the best one.
        let cores = best.parameters[0].exp();
        let weigh = |factor: f64| {
            let other = Some(factor * cores).filter(|other| (0.5..most).contains(other))?;
            let service = ServiceTime { mu: best.service.mu + factor.ln(), ..best.service };
            let fitted = stretched
                .fit_from(service, &[], &[], 12, &[1.0], |service, _| Some(hypothesis(service, other)));
            fitted.map(|fitted| (other, fitted))
        };
        let others: Vec<(f64, Fitted)> = [0.65, 0.8, 0.9, 1.0 - STEP, 1.0, 1.0 + STEP, 1.1, 1.25, 1.5]
            .into_iter()
            .filter_map(weigh)
            .collect();
        let share = (others.len().max(1) as f64).recip();
        // Numbers between those that are weighed are less probable if the number is known better than their distance.
        let known_to = best.service.sigma / (burst.answers() as f64).sqrt();
        let between = (known_to / STEP).ln().min(0.0);
        let explanation = |(cores, fitted): (f64, Fitted), width: f64| Explanation {
            name: Name::SharedCpu,
            parameters: Parameters { cores: Some(cores), ..Parameters::default() },
            log: fitted.log,
            prior: PRIOR.ln() + share.ln() + width,
            kind: match burst.kind(&fitted.service) {
                // The longest service doesn't excuse that all were slowed.
                Kind::Parallel if cores * 1.25 < burst.offered as f64 => Kind::Limited,
                kind => kind,
            },
            k: Some(cores.max(1.0)),
            hypothesis: Some(fitted.hypothesis),
            describes: true,
            is_seen_alone: true,
        };
        let nearer = nearer(best.log, weigh).into_iter();
        let nearer: Vec<Explanation> =
            nearer.map(|(step, one)| explanation(one, (step / STEP).ln())).collect();
        others.into_iter().map(|one| explanation(one, between)).chain(nearer).collect()
    }
}

/// Weighs numbers nearer and nearer to the best one, until one on either side is nearly as good: the interval of the number
/// ends between numbers that are weighed. Returns each with its distance from the best one, as a share.
fn nearer(best: f64, weigh: impl Fn(f64) -> Option<(f64, Fitted)>) -> Vec<(f64, (f64, Fitted))> {
    let mut weighed = Vec::new();
    let mut step = STEP;
    while step > LEAST_STEP {
        step /= 2.0;
        let sides: Vec<(f64, Fitted)> = [1.0 - step, 1.0 + step].into_iter().filter_map(&weigh).collect();
        let are_nearly_as_good = sides.iter().all(|(_, fitted)| fitted.log > best - NEARLY);
        weighed.extend(sides.into_iter().map(|side| (step, side)));
        if are_nearly_as_good {
            break;
        }
    }
    weighed
}
