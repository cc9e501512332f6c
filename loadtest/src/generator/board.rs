//! Where each request of a burst is, for whoever watches it: a cell a request.
//!
//! The burst only stores a byte now and then; it never waits for the watcher, and where nobody watches there is no cell.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

/// The most cells: no terminal shows more.
const CELLS: usize = 1024;

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Not sent yet.
    Waiting,
    /// Sent.
    Sent,
    /// Its answer has begun.
    Answering,
    /// It ended well.
    Answered,
    /// It ended otherwise.
    Failed,
}

impl State {
    /// In the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Sent, Self::Answering, Self::Answered, Self::Failed];
}

/// Handed to its connection before the release, and sent with it.
const HELD: u8 = u8::MAX;

/// A burst's cells, one for each of its first requests.
#[derive(Debug, Default)]
pub struct Board {
    cells: Vec<AtomicU8>,
    is_released: AtomicBool,
}

impl Board {
    /// For so many requests.
    pub fn new(requests: usize) -> Self {
        Self { cells: (0..requests.min(CELLS)).map(|_| AtomicU8::new(0)).collect(), ..Self::default() }
    }

    /// From now on, what was held is sent.
    pub fn release(&self) {
        self.is_released.store(true, Relaxed);
    }

    /// How far each request is.
    pub fn states(&self) -> Vec<State> {
        let is_released = self.is_released.load(Relaxed);
        let state = |cell: &AtomicU8| match cell.load(Relaxed) {
            HELD if is_released => State::Sent,
            number => State::ALL.get(usize::from(number)).copied().unwrap_or(State::Waiting),
        };
        self.cells.iter().map(state).collect()
    }
}

/// A request's cell; none where nobody watches, or beyond the last.
#[derive(Debug, Clone, Copy, Default)]
pub struct Light<'a>(Option<&'a AtomicU8>);

impl<'a> Light<'a> {
    /// That of request `i`.
    pub fn of(board: &'a Board, i: usize) -> Self {
        Self(board.cells.get(i))
    }

    /// Says how far the request is.
    pub fn set(self, state: State) {
        self.store(state as u8);
    }

    /// Says that it goes with the release.
    pub fn hold(self) {
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
    use super::*;

    #[test]
    fn what_is_held_is_sent_with_the_release() {
        let board = Board::new(4);
        Light::of(&board, 0).hold();
        Light::of(&board, 1).set(State::Failed);
        Light::of(&board, 9).set(State::Answered);
        assert_eq!(board.states(), [State::Waiting, State::Failed, State::Waiting, State::Waiting]);
        board.release();
        assert_eq!(board.states()[0], State::Sent);
        Light::of(&board, 0).set(State::Answering);
        assert_eq!(board.states()[0], State::Answering);
    }

    #[test]
    fn millions_of_requests_have_a_thousand_cells() {
        assert_eq!(Board::new(usize::MAX).states().len(), CELLS);
    }
}
