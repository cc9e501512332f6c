//! WASIp3: instances take several requests, as many as their [`Life`] says. Which instance takes a
//! request is decided by wasmtime's own handler, as in Spin.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep, sleep_until};
use wasmtime::component::GuestTaskId;
use wasmtime::{PoolConcurrencyLimitError, Store, StoreContextMut, format_err};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    ExpirationError, HandlerState, Instance, InstantiationError, ProxyHandler, ProxyPre, ShouldAccept,
    TrapOrPanicError, WorkerExpiration, WorkerState, WorkerStatus,
};

use crate::admission::{GiveWay, Room};
use crate::body::Answer;
use crate::guest::Guest;
use crate::handler::{Failure, Mould, Request};
use crate::interest::{End, Interest, Shared, Tenancy};
use crate::isolation::{Admit, Life};

/// How long a guest may be late before it is taken to be stuck: a guest that lets its host go on is
/// told in time.
const GRACE: Duration = Duration::from_millis(20);

/// A component that speaks WASIp3.
pub type Reuse = ProxyHandler<Instances>;

/// Makes a component's instances.
pub struct Instances {
    mould: Arc<Mould>,
    pre: ProxyPre<Guest>,
}

/// No instance has room for the request, and no new one may be made.
#[derive(Debug, thiserror::Error)]
#[error("no room for another instance")]
struct NoRoom;

pub fn handler(mould: Mould, pre: ProxyPre<Guest>) -> Reuse {
    ProxyHandler::new(Instances { mould: Arc::new(mould), pre })
}

/// Answers one request.
///
/// # Errors
///
/// Where the guest gives no answer.
pub fn answer(
    reuse: Reuse,
    mut request: Request,
) -> impl Future<Output = Result<http::Response<Answer>, Failure>> + Send {
    let method = request.method().clone();
    let admission = &reuse.state().mould.admission;
    let mut place = admission.arrive(reuse.state().mould.group);
    async move {
        if reuse.state().mould.admission.is_crowded() {
            place.wait().await?;
        }
        let interest = Interest::new(place);
        loop {
            let error = match reuse.handle(interest.shared(), request).await {
                Ok(response) => {
                    let (fate, deadline) = interest.answered();
                    let mut response = Answer::from_guest(response, &method, fate, Box::new(interest));
                    if let Some(deadline) = deadline {
                        response.body_mut().must_end_by(deadline);
                    }
                    response.body_mut().look_ahead().await.map_err(|_| Failure::Failed)?;
                    return Ok(response);
                }
                Err(error) => error,
            };
            let mould = &reuse.state().mould;
            request = turned_back(error).map_err(|error| failure(mould, &interest, &error))?;
            let Some(mut place) = interest.take_place() else { return Err(Failure::Failed) };
            place.wait().await?;
            interest.put_place(place);
        }
    }
}

