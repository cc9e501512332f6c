//! A worker owns one connection of a burst: it connects, waits at the barrier, and sends one request after another.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use judge::trace::{ErrorKind, Fault, Outcome, Row};
use tokio::sync::oneshot;

use super::barrier::Barrier;
use super::burst::BurstSpec;
use super::clock::StartTime;
use super::connection::{Connection, Exchange};
use super::dial::Dialing;
use super::handle::BurstHandle;
use super::held_stream::HeldStream;
use super::http2::Pool;
use super::progress_grid::{Cell, RequestState};
use super::queue::{DueRequest, RequestQueue};
use super::timer::Timer;

/// The delay before a worker connects again to a server that accepted no connection.
const RECONNECT_DELAY: Duration = Duration::from_millis(100);

/// The maximum number of polls until a held request is written to its stream.
const MAX_POLLS: usize = 10;

/// A worker's connection: `None` if it has none at present, an error if it could not open one.
type Slot = Result<Option<Box<Connection>>, Outcome>;

pub struct Worker {
    pub spec: Arc<BurstSpec>,
    /// The burst's index among the bursts that are fired together.
    pub burst: usize,
    pub queue: Arc<RequestQueue>,
    pub pool: Arc<Pool>,
    pub handle: BurstHandle,
    /// Where its connection comes from; `None` if it opens its own.
    pub takes: Option<oneshot::Receiver<Box<Connection>>>,
    /// Where its connection goes afterwards; `None` if it is closed.
    pub hands_on: Option<oneshot::Sender<Box<Connection>>>,
}

impl Worker {
    /// Sends requests until the queue has no more. Returns the rows that are kept.
    pub async fn run(mut self, barrier: Barrier) -> Vec<Row> {
        let takes = self.takes.take();
        let opens = self.spec.request.keep_alive && takes.is_none() && !self.spec.opens_when_due;
        let mut connection = match opens {
            true => {
                let open = self.open(Some(&barrier));
                tokio::select! {
                    biased;
                    opened = open => opened.map(Some),
                    () = self.handle.stopped().cancelled() => Err(interrupted()),
                }
            }
            false => Ok(None),
        };
        let mut rows = Vec::new();
        let mut is_first = true;
        let mut timer = Timer::default();
        if let Some(row) = self.send_held(&mut connection, &barrier).await {
            is_first = false;
            self.record(row, &mut rows);
        }
        if let Some(takes) = takes {
            connection = self.taken(takes).await;
        }
        while let Some(due) = self.next_request(is_first).await {
            is_first = false;
            let row;
            (row, connection) = self.send(due, connection, &mut timer).await;
            self.record(row, &mut rows);
            if connection.is_err() {
                // The other workers send the rest. Otherwise this worker would take one request after another from the
                // queue, and fail each at once.
                if !self.spec.schedule.is_lasting() {
                    break;
                }
                tokio::time::sleep(RECONNECT_DELAY).await;
            }
        }
        if let (Some(hands_on), Ok(Some(connection))) = (self.hands_on.take(), connection) {
            // Nobody takes it if the bursts were stopped.
            let _ = hands_on.send(connection);
        }
        rows
    }

    /// Waits for the connection of another worker. There is none if that worker failed, or if the bursts are stopped.
    async fn taken(&self, takes: oneshot::Receiver<Box<Connection>>) -> Slot {
        tokio::select! {
            taken = takes => Ok(taken.ok().map(|connection| connection.of(&self.spec.request))),
            () = self.handle.stopped().cancelled() => Ok(None),
        }
    }

    /// The timeout of a request that is sent now. Connecting is a part of it if it is a part of the request.
    fn timeout(&self, connecting: Duration) -> Option<Duration> {
        let connecting = if self.spec.request.keep_alive { Duration::ZERO } else { connecting };
        Some(self.spec.timeout?.saturating_sub(connecting))
    }

    async fn open(&self, barrier: Option<&Barrier>) -> Result<Box<Connection>, Outcome> {
        Connection::open(&self.spec.request, &self.pool, self.dialing(barrier)).await
    }

