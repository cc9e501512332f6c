//! Which requests of a group were taken: those that came first, or any.

use super::evidence::mean_of_logs;
use super::load::{Group, Load};

/// How far requests may move in the order, in positions and as a share of the group's size. Infinite: the order of the
/// sends means nothing.
const WIDTHS: [(f64, f64); 6] =
    [(0.5, 0.0), (2.0, 0.0), (0.0, 0.02), (0.0, 0.07), (0.0, 0.2), (f64::INFINITY, 0.0)];

/// Returns the logarithm of the probability that these requests of each group were taken, given how many were: a server
/// that is full takes the first that come. `is_steady` tells whether no place became free while a group arrived: only
/// then the first are taken.
pub(super) fn first_come(load: &Load, groups: &[Group], is_steady: impl Fn(&Group) -> bool) -> f64 {
    let mixed = groups.iter().filter(|group| 0 < group.taken && group.has_refusal());
    let groups: Vec<(usize, usize, f64, bool)> =
        mixed.map(|group| (group.count(), group.taken, swaps(load, group), is_steady(group))).collect();
    let by_width = WIDTHS.map(|(positions, share)| {
        let one = |(count, taken, swaps, steady): &(usize, usize, f64, bool)| {
            let width = (positions + share * *count as f64).max(0.5);
            let width = if *steady { width } else { f64::INFINITY };
            ln_probability(*count, *taken, *swaps, width)
        };
        groups.iter().map(one).sum::<f64>()
    });
    mean_of_logs(&by_width)
}

/// Returns the number of pairs of which the earlier request was refused and the later one taken.
fn swaps(load: &Load, group: &Group) -> f64 {
    let mut refused = 0.0;
    let mut swaps = 0.0;
    for request in &load.requests[group.from..group.to] {
        if request.taken { swaps += refused } else { refused += 1.0 }
    }
    swaps
}

/// Returns the logarithm of the probability of one choice of `taken` among `count` requests: proportional to q to the
/// power of the swaps, with q = exp(-1/width). The sum over all choices is the Gaussian binomial coefficient.
///
/// Source: Mallows, "Non-null ranking models", 1957; Andrews, "The Theory of Partitions", 1976, theorem 3.1.
fn ln_probability(count: usize, taken: usize, swaps: f64, width: f64) -> f64 {
    let (of, rest) = (taken.min(count - taken), taken.max(count - taken));
    let factor = |i: usize| {
        if width.is_infinite() {
            return ((rest + i) as f64 / i as f64).ln();
        }
        let term = |power: usize| (-(-(power as f64) / width).exp_m1()).ln();
        term(rest + i) - term(i)
    };
    -swaps / width.max(f64::MIN_POSITIVE) - (1..=of).map(factor).sum::<f64>()
}

/// Returns the logarithm of the number of choices of `taken` among `count` requests.
pub(super) fn ln_choices(count: usize, taken: usize) -> f64 {
    -ln_probability(count, taken, 0.0, f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The probabilities of all choices of two among five requests add up to 1.
    #[test]
    fn the_probabilities_of_all_choices_add_up_to_one() {
        for width in [0.5, 3.0, f64::INFINITY] {
            let choices = (0..5).flat_map(|first| (first + 1..5).map(move |second| (first, second)));
            // The first taken request moved before `first` refused ones, and the second before `second - 1`.
            let all: f64 = choices.map(|(a, b)| ln_probability(5, 2, (a + b - 1) as f64, width).exp()).sum();
            assert!((all - 1.0).abs() < 1e-9, "{width}: {all}");
        }
        assert!((ln_choices(5, 2) - 10.0_f64.ln()).abs() < 1e-9);
        assert_eq!((ln_choices(5, 0), ln_choices(5, 5)), (0.0, 0.0));
    }
}
