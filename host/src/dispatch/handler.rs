//! A component that answers requests: in a fresh instance each, or in instances that several share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures_util::future::Either;
use wasmtime::Store;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyPre;

use crate::admission::{Admission, Group, TurnedAway};
use crate::body::Answer;
use crate::bytes::Bytes;
use crate::engine::Ready;
use crate::fairness::Fairness;
use crate::fresh;
use crate::guest::{Guest, Provision};
use crate::isolation::{Policy, Wasi};
use crate::memory::MemoryBound;
use crate::reuse::{self, Reuse};

/// A request as a guest gets it.
pub type Request = http::Request<WasiBody>;

/// Set when the host ends.
pub type Closing = Arc<AtomicBool>;

/// Why a request has no answer from its guest.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The host is full.
    #[error(transparent)]
    TurnedAway(#[from] TurnedAway),
    /// The guest took too long.
    #[error("no answer within --request-timeout")]
    TimedOut,
    /// The guest trapped, or could not be started; the log says more.
    #[error("the guest failed")]
    Failed,
}

/// What all instances of a component are made from.
pub struct Mould {
    pub id: String,
    pub wasi: Wasi,
    pub engine: wasmtime::Engine,
    pub policy: Policy,
    pub provision: Provision,
    pub max_memory: Bytes,
    pub fairness: Fairness,
    pub admission: Arc<Admission>,
    pub group: Group,
    pub closing: Closing,
}

impl Mould {
    /// What a new instance lives in.
    pub fn store(&self) -> Store<Guest> {
        let guest = self.provision.guest(MemoryBound(self.max_memory));
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.memory);
        self.fairness.watch(&mut store);
        store
    }

    /// Tells why an instance ended before its time.
    pub fn log(&self, error: &wasmtime::Error) {
        tracing::error!("component {:?}: {error:?}", self.id);
    }
}

/// A component that answers requests.
#[derive(Clone)]
pub enum Handler {
    /// WASIp2: an instance for each request.
    Fresh(Arc<fresh::Fresh>),
    /// WASIp3: instances that take several requests.
    Reused(Arc<Reuse>),
}

impl Handler {
    pub fn new(mould: Mould, ready: Ready) -> Self {
        match ready.pre {
            ProxyPre::P2(pre) => Self::Fresh(Arc::new(fresh::Fresh { mould, pre })),
            pre @ ProxyPre::P3(_) => Self::Reused(Arc::new(Reuse::new(mould, pre))),
        }
    }

    /// Answers as soon as the guest has sent the head of its answer. Where the caller drops this, or
    /// the answer before its end, the guest's work for it is in vain, and ends.
    ///
    /// # Errors
    ///
    /// Where the guest gives no answer.
    pub fn answer(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<http::Response<Answer>, Failure>> + Send + use<> {
        match self {
            Self::Fresh(fresh) => Either::Left(fresh::answer(fresh.clone(), request)),
            Self::Reused(reuse) => Either::Right(reuse::answer(reuse.clone(), request)),
        }
    }
}
