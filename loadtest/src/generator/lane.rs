//! A connection's course through a burst: connect, wait, send one request after another.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use judge::trace::{ErrorKind, Fault, Outcome, Row};

use super::board::{Light, State};
use super::connection::Connection;
use super::http2::Pool;
use super::queue::{Queue, Turn};
use super::{Barrier, Firing, Shot, Start};

/// How long a server that takes no connection is left alone.
const RETRY: Duration = Duration::from_millis(100);

/// How often an exchange is asked on until its request is written.
const WAKES: usize = 10;

/// The connection that a lane holds, if it has one yet; or why it has none.
type Held = Result<Option<Connection>, Outcome>;

/// A connection, and the requests that it carries.
pub struct Lane {
    pub shot: Shot,
    /// Which of the shots that are fired together it is.
    pub index: usize,
    pub queue: Arc<Queue>,
    pub pool: Arc<Pool>,
    pub firing: Firing,
}

impl Lane {
    /// The rows that are kept of the requests that it sent, or tried to.
    pub async fn run(self, barrier: Barrier) -> Vec<Row> {
        let mut connection = match self.shot.target.keep_alive {
            true => {
                let _turn = barrier.connecting.acquire().await;
                self.open().await.map(Some)
            }
            false => Ok(None),
        };
        let mut rows = Vec::new();
        let mut first = true;
        if let Some(row) = self.held(&mut connection, &barrier).await {
            first = false;
            self.keep(row, &mut rows);
        }
        while let Some(turn) = self.turn(first).await {
            first = false;
            let row;
            (row, connection) = self.take(turn, connection).await;
            self.keep(row, &mut rows);
            if connection.is_err() {
                // A lane without a connection leaves its share to the others, lest it burn through it.
                if !self.shot.schedule.is_lasting() {
                    break;
                }
                tokio::time::sleep(RETRY).await;
            }
        }
        rows
    }

    /// Once a request that is sent now has had its time.
    async fn overdue(&self) {
        match self.shot.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    }

    async fn open(&self) -> Result<Connection, Outcome> {
        Connection::open(&self.shot.target, &self.pool).await
    }

    fn light(&self, i: usize) -> Light<'_> {
        self.firing.light(self.index, i)
    }

    fn keep(&self, row: Row, rows: &mut Vec<Row>) {
        self.firing.answered.fetch_add(1, Relaxed);
        self.light(row.i).set(if row.is_ok() { State::Answered } else { State::Failed });
        if row.i < self.shot.schedule.keep {
            rows.push(row);
        } else {
            self.queue.count(&row);
        }
    }

    /// The first request, where it can be handed to the connection before the release and be held back there;
    /// this lane need not even be woken to send it. It is ready for the release, either way.
    async fn held(&self, connection: &mut Held, barrier: &Barrier) -> Option<Row> {
        let connection = connection.as_mut().ok().and_then(Option::as_mut);
        let held = connection.and_then(|open| {
            let gate = open.gate()?.clone();
            Some((self.queue.hold(&gate)?, gate, open))
        });
        let Some((i, gate, connection)) = held else {
            barrier.ready.add_permits(1);
            return None;
        };
        let light = self.light(i);
        light.hold();
        let mut exchange = pin!(connection.exchange(&self.shot, light, self.queue.overdue()));
        let mut early = poll_once(exchange.as_mut()).await;
        // Its parts wake each other before the first byte is written.
        for _ in 0..WAKES {
            if early.is_some() || gate.holds() {
                break;
            }
            tokio::task::yield_now().await;
            early = poll_once(exchange.as_mut()).await;
        }
        barrier.ready.add_permits(1);
        let exchanged = match early {
            Some(exchange) => Ok(exchange),
            None => tokio::select! {
                biased;
                exchange = exchange => Ok(exchange),
                () = self.firing.stopped.cancelled() => Err(interrupted()),
            },
        };
        let start = self.queue.started().await;
        let mut row = Row { i, planned_us: Some(0.0), done_us: start.elapsed_us(), ..Row::default() };
        match exchanged {
            Ok(exchange) => exchange.note(&self.shot, start, &mut row),
            Err(outcome) => {
                // It may have come to an end before the release.
                row.sent_us = Some(start.us(gate.take_opened()?));
                row.outcome = outcome;
            }
        }
        Some(row)
    }

    async fn turn(&self, first: bool) -> Option<Turn> {
        tokio::select! {
            biased;
            () = self.firing.stopped.cancelled() => None,
            turn = self.queue.turn(first) => turn,
        }
    }

    /// A request from its turn to its end, which may be the burst's.
    async fn take(&self, turn: Turn, connection: Held) -> (Row, Held) {
        let start = turn.start;
        let mut row = Row { i: turn.i, planned_us: turn.planned_us, ..Row::default() };
        let connection = tokio::select! {
            biased;
            used = self.request(connection, start, &mut row) => used,
            () = self.firing.stopped.cancelled() => {
                row.outcome = interrupted();
                row.done_us = start.elapsed_us();
                Err(row.outcome.clone())
            }
        };
        (row, connection)
    }

    /// Sends one request, and gives back what the next can use.
    async fn request(&self, held: Held, start: Start, row: &mut Row) -> Held {
        row.connects = !self.shot.target.keep_alive;
        let mut opened = match held {
            Ok(Some(connection)) => connection.or_anew(&self.shot.target, &self.pool).await,
            Ok(None) => self.open().await,
            Err(_) if self.shot.schedule.is_lasting() => self.open().await,
            Err(failed) => Err(failed),
        };
        if let Ok(connection) = &mut opened {
            let was_used = connection.is_used();
            let light = self.light(row.i);
            light.set(State::Sent);
            connection.exchange(&self.shot, light, self.overdue()).await.note(&self.shot, start, row);
            // The server closed it at the moment of sending: sent once more, by RFC 9112, 9.3.1.
            let unread = matches!(row.outcome, Outcome::Rejected(_)) && row.first_byte_us.is_none();
            if was_used && unread && self.shot.target.method.is_idempotent() {
                opened = self.open().await;
                if let Ok(connection) = &mut opened {
                    connection.exchange(&self.shot, light, self.overdue()).await.note(&self.shot, start, row);
                }
            }
        }
        if let Err(outcome) = &opened {
            row.done_us = start.elapsed_us();
            row.outcome = outcome.clone();
        }
        opened.map(|connection| Some(connection).filter(|_| self.shot.target.keep_alive))
    }
}

fn interrupted() -> Outcome {
    Outcome::Failed(Fault::new(ErrorKind::Interrupted, "interrupted"))
}

/// What it comes to where it need not wait.
async fn poll_once<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
