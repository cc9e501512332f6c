//! A burst's requests as a line of cells.

use console::measure_text_width;

use crate::generator::State;

/// The least room for a name and for cells.
const LEAST: usize = 8;

/// The line, in so many columns: the name, then a cell a request. Where there are more requests than room, a cell
/// stands for several, and shows the one that is least far; one that failed shows in any case.
pub fn line(name: &str, states: &[State], width: usize) -> String {
    // The last column may wrap.
    let width = width.saturating_sub(1);
    // A terminal would obey them.
    let name = name.replace(char::is_control, "");
    let name = console::truncate_str(&name, width.saturating_sub(LEAST), "…");
    let room = width.saturating_sub(measure_text_width(&name) + 1).max(1);
    let each = states.len().div_ceil(room).max(1);
    let cells: String = states.chunks(each).map(cell).collect();
    console::truncate_str(&format!("{name} {cells}"), width, "").into_owned()
}

fn cell(states: &[State]) -> char {
    let least = states.iter().min().copied().unwrap_or(State::Waiting);
    // Shapes differ, so that colour is not needed.
    match least {
        _ if states.contains(&State::Failed) => '×',
        State::Waiting => '·',
        State::Sent => '▂',
        State::Answering => '▅',
        State::Answered | State::Failed => '█',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_state_has_a_shape() {
        assert_eq!(line("e1-p1", &State::ALL, 80), "e1-p1 ·▂▅█×");
    }

    #[test]
    fn of_several_requests_the_least_far_shows_and_a_failure_always() {
        use State::{Answered, Failed, Sent};
        // Four columns for cells, so that each stands for two.
        let states = [Answered, Sent, Answered, Answered, Sent, Failed, Sent, Sent];
        assert_eq!(line("abcdefgh", &states, 14), "abcd… ▂█×▂");
    }

    proptest! {
        #[test]
        fn it_fits_whatever_there_is(name in ".{0,30}", states in prop::collection::vec(0_usize..5, 0..2_000), width in 0_usize..300) {
            let states: Vec<State> = states.into_iter().map(|state| State::ALL[state]).collect();
            prop_assert!(measure_text_width(&line(&name, &states, width)) <= width);
        }
    }
}
