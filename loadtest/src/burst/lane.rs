//! A connection's course through a burst: connect, wait, send one request after another.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::connection::Connection;
use super::queue::{Queue, Turn};
use super::{Barrier, Firing, Shot, Start};
use crate::trace::{Outcome, Row};

/// How long a server that takes no connection is left alone.
const RETRY: Duration = Duration::from_millis(100);

/// A connection, and the requests that it carries.
pub struct Lane {
    pub shot: Shot,
    pub queue: Arc<Queue>,
    pub firing: Firing,
}

impl Lane {
    /// The rows that are kept of the requests that it sent, or tried to.
    pub async fn run(self, barrier: Barrier) -> Vec<Row> {
        let mut connection = {
            let _turn = barrier.connecting.acquire().await;
            Connection::open(&self.shot).await
        };
        barrier.ready.add_permits(1);
        let mut rows = Vec::new();
        let mut first = true;
        while let Some(turn) = self.turn(first).await {
            first = false;
            let row;
            (row, connection) = self.take(turn, connection).await;
            self.firing.answered.fetch_add(1, Relaxed);
            if row.i < self.shot.schedule.keep {
                rows.push(row);
            } else {
                self.queue.count(&row);
            }
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

    async fn turn(&self, first: bool) -> Option<Turn> {
        tokio::select! {
            biased;
            () = self.firing.stopped.cancelled() => None,
            turn = self.queue.turn(first) => turn,
        }
    }

    /// A request from its turn to its end, which may be the burst's.
    async fn take(
        &self,
        turn: Turn,
        connection: Result<Connection, Outcome>,
    ) -> (Row, Result<Connection, Outcome>) {
        let start = turn.start;
        let mut row = Row { i: turn.i, planned_us: turn.planned_us, ..Row::default() };
        let connection = tokio::select! {
            biased;
            used = self.request(connection, start, &mut row) => used,
            () = self.firing.stopped.cancelled() => {
                row.outcome = Outcome::Failed("interrupted".to_owned());
                row.done_us = start.elapsed_us();
                Err(row.outcome.clone())
            }
        };
        (row, connection)
    }

    /// Sends one request, and gives back a connection for the next.
    async fn request(
        &self,
        connection: Result<Connection, Outcome>,
        start: Start,
        row: &mut Row,
    ) -> Result<Connection, Outcome> {
        let mut opened = match connection {
            Ok(connection) => connection.or_anew(&self.shot).await,
            Err(_) if self.shot.schedule.is_lasting() => Connection::open(&self.shot).await,
            failed => failed,
        };
        if let Ok(connection) = &mut opened {
            let was_used = connection.is_used();
            connection.exchange(&self.shot, start, row).await;
            // The server closed it at the moment of sending: sent once more, by RFC 9112, 9.3.1.
            let unread = matches!(row.outcome, Outcome::Rejected(_)) && row.first_byte_us.is_none();
            if was_used && unread && self.shot.target.method.is_idempotent() {
                opened = Connection::open(&self.shot).await;
                if let Ok(connection) = &mut opened {
                    connection.exchange(&self.shot, start, row).await;
                }
            }
        }
        if let Err(outcome) = &opened {
            row.done_us = start.elapsed_us();
            row.outcome = outcome.clone();
        }
        opened
    }
}
