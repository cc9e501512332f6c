//! Guests that compute take turns: each has a time slice, and then lets the others on.

use std::thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak, Store, UpdateDeadline};

/// Makes guests of this engine take turns.
#[derive(Clone, Copy)]
pub struct Fairness {
    yields: bool,
}

impl Fairness {
    /// Begins a new epoch of the engine once a time slice, on a thread of its own. Without a slice no
    /// guest is ever interrupted.
    pub fn new(engine: &Engine, slice: Option<Duration>) -> Self {
        if let Some(slice) = slice {
            tick(engine.weak(), slice);
        }
        Self { yields: slice.is_some() }
    }

    /// Makes the store's guest take turns.
    pub fn watch<T>(&self, store: &mut Store<T>) {
        if !self.yields {
            return;
        }
        // The epoch that runs may be about to end: two are one slice at least.
        store.set_epoch_deadline(2);
        // The runtime's own way of yielding looks for new input first; a plain wake-up would not.
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
    }
}

fn tick(engine: EngineWeak, slice: Duration) {
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
