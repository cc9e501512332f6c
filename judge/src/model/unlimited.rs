//! No limit: each request is served from its arrival on.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

/// "No limit" would hardly ever be confirmed against limits that have hardly an effect (Lindley's paradox).
const PRIOR: f64 = 5.0;

pub(super) struct Unlimited;

impl Model for Unlimited {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let fitted = fitter.fit(fitter.service(), &[], &[], 30, |service, _| {
            Some(Hypothesis {
                ready: fitter.burst.observed.arrivals.clone(),
                capacity: Capacity::Unlimited,
                speed: Speed::Full,
                service,
            })
        });
        let explanation = fitted.map(|fitted| Explanation {
            name: Name::None,
            parameters: Parameters::default(),
            log: fitted.log,
            prior: PRIOR.ln(),
            kind: Kind::Parallel,
            k: Some(fitter.burst.offered as f64),
            reach: 0.0,
            hypothesis: Some(fitted.hypothesis),
            describes: true,
            is_seen_alone: true,
        });
        explanation.into_iter().collect()
    }
}
