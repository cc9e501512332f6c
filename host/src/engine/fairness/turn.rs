//! The turn of one instance among those that compute.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, OwnedSemaphorePermit};
use tokio::task::yield_now;

use super::slices::Slices;

/// The number of slices that a guest may begin after its task was woken. Two, because the current one may be about to end: they
/// are at least one whole slice, in which most guests are done or wait for something.
const FIRST_SLICES: u64 = 2;
/// The same for a guest that had to wait for its turn. It begins when another guest's slice has ended.
const NEXT_SLICES: u64 = 1;

/// The turn of an instance.
///
/// Each poll of the instance's task begins a slice. A guest that is not done by its end waits for a turn, behind the others that
/// wait for one; then its task goes to the end of the runtime's queue. It keeps the turn until the end of the poll in which it
/// computes. Only the instance's task changes the fields, so `Relaxed` suffices.
#[derive(Clone)]
pub struct Turn(Option<Arc<State>>);

struct State {
    slices: Arc<Slices>,
    /// The number of polls of the task.
    polls: AtomicU64,
    /// The number of slices when the current poll began.
    began: AtomicU64,
    /// Whether the guest computes in one of the turns.
    has_turn: AtomicBool,
}

pin_project! {
    /// The task of an instance.
    pub struct Turns<F> {
        #[pin]
        task: F,
        turn: Turn,
    }
}

impl Turn {
    pub(super) fn new(slices: Option<Arc<Slices>>) -> Self {
        Self(slices.map(|slices| {
            let (polls, began) = (AtomicU64::new(0), AtomicU64::new(0));
            Arc::new(State { slices, polls, began, has_turn: AtomicBool::new(false) })
        }))
    }

    /// Returns the task with these turns.
    pub fn around<F: Future>(self, task: F) -> Turns<F> {
        Turns { task, turn: self }
    }

    /// Whether the guest is ever interrupted.
    pub(super) fn yields(&self) -> bool {
        self.0.is_some()
    }

    /// The number of slices that the guest may still begin in this poll.
    pub(super) fn remaining(&self) -> u64 {
        self.0.as_ref().map_or(u64::MAX, |state| state.remaining())
    }

    /// Waits for the next turn.
    pub(super) async fn next(self) {
        if let Some(state) = self.0 {
            state.next().await;
        }
    }
}

impl State {
    fn begin_poll(&self) {
        self.polls.fetch_add(1, Relaxed);
        self.began.store(self.slices.begun.load(Relaxed), Relaxed);
    }

    fn remaining(&self) -> u64 {
        let used = self.slices.begun.load(Relaxed).saturating_sub(self.began.load(Relaxed));
        let allowed = if self.has_turn.load(Relaxed) { NEXT_SLICES } else { FIRST_SLICES };
        allowed.saturating_sub(used)
    }

    async fn next(&self) {
        self.release();
        let permit: Result<OwnedSemaphorePermit, AcquireError> =
            self.slices.turns.clone().acquire_owned().await;
        // tokio's `yield_now` lets the runtime poll its I/O driver and timers, but then the task is the first to run. Woken
        // during a poll, it is the last.
        let mut yielding = pin!(yield_now());
        self.until_next_poll(|context| {
            let _ = yielding.as_mut().poll(context);
        })
        .await;
        self.until_next_poll(|context| context.waker().wake_by_ref()).await;
        // The semaphore is never closed.
        if let Ok(permit) = permit {
            permit.forget();
            self.has_turn.store(true, Relaxed);
        }
    }

    /// Waits until the task is polled again. A future inside the task may be polled more than once before that.
    async fn until_next_poll(&self, wake: impl FnOnce(&mut Context<'_>)) {
        let polls = self.polls.load(Relaxed);
        let mut wake = Some(wake);
        poll_fn(|context| {
            if let Some(wake) = wake.take() {
                wake(context);
            }
            if self.polls.load(Relaxed) == polls { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    fn release(&self) {
        if self.has_turn.swap(false, Relaxed) {
            self.slices.turns.add_permits(1);
        }
    }
}

/// The poll in which a guest computes. Its end, also by a panic, is the end of the guest's turn.
struct CurrentPoll<'a>(&'a State);

impl Drop for CurrentPoll<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

impl<F: Future> Future for Turns<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _current = this.turn.0.as_deref().map(|state| {
            state.begin_poll();
            CurrentPoll(state)
        });
        this.task.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;

    const GUESTS: usize = 8;

    fn turn(slices: &Arc<Slices>) -> Turn {
        Turn::new(Some(slices.clone()))
    }

    /// Every slice of a guest that computes wakes a task, which must run before the next slice of any guest.
    #[tokio::test]
    async fn what_wakes_goes_before_guests_that_have_computed() {
        let slices = Slices::new(1);
        let (wake, mut woken) = mpsc::unbounded_channel();
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut guests = tokio::task::JoinSet::new();
        for _ in 0..GUESTS {
            let (turn, log, wake) = (turn(&slices), log.clone(), wake.clone());
            guests.spawn(turn.clone().around(async move {
                for _ in 0..10 {
                    log.lock().unwrap().push("slice");
                    wake.send(()).unwrap();
                    turn.clone().next().await;
                }
            }));
        }
        drop(wake);
        let written = log.clone();
        guests.spawn(Turn::new(None).around(async move {
            while woken.recv().await.is_some() {
                written.lock().unwrap().push("woken");
            }
        }));
        guests.join_all().await;
        let log = log.lock().unwrap();
        // The first slices need no turn.
        let later = &log[2 * GUESTS..];
        assert_eq!(later.len(), 2 * GUESTS * 9);
        assert!(later.chunks(2).all(|pair| pair == ["slice", "woken"]), "{log:?}");
    }

    #[tokio::test]
    async fn guests_compute_one_after_the_other() {
        let slices = Slices::new(1);
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut guests = tokio::task::JoinSet::new();
        for guest in 0..GUESTS {
            let (turn, log) = (turn(&slices), log.clone());
            guests.spawn(turn.clone().around(async move {
                for _ in 0..10 {
                    log.lock().unwrap().push(guest);
                    turn.clone().next().await;
                }
            }));
        }
        guests.join_all().await;
        let log = log.lock().unwrap();
        let first = &log[..GUESTS];
        assert!(log.chunks(GUESTS).all(|round| round == first), "{log:?}");
        assert_eq!(slices.turns.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_guest_that_is_dropped_leaves_its_turn() {
        let slices = Slices::new(1);
        let [first, second] = [turn(&slices), turn(&slices)];
        let mut computing = Box::pin(first.clone().around(first.next()));
        let mut waiting = Box::pin(second.clone().around(second.next()));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(computing.as_mut().poll(&mut context).is_pending());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        assert_eq!(slices.turns.available_permits(), 0);
        drop(computing);
        drop(waiting);
        assert_eq!(slices.turns.available_permits(), 1);
    }

    #[test]
    fn a_poll_begins_whole_slices() {
        let slices = Slices::new(1);
        let state = turn(&slices).0.unwrap();
        state.begin_poll();
        assert_eq!(state.remaining(), 2);
        slices.begun.fetch_add(5, Relaxed);
        assert_eq!(state.remaining(), 0);
        state.begin_poll();
        assert_eq!(state.remaining(), 2, "a guest that has waited for something gets a whole slice again");
        state.has_turn.store(true, Relaxed);
        assert_eq!(state.remaining(), 1);
    }

    #[test]
    fn without_slices_no_guest_is_interrupted() {
        let turn = Turn::new(None);
        assert!(!turn.yields() && turn.remaining() == u64::MAX);
    }
}
