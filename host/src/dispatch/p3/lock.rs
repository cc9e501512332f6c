//! The locks of the state that tasks share: the standard library's, or shuttle's in the model check.

use std::ops::DerefMut;
use std::sync::{Mutex, PoisonError};

/// A kind of locks. The model check runs the same code with locks of shuttle, which chooses the order of the threads.
pub trait Locks: 'static {
    type Mutex<T>: Lock<T>;
}

/// A mutex that ignores poisoning: no state in it is inconsistent if a thread panics.
pub trait Lock<T> {
    fn new(value: T) -> Self;
    fn lock(&self) -> impl DerefMut<Target = T>;
}

/// The locks of the standard library.
pub struct StdLocks;

impl Locks for StdLocks {
    type Mutex<T> = Mutex<T>;
}

impl<T> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn lock(&self) -> impl DerefMut<Target = T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
