//! Processors that all requests share: each slows the others down.

use super::{Explanation, Fitter, Model};
use crate::judgement::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 1.0;

pub(super) struct SharedCpu;

impl Model for SharedCpu {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let effective = burst.answers() as f64 * burst.alone / burst.observed.end().max(1e-9);
        let most = 0.95 * burst.offered as f64;
        if burst.offered < 2 || effective >= most {
            return Vec::new();
        }
        let start = effective.clamp(0.8, most);
        let fitted = fitter.fit(fitter.service(), &[start.ln()], &[0.04], 45, |service, at| {
            let cores = at[0].exp();
            (0.6..most).contains(&cores).then(|| Hypothesis {
                ready: burst.observed.arrivals.clone(),
                capacity: Capacity::Unlimited,
                speed: Speed::Shared(cores),
                service,
            })
        });
        let explanation = fitted.map(|fitted| {
            let cores = fitted.parameters[0].exp();
            Explanation {
                name: Name::SharedCpu,
                parameters: Parameters { cores: Some(cores), ..Parameters::default() },
                log: fitted.log,
                prior: PRIOR.ln() + fitter.penalty(1),
                kind: match burst.kind(&fitted.service) {
                    // The longest service doesn't excuse that all were slowed.
                    _ if cores >= 1.25 && cores * 1.25 < burst.offered as f64 => Kind::Limited,
                    kind => kind,
                },
                k: Some(cores),
                hypothesis: Some(fitted.hypothesis),
            }
        });
        explanation.into_iter().collect()
    }
}
