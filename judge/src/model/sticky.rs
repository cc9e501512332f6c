//! Connections stay with the process that accepted them: a process that has served its own stands idle while others
//! still have requests.

use super::{Explanation, Fitter, Model};
use crate::kind::Kind;
use crate::likelihood::{Capacity, Hypothesis, Speed};
use crate::mechanism::{Name, Parameters};

const PRIOR: f64 = 0.1;
/// Waves blur if service times vary by more than this.
const MOST_SPREAD: f64 = 0.25;
/// The cost of each further process that ran out of work, as a logarithm.
const COST: f64 = 2.0;

pub(super) struct Sticky;

impl Model for Sticky {
    fn explain(&self, fitter: &Fitter) -> Vec<Explanation> {
        let burst = fitter.burst;
        let waves = (burst.observed.end() / burst.alone).round() as usize;
        if burst.spread > MOST_SPREAD || waves < 2 || waves > burst.answers() {
            return Vec::new();
        }
        let wave = burst.observed.end() / waves as f64;
        let count = |i: usize| {
            let until = |edge: f64| burst.observed.done.partition_point(|done| *done < edge * wave);
            until(i as f64 + 1.5) - until(if i == 0 { 0.0 } else { i as f64 + 0.5 })
        };
        let counts: Vec<usize> = (0..waves).map(count).collect();
        let falls = counts.windows(2).all(|pair| pair[0] >= pair[1]) && counts[waves - 1] > 0;
        let drops = counts.windows(2).filter(|pair| pair[0] > pair[1]).count();
        let all_together = burst.observed.arrivals.last().is_some_and(|last| *last < 0.2 * burst.alone);
        // A single drop is the last wave of a pool.
        if !falls
            || !all_together
            || counts[0] < 2
            || drops == 0
            || (drops == 1 && counts[waves - 2] == counts[0])
        {
            return Vec::new();
        }
        let fitted = fitter.fit(fitter.service(), &[], &[], 30, |service, _| {
            let steps = counts.iter().enumerate().map(|(i, count)| ((i as f64 - 0.5) * wave, *count));
            Some(Hypothesis {
                ready: burst.observed.arrivals.clone(),
                capacity: Capacity::Steps(steps.collect()),
                speed: Speed::Full,
                service,
            })
        });
        let explanation = fitted.map(|fitted| Explanation {
            name: Name::StickyConnections,
            parameters: Parameters { processes: Some(counts[0] as f64), ..Parameters::default() },
            log: fitted.log,
            prior: PRIOR.ln() - COST * drops as f64,
            kind: match burst.kind(&fitted.service) {
                Kind::Sequential => Kind::Sequential,
                _ => Kind::Limited,
            },
            k: Some(counts[0] as f64),
            hypothesis: Some(fitted.hypothesis),
        });
        explanation.into_iter().collect()
    }
}
