//! The trace file: a line of JSON for each request to a component.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use http::HeaderValue;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::observation::Observation;
use crate::error::Error;

/// The maximum number of lines that wait to be written. Further lines are left out: requests don't wait for the disk.
const MAX_QUEUED_LINES: usize = 1 << 16;
/// How long a line may wait for others, so that not every request wakes the thread.
const BATCH_INTERVAL: Duration = Duration::from_millis(20);

/// A request's line. All durations follow one another: they add up to the time that the request was in the host. `None`:
/// the request didn't come so far.
#[derive(Debug, Serialize)]
pub struct TraceLine {
    /// The route that the request matched; for a call from a guest by `ID.spin.internal`, `/...`.
    route: String,
    component: String,
    /// The instance's name, as in the header `Served-By`.
    instance: Option<String>,
    served: Option<u64>,
    in_flight: Option<u64>,
    /// The status of the response; `None` if the client was gone before.
    status: Option<u16>,
    /// When the host had the head of the request, in microseconds since 1970.
    received_unix_us: u64,
    /// The time until an instance took the request, without its own instantiation.
    queue_us: u64,
    /// The time to instantiate the component for this request; 0 if an existing instance took the request.
    start_us: Option<u64>,
    /// The time from the call into the guest to the head of the response.
    head_us: Option<u64>,
    /// The time from the head of the response to its last byte, or until the client was gone.
    done_us: Option<u64>,
}

impl TraceLine {
    /// Returns the line of a request that has ended at `end`, without its target and its status.
    pub fn of(observation: &Observation, end: Instant) -> Self {
        let progress = observation.progress();
        let visit = progress.visit.as_ref();
        let left = visit.and_then(|visit| visit.left);
        let entered = visit.map_or(end, |visit| visit.entered);
        let before_guest = entered.saturating_duration_since(observation.received);
        let since = |start: Instant, end: Instant| micros(end.saturating_duration_since(start));
        Self {
            route: String::new(),
            component: String::new(),
            instance: visit.map(|visit| format!("{:016x}", visit.instance())),
            served: visit.map(|visit| visit.served),
            in_flight: left.map(|left| left.in_flight),
            status: None,
            received_unix_us: micros(observation.received_unix),
            queue_us: micros(before_guest.saturating_sub(progress.start)),
            start_us: visit.map(|_| micros(progress.start)),
            head_us: left.map(|left| since(entered, left.at)),
            done_us: left.map(|left| since(left.at, end)),
        }
    }

    /// Sets the route and the component.
    pub fn for_target(mut self, route: Option<&HeaderValue>, component: &str) -> Self {
        self.route = route.and_then(|route| route.to_str().ok()).unwrap_or_default().to_owned();
        self.component = component.to_owned();
        self
    }

    /// Sets the status of the response.
    pub fn with_status(mut self, status: Option<u16>) -> Self {
        self.status = status;
        self
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

enum Message {
    Line(TraceLine),
    /// Answered when all lines before it are in the file.
    Flush(oneshot::Sender<()>),
}

/// Writes lines to the file on a thread of its own.
pub struct TraceWriter {
    path: PathBuf,
    sender: mpsc::Sender<Message>,
    has_left_out: AtomicBool,
}

impl TraceWriter {
    /// Creates the file, or empties it.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|source| Error::Trace { path: path.to_owned(), source })?;
        let (sender, receiver) = mpsc::channel(MAX_QUEUED_LINES);
        thread::spawn(move || write_all(BufWriter::new(file), receiver));
        Ok(Self { path: path.to_owned(), sender, has_left_out: AtomicBool::new(false) })
    }

    /// Adds a line.
    pub fn write(&self, line: TraceLine) {
        if self.sender.try_send(Message::Line(line)).is_err() && !self.has_left_out.swap(true, Relaxed) {
            tracing::warn!("{} has not all lines: it can't be written as fast", self.path.display());
        }
    }

    /// Waits until all lines are in the file.
    pub async fn flush(&self) {
        let (sender, flushed) = oneshot::channel();
        if self.sender.send(Message::Flush(sender)).await.is_ok() {
            let _ = flushed.await;
        }
    }
}

/// Writes until there are no senders any more. An error ends the file: a full disk fails no request.
fn write_all(mut file: BufWriter<File>, mut receiver: mpsc::Receiver<Message>) {
    while let Some(message) = receiver.blocking_recv() {
        if let Err(error) = write_batch(&mut file, message, &mut receiver) {
            tracing::warn!("the trace file ends here: {error}");
            return;
        }
        thread::sleep(BATCH_INTERVAL);
    }
}

/// Writes the message, and those that wait behind it.
fn write_batch(
    file: &mut BufWriter<File>,
    first: Message,
    receiver: &mut mpsc::Receiver<Message>,
) -> io::Result<()> {
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Line(line) => {
                serde_json::to_writer(&mut *file, &line)?;
                file.write_all(b"\n")?;
            }
            Message::Flush(sender) => {
                file.flush()?;
                let _ = sender.send(());
            }
        }
        next = receiver.try_recv().ok();
    }
    file.flush()
}
