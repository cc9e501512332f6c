//! How probable each explanation of a burst is.

mod calibration;
mod class;
mod gate;

use crate::kind::Kind;
use crate::mechanism::{Mechanism, NAMED, Name};
use crate::model::{Burst, Explanation, Fitter, MODELS};

pub(crate) use gate::Fit;

/// The cells of a burst are less independent than the models assume: the log evidence is divided by this for kinds, and for
/// mechanisms.
const TEMPER_KIND: f64 = 1.5;
/// As [`TEMPER_KIND`], for steady services.
const TEMPER_STEADY: f64 = 1.3;
/// Services with a smaller spread are steady.
const STEADY: f64 = 0.05;
const TEMPER_MECHANISM: f64 = 2.0;
/// An explanation is nearly as good as another if the logarithm of its likelihood is less than this below.
const RIVAL: f64 = 6.0;
/// The probability that an interval holds the true value.
const COVERAGE: f64 = 0.95;

/// The probabilities of the explanations of a burst.
#[derive(Debug, Clone)]
pub(crate) struct Posterior {
    /// All explanations, the best first.
    pub(crate) explanations: Vec<Explanation>,
    /// Whether the best one describes the burst.
    pub(crate) fit: Fit,
    /// How the burst was served by its makespan alone, with the service time of the best explanation.
    pub(crate) by_makespan: Option<Kind>,
    temper: f64,
    /// Mechanisms by class, the most probable first.
    pub(crate) mechanisms: Vec<Mechanism>,
}

impl Posterior {
    /// Returns `None` if no model explains anything.
    pub(crate) fn of(burst: &Burst) -> Option<Self> {
        let fitter = Fitter::new(burst);
        let mut explanations: Vec<Explanation> = MODELS
            .iter()
            .flat_map(|model| model.explain(&fitter))
            .filter(|one| one.log.is_finite())
            .collect();
        let temper = if burst.spread < STEADY { TEMPER_STEADY } else { TEMPER_KIND };
        explanations.sort_by(|a, b| b.weight(temper).total_cmp(&a.weight(temper)));
        let fit = Fit::of(burst, explanations.first()?);
        let mut mechanisms = class::mechanisms(
            &explanations,
            &weights(&explanations, TEMPER_MECHANISM),
            burst.spread < STEADY,
        );
        calibration::calibrate(&mut mechanisms);
        let by_makespan =
            explanations.first().and_then(|best| Some(burst.kind(&best.hypothesis.as_ref()?.service)));
        Some(Self { explanations, fit, by_makespan, temper, mechanisms })
    }

    pub(crate) fn best(&self) -> &Explanation {
        &self.explanations[0]
    }

    /// Returns the kind of the most probable mechanism: of the member that its class is named by.
    pub(crate) fn kind_of_mechanism(&self) -> Kind {
        let named = self.mechanisms.first().and_then(|first| {
            // The best explanation of a name comes first.
            self.explanations.iter().find(|one| one.name == first.name)
        });
        named.unwrap_or(self.best()).kind
    }

    /// Whether the burst alone can't tell the kind: a pause of the whole server delays all requests as shared processors do.
    pub(crate) fn is_open(&self) -> bool {
        let Some(class) = self.mechanisms.first().filter(|first| first.probability >= 0.5) else {
            return false;
        };
        let is_in_class = |name: Name| class.class().any(|member| member == name);
        let weights = weights(&self.explanations, self.temper);
        let probability = |name: Name| -> f64 {
            let all = self.explanations.iter().zip(&weights);
            all.filter(|(one, _)| one.name == name).map(|(_, weight)| weight).sum()
        };
        // Processors are shared more often than servers pause.
        is_in_class(Name::Pause)
            && is_in_class(Name::SharedCpu)
            && probability(Name::Pause) >= class::TOLD_APART * probability(Name::SharedCpu)
    }

    /// Returns the probability of a kind.
    pub(crate) fn kind(&self, kind: Kind) -> f64 {
        let weights = weights(&self.explanations, self.temper);
        self.explanations
            .iter()
            .zip(weights)
            .filter(|(one, _)| one.kind == kind)
            .map(|(_, weight)| weight)
            .sum()
    }

    /// Whether an explanation of another kind is nearly as good: only its prior speaks against it. "No limit" is exempt: a limit
    /// that is hardly exceeded is always nearly as good.
    pub(crate) fn has_rival(&self, kind: Kind) -> bool {
        // A fixed delay looks as shared processors do: between these, priors count for nothing.
        let is_delay = matches!(self.best().name, Name::SharedCpu | Name::Pause | Name::ColdStart);
        let (weight, rival) = if is_delay { (0.0, 2.0 * RIVAL) } else { (0.5, RIVAL) };
        let best = |is: &dyn Fn(&&Explanation) -> bool| {
            self.explanations
                .iter()
                .filter(is)
                .map(|one| one.log + weight * one.prior)
                .fold(f64::NEG_INFINITY, f64::max)
        };
        // A part of the server that shows only in the burst, and once, may be anything. If the burst is slower than one request
        // at a time, the requests don't wait in a queue of a known kind.
        let is_slower = kind == Kind::Sequential && self.by_makespan == Some(Kind::Limited);
        if is_slower || !self.best().is_seen_alone {
            return true;
        }
        let is_exempt = self.best().name == Name::None;
        if is_exempt {
            // Stragglers may be the second wave of a limit.
            return self.by_makespan.is_some_and(|kind| kind != Kind::Parallel);
        }
        best(&|one| one.kind != kind) > best(&|one| one.kind == kind) - rival
    }

    /// Returns the median and the interval of the number at a time, over the explanations that `counts` accepts.
    pub(crate) fn at_a_time(&self, counts: impl Fn(&Explanation) -> bool) -> Option<(f64, f64, f64)> {
        let weights = weights(&self.explanations, self.temper);
        let mut sizes: Vec<(f64, f64, f64)> = self
            .explanations
            .iter()
            .zip(weights)
            .filter(|(one, _)| counts(one))
            .filter_map(|(one, weight)| Some((one.k?, weight, one.reach)))
            .collect();
        sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all: f64 = sizes.iter().map(|(_, weight, _)| weight).sum();
        let quantile = |share: f64| {
            let mut sum = 0.0;
            sizes.iter().find(|(_, weight, _)| {
                sum += weight;
                sum >= share * all
            })
        };
        let most = sizes.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?.0;
        let (low, _, below) = *quantile((1.0 - COVERAGE) / 2.0)?;
        let (high, _, above) = *quantile((1.0 + COVERAGE) / 2.0)?;
        let (low, high) = ((low - below).max(1.0), high + above);
        Some((most.clamp(low, high), low, high))
    }

    /// Returns the mechanism that is named, if one is probable enough and describes the burst.
    pub(crate) fn mechanism(&self) -> Option<&Mechanism> {
        self.mechanisms.first().filter(|first| self.fit.describes && first.probability >= NAMED)
    }
}

/// Returns the probability of each explanation.
fn weights(explanations: &[Explanation], temper: f64) -> Vec<f64> {
    let logs: Vec<f64> = explanations.iter().map(|one| one.weight(temper)).collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
