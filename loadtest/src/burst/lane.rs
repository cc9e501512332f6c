//! A connection's course through a burst: connect, wait, send one request after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::{Barrier, Firing, Shot, Start};
use crate::trace::{Outcome, Row};

/// A connection, and the requests that it carries.
pub struct Lane {
    pub index: usize,
    pub shot: Shot,
    /// The number of the next request that nobody has taken yet.
    pub next: Arc<AtomicUsize>,
    pub firing: Firing,
}

impl Lane {
    /// The rows of the requests that it sent, or tried to.
    pub async fn run(self, mut barrier: Barrier) -> Vec<Row> {
        let mut connection = {
            let _turn = barrier.connecting.acquire().await;
            Connection::open(&self.shot).await
        };
        barrier.ready.add_permits(1);
        // An error is a burst that was given up before it began.
        let Some(released) = barrier.released.wait_for(Option::is_some).await.ok().and_then(|start| *start)
        else {
            return Vec::new();
        };
        let start = released.after(self.shot.schedule.delay);
        let planned = self.shot.schedule.spacing * u32::try_from(self.index).unwrap_or(u32::MAX);
        wait_until(start.instant + planned).await;

        let mut rows = Vec::new();
        let mut i = self.index;
        let mut planned_us = Some(planned.as_secs_f64() * 1e6);
        while i < self.shot.schedule.n && !self.firing.stopped.is_cancelled() {
            let mut row = Row { i, planned_us: planned_us.take(), ..Row::default() };
            tokio::select! {
                biased;
                used = self.request(connection, start, &mut row) => connection = used,
                () = self.firing.stopped.cancelled() => {
                    row.outcome = Outcome::Failed("interrupted".to_owned());
                    row.done_us = start.elapsed_us();
                    connection = Err(row.outcome.clone());
                }
            }
            self.firing.answered.fetch_add(1, Relaxed);
            rows.push(row);
            // A lane without a connection leaves its share to the others, lest it burn through it.
            if connection.is_err() {
                break;
            }
            i = self.next.fetch_add(1, Relaxed);
        }
        rows
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

/// The runtime's timer is good to a millisecond; the rest of the way is yielded away.
async fn wait_until(at: Instant) {
    const COARSE: Duration = Duration::from_millis(2);
    if let Some(coarse) = at.checked_sub(COARSE).filter(|coarse| *coarse > Instant::now()) {
        tokio::time::sleep_until(coarse.into()).await;
    }
    while Instant::now() < at {
        tokio::task::yield_now().await;
    }
}
