//! WASIp3: instances take several requests, as many as their [`Life`](crate::isolation::Life) says. A request is
//! taken by the first instance that has room, or else by a new one.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_channel::oneshot;
use tokio::time::sleep;
use wasmtime::{PoolConcurrencyLimitError, format_err};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{ExpirationError, ProxyPre};

use crate::admission::{Place, TurnedAway};
use crate::body::Answer;
use crate::guest::Guest;
use crate::handler::{Failure, Mould, Request};
use crate::instance::Instance;
use crate::interest::{Interest, Shared};
use crate::line::{Found, Line, Waits};

/// How long a request waits to be taken by an instance that has room. In Spin it waits for ever: the experiment is to
/// show that, and no guest is to hold up a component for good.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often that is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A component that speaks WASIp3.
pub struct Reuse {
    pub mould: Mould,
    pub pre: ProxyPre<Guest>,
    pub line: Arc<Line<Asked>>,
    /// Whether a task looks at the line.
    watched: AtomicBool,
}

/// A request on its way to an instance.
pub struct Asked {
    pub request: Request,
    pub interest: Arc<Shared>,
    pub answer: oneshot::Sender<wasmtime::Result<http::Response<WasiBody>>>,
}

impl Waits for Asked {
    fn is_wanted(&self) -> bool {
        !self.answer.is_canceled()
    }
}

/// No instance has room for the request, and no new one may be made.
#[derive(Debug, thiserror::Error)]
#[error("no room for another instance")]
pub struct NoRoom;

/// The request is given back, to be asked again once there is room.
#[derive(Debug, thiserror::Error)]
#[error("no room for another instance")]
struct TurnedBack(Mutex<Request>);

/// Its instance ended, which says why itself.
#[derive(Debug, thiserror::Error)]
#[error("its instance ended")]
struct Ended;

impl Reuse {
    pub fn new(mould: Mould, pre: ProxyPre<Guest>) -> Self {
        Self { mould, pre, line: Arc::default(), watched: AtomicBool::new(false) }
    }

    /// An instance has room: one that waits for a new one may try again.
    pub fn vacancy(&self) {
        self.mould.admission.vacancy(self.mould.group);
    }

    /// Waits until there is room for another instance, or in one that there is.
    async fn wait(&self, place: &mut Place) -> Result<(), TurnedAway> {
        let mut turn = pin!(place.wait());
        let at_once = poll_fn(|context| Poll::Ready(turn.as_mut().poll(context))).await;
        if let Poll::Ready(result) = at_once {
            return result;
        }
        // One that opened before this lined up didn't call it.
        if self.line.is_open() {
            self.vacancy();
        }
        turn.await
    }

    /// Makes a new instance, for this request or for those that wait in the line.
    pub fn start(self: &Arc<Self>, first: Option<Asked>) {
        let reuse = self.clone();
        tokio::spawn(async move {
            match Instance::new(reuse.clone()).await {
                Ok(instance) => instance.run(first).await,
                Err(error) => reuse.refuse(first, &error),
            }
        });
    }

    /// There is no new instance for it, or for those that wait in the line and nobody takes.
    fn refuse(&self, first: Option<Asked>, error: &wasmtime::Error) {
        let full = error.is::<NoRoom>() || error.is::<PoolConcurrencyLimitError>();
        let refused = first.map_or_else(|| self.line.unattended(), |first| vec![first]);
        for Asked { request, answer, .. } in refused {
            let error = if full { TurnedBack(Mutex::new(request)).into() } else { format_err!("{error:?}") };
            let _ = answer.send(Err(error));
        }
    }

    async fn ask(
        self: &Arc<Self>,
        interest: Arc<Shared>,
        request: Request,
    ) -> wasmtime::Result<http::Response<WasiBody>> {
        let (answer, answered) = oneshot::channel();
        match self.line.push(Asked { request, interest, answer }) {
            given_back @ Some(_) => self.start(given_back),
            None => self.watch(),
        }
        answered.await.map_err(|_| Ended)?
    }

    /// Looks at the line until nobody waits there.
    fn watch(self: &Arc<Self>) {
        if self.watched.swap(true, SeqCst) {
            return;
        }
        let reuse = self.clone();
        tokio::spawn(async move {
            loop {
                sleep(GLANCE).await;
                match reuse.line.look(Instant::now(), PATIENCE) {
                    Found::Waiting => {}
                    Found::Overdue => {
                        tracing::warn!(
                            "component {:?}: a request has waited for {PATIENCE:?} for an instance that has room, but \
                             whose guest lets no other request go on: another instance takes it",
                            reuse.mould.id
                        );
                        reuse.start(None);
                    }
                    Found::Nobody => {
                        reuse.watched.store(false, SeqCst);
                        // One that came meanwhile saw it watched.
                        if reuse.line.is_empty() || reuse.watched.swap(true, SeqCst) {
                            return;
                        }
                    }
                }
            }
        });
    }

    fn failure(&self, interest: &Interest, error: &wasmtime::Error) -> Failure {
        if error.is::<ExpirationError>() {
            self.mould.log(&format_err!("its guest gave no answer within --request-timeout"));
            return Failure::TimedOut;
        }
        // Its instance was ended, which says why itself.
        if interest.is_late() {
            return Failure::TimedOut;
        }
        if !error.is::<Ended>() {
            self.mould.log(error);
        }
        Failure::Failed
    }
}

/// Answers one request.
///
/// # Errors
///
/// Where the guest gives no answer.
pub fn answer(
    reuse: Arc<Reuse>,
    mut request: Request,
) -> impl Future<Output = Result<http::Response<Answer>, Failure>> + Send {
    let method = request.method().clone();
    let mut place = reuse.mould.admission.arrive(reuse.mould.group);
    async move {
        if reuse.mould.admission.is_crowded() {
            reuse.wait(&mut place).await?;
        }
        let interest = Interest::new(place);
        loop {
            let error = match reuse.ask(interest.shared(), request).await {
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
            request = match error.downcast::<TurnedBack>() {
                Ok(TurnedBack(request)) => request.into_inner().unwrap_or_else(PoisonError::into_inner),
                Err(error) => return Err(reuse.failure(&interest, &error)),
            };
            let Some(mut place) = interest.take_place() else { return Err(Failure::Failed) };
            reuse.wait(&mut place).await?;
            interest.put_place(place);
        }
    }
}
