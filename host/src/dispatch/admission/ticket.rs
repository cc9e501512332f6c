//! The position of a request in the queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Admission, ComponentIndex, MAX_GUEST_WAIT, Origin, Overloaded, Waiter};

/// A request's position in the order of arrival. Dropping it leaves the queue.
pub struct QueueTicket {
    admission: Arc<Admission>,
    component: ComponentIndex,
    origin: Origin,
    /// `None` until the request waits for the first time.
    number: Option<u64>,
    /// When the queue timeout ends; `None` until the request waits for the first time.
    deadline: Option<Instant>,
    /// Wakes the request while it waits.
    pub(super) woken: Option<oneshot::Receiver<bool>>,
    /// Whether the request was woken with a reservation that it has not settled.
    pub(super) has_reservation: bool,
}

impl QueueTicket {
    /// Returns a ticket for a request. The request is not in the queue until it [waits](Self::wait).
    pub fn new(admission: Arc<Admission>, component: ComponentIndex, origin: Origin) -> Self {
        Self {
            admission,
            component,
            origin,
            number: None,
            deadline: None,
            woken: None,
            has_reservation: false,
        }
    }

    /// Waits behind the requests that came before, until a permit is reserved for its component, or an instance of its
    /// component has capacity. If the request finds neither any more, it can wait again in its old position.
    ///
    /// # Errors
    ///
    /// If the queue is full, or the queue timeout has ended.
    pub async fn wait(&mut self) -> Result<(), Overloaded> {
        self.settle();
        let deadline = match self.deadline {
            Some(deadline) => deadline,
            // A timeout beyond the clock's range is no limit.
            None => Instant::now()
                .checked_add(self.max_wait())
                .unwrap_or_else(|| Instant::now() + Duration::from_secs(30 * 365 * 24 * 3600)),
        };
        self.deadline = Some(deadline);
        let woken = self.enqueue()?;
        match timeout_at(deadline, woken).await {
            Ok(with_reservation) => self.has_reservation = with_reservation.unwrap_or(false),
            Err(_) => return Err(self.timed_out()),
        }
        self.woken = None;
        Ok(())
    }

    fn timed_out(&self) -> Overloaded {
        match self.origin {
            Origin::Client => Overloaded::QueueTimeout,
            Origin::Guest => {
                Overloaded::GuestTimeout { waited: self.max_wait(), instances: self.admission.instances }
            }
        }
    }

    fn max_wait(&self) -> Duration {
        match self.origin {
            Origin::Client => self.admission.queue_timeout,
            Origin::Guest => self.admission.queue_timeout.min(MAX_GUEST_WAIT),
        }
    }

    pub(super) fn enqueue(&mut self) -> Result<&mut oneshot::Receiver<bool>, Overloaded> {
        let (wake, woken) = oneshot::channel();
        let mut state = self.admission.lock();
        // Clients and guests have the same maximum each, so that neither takes the other's places.
        let waiting = match self.origin {
            Origin::Client => state.queue.len() - state.waiting_guests,
            Origin::Guest => state.waiting_guests,
        };
        let number = match (self.number, self.origin) {
            (Some(number), _) => number,
            (None, _) if waiting >= self.admission.max_waiting => return Err(Overloaded::QueueFull),
            (None, Origin::Guest) => {
                state.last_guest_ticket += 1;
                state.last_guest_ticket
            }
            (None, Origin::Client) => {
                state.last_ticket += 1;
                state.last_ticket
            }
        };
        self.number = Some(number);
        state.insert(number, Waiter { component: self.component, wake });
        // The caller found no permit before it took the lock; one may have become free since.
        if state.free_permits > 0 {
            state.free_permits -= 1;
            state.release_permit();
        } else {
            state.evict_one();
        }
        self.admission.publish_length(&state);
        let is_waiting = state.queue.contains_key(&number);
        drop(state);
        if is_waiting {
            tracing::debug!("a request waits for an instance");
        }
        Ok(self.woken.insert(woken))
    }

    /// Settles the reservation, because the request has started or is given up. If no instance has taken the permit, it
    /// goes to the next request.
    pub fn settle(&mut self) {
        if !std::mem::take(&mut self.has_reservation) {
            return;
        }
        let mut state = self.admission.lock();
        let component = state.components.entry(self.component).or_default();
        component.unsettled -= 1;
        if component.reserved > component.unsettled {
            component.reserved -= 1;
            state.release_permit();
            self.admission.publish_length(&state);
        }
    }
}

impl Drop for QueueTicket {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut state = self.admission.lock();
            if state.remove(number).is_some() {
                self.admission.publish_length(&state);
            }
        }
        // The request may have been woken, and given up before it was polled: its reservation must not be lost.
        if let Some(with_reservation) = self.woken.as_mut().and_then(|woken| woken.try_recv().ok()) {
            self.has_reservation = with_reservation;
        }
        self.settle();
    }
}
