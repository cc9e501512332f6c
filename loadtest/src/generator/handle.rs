//! A handle on a running burst: its progress, and a way to end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::progress_grid::{Cell, ProgressGrid};

/// Clones share the same burst.
#[derive(Debug, Clone, Default)]
pub struct BurstHandle {
    completed: Arc<AtomicUsize>,
    /// One for each burst; empty if nothing shows the progress.
    grids: Arc<[Arc<ProgressGrid>]>,
    stopped: CancellationToken,
    start_at: Option<SystemTime>,
}

impl BurstHandle {
    /// A handle that records the progress of bursts with these numbers of requests.
    pub fn with_progress(requests: impl Iterator<Item = usize>) -> Self {
        Self { grids: requests.map(|count| Arc::new(ProgressGrid::new(count))).collect(), ..Self::default() }
    }

    /// The same handle, with a release time that generators on other machines may share. If it is past, the release is
    /// immediate.
    pub fn starting_at(self, start_at: Option<SystemTime>) -> Self {
        Self { start_at, ..self }
    }

    /// The progress of each burst.
    pub fn grids(&self) -> &[Arc<ProgressGrid>] {
        &self.grids
    }

    /// The number of requests that have ended, with or without an answer.
    pub fn completed(&self) -> usize {
        self.completed.load(Relaxed)
    }

    /// Ends the burst: no further request is sent, and requests in flight are abandoned.
    pub fn stop(&self) {
        self.stopped.cancel();
    }

    pub(super) fn count_completed(&self) {
        self.completed.fetch_add(1, Relaxed);
    }

    /// The cell of request `i` of a burst.
    pub(super) fn cell(&self, burst: usize, i: usize) -> Cell<'_> {
        self.grids.get(burst).map_or(Cell::default(), |grid| grid.cell(i))
    }

    /// The release time that was set.
    pub fn start_at(&self) -> Option<SystemTime> {
        self.start_at
    }

    /// Whether the burst was ended.
    pub fn stopped(&self) -> &CancellationToken {
        &self.stopped
    }
}
