//! How many of the requests in service leave in a cell of time.

/// Requests that began service together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// How many began.
    pub(super) size: f64,
    /// The probability that one of them is still in service.
    pub(super) present: f64,
    /// The probability that one of them leaves in the cell, if it is in service.
    pub(super) leaves: f64,
}

/// What a number of answers says about groups of requests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Departures {
    /// The logarithm of its probability.
    pub(super) log: f64,
    /// The factors by which the observation changes the odds of being present and staying, and of being present and
    /// leaving.
    stays: f64,
    leaves: f64,
}

/// Regularises variances that vanish when all is certain.
const LEAST_VARIANCE: f64 = 1e-7;
const ROUNDS: usize = 40;

/// Returns the probability that `count` of the `busy` requests in service leave, with the sum of the expected numbers in
/// service equal to `busy`.
///
/// Each request is gone, stays or leaves: a product of generating functions, conditioned on the number in service. The
/// probability is a ratio of two coefficients, each by the saddlepoint approximation.
///
/// Source: Daniels, "Saddlepoint approximations in statistics", 1954.
pub(super) fn departures(groups: &[Group], busy: f64, count: f64) -> Departures {
    let before: f64 = groups.iter().map(|one| one.size * one.present * (1.0 - one.present)).sum();
    if count < 0.5 {
        one_sided(groups, busy, before, |one| 1.0 - one.leaves).map_log(|factor| (factor, 0.0))
    } else if busy - count < 0.5 {
        one_sided(groups, busy, before, |one| one.leaves).map_log(|factor| (0.0, factor))
    } else {
        two_sided(groups, busy, count, before)
    }
}

impl Group {
    /// Returns the probability that one of the requests is still in service after what was observed.
    pub(super) fn present_after(&self, seen: &Departures) -> f64 {
        let stays = self.present * (1.0 - self.leaves).max(TINY) * seen.stays;
        let leaves = self.present * self.leaves.max(TINY) * seen.leaves;
        let gone = 1.0 - self.present;
        let all = stays + leaves + gone;
        if all > 0.0 { stays / all } else { 0.0 }
    }
}

const TINY: f64 = 1e-12;

struct OneSided {
    log: f64,
    factor: f64,
}

impl OneSided {
    fn map_log(self, factors: impl Fn(f64) -> (f64, f64)) -> Departures {
        let (stays, leaves) = factors(self.factor);
        Departures { log: self.log.min(0.0), stays, leaves }
    }
}

/// Returns the probability that a sum of independent Bernoulli variables is at its mean, by its variance.
///
/// For large variances it is the normal density; without variance it is certain.
fn at_mean(variance: f64) -> f64 {
    (1.0 + 2.0 * std::f64::consts::PI * variance).sqrt().recip()
}

/// Returns the logarithm of a product of powers. A logarithm takes longer than many products.
fn log_of_product(powers: impl Iterator<Item = (f64, f64)>) -> f64 {
    const RANGE: std::ops::Range<f64> = 1e-100..1e100;
    let (mut log, mut product) = (0.0, 1.0);
    for (base, exponent) in powers {
        let base = base.max(1e-300);
        if exponent == 1.0 && RANGE.contains(&base) {
            product *= base;
            if !RANGE.contains(&product) {
                log += f64::ln(product);
                product = 1.0;
            }
        } else {
            log += exponent * base.ln();
        }
    }
    log + product.ln()
}

/// All requests in service do the same, with probability `p` each.
fn one_sided(groups: &[Group], busy: f64, before: f64, p: impl Fn(&Group) -> f64) -> OneSided {
    let (mut low, mut high, mut a) = (-60.0_f64, 60.0_f64, 0.0_f64);
    let mut variance = 0.0;
    for _ in 0..ROUNDS {
        let factor = a.exp();
        let mut expected = 0.0;
        variance = 0.0;
        for one in groups {
            let odds = one.present * p(one).max(TINY) * factor;
            let share = odds / (1.0 - one.present + odds).max(f64::MIN_POSITIVE);
            expected += one.size * share;
            variance += one.size * share * (1.0 - share);
        }
        let error = expected - busy;
        if error.abs() <= 1e-4 {
            break;
        }
        if error > 0.0 {
            high = a
        } else {
            low = a
        }
        let next = a - error / variance.max(LEAST_VARIANCE);
        a = if low < next && next < high { next } else { (low + high) / 2.0 };
    }
    let factor = a.exp();
    let part = |one: &Group| 1.0 - one.present + one.present * p(one).max(TINY) * factor;
    let cumulant = log_of_product(groups.iter().map(|one| (part(one), one.size)));
    let ratio = at_mean(variance) / at_mean(before);
    OneSided { log: cumulant - a * busy + ratio.ln(), factor }
}

