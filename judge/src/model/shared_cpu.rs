//! Processors that all requests share: each slows the others down.

use super::fitter::Fitted;
use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, ServiceTime, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.3;
/// The distance of the numbers of processors that are weighed, as a share.
const STEP: f64 = 0.05;

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
        let others = [0.65, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.25, 1.5].map(|factor| factor * cores);
        let others: Vec<(f64, Fitted)> = others
            .into_iter()
            .filter(|other| *other < most && *other >= 0.5)
            .filter_map(|other| {
                let service = ServiceTime { mu: best.service.mu + (other / cores).ln(), ..best.service };
                let fitted = stretched
                    .fit_from(service, &[], &[], 12, &[1.0], |service, _| Some(hypothesis(service, other)));
                fitted.map(|fitted| (other, fitted))
            })
            .collect();
        let share = (others.len().max(1) as f64).recip();
        // Numbers between those that are weighed are less probable if the number is known better than their distance.
        let known_to = best.service.sigma / (burst.answers() as f64).sqrt();
        let between = (known_to / STEP).ln().min(0.0);
        let explanation = |(cores, fitted): (f64, Fitted)| Explanation {
            name: Name::SharedCpu,
            parameters: Parameters { cores: Some(cores), ..Parameters::default() },
            log: fitted.log,
            prior: PRIOR.ln() + share.ln() + between,
            kind: match burst.kind(&fitted.service) {
                // The longest service doesn't excuse that all were slowed.
                Kind::Parallel if cores * 1.25 < burst.offered as f64 => Kind::Limited,
                kind => kind,
            },
            k: Some(cores.max(1.0)),
            reach: cores.max(1.0) * STEP / 2.0,
            hypothesis: Some(fitted.hypothesis),
            describes: true,
            is_seen_alone: true,
        };
        others.into_iter().map(explanation).collect()
    }
}
