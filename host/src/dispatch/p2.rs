//! WASIp2: every request has an instance to itself, which ends with it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle, yield_now};
use tokio::time::timeout;
use wasmtime::{PoolConcurrencyLimitError, format_err};
use wasmtime_wasi_http::{WasiBody, WasiHttpView, p2};

use crate::admission::Room;
use crate::body::{Answer, Fate, Hold};
use crate::guest::Guest;
use crate::handler::{Failure, Mould, Request};

/// How often wasmtime is asked for a free slot, where there is one; the second time finds it, as good as always.
const LOOKS: usize = 1000;

/// A component that speaks WASIp2.
pub struct Fresh {
    pub mould: Mould,
    pub pre: p2::bindings::ProxyPre<Guest>,
}

type Head = Result<http::Response<WasiBody>, p2::bindings::http::types::ErrorCode>;

/// Ends the instance, unless all that it was for is done.
struct Running(Option<AbortHandle>);

/// Answers one request.
///
/// # Errors
///
/// Where the guest gives no answer.
pub fn answer(
    fresh: Arc<Fresh>,
    request: Request,
) -> impl Future<Output = Result<http::Response<Answer>, Failure>> + Send {
    let method = request.method().clone();
    async move {
        let room = room(&fresh.mould).await?;
        let (head, answered) = oneshot::channel();
        let fate = Fate::default();
        let task = tokio::spawn(fresh.clone().run(room, request, head, fate.clone()));
        let running = Running(Some(task.abort_handle()));
        match answered.await {
            Ok(Ok(response)) => Ok(Answer::from_guest(response, &method, fate, Box::new(running))),
            Ok(Err(code)) => {
                fresh.mould.log(&format_err!("its guest answered with an error: {code}"));
                Err(Failure::Failed)
            }
            Err(_) => Err(fresh.ended_without_answer(task).await),
        }
    }
}

async fn room(mould: &Mould) -> Result<Room, Failure> {
    if let Some(room) = mould.admission.room(mould.group) {
        return Ok(room);
    }
    let mut place = mould.admission.arrive(mould.group);
    loop {
        place.wait().await?;
        if let Some(room) = mould.admission.room(mould.group) {
            return Ok(room);
        }
    }
}

impl Fresh {
    async fn ended_without_answer(&self, task: JoinHandle<Option<Failure>>) -> Failure {
        match task.await {
            Ok(Some(failure)) => failure,
            Ok(None) => {
                self.mould.log(&format_err!("its guest ended without an answer"));
                Failure::Failed
            }
            // The host ends.
            Err(_) => Failure::Failed,
        }
    }

    /// Runs the guest to its end; says what went wrong on the way.
    fn run(
        self: Arc<Self>,
        room: Room,
        request: Request,
        head: oneshot::Sender<Head>,
        fate: Fate,
    ) -> impl Future<Output = Option<Failure>> + Send {
        let life = self.mould.policy.draw(self.mould.wasi);
        let work = self.clone().serve(request, head, BreaksOff(Some(fate)));
        let work = match life.request_timeout {
            None => Either::Left(work.map(Ok)),
            Some(limit) => Either::Right(timeout(limit, work)),
        };
        work.map(move |result| {
            // Only now is the instance's slot free for another.
            drop(room);
            let (error, failure) = match result {
                Ok(Ok(())) => return None,
                Ok(Err(error)) => (error, Failure::Failed),
                Err(_) => (
                    format_err!("its guest took longer than --request-timeout, and was ended"),
                    Failure::TimedOut,
                ),
            };
            self.mould.log(&error);
            Some(failure)
        })
    }

    fn serve(
        self: Arc<Self>,
        request: Request,
        head: oneshot::Sender<Head>,
        breaks_off: BreaksOff,
    ) -> impl Future<Output = wasmtime::Result<()>> + Send {
        let scheme = scheme(&request);
        async move {
            let mut store = self.mould.store();
            // Goes before the store does, and with it the channels that the answer's body hangs on.
            let breaks_off = breaks_off;
            let mut looks = 1;
            let proxy = loop {
                match self.pre.instantiate_async(&mut store).await {
                    // There is a slot for it, since it has a room; but wasmtime looks through its pool part
                    // by part, and misses a slot that comes free in a part that it has seen already.
                    Err(error) if error.is::<PoolConcurrencyLimitError>() && looks < LOOKS => {
                        looks += 1;
                        yield_now().await;
                        store = self.mould.store();
                    }
                    proxy => break proxy?,
                }
            };
            let request = store.data_mut().http().new_incoming_request(scheme, request)?;
            let out = store.data_mut().http().new_response_outparam_from_callback(move |answer| {
                // A client that is gone needs none.
                let _ = head.send(answer);
            })?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await?;
            breaks_off.fulfilled();
            Ok(())
        }
    }
}

/// The scheme that the guest is told.
fn scheme(request: &Request) -> p2::bindings::http::types::Scheme {
    use p2::bindings::http::types::Scheme;
    if request.uri().scheme() == Some(&http::uri::Scheme::HTTPS) { Scheme::Https } else { Scheme::Http }
}

/// Breaks off the answer when it is dropped before it is fulfilled.
struct BreaksOff(Option<Fate>);

impl BreaksOff {
    fn fulfilled(mut self) {
        self.0 = None;
    }
}

impl Drop for BreaksOff {
    fn drop(&mut self) {
        if let Some(fate) = &self.0 {
            fate.break_off();
        }
    }
}

impl Hold for Running {
    fn fulfil(&mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
