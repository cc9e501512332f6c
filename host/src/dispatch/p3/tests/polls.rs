//! What one poll of an instance does.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Waker};

use futures_channel::oneshot::{Receiver, channel};

use super::model::{LIMITS, Model};
use super::request::{Client, Departure, Request, Work};
use crate::dispatch::p3::environment::GuestCalls;
use crate::dispatch::p3::poll_loop::PollLoop;

const CLIENT: Client = Client { departure: Departure::AfterEnd, work: Work::Waits, works_afterwards: false };

/// A guest that responds when the test says so.
struct Guest {
    responses: Mutex<Vec<Receiver<()>>>,
    /// How often the guest was asked for work besides its requests.
    questions: AtomicUsize,
}

impl GuestCalls for Guest {
    type Request = Request;

    fn is_ready(&self, _: &mut Context<'_>) -> bool {
        true
    }

    fn has_tasks(&self, _: &mut Context<'_>) -> bool {
        self.questions.fetch_add(1, Relaxed);
        false
    }

    fn handle(&self, _: Request) -> impl Future<Output = wasmtime::Result<bool>> {
        let response = self.responses.lock().unwrap().pop().unwrap();
        async move { Ok(response.await.is_ok()) }
    }
}

#[test]
fn an_instance_takes_another_request_when_its_guest_waits_and_notices_all_responses() {
    shuttle::check_dfs(
        || {
            let (model, context) = (Model::new(), &mut Context::from_waker(Waker::noop()));
            let (senders, receivers): (Vec<_>, Vec<_>) = [channel(), channel()].into_iter().unzip();
            let guest = Guest { responses: Mutex::new(receivers), questions: AtomicUsize::new(0) };
            let mut availability = model.availability();
            let poll_loop = PollLoop::new(model.clone(), LIMITS);
            let [(first, _first_client), (second, _second_client)] = [CLIENT; 2].map(Request::new);
            let mut run = pin!(poll_loop.run(poll_loop.serve(&guest, &mut availability, Some(first))));
            assert!(run.as_mut().poll(context).is_pending());
            assert!(model.push(second).is_none(), "the instance is available after one poll");
            assert!(run.as_mut().poll(context).is_pending());
            assert!(guest.responses.lock().unwrap().is_empty(), "the instance has taken both requests");
            senders.into_iter().for_each(|sender| sender.send(()).unwrap());
            assert!(run.as_mut().poll(context).is_pending());
            assert_eq!(guest.questions.load(Relaxed), 1, "no request is left after one poll");
        },
        None,
    );
}
