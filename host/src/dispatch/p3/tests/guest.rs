//! The guests of the model check, which also check what their instances take.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::Context;
use std::time::Instant;

use futures_util::future::{Either, select};
use shuttle::future::yield_now;

use super::request::{Request, State, Work};
use crate::dispatch::isolation::InstanceLimits;
use crate::dispatch::p3::environment::GuestCalls;

/// The guest of one instance.
pub struct Guest<'a> {
    limits: InstanceLimits,
    state: Arc<State>,
    /// The number of requests that all instances have taken.
    taken: &'a AtomicUsize,
    deadline: Instant,
    total: AtomicUsize,
    /// The number of requests without a response.
    requests: AtomicUsize,
    has_cancelled: AtomicBool,
    /// The number of responses after which the guest still works.
    tasks: AtomicUsize,
    /// The number of cancelled requests on which the guest works without end.
    hanging: AtomicUsize,
}

impl<'a> Guest<'a> {
    pub fn new(limits: InstanceLimits, state: Arc<State>, taken: &'a AtomicUsize, deadline: Instant) -> Self {
        Self {
            limits,
            state,
            taken,
            deadline,
            total: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            has_cancelled: AtomicBool::new(false),
            tasks: AtomicUsize::new(0),
            hanging: AtomicUsize::new(0),
        }
    }

    fn assert_may_take(&self) {
        assert!(self.state.become_busy(), "an evicted instance takes no request");
        assert!(!self.has_cancelled.load(Relaxed), "an instance with a cancelled request takes no other");
        assert!(self.total.fetch_add(1, Relaxed) < self.limits.max_requests);
        assert!(self.requests.fetch_add(1, Relaxed) < self.limits.max_concurrent_requests);
    }
}

impl GuestCalls for Guest<'_> {
    type Request = Request;

    fn is_ready(&self, _: &mut Context<'_>) -> bool {
        true
    }

    fn has_tasks(&self, context: &mut Context<'_>) -> bool {
        let is_working = self.tasks.load(Relaxed) > 0;
        if is_working {
            self.tasks.fetch_sub(1, Relaxed);
            context.waker().wake_by_ref();
        }
        is_working || self.hanging.load(Relaxed) > 0
    }

    fn handle(&self, request: Request) -> impl Future<Output = wasmtime::Result<bool>> {
        let Request { client, state, response, handling } = request;
        self.assert_may_take();
        self.taken.fetch_add(1, Relaxed);
        state.start(&self.state, Some(self.deadline));
        async move {
            let work = async {
                match client.work {
                    Work::Computes => {}
                    Work::Waits => yield_now().await,
                    Work::Hangs => pending().await,
                }
            };
            let has_response = matches!(select(pin!(work), pin!(state.cancelled())).await, Either::Left(_));
            self.requests.fetch_sub(1, Relaxed);
            if has_response {
                self.tasks.fetch_add(usize::from(client.works_afterwards), Relaxed);
                let _ = response.send(());
            } else {
                self.has_cancelled.store(true, Relaxed);
                self.hanging.fetch_add(usize::from(client.work == Work::Hangs), Relaxed);
            }
            drop(handling);
            Ok(has_response)
        }
    }
}
