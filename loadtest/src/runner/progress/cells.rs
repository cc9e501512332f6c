//! The requests of a burst as a line of cells.

use console::measure_text_width;

use crate::generator::RequestState;

/// The minimum number of columns for cells.
const MIN_CELL_COLUMNS: usize = 8;

/// The line, in at most `width` columns: the name, then one cell for each request. If there are more requests than
/// columns, a cell stands for several requests. It shows the one that has progressed least, or a failed one.
pub fn line(name: &str, states: &[RequestState], width: usize) -> String {
    // A terminal may wrap after the last column.
    let width = width.saturating_sub(1);
    // A terminal would interpret control characters.
    let name = name.replace(char::is_control, "");
    let name = console::truncate_str(&name, width.saturating_sub(MIN_CELL_COLUMNS), "…");
    let columns = width.saturating_sub(measure_text_width(&name) + 1).max(1);
    let per_cell = states.len().div_ceil(columns).max(1);
    let cells: String = states.chunks(per_cell).map(cell).collect();
    console::truncate_str(&format!("{name} {cells}"), width, "").into_owned()
}

fn cell(states: &[RequestState]) -> char {
    let least = states.iter().min().copied().unwrap_or(RequestState::Waiting);
    // The shapes differ, because a terminal may have no colours.
    match least {
        _ if states.contains(&RequestState::Failed) => '×',
        RequestState::Waiting => '·',
        RequestState::Sent => '▂',
        RequestState::Answering => '▅',
        RequestState::Answered | RequestState::Failed => '█',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_state_has_a_shape() {
        assert_eq!(line("e1-p1", &RequestState::ALL, 80), "e1-p1 ·▂▅█×");
    }

    #[test]
    fn a_cell_of_several_requests_shows_the_least_progress_or_a_failure() {
        use RequestState::{Answered, Failed, Sent};
        // Four columns for cells, so that each stands for two.
        let states = [Answered, Sent, Answered, Answered, Sent, Failed, Sent, Sent];
        assert_eq!(line("abcdefgh", &states, 14), "abcd… ▂█×▂");
    }

    proptest! {
        #[test]
        fn a_line_fits_its_width(name in ".{0,30}", states in prop::collection::vec(0_usize..5, 0..2_000), width in 0_usize..300) {
            let states: Vec<RequestState> = states.into_iter().map(|state| RequestState::ALL[state]).collect();
            prop_assert!(measure_text_width(&line(&name, &states, width)) <= width);
        }
    }
}
