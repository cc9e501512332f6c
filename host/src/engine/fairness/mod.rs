//! Time slices: a guest that has computed for a slice goes behind everything that wakes, and behind the other guests that
//! compute.

mod slices;
mod turn;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use wasmtime::{Engine, EngineWeak, Store, UpdateDeadline};

use slices::Slices;
pub(crate) use turn::Turn;

/// Makes the guests of an engine share the processor. `None`: no guest is ever interrupted.
#[derive(Clone)]
pub struct Fairness(Option<Arc<Slices>>);

impl Fairness {
    /// Starts a thread that begins a new epoch of the engine after each time slice. Without a slice, no guest is ever
    /// interrupted. Must be called on the runtime that runs the guests.
    pub fn new(engine: &Engine, slice: Option<Duration>) -> Self {
        Self(slice.map(|slice| {
            let slices = Slices::new(Handle::current().metrics().num_workers());
            increment_epochs(engine.weak(), slices.clone(), slice);
            slices
        }))
    }

    /// Returns the turn of a new instance.
    pub fn new_turn(&self) -> Turn {
        Turn::new(self.0.clone())
    }
}

/// Makes the store's guest yield after each time slice.
pub fn configure<T>(store: &mut Store<T>, turn: &Turn) {
    if !turn.yields() {
        return;
    }
    let turn = turn.clone();
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        Ok(match turn.remaining() {
            0 => UpdateDeadline::YieldCustom(1, Box::pin(turn.clone().next())),
            slices => UpdateDeadline::Continue(slices),
        })
    });
}

fn increment_epochs(engine: EngineWeak, slices: Arc<Slices>, slice: Duration) {
    thread::spawn(move || {
        loop {
            thread::sleep(slice);
            let Some(engine) = engine.upgrade() else { return };
            slices.begun.fetch_add(1, Relaxed);
            engine.increment_epoch();
        }
    });
}
