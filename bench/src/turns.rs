//! The order in which the subjects of a measurement take turns.

use std::iter;

/// Returns the subjects in the order of their turns. Every other round has the opposite order, because what the last turn left
/// behind may slow the next one.
pub fn in_turn<T>(subjects: &mut [T], round: u32) -> impl Iterator<Item = &mut T> {
    let mut forwards = subjects.iter_mut();
    iter::from_fn(move || if round.is_multiple_of(2) { forwards.next_back() } else { forwards.next() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_round_has_the_opposite_order() {
        let mut subjects = [1, 2, 3];
        let mut order = |round| in_turn(&mut subjects, round).map(|subject| *subject).collect::<Vec<_>>();
        assert_eq!([order(1), order(2), order(3)], [[1, 2, 3], [3, 2, 1], [1, 2, 3]]);
    }
}
