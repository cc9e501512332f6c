//! A request as its client and its instance share it: either side learns when the other is done with it.
//!
//! [`RequestPhase`] has the transitions. Here is the lock around it, and what a transition does to the instance.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use super::instance_state::InstanceState;
use super::lock::{Lock, Locks, StdLocks};
use super::register::register;
use super::request_phase::{Held, Remains, RequestPhase};
use crate::dispatch::admission::QueueTicket;
use crate::dispatch::body::{AbortFlag, ResponseGuard};

/// The client's side of a request. If it is dropped before the response is complete, the request is cancelled.
pub struct ClientGuard<L: Locks = StdLocks, T = QueueTicket>(Arc<RequestState<L, T>>);

/// The state of a request, which the client's side and the instance share.
pub struct RequestState<L: Locks = StdLocks, T = QueueTicket>(L::Mutex<Shared<L, T>>);

struct Shared<L: Locks, T> {
    phase: RequestPhase<T, Arc<InstanceState<L>>>,
    /// Wakes the future that waits for the cancellation.
    waker: Option<Waker>,
}

impl<L: Locks, T> ClientGuard<L, T> {
    pub fn new(ticket: T) -> Self {
        let shared = Shared { phase: RequestPhase::Dispatched(ticket), waker: None };
        Self(Arc::new(RequestState(L::Mutex::new(shared))))
    }

    /// The state to hand over to the instance.
    pub fn request_state(&self) -> Arc<RequestState<L, T>> {
        self.0.clone()
    }

    /// Takes the ticket, to wait once more.
    pub fn take_ticket(&self) -> Option<T> {
        self.0.0.lock().phase.take_ticket()
    }

    /// Puts the ticket back. It is dropped when an instance takes the request.
    pub fn put_ticket(&self, ticket: T) {
        self.0.0.lock().phase.put_ticket(ticket);
    }

    /// Notes that the head of the response is there. Returns the flag that marks the body as aborted, and the deadline for
    /// the body.
    pub fn response_started(&self) -> (AbortFlag, Option<Instant>) {
        let held = self.0.0.lock().phase.respond();
        let Some(Held { instance, deadline }) = held else { return (AbortFlag::default(), None) };
        instance.remove_deadline(deadline);
        (instance.abort_flag.clone(), deadline)
    }

    /// Whether the request's deadline has passed.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.0.0.lock().phase.deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Notes that the client has the whole response.
    pub fn complete(&self) {
        let held = self.0.0.lock().phase.complete();
        if let Some(Held { instance, deadline }) = held {
            instance.complete_request(deadline);
        }
    }
}

impl<L: Locks, T> RequestState<L, T> {
    /// Called when an instance takes the request. `deadline` is when the response must be there.
    pub fn start(&self, instance: &Arc<InstanceState<L>>, deadline: Option<Instant>) {
        let mut shared = self.0.lock();
        let ticket = shared.phase.start(instance.clone(), deadline);
        // Under the request's lock: otherwise its client could leave, and the instance would count the cancellation of a
        // request that it doesn't have yet.
        match &ticket {
            Some(_) => instance.add_request(deadline),
            None => instance.add_cancelled_request(),
        }
        drop(shared);
        // Settles the reservation of a permit that the request didn't need.
        drop(ticket);
    }

    /// Waits until the request is cancelled.
    pub fn cancelled(self: Arc<Self>) -> impl Future<Output = ()> + use<L, T> {
        poll_fn(move |context| {
            let mut shared = self.0.lock();
            if shared.phase.is_cancelled() {
                return Poll::Ready(());
            }
            register(&mut shared.waker, context);
            Poll::Pending
        })
    }

    fn cancel(&self) {
        let (remains, waker) = {
            let mut shared = self.0.lock();
            (shared.phase.cancel(), shared.waker.take())
        };
        match remains {
            Remains::Nothing => return,
            Remains::Ticket(ticket) => drop(ticket),
            Remains::Held(Held { instance, deadline }) => instance.cancel_request(deadline),
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<L: Locks, T> Drop for ClientGuard<L, T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl ResponseGuard for ClientGuard {
    fn complete(&mut self) {
        Self::complete(self);
    }
}
