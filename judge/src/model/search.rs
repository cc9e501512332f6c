//! Maximisation without derivatives.

/// Returns the point with the largest value that was found, and that value, by the method of Nelder and Mead ("A simplex
/// method for function minimization", 1965). `steps` are the distances of the first simplex's corners. The
/// search ends when the values of all corners are within `tolerance`. `value(point, least)` may return negative infinity if
/// the value is below `least`.
pub(super) fn maximize(
    start: &[f64],
    steps: &[f64],
    evaluations: usize,
    tolerance: f64,
    mut value: impl FnMut(&[f64], f64) -> f64,
) -> (Vec<f64>, f64) {
    let mut count = 0;
    let mut evaluate = |point: Vec<f64>, least: f64| {
        count += 1;
        let value = value(&point, least);
        (if value.is_nan() { f64::NEG_INFINITY } else { value }, point, count)
    };
    let mut simplex = vec![evaluate(start.to_vec(), f64::NEG_INFINITY)];
    for (i, step) in steps.iter().enumerate() {
        let mut corner = start.to_vec();
        corner[i] += step;
        simplex.push(evaluate(corner, f64::NEG_INFINITY));
    }
    if simplex.iter().all(|corner| corner.0 == f64::NEG_INFINITY) {
        return (start.to_vec(), f64::NEG_INFINITY);
    }
    loop {
        simplex.sort_by(|a, b| b.0.total_cmp(&a.0));
        let (best, worst) = (simplex[0].0, simplex[simplex.len() - 1].0);
        let done = simplex.iter().map(|corner| corner.2).max().unwrap_or(0) >= evaluations;
        if done || (best.is_finite() && best - worst < tolerance) {
            let (value, point, _) = simplex.swap_remove(0);
            return (point, value);
        }
        let last = simplex.len() - 1;
        let center: Vec<f64> = (0..start.len())
            .map(|i| simplex[..last].iter().map(|corner| corner.1[i]).sum::<f64>() / last as f64)
            .collect();
        let towards = |factor: f64| -> Vec<f64> {
            center
                .iter()
                .zip(&simplex[last].1)
                .map(|(center, worst)| center + factor * (center - worst))
                .collect()
        };
        let reflected = evaluate(towards(1.0), worst);
        let better = if reflected.0 > simplex[0].0 {
            let expanded = evaluate(towards(2.0), reflected.0);
            if expanded.0 > reflected.0 { expanded } else { reflected }
        } else if reflected.0 > simplex[last - 1].0 {
            reflected
        } else {
            evaluate(towards(-0.5), worst)
        };
        if better.0 > simplex[last].0 {
            simplex[last] = better;
        } else {
            let best = simplex[0].1.clone();
            for corner in simplex.iter_mut().skip(1) {
                let point = corner.1.iter().zip(&best).map(|(at, best)| (at + best) / 2.0).collect();
                *corner = evaluate(point, f64::NEG_INFINITY);
            }
        }
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
