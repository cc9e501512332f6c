//! The clients and requests of the model check.

use std::ops::DerefMut;
use std::sync::Arc;

use futures_channel::oneshot;
use shuttle::rand::{Rng, thread_rng};
use shuttle::sync::Mutex;

use crate::dispatch::p3::client_guard::{ClientGuard, RequestState};
use crate::dispatch::p3::instance_state::InstanceState;
use crate::dispatch::p3::lock::{Lock, Locks};
use crate::dispatch::p3::queue::Cancellable;

pub struct ShuttleLocks;

impl Locks for ShuttleLocks {
    type Mutex<T> = Mutex<T>;
}

impl<T> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn lock(&self) -> impl DerefMut<Target = T> {
        self.lock().unwrap()
    }
}

pub type State = InstanceState<ShuttleLocks>;

/// A client and its request.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    pub departure: Departure,
    pub work: Work,
    /// Whether the guest works after the response.
    pub works_afterwards: bool,
}

impl Client {
    pub fn any() -> Self {
        let departure = match thread_rng().gen_range(0..6) {
            0 | 1 => Departure::BeforeResponse,
            2 => Departure::BeforeEnd,
            _ => Departure::AfterEnd,
        };
        let work = match thread_rng().gen_range(0..3) {
            _ if departure == Departure::BeforeResponse && any(2) => Work::Hangs,
            0 => Work::Computes,
            _ => Work::Waits,
        };
        Self { departure, work, works_afterwards: any(2) }
    }
}

/// True in one of `n` cases.
pub fn any(n: u32) -> bool {
    thread_rng().gen_range(0..n) == 0
}

/// When a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    BeforeResponse,
    /// Before the end of the response.
    BeforeEnd,
    AfterEnd,
}

/// What a guest does before it responds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Computes,
    Waits,
    /// It never responds, and keeps its instance at work.
    Hangs,
}

/// The instance's side of a request.
pub struct Request {
    pub client: Client,
    pub state: Arc<RequestState<ShuttleLocks, ()>>,
    pub response: oneshot::Sender<()>,
    /// Dropped when the instance is done with the request.
    pub handling: oneshot::Sender<()>,
}

/// The client's side of a request.
pub struct Sent {
    pub guard: ClientGuard<ShuttleLocks, ()>,
    pub received: oneshot::Receiver<()>,
    pub handled: oneshot::Receiver<()>,
}

impl Request {
    pub fn new(client: Client) -> (Self, Sent) {
        let guard = ClientGuard::new(());
        let (response, received) = oneshot::channel();
        let (handling, handled) = oneshot::channel();
        (Self { client, state: guard.request_state(), response, handling }, Sent { guard, received, handled })
    }
}

impl Cancellable for Request {
    fn is_cancelled(&self) -> bool {
        self.response.is_canceled()
    }
}
