//! An instance of WASIp3 at work.
//!
//! When it takes a request is decided as in wasmtime's own `ProxyHandler`, and so in Spin: one that has just taken a
//! request is closed to others until its guest waits for something, as it may be about to compute or to block.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Instant;

use futures_util::future::Either;
use futures_util::stream::{FuturesUnordered, Stream};
use tokio::time::sleep_until;
use wasmtime::component::Accessor;
use wasmtime::{AsContextMut, Store, format_err};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{Prepared, Proxy};

use crate::admission::{GiveWay, Room};
use crate::expiry::{Doing, Expiry};
use crate::guest::Guest;
use crate::interest::{End, Shared, Tenancy};
use crate::isolation::{Admit, Life};
use crate::line::Taker;
use crate::reuse::{Asked, NoRoom, Reuse};

/// An instance, until it ends.
pub struct Instance {
    store: Option<Store<Guest>>,
    worker: Worker,
    /// Closes at last: who has lined up for it meanwhile gets another one in its room.
    door: Door,
}

/// What goes with it.
struct Worker {
    reuse: Arc<Reuse>,
    proxy: Proxy,
    life: Life,
    tenancy: Arc<Tenancy>,
    /// Whether its guest has waited for something since it took a request.
    yielded: AtomicBool,
    /// What it does, and since when.
    status: Mutex<(Doing, Instant)>,
    #[expect(dead_code, reason = "goes with the instance, after its slot is free")]
    room: Room,
}

/// Where it takes requests.
struct Door {
    reuse: Arc<Reuse>,
    taker: Taker<Asked>,
}

impl Instance {
    /// A new one.
    ///
    /// # Errors
    ///
    /// Where there is no room for it, or its component can't be instantiated.
    pub async fn new(reuse: Arc<Reuse>) -> wasmtime::Result<Self> {
        let mould = &reuse.mould;
        let room = mould.admission.room(mould.group).ok_or(NoRoom)?;
        let life = mould.policy.draw(mould.wasi);
        let mut store = mould.store();
        let proxy = reuse.pre.instantiate_async(&mut store).await?;
        let door = Door { taker: reuse.line.taker(), reuse: reuse.clone() };
        let worker = Worker {
            reuse,
            proxy,
            life,
            tenancy: Arc::default(),
            yielded: AtomicBool::new(true),
            status: Mutex::new((Doing::Nothing, Instant::now())),
            room,
        };
        Ok(Self { store: Some(store), worker, door })
    }

    /// Answers the first request, where it was made for one, and those that it takes from then on, until it ends.
    pub async fn run(mut self, first: Option<Asked>) {
        let result = match &mut self.store {
            Some(store) => self.worker.run(store, &mut self.door, first).await,
            None => Ok(()),
        };
        self.end(result);
    }

    fn end(&mut self, result: wasmtime::Result<()>) {
        let Some(store) = self.store.take() else { return };
        let Worker { reuse, tenancy, .. } = &self.worker;
        if result.is_err() {
            // Before the store, and with it the channels that the answers' bodies hang on.
            tenancy.fate.break_off();
        }
        drop(store);
        let idler: Arc<dyn GiveWay> = tenancy.clone();
        reuse.mould.admission.idles_no_more(&idler);
        if let Err(error) = result {
            self.worker.tell(error);
        }
    }
}

impl Drop for Instance {
    /// Where it hasn't come to its end: the host panicked, or ends.
    fn drop(&mut self) {
        // Else no error is made.
        if self.store.is_some() {
            self.end(Err(format_err!("the host's task ended")));
        }
    }
}

