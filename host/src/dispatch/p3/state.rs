//! Who still wants what an instance does: the requests that it holds, seen from both sides.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::admission::{GiveWay, Place};
use crate::body::{Fate, Hold};

/// The requests of one instance.
#[derive(Default)]
pub struct Tenancy {
    /// Whose client still wants an answer, or more of it.
    wanted: AtomicUsize,
    /// Whose client is gone, or was told that it took too long, while the guest may still be at it.
    forsaken: AtomicUsize,
    /// When those without an answer must have one.
    deadlines: Mutex<Vec<Instant>>,
    idling: AtomicU8,
    /// Whether it is on the list of those that may be asked to give way.
    listed: AtomicBool,
    /// The task that runs the instance.
    pub waker: AtomicWaker,
    /// What becomes of its answers.
    pub fate: Fate,
    /// Why the host ended it, where it did.
    pub end: OnceLock<End>,
}

/// Why the host ends an instance that is at work.
pub enum End {
    /// Nobody wants what it does.
    Forsaken,
    /// One of its requests took too long, and no other could go on: so many others it held.
    Stuck(usize),
    /// Its requests were answered, and it worked on for too long.
    Lingers,
}

const BUSY: u8 = 0;
const IDLE: u8 = 1;
const LEAVING: u8 = 2;

impl Tenancy {
    /// Whether its requests are all in vain.
    pub fn is_forsaken(&self) -> bool {
        self.wanted.load(SeqCst) == 0 && self.forsaken.load(SeqCst) > 0
    }

    /// How many requests want an answer, or more of it, and may wait for it still.
    pub fn not_late(&self) -> usize {
        let now = Instant::now();
        let late = lock(&self.deadlines).iter().filter(|deadline| **deadline <= now).count();
        self.wanted.load(SeqCst).saturating_sub(late)
    }

    /// When the next request must have its answer.
    pub fn next_deadline(&self) -> Option<Instant> {
        lock(&self.deadlines).iter().min().copied()
    }

    /// It holds no request; says whether that is news to those who may ask it to give way.
    pub fn idles(&self) -> bool {
        self.idling.compare_exchange(BUSY, IDLE, SeqCst, SeqCst).is_ok() && !self.listed.swap(true, SeqCst)
    }

    /// It was asked to give way.
    pub fn is_leaving(&self) -> bool {
        self.idling.load(SeqCst) == LEAVING
    }

    fn answered(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        let mut deadlines = lock(&self.deadlines);
        if let Some(found) = deadlines.iter().position(|each| *each == deadline) {
            deadlines.swap_remove(found);
        }
    }
}

impl GiveWay for Tenancy {
    fn give_way(&self) -> bool {
        self.listed.store(false, SeqCst);
        let leaves = self.idling.compare_exchange(IDLE, LEAVING, SeqCst, SeqCst).is_ok();
        if leaves {
            self.waker.wake();
        }
        leaves
    }
}

/// A client's interest in its request. Dropped before it is fulfilled, the request is forsaken.
pub struct Interest {
    shared: Arc<Shared>,
    fulfilled: bool,
}

/// The request's side of the interest: what the instance takes along with it.
pub struct Shared {
    forsaken: AtomicBool,
    /// The future that waits for that.
    waker: AtomicWaker,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// While it waits: its place in the order of arrival.
    place: Option<Place>,
    /// Once it is in an instance.
    tenancy: Option<Arc<Tenancy>>,
    deadline: Option<Instant>,
}

impl Interest {
    /// In a request that has this place.
    pub fn new(place: Place) -> Self {
        let state = Mutex::new(State { place: Some(place), ..State::default() });
        let shared = Shared { forsaken: AtomicBool::new(false), waker: AtomicWaker::new(), state };
        Self { shared: Arc::new(shared), fulfilled: false }
    }

    /// What goes with the request.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// The place, to wait in once more.
    pub fn take_place(&self) -> Option<Place> {
        lock(&self.shared.state).place.take()
    }

    /// The place, to be given up when the request starts.
    pub fn put_place(&self, place: Place) {
        lock(&self.shared.state).place = Some(place);
    }

    /// The head of the answer has come; says what becomes of the rest, and when it must be there.
    pub fn answered(&self) -> (Fate, Option<Instant>) {
        let mut state = lock(&self.shared.state);
        let deadline = state.deadline.take();
        let fate = match &state.tenancy {
            Some(tenancy) => {
                tenancy.answered(deadline);
                tenancy.fate.clone()
            }
            None => Fate::default(),
        };
        (fate, deadline)
    }

    /// Whether it was in an instance for as long as it may.
    pub fn is_late(&self) -> bool {
        lock(&self.shared.state).deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl Shared {
    /// The request starts in an instance, and must have an answer by `deadline`.
    pub fn start(&self, tenancy: &Arc<Tenancy>, deadline: Option<Instant>) {
        tenancy.idling.store(BUSY, SeqCst);
        let mut state = lock(&self.state);
        // Gives back the room that was kept for it, where it needed none.
        state.place = None;
        if self.forsaken.load(SeqCst) {
            tenancy.forsaken.fetch_add(1, SeqCst);
            return;
        }
        tenancy.wanted.fetch_add(1, SeqCst);
        lock(&tenancy.deadlines).extend(deadline);
        state.deadline = deadline;
        state.tenancy = Some(tenancy.clone());
    }

    /// Waits until its client is gone.
    pub fn forsaken(self: Arc<Self>) -> impl Future<Output = ()> + Send + Sync {
        poll_fn(move |context| {
            // In this order: what happens in between wakes it.
            self.waker.register(context.waker());
            if self.forsaken.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

impl Hold for Interest {
    fn fulfil(&mut self) {
        if !std::mem::replace(&mut self.fulfilled, true)
            && let Some(tenancy) = lock(&self.shared.state).tenancy.take()
        {
            tenancy.wanted.fetch_sub(1, SeqCst);
            // The others may all be forsaken.
            tenancy.waker.wake();
        }
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        if self.fulfilled {
            return;
        }
        let mut state = lock(&self.shared.state);
        self.shared.forsaken.store(true, SeqCst);
        self.shared.waker.wake();
        state.place = None;
        if let Some(tenancy) = state.tenancy.take() {
            tenancy.answered(state.deadline.take());
            // In this order: an observer may take it for wanted still, never for neither.
            tenancy.forsaken.fetch_add(1, SeqCst);
            tenancy.wanted.fetch_sub(1, SeqCst);
            tenancy.waker.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
