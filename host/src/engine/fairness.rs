//! Time slices: a guest that computes yields to other tasks after each slice.

use std::thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak, Store, UpdateDeadline};

/// Makes the guests of an engine share the processor.
#[derive(Clone, Copy)]
pub struct Fairness {
    yields: bool,
}

impl Fairness {
    /// Starts a thread that begins a new epoch of the engine after each time slice. Without a slice, no guest is ever
    /// interrupted.
    pub fn new(engine: &Engine, slice: Option<Duration>) -> Self {
        if let Some(slice) = slice {
            increment_epochs(engine.weak(), slice);
        }
        Self { yields: slice.is_some() }
    }

    /// Makes the store's guest yield after each time slice.
    pub fn configure<T>(&self, store: &mut Store<T>) {
        if !self.yields {
            return;
        }
        // Two, because the current epoch may be about to end: two epochs are at least one slice.
        store.set_epoch_deadline(2);
        // tokio's `yield_now`, not a plain wake-up: the runtime polls its I/O driver before it polls the task again.
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
    }
}

fn increment_epochs(engine: EngineWeak, slice: Duration) {
    thread::spawn(move || {
        loop {
            thread::sleep(slice);
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    });
}