fn two_sided(groups: &[Group], busy: f64, count: f64, before: f64) -> Departures {
    let mean: f64 = groups.iter().map(|one| one.size * one.present * one.leaves).sum();
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let bounded = |p: f64| p.clamp(1e-9, 1.0 - 1e-9);
    let mut a = 0.0_f64;
    let mut t = logit(bounded(count / busy)) - logit(bounded(mean / busy));
    let parts = |one: &Group, a: f64, t: f64| {
        let stays = one.present * (1.0 - one.leaves).max(TINY) * a;
        let leaves = one.present * one.leaves.max(TINY) * a * t;
        (stays, leaves, (1.0 - one.present + stays + leaves).max(f64::MIN_POSITIVE))
    };
    let (mut aa, mut at, mut tt) = (0.0, 0.0, 0.0);
    // Newton's method: the cumulant generating function is convex.
    for round in 0..ROUNDS {
        let (factor_a, factor_t) = (a.exp(), t.exp());
        let (mut present, mut left) = (0.0, 0.0);
        (aa, at, tt) = (LEAST_VARIANCE, 0.0, LEAST_VARIANCE);
        for one in groups {
            let (stays, leaves, all) = parts(one, factor_a, factor_t);
            let inverse = all.recip();
            let (q, d) = ((stays + leaves) * inverse, leaves * inverse);
            present += one.size * q;
            left += one.size * d;
            aa += one.size * q * (1.0 - q);
            at += one.size * d * (1.0 - q);
            tt += one.size * d * (1.0 - d);
        }
        let (error_a, error_t) = (present - busy, left - count);
        if error_a.abs() <= 1e-3 && error_t.abs() <= 1e-3 {
            break;
        }
        let determinant = (aa * tt - at * at).max(1e-18);
        // Large steps overshoot, more so in later rounds.
        let most = if round < 20 { 3.0 } else { 0.5 };
        a = (a - ((tt * error_a - at * error_t) / determinant).clamp(-most, most)).clamp(-60.0, 60.0);
        t = (t - ((aa * error_t - at * error_a) / determinant).clamp(-most, most)).clamp(-60.0, 60.0);
    }
    let (factor_a, factor_t) = (a.exp(), t.exp());
    let cumulant = log_of_product(groups.iter().map(|one| (parts(one, factor_a, factor_t).2, one.size)));
    // The number that left, given the number in service.
    let given = (tt - at * at / aa).max(0.0);
    let ratio = at_mean(aa) * at_mean(given) / at_mean(before);
    let log = cumulant - a * busy - t * count + ratio.ln();
    Departures { log: log.min(0.0), stays: a.exp(), leaves: (a + t).exp() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The logarithm of the exact probability: by listing who is present and who leaves.
    fn exact(groups: &[Group], busy: usize, count: usize) -> f64 {
        // [present][left]
        let mut table = vec![vec![0.0; busy + 2]; busy + 2];
        table[0][0] = 1.0;
        for one in groups {
            for _ in 0..one.size as usize {
                let mut next = vec![vec![0.0; busy + 2]; busy + 2];
                for present in 0..=busy {
                    for left in 0..=present {
                        let p: f64 = table[present][left];
                        next[present][left] += p * (1.0 - one.present);
                        next[present + 1][left] += p * one.present * (1.0 - one.leaves);
                        next[present + 1][left + 1] += p * one.present * one.leaves;
                    }
                }
                table = next;
            }
        }
        (table[busy][count] / table[busy].iter().sum::<f64>()).ln()
    }

    proptest! {
        #[test]
        fn it_is_near_the_exact_probability(
            groups in prop::collection::vec((1_usize..5, 0.05..1.0_f64, 0.01..0.99_f64), 1..5),
            count in any::<prop::sample::Index>(),
        ) {
            let sum: f64 = groups.iter().map(|(size, present, _)| *size as f64 * present).sum();
            let busy = sum.round().max(1.0);
            let scale = busy / sum;
            let groups: Vec<_> = groups
                .iter()
                .map(|(size, present, leaves)| Group { size: *size as f64, present: (present * scale).min(1.0), leaves: *leaves })
                .collect();
            let sum: f64 = groups.iter().map(|one| one.size * one.present).sum();
            prop_assume!((sum - busy).abs() < 0.5);
            let count = count.index(busy as usize + 1);
            let log = departures(&groups, busy, count as f64).log;
            let exact = exact(&groups, busy as usize, count);
            prop_assume!(exact > -12.0);
            // Of 300,000 cases, the worst was off by 0.44.
            prop_assert!((log - exact).abs() < 0.5, "{log} {exact}");
        }

        #[test]
        fn the_number_in_service_falls_by_the_number_that_left(
            groups in prop::collection::vec((1_usize..6, 0.001..0.999_f64), 1..6),
            count in 0_usize..6,
        ) {
            let groups: Vec<_> = groups
                .iter()
                .map(|(size, leaves)| Group { size: *size as f64, present: 1.0, leaves: *leaves })
                .collect();
            let busy: f64 = groups.iter().map(|one| one.size).sum();
            prop_assume!(count as f64 <= busy);
            let seen = departures(&groups, busy, count as f64);
            let after: f64 = groups.iter().map(|one| one.size * one.present_after(&seen)).sum();
            prop_assert!((after - (busy - count as f64)).abs() < 0.01 * busy, "{after}");
        }
    }
}
