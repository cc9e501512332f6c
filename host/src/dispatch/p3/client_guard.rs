//! A request as its client and its instance share it: either side learns when the other is done with it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use super::instance_state::{InstanceState, lock};
use crate::dispatch::admission::QueueTicket;
use crate::dispatch::body::{AbortFlag, ResponseGuard};

/// The client's side of a request. If it is dropped before the response is complete, the request is cancelled.
pub struct ClientGuard {
    state: Arc<RequestState>,
    is_complete: bool,
}

/// The state of a request, which the client's side and the instance share.
pub struct RequestState {
    is_cancelled: AtomicBool,
    /// Wakes the future that waits for the cancellation.
    waker: AtomicWaker,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    /// The position in the order of arrival, until an instance takes the request.
    ticket: Option<QueueTicket>,
    /// The instance, from the time when it takes the request until the request is complete or cancelled.
    instance: Option<Arc<InstanceState>>,
    /// When the response must be there, until it is.
    deadline: Option<Instant>,
}

impl ClientGuard {
    pub fn new(ticket: QueueTicket) -> Self {
        let progress = Mutex::new(Progress { ticket: Some(ticket), ..Progress::default() });
        let state =
            RequestState { is_cancelled: AtomicBool::new(false), waker: AtomicWaker::new(), progress };
        Self { state: Arc::new(state), is_complete: false }
    }

    /// The state to hand over to the instance.
    pub fn request_state(&self) -> Arc<RequestState> {
        self.state.clone()
    }

    /// Takes the ticket, to wait once more.
    pub fn take_ticket(&self) -> Option<QueueTicket> {
        lock(&self.state.progress).ticket.take()
    }

    /// Puts the ticket back. It is dropped when an instance takes the request.
    pub fn put_ticket(&self, ticket: QueueTicket) {
        lock(&self.state.progress).ticket = Some(ticket);
    }

    /// Notes that the head of the response is there. Returns the flag that marks the body as aborted, and the deadline for
    /// the body.
    pub fn response_started(&self) -> (AbortFlag, Option<Instant>) {
        let mut progress = lock(&self.state.progress);
        let deadline = progress.deadline.take();
        let abort_flag = match &progress.instance {
            Some(instance) => {
                instance.remove_deadline(deadline);
                instance.abort_flag.clone()
            }
            None => AbortFlag::default(),
        };
        (abort_flag, deadline)
    }

    /// Whether the request's deadline has passed.
    pub fn is_overdue(&self) -> bool {
        lock(&self.state.progress).deadline.is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl RequestState {
    /// Called when an instance takes the request. `deadline` is when the response must be there.
    pub fn start(&self, instance: &Arc<InstanceState>, deadline: Option<Instant>) {
        instance.set_busy();
        let mut progress = lock(&self.progress);
        // Settles the reservation of a permit that the request didn't need.
        progress.ticket = None;
        // Under the lock, as in the client's `drop`: the request counts as cancelled exactly once.
        if self.is_cancelled.load(SeqCst) {
            instance.add_cancelled_request();
            return;
        }
        instance.add_request(deadline);
        progress.deadline = deadline;
        progress.instance = Some(instance.clone());
    }

    /// Waits until the request is cancelled.
    pub fn cancelled(self: Arc<Self>) -> impl Future<Output = ()> + Send + Sync {
        poll_fn(move |context| {
            // Registers first: a cancellation between the two lines wakes the task.
            self.waker.register(context.waker());
            if self.is_cancelled.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
    }
}

impl ResponseGuard for ClientGuard {
    fn complete(&mut self) {
        if !std::mem::replace(&mut self.is_complete, true)
            && let Some(instance) = lock(&self.state.progress).instance.take()
        {
            instance.complete_request();
        }
    }
}

impl Drop for ClientGuard {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let mut progress = lock(&self.state.progress);
        self.state.is_cancelled.store(true, SeqCst);
        self.state.waker.wake();
        progress.ticket = None;
        if let Some(instance) = progress.instance.take() {
            instance.remove_deadline(progress.deadline.take());
            instance.cancel_request();
        }
    }
}
