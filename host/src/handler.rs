//! A component's instances: makes them, and lets each live as long as its [`Life`] says.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

use crate::engine::Ready;
use crate::guest::{Guest, Provision};
use crate::isolation::{Admit, Life, Policy};

/// A component that answers requests.
pub type Handler = ProxyHandler<Instances>;

/// Makes a component's instances.
pub struct Instances {
    id: String,
    engine: wasmtime::Engine,
    ready: Ready,
    policy: Policy,
    provision: Provision,
    closing: Closing,
}

/// Set when the host ends.
pub type Closing = Arc<AtomicBool>;

impl Instances {
    pub fn handler(
        id: &str,
        engine: wasmtime::Engine,
        ready: Ready,
        policy: Policy,
        provision: Provision,
        closing: Closing,
    ) -> Handler {
        ProxyHandler::new(Self { id: id.to_owned(), engine, ready, policy, provision, closing })
    }

    /// The component's id in the manifest.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl HandlerState for Instances {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let life = self.policy.draw(self.ready.wasi);
        let mut store = Store::new(&self.engine, self.provision.guest());
        let proxy = self.ready.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: WasiHttpView::http,
            expiration: Expiration { life, sleep: Box::pin(sleep(life.idle_timeout)) },
            state: Worker { id: self.id.clone(), closing: self.closing.clone(), life },
        })
    }
}

/// An instance at work.
pub struct Worker {
    id: String,
    closing: Closing,
    life: Life,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, now: usize, ever: usize) -> ShouldAccept {
        match self.life.admit(now, ever) {
            Admit::Yes => ShouldAccept::Yes,
            Admit::Full => ShouldAccept::No,
            Admit::Never => ShouldAccept::Never,
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        (): (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        match self.life.request_timeout {
            Some(timeout) => Box::pin(sleep(timeout)),
            None => Box::pin(std::future::pending()),
        }
    }

    fn drop(&self, _store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        // At the host's end its tasks are dropped, which looks like a panic from here.
        if let Err(error) = result
            && !self.closing.load(Relaxed)
        {
            tracing::error!("component {:?}: its instance ended: {error:?}", self.id);
        }
    }
}

/// When an instance is dropped.
pub struct Expiration {
    life: Life,
    sleep: Pin<Box<Sleep>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        let allowed: Option<Duration> = match status {
            WorkerStatus::Idle => Some(self.life.idle_timeout),
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.life.request_timeout,
        };
        // A time too far off for the clock is no limit.
        let Some(deadline) = allowed.and_then(|allowed| since.checked_add(allowed)) else {
            return Poll::Pending;
        };
        if self.sleep.deadline() != deadline.into() {
            self.sleep.as_mut().reset(deadline.into());
        }
        self.sleep.as_mut().poll(context)
    }
}
