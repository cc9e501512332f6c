//! When an instance of WASIp3 ends, as seen from outside of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep};

use crate::admission::Admission;
use crate::interest::{End, Tenancy};
use crate::isolation::Life;

/// How long a guest may be late before it is taken to be stuck: a guest that lets its host go on is
/// told in time.
const GRACE: Duration = Duration::from_millis(20);

/// What an instance does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It holds no request.
    Nothing,
    /// It has requests to answer.
    Requests,
    /// Its requests are answered, and its guest goes on.
    Remains,
}

/// Ends an instance that nobody wants, that takes too long, or that idles for too long.
pub struct Expiry {
    admission: Arc<Admission>,
    life: Life,
    tenancy: Arc<Tenancy>,
    sleep: Pin<Box<Sleep>>,
}

impl Expiry {
    pub fn new(admission: Arc<Admission>, life: Life, tenancy: Arc<Tenancy>) -> Self {
        Self { admission, life, tenancy, sleep: Box::pin(sleep(life.idle_timeout)) }
    }

    /// Ready when the instance is to end, which has done that since then.
    pub fn poll(&mut self, context: &mut Context<'_>, doing: Doing, since: Instant) -> Poll<()> {
        self.tenancy.waker.register(context.waker());
        let deadline = match doing {
            Doing::Nothing => {
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
            Doing::Requests => self.tenancy.next_deadline().map(|deadline| deadline.into_std() + GRACE),
            Doing::Remains => self.life.request_timeout.and_then(|timeout| since.checked_add(timeout)),
        };
        // A time too far off for the clock is no limit.
        let Some(deadline) = deadline else { return Poll::Pending };
        if self.sleep.deadline() != deadline.into() {
            self.sleep.as_mut().reset(deadline.into());
        }
        let expired = self.sleep.as_mut().poll(context);
        match doing {
            _ if expired.is_pending() => {}
            // Counted now: those that it took down hear of it before the instance is gone.
            Doing::Requests => self.end(End::Stuck(self.tenancy.not_late())),
            Doing::Remains => self.end(End::Lingers),
            Doing::Nothing => {}
        }
        expired
    }

    fn end(&self, reason: End) {
        let _ = self.tenancy.end.set(reason);
    }

    fn idle(&self) {
        if self.tenancy.idles() {
            self.admission.idles(self.tenancy.clone());
        }
    }
}