    fn dialing<'a>(&self, barrier: Option<&'a Barrier>) -> Dialing<'a> {
        Dialing { barrier, timeout: self.spec.timeout }
    }

    fn cell(&self, i: usize) -> Cell<'_> {
        self.handle.cell(self.burst, i)
    }

    fn record(&self, row: Row, rows: &mut Vec<Row>) {
        self.handle.count_completed();
        self.cell(row.i).set(if row.is_ok() { RequestState::Answered } else { RequestState::Failed });
        if row.i < self.spec.schedule.keep {
            // A vector begins with room for four: most workers of a large burst have one row.
            if rows.is_empty() {
                rows.reserve_exact(1);
            }
            rows.push(row);
        } else {
            self.queue.count(&row);
        }
    }

    /// Sends the first request if its stream can hold it back until the release, so that no task has to be woken to send
    /// it. Arrives at the barrier in any case.
    async fn send_held(&self, connection: &mut Slot, barrier: &Barrier) -> Option<Row> {
        let connection = connection.as_mut().ok().and_then(Option::as_deref_mut);
        let held = connection.and_then(|open| {
            let stream = open.held_stream()?.clone();
            Some((self.queue.hold(&stream)?, stream, open))
        });
        let Some((i, stream, connection)) = held else {
            barrier.arrive();
            return None;
        };
        let exchanged = self.exchange_held(i, &stream, connection, barrier).await;
        let start = self.queue.started().await;
        let mut row = Row { i, planned_us: Some(0.0), done_us: start.elapsed_us(), ..Row::default() };
        match exchanged {
            Ok(exchange) => exchange.fill(&self.spec, start, &mut row, self.queue.bad_answer()),
            Err(outcome) => {
                // `None` if the burst was stopped before the release: then the request was never sent.
                row.sent_us = Some(start.us(stream.take_release_time()?));
                row.outcome = outcome;
            }
        }
        Some(row)
    }

    async fn exchange_held(
        &self,
        i: usize,
        stream: &HeldStream,
        connection: &mut Connection,
        barrier: &Barrier,
    ) -> Result<Exchange, Outcome> {
        let cell = self.cell(i);
        cell.set_held();
        let mut exchange = pin!(connection.exchange(&self.spec, cell, self.queue.first_timeout()));
        let mut early = poll_once(exchange.as_mut()).await;
        // The exchange and its connection wake each other several times before the first byte is written.
        for _ in 0..MAX_POLLS {
            if early.is_some() || stream.has_held() {
                break;
            }
            tokio::task::yield_now().await;
            early = poll_once(exchange.as_mut()).await;
        }
        barrier.arrive();
        match early {
            Some(exchange) => Ok(exchange.before_send()),
            None => tokio::select! {
                biased;
                exchange = exchange => Ok(exchange),
                () = self.handle.stopped().cancelled() => Err(interrupted()),
            },
        }
    }

    async fn next_request(&self, is_first: bool) -> Option<DueRequest> {
        if self.handle.stopped().is_cancelled() {
            return None;
        }
        // Most requests of a closed loop are due at once: then nothing has to wait for the end.
        tokio::select! {
            biased;
            due = self.queue.next_request(is_first) => due,
            () = self.handle.stopped().cancelled() => None,
        }
    }

    /// Sends one request, and waits for its answer or the end of the burst.
    async fn send(&self, due: DueRequest, connection: Slot, timer: &mut Timer) -> (Row, Slot) {
        let start = due.start;
        let mut row = Row { i: due.i, planned_us: due.planned_us, ..Row::default() };
        let connection = tokio::select! {
            biased;
            connection = self.request(connection, start, &mut row, timer) => connection,
            () = self.handle.stopped().cancelled() => {
                row.outcome = interrupted();
                row.done_us = start.elapsed_us();
                Err(row.outcome.clone())
            }
        };
        (row, connection)
    }

    /// Sends one request. Returns the connection for the next.
    async fn request(&self, connection: Slot, start: StartTime, row: &mut Row, timer: &mut Timer) -> Slot {
        row.connects = !self.spec.request.keep_alive;
        let mut opened = match connection {
            Ok(Some(connection)) => {
                connection.or_reopened(&self.spec.request, &self.pool, self.dialing(None)).await
            }
            Ok(None) => self.open(None).await,
            Err(_) if self.spec.schedule.is_lasting() => self.open(None).await,
            Err(failed) => Err(failed),
        };
        if let Ok(connection) = &mut opened {
            let was_used = connection.is_used();
            let cell = self.cell(row.i);
            cell.set(RequestState::Sent);
            let timeout = timer.after(self.timeout(connection.connect_time()));
            connection.exchange(&self.spec, cell, timeout).await.fill(
                &self.spec,
                start,
                row,
                self.queue.bad_answer(),
            );
            // The server may close an idle connection while the request is under way. An idempotent request is then
            // sent once more (RFC 9112, 9.3.1).
            let is_unanswered = matches!(row.outcome, Outcome::Rejected(_)) && row.first_byte_us.is_none();
            // A connection that is used again on purpose shows what the server does with it.
            let may_resend = self.spec.connections_of.is_none() && self.spec.request.method.is_idempotent();
            if was_used && is_unanswered && may_resend {
                opened = self.open(None).await;
                if let Ok(connection) = &mut opened {
                    let timeout = timer.after(self.timeout(Duration::ZERO));
                    connection.exchange(&self.spec, cell, timeout).await.fill(
                        &self.spec,
                        start,
                        row,
                        self.queue.bad_answer(),
                    );
                }
            }
        }
        if let Err(outcome) = &opened {
            row.done_us = start.elapsed_us();
            row.outcome = outcome.clone();
        }
        opened.map(|connection| Some(connection).filter(|_| self.spec.request.keep_alive))
    }
}

fn interrupted() -> Outcome {
    Outcome::Failed(Fault::new(ErrorKind::Interrupted, "interrupted"))
}

/// Polls once; `None` if the future is pending.
async fn poll_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