/// The request again, where all that is wrong is that there is no room for it.
fn turned_back(error: wasmtime::Error) -> Result<Request, wasmtime::Error> {
    let full = error
        .downcast_ref::<InstantiationError<Arc<Shared>>>()
        .is_some_and(|error| error.error.is::<NoRoom>() || error.error.is::<PoolConcurrencyLimitError>());
    if !full {
        return Err(error);
    }
    let error = error.downcast::<InstantiationError<Arc<Shared>>>()?;
    Ok(error.request.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

fn failure(mould: &Mould, interest: &Interest, error: &wasmtime::Error) -> Failure {
    if error.is::<ExpirationError>() {
        mould.log(&format_err!("its guest gave no answer within --request-timeout"));
        return Failure::TimedOut;
    }
    // Its instance was ended, which says why itself.
    if interest.is_late() {
        return Failure::TimedOut;
    }
    // Its worker ended, which says why itself.
    if !error.is::<TrapOrPanicError>() {
        mould.log(error);
    }
    Failure::Failed
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let mould = &self.mould;
        let room = mould.admission.room(mould.group).ok_or(NoRoom)?;
        let life = mould.policy.draw(mould.wasi);
        let mut store = mould.store();
        let proxy = self.pre.instantiate_async(&mut store).await?;
        let tenancy = Arc::new(Tenancy::default());
        let worker = Worker { mould: mould.clone(), life, tenancy: tenancy.clone(), room };
        Ok(Instance {
            store,
            proxy,
            view: WasiHttpView::http,
            expiration: Expiration {
                mould: mould.clone(),
                life,
                tenancy,
                sleep: Box::pin(sleep(life.idle_timeout)),
            },
            state: worker,
        })
    }
}

/// An instance at work.
pub struct Worker {
    mould: Arc<Mould>,
    life: Life,
    tenancy: Arc<Tenancy>,
    #[expect(dead_code, reason = "goes with the instance, after its slot is free")]
    room: Room,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = Arc<Shared>;

    fn should_accept_request(&self, now: usize, ever: usize) -> ShouldAccept {
        match self.life.admit(now, ever) {
            Admit::Yes => {
                self.mould.admission.vacancy(self.mould.group);
                ShouldAccept::Yes
            }
            Admit::Full => ShouldAccept::No,
            Admit::Never => ShouldAccept::Never,
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        request: Arc<Shared>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        // A time too far off for the clock is no limit.
        let deadline =
            self.life.request_timeout.and_then(|timeout| tokio::time::Instant::now().checked_add(timeout));
        request.start(&self.tenancy, deadline);
        match deadline {
            None => Box::pin(request.forsaken()),
            Some(deadline) => Box::pin(async move {
                tokio::select! {
                    () = request.forsaken() => {}
                    () = sleep_until(deadline) => {}
                }
            }),
        }
    }

    fn drop(&self, store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        if result.is_err() {
            // Before the store, and with it the channels that the answers' bodies hang on.
            self.tenancy.fate.break_off();
        }
        drop(store);
        let tenancy: Arc<dyn GiveWay> = self.tenancy.clone();
        self.mould.admission.idles_no_more(&tenancy);
        if let Err(error) = result {
            self.tell(error);
        }
    }
}

impl Worker {
    fn tell(&self, error: wasmtime::Error) {
        let reason = match self.tenancy.end.get() {
            Some(End::Forsaken) => return,
            Some(End::Stuck(held)) => format_err!(
                "its guest took longer than --request-timeout, and let no other request go on; its \
                 instance was ended, and with it {} other requests that it held",
                held.saturating_sub(1)
            ),
            Some(End::Lingers) => {
                format_err!("its guest took longer than --request-timeout, and was ended")
            }
            // At the host's end its tasks are dropped, which looks like a panic from here.
            None if self.mould.closing.load(Relaxed) => return,
            None => error.context("its instance ended"),
        };
        self.mould.log(&reason);
    }
}

/// When an instance is dropped.
pub struct Expiration {
    mould: Arc<Mould>,
    life: Life,
    tenancy: Arc<Tenancy>,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        self.tenancy.waker.register(context.waker());
        let deadline = match status {
            WorkerStatus::Idle => {
                self.idle();
                if self.tenancy.is_leaving() {
                    return Poll::Ready(());
                }
                since.checked_add(self.life.idle_timeout)
            }
            _ if self.tenancy.is_forsaken() => {
                self.end(End::Forsaken);
                return Poll::Ready(());
            }
            WorkerStatus::Requests => {
                self.tenancy.next_deadline().map(|deadline| deadline.into_std() + GRACE)
            }
            WorkerStatus::PostReturn => {
                self.life.request_timeout.and_then(|timeout| since.checked_add(timeout))
            }
        };
        // A time too far off for the clock is no limit.
        let Some(deadline) = deadline else { return Poll::Pending };
        if self.sleep.deadline() != deadline.into() {
            self.sleep.as_mut().reset(deadline.into());
        }
        let expired = self.sleep.as_mut().poll(context);
        match status {
            _ if expired.is_pending() => {}
            // Counted now: those that it took down hear of it before the instance is gone.
            WorkerStatus::Requests => self.end(End::Stuck(self.tenancy.wanted())),
            WorkerStatus::PostReturn => self.end(End::Lingers),
            WorkerStatus::Idle => {}
        }
        expired
    }
}

impl Expiration {
    fn end(&self, reason: End) {
        let _ = self.tenancy.end.set(reason);
    }

    fn idle(&self) {
        if self.tenancy.idles() {
            self.mould.admission.idles(self.tenancy.clone());
        }
    }
}