impl Worker {
    async fn run(
        &self,
        store: &mut Store<Guest>,
        door: &mut Door,
        first: Option<Asked>,
    ) -> wasmtime::Result<()> {
        let mut expiry = Expiry::new(self.reuse.mould.admission.clone(), self.life, self.tenancy.clone());
        let mut work = pin!(store.run_concurrent(async |accessor| self.work(accessor, door, first).await));
        poll_fn(|context| {
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready(result.flatten());
            }
            // From out here, as a guest that loops, or blocks in the host, has the store for itself: nothing goes on
            // in there.
            let (doing, since) = *self.status();
            if expiry.poll(context, doing, since).is_ready() {
                return Poll::Ready(match doing {
                    Doing::Nothing => Ok(()),
                    Doing::Requests | Doing::Remains => Err(format_err!("guest timed out")),
                });
            }
            // It may take another one now.
            if !self.yielded.swap(true, Relaxed) {
                return work.as_mut().poll(context).map(Result::flatten);
            }
            Poll::Pending
        })
        .await
    }

    async fn work(
        &self,
        accessor: &Accessor<Guest>,
        door: &mut Door,
        first: Option<Asked>,
    ) -> wasmtime::Result<()> {
        let function = match &self.proxy {
            Proxy::P3(guest) => *guest.wasi_http_handler().func_handle().func(),
            Proxy::P2(guest) => *guest.wasi_http_incoming_handler().func_handle().func(),
        };
        let requests = first.into_iter().map(|first| self.answer(accessor, first));
        let mut requests = pin!(FuturesUnordered::from_iter(requests));
        let mut taken = requests.len();
        let mut takes = true;
        poll_fn(|context| {
            loop {
                // Before it takes another one: those that took too long are told, and it takes no more.
                if let Poll::Ready(Some(answered)) = requests.as_mut().poll_next(context) {
                    match answered {
                        Ok(in_time) => takes &= in_time,
                        Err(error) => return Poll::Ready(Err(error)),
                    }
                    if requests.is_empty() {
                        self.does(Doing::Remains);
                    }
                }
                let is_ready = accessor.poll_ready_for_concurrent_call(function, context).is_ready();
                let admit = self.life.admit(requests.len(), taken);
                takes &= admit != Admit::Never;
                let is_free = requests.is_empty() || self.yielded.load(Relaxed);
                let has_room = takes && is_ready && admit == Admit::Yes && is_free;
                door.set(has_room);
                if has_room {
                    // Now that it is open: those that wait for a room from now on see that it is.
                    self.reuse.vacancy();
                }
                if has_room && let Poll::Ready(asked) = door.taker.poll_take(context) {
                    taken += 1;
                    requests.push(self.answer(accessor, asked));
                    continue;
                }
                if !requests.is_empty() || accessor.poll_no_interesting_tasks(context).is_pending() {
                    return Poll::Pending;
                }
                if !(takes && is_ready) {
                    return Poll::Ready(Ok(()));
                }
                if self.status().0 != Doing::Nothing {
                    self.does(Doing::Nothing);
                }
                return Poll::Pending;
            }
        })
        .await
    }

    /// Has the guest answer a request; says whether it did while anybody waited.
    fn answer<'a>(
        &'a self,
        accessor: &'a Accessor<Guest>,
        asked: Asked,
    ) -> impl Future<Output = wasmtime::Result<bool>> + use<'a> {
        let Asked { request, interest, answer } = asked;
        self.yielded.store(false, Relaxed);
        let prepared = accessor.with(|mut store| {
            Prepared::new(store.as_context_mut(), &self.proxy, request, WasiHttpView::http, answer)
        });
        let prepared = prepared.map(|prepared| (prepared, self.in_vain(interest)));
        self.does(Doing::Requests);
        async move {
            let (prepared, in_vain) = prepared?;
            prepared.run(accessor, in_vain).await
        }
    }

    /// Starts a request; waits until its client is gone, or has waited for as long as it may.
    fn in_vain(&self, interest: Arc<Shared>) -> impl Future<Output = ()> + use<> {
        // A time too far off for the clock is no limit.
        let deadline =
            self.life.request_timeout.and_then(|timeout| tokio::time::Instant::now().checked_add(timeout));
        interest.start(&self.tenancy, deadline);
        match deadline {
            None => Either::Left(interest.forsaken()),
            Some(deadline) => Either::Right(async move {
                tokio::select! {
                    () = interest.forsaken() => {}
                    () = sleep_until(deadline) => {}
                }
            }),
        }
    }

    fn status(&self) -> MutexGuard<'_, (Doing, Instant)> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn does(&self, doing: Doing) {
        *self.status() = (doing, Instant::now());
    }

    fn tell(&self, error: wasmtime::Error) {
        let mould = &self.reuse.mould;
        let reason = match self.tenancy.end.get() {
            Some(End::Forsaken) => return,
            Some(End::Stuck(others)) => format_err!(
                "its guest took longer than --request-timeout, and let no other request go on; its \
                 instance was ended, and with it {others} other requests that it held"
            ),
            Some(End::Lingers) => {
                format_err!("its guest took longer than --request-timeout, and was ended")
            }
            // At the host's end its tasks are dropped, which looks like a panic from here.
            None if mould.closing.load(Relaxed) => return,
            None => error.context("its instance ended"),
        };
        mould.log(&reason);
    }
}

impl Door {
    fn set(&mut self, open: bool) {
        if open {
            self.taker.open();
        } else if self.taker.close() {
            self.reuse.start(None);
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.set(false);
    }
}
