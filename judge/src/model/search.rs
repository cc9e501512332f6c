//! Maximisation without derivatives.

/// A corner of a simplex.
struct Corner {
    value: f64,
    point: Vec<f64>,
    /// The number of evaluations up to this one.
    evaluation: usize,
}

/// Evaluates points, and counts the evaluations.
struct Evaluator<F> {
    value: F,
    count: usize,
}

impl<F: FnMut(&[f64], f64) -> f64> Evaluator<F> {
    fn corner(&mut self, point: Vec<f64>, least: f64) -> Corner {
        self.count += 1;
        let value = (self.value)(&point, least);
        let value = if value.is_nan() { f64::NEG_INFINITY } else { value };
        Corner { value, point, evaluation: self.count }
    }

    /// Replaces the worst corner by a better point, or moves all corners towards the best one. The corners are sorted, the best
    /// first.
    fn improve(&mut self, simplex: &mut [Corner]) {
        let last = simplex.len() - 1;
        let (best, second_worst, worst) = (simplex[0].value, simplex[last - 1].value, simplex[last].value);
        let reflected = self.corner(beyond_worst(simplex, 1.0), worst);
        let better = if reflected.value > best {
            let expanded = self.corner(beyond_worst(simplex, 2.0), reflected.value);
            if expanded.value > reflected.value { expanded } else { reflected }
        } else if reflected.value > second_worst {
            reflected
        } else {
            self.corner(beyond_worst(simplex, -0.5), worst)
        };
        if better.value > worst {
            simplex[last] = better;
            return;
        }
        let best = simplex[0].point.clone();
        for corner in simplex.iter_mut().skip(1) {
            let point = corner.point.iter().zip(&best).map(|(at, best)| (at + best) / 2.0).collect();
            *corner = self.corner(point, f64::NEG_INFINITY);
        }
    }
}

/// Returns the point on the line from the worst corner through the centre of the others, as far beyond the centre as `factor`
/// times the distance of the worst corner.
fn beyond_worst(simplex: &[Corner], factor: f64) -> Vec<f64> {
    let last = simplex.len() - 1;
    let worst = &simplex[last].point;
    let center = |i: usize| simplex[..last].iter().map(|corner| corner.point[i]).sum::<f64>() / last as f64;
    worst.iter().enumerate().map(|(i, worst)| center(i) + factor * (center(i) - worst)).collect()
}

/// Returns the point with the largest value that was found, and that value, by the method of Nelder and Mead ("A simplex
/// method for function minimization", 1965). `steps` are the distances of the first simplex's corners. The
/// search ends when the values of all corners are within `tolerance`. `value(point, least)` may return negative infinity if
/// the value is below `least`.
pub(super) fn maximize(
    start: &[f64],
    steps: &[f64],
    evaluations: usize,
    tolerance: f64,
    value: impl FnMut(&[f64], f64) -> f64,
) -> (Vec<f64>, f64) {
    let mut evaluator = Evaluator { value, count: 0 };
    let mut simplex = vec![evaluator.corner(start.to_vec(), f64::NEG_INFINITY)];
    for (i, step) in steps.iter().enumerate() {
        let mut point = start.to_vec();
        point[i] += step;
        simplex.push(evaluator.corner(point, f64::NEG_INFINITY));
    }
    if simplex.iter().all(|corner| corner.value == f64::NEG_INFINITY) {
        return (start.to_vec(), f64::NEG_INFINITY);
    }
    loop {
        simplex.sort_by(|a, b| b.value.total_cmp(&a.value));
        let (best, worst) = (simplex[0].value, simplex[simplex.len() - 1].value);
        let done = simplex.iter().map(|corner| corner.evaluation).max().unwrap_or(0) >= evaluations;
        if done || (best.is_finite() && best - worst < tolerance) {
            let Corner { value, point, .. } = simplex.swap_remove(0);
            return (point, value);
        }
        evaluator.improve(&mut simplex);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_finds_the_top_of_a_hill() {
        let hill = |at: &[f64], _: f64| -100.0 * ((at[0] - 1.0).powi(2) + 2.0 * (at[1] + 0.5).powi(2));
        let (point, value) = maximize(&[0.0, 0.0], &[0.3, 0.3], 100, 0.01, hill);
        assert!((point[0] - 1.0).abs() < 0.05 && (point[1] + 0.5).abs() < 0.05, "{point:?} {value}");
    }
}
