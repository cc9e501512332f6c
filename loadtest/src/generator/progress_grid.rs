//! The state of each request of a burst, for a progress display.
//!
//! A worker stores one byte for each change of state. It never waits for the display, and stores nothing if there is no
//! display. All accesses are `Relaxed`: a cell is one byte with one writer, and the display may be late.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// The maximum number of cells. No terminal shows more.
const MAX_CELLS: usize = 1024;

/// The state of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum RequestState {
    /// Not sent yet.
    Waiting,
    /// Sent.
    Sent,
    /// The answer has begun.
    Answering,
    /// Answered with a good status.
    Answered,
    /// Ended otherwise.
    Failed,
}

impl RequestState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Sent, Self::Answering, Self::Answered, Self::Failed];
}

/// The number of a request that is held for the release: `Waiting` before it, `Sent` after it.
const HELD: u8 = u8::MAX;

/// The states of a burst's first requests.
#[derive(Debug, Default)]
pub struct ProgressGrid {
    cells: Vec<AtomicU8>,
    is_released: AtomicBool,
}

impl ProgressGrid {
    /// A grid for this number of requests; those beyond the maximum have no cell.
    pub fn new(requests: usize) -> Self {
        Self { cells: (0..requests.min(MAX_CELLS)).map(|_| AtomicU8::new(0)).collect(), ..Self::default() }
    }

    /// The cell of request `i`.
    pub fn cell(&self, i: usize) -> Cell<'_> {
        Cell(self.cells.get(i))
    }

    /// Marks all held requests as sent.
    pub fn release(&self) {
        self.is_released.store(true, Relaxed);
    }

    /// The state of each request that has a cell.
    pub fn states(&self) -> Vec<RequestState> {
        let is_released = self.is_released.load(Relaxed);
        let state = |cell: &AtomicU8| match cell.load(Relaxed) {
            HELD if is_released => RequestState::Sent,
            number => RequestState::ALL.get(usize::from(number)).copied().unwrap_or(RequestState::Waiting),
        };
        self.cells.iter().map(state).collect()
    }
}

/// A request's cell; empty if there is no display, or if the request is beyond the grid.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cell<'a>(Option<&'a AtomicU8>);

impl Cell<'_> {
    pub fn set(self, state: RequestState) {
        self.store(state as u8);
    }

    /// Marks the request as held for the release.
    pub fn set_held(self) {
        self.store(HELD);
    }

    fn store(self, value: u8) {
        if let Some(cell) = self.0 {
            cell.store(value, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RequestState::{Answered, Answering, Failed, Sent, Waiting};
    use super::*;

    #[test]
    fn a_held_request_is_sent_at_the_release() {
        let grid = ProgressGrid::new(4);
        grid.cell(0).set_held();
        grid.cell(1).set(Failed);
        grid.cell(9).set(Answered);
        assert_eq!(grid.states(), [Waiting, Failed, Waiting, Waiting]);
        grid.release();
        assert_eq!(grid.states()[0], Sent);
        grid.cell(0).set(Answering);
        assert_eq!(grid.states()[0], Answering);
    }

    #[test]
    fn the_number_of_cells_is_limited() {
        assert_eq!(ProgressGrid::new(usize::MAX).states().len(), MAX_CELLS);
    }
}
