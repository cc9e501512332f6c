//! HTTP/2: workers share a connection, up to the number of streams that the server allows.

mod explain;
mod frames;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use h2::client::{Builder, SendRequest};
use http::Request;
use http::response::Parts;
use hyper::body::Bytes;
use judge::trace::{Http2, Outcome};
use results::evidence::BodyPrefix;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::dial::{Dialing, dial};
use super::first_bytes::Protocol;
use super::progress_grid::{Cell, RequestState};
use super::request::RequestTemplate;
use super::timestamps::{ObservedStream, Timestamps};
use frames::{FrameObserver, StreamTimes};

pub use explain::error as explain;

/// The limit for an answer's header list. It bounds the memory that a server can fill.
const MAX_HEADER_LIST_BYTES: u32 = 256 * 1024;
/// A stream's flow-control window: most bodies fit without a window update.
const WINDOW_BYTES: u32 = 1 << 20;

/// The connections of a burst.
#[derive(Default)]
pub struct Pool {
    open: tokio::sync::Mutex<Vec<Arc<SharedConnection>>>,
    failure: Mutex<Option<Failure>>,
    usage: Mutex<Option<Http2>>,
}

/// The last connection that could not be opened.
struct Failure {
    at: Instant,
    outcome: Outcome,
}

/// A connection that workers share.
struct SharedConnection {
    sender: SendRequest<Bytes>,
    times: StreamTimes,
    connect_time: Duration,
    /// The number of streams that the server allows, and so of workers.
    max_streams: usize,
    /// The number of workers that have a slot. It grows only under the pool's lock, so it never exceeds `max_streams`.
    workers: AtomicUsize,
    /// Cancelled when the connection's task has ended.
    closed: CancellationToken,
    /// Ends the connection's task, with the last slot.
    _cancel_on_drop: DropGuard,
}

/// A worker's right to one stream at a time on a connection.
pub struct StreamSlot(Arc<SharedConnection>);

impl Drop for StreamSlot {
    fn drop(&mut self) {
        self.0.workers.fetch_sub(1, SeqCst);
    }
}

impl Pool {
    /// A slot on a connection that has a free one, or on a new connection. The lock is held while connecting: otherwise
    /// all workers would open connections before the first one's slots are known. A failure is that of all who waited for it:
    /// otherwise they would try one after the other, each for its own time.
    pub async fn slot(&self, request: &RequestTemplate, dialing: Dialing<'_>) -> Result<StreamSlot, Outcome> {
        let began = Instant::now();
        let mut open = self.open.lock().await;
        if let Some(failure) = lock(&self.failure).as_ref().filter(|failure| failure.at >= began) {
            return Err(failure.outcome.clone());
        }
        open.retain(|shared| !shared.closed.is_cancelled());
        let with_free_slot = open.iter().find(|shared| shared.workers.load(SeqCst) < shared.max_streams);
        let shared = match with_free_slot {
            Some(shared) => shared.clone(),
            None => {
                let opened = self.open(request, dialing).await.map(Arc::new);
                let shared = opened.inspect_err(|outcome| {
                    *lock(&self.failure) = Some(Failure { at: Instant::now(), outcome: outcome.clone() });
                })?;
                open.push(shared.clone());
                shared
            }
        };
        shared.workers.fetch_add(1, SeqCst);
        Ok(StreamSlot(shared))
    }

    /// A slot on a new connection that nobody shares.
    pub async fn exclusive_slot(
        &self,
        request: &RequestTemplate,
        dialing: Dialing<'_>,
    ) -> Result<StreamSlot, Outcome> {
        let shared = self.open(request, dialing).await?;
        shared.workers.fetch_add(1, SeqCst);
        Ok(StreamSlot(Arc::new(shared)))
    }

    /// The use of HTTP/2 so far; `None` if no connection was opened.
    pub fn usage(&self) -> Option<Http2> {
        *lock(&self.usage)
    }

    async fn open(
        &self,
        request: &RequestTemplate,
        dialing: Dialing<'_>,
    ) -> Result<SharedConnection, Outcome> {
        let shared = SharedConnection::open(request, dialing).await?;
        let mut usage = lock(&self.usage);
        let limit = Some(shared.max_streams).filter(|streams| *streams < usize::MAX);
        let (connections, before) = usage.map_or((0, None), |usage| (usage.connections, usage.streams_each));
        let streams_each = before.into_iter().chain(limit).min();
        *usage = Some(Http2 { connections: connections + 1, streams_each });
        Ok(shared)
    }
}

impl SharedConnection {
    async fn open(request: &RequestTemplate, dialing: Dialing<'_>) -> Result<Self, Outcome> {
        let began = Instant::now();
        let times = StreamTimes::default();
        let (stream, _, deadline) = dial(request, dialing).await?;
        let stream = ObservedStream::new(stream, FrameObserver::new(times.clone()));
        let mut builder = Builder::new();
        // No stream until the server's settings have said how many it allows.
        builder.initial_max_send_streams(0).enable_push(false).max_header_list_size(MAX_HEADER_LIST_BYTES);
        builder.initial_window_size(WINDOW_BYTES).initial_connection_window_size(16 * WINDOW_BYTES);
        let (sender, mut driver) = builder.handshake(stream).await.map_err(|error| explain::error(&error))?;
        let settings = poll_fn(|context| {
            let ended = Pin::new(&mut driver).poll(context);
            match driver.max_concurrent_send_streams() {
                _ if ended.is_ready() => ended.map(Err),
                0 => Poll::Pending,
                streams => Poll::Ready(Ok(streams)),
            }
        });
        let instead = || times.first_bytes().instead_of(Protocol::Http2);
        let max_streams = match deadline.limit(settings).await {
            Ok(Ok(streams)) => streams,
            Ok(Err(ended)) => return Err(explain::no_settings(ended, instead())),
            Err(late) => return Err(explain::late_settings(late, instead())),
        };
        let (closed, cancelled) = (CancellationToken::new(), CancellationToken::new());
        let (close_on_drop, cancel_on_drop) = (closed.clone().drop_guard(), cancelled.clone().drop_guard());
        tokio::spawn(async move {
            tokio::select! {
                _ = driver => {}
                () = cancelled.cancelled() => {}
            }
            drop(close_on_drop);
        });
        let (connect_time, workers) = (began.elapsed(), AtomicUsize::new(0));
        Ok(Self {
            sender,
            times,
            connect_time,
            max_streams,
            workers,
            closed,
            _cancel_on_drop: cancel_on_drop,
        })
    }
}

impl StreamSlot {
    /// How long its connection took to open.
    pub fn connect_time(&self) -> Duration {
        self.0.connect_time
    }

    /// Whether its connection has ended.
    pub fn is_closed(&self) -> bool {
        self.0.closed.is_cancelled()
    }

    /// Sends a request on a new stream, and reads the whole answer. Sets `times` to the stream's timestamps, even if the
    /// exchange fails or is dropped.
    pub async fn exchange(
        &self,
        request: Request<Bytes>,
        cell: Cell<'_>,
        times: &mut Timestamps,
    ) -> Result<(Parts, BodyPrefix), h2::Error> {
        let mut sender = self.0.sender.clone().ready().await?;
        let (head, body) = request.into_parts();
        let (response, mut sending) = sender.send_request(Request::from_parts(head, ()), body.is_empty())?;
        let mut recorder =
            TimesRecorder { all: &self.0.times, stream: response.stream_id().as_u32(), head: None, times };
        if !body.is_empty() {
            sending.send_data(body, true)?;
        }
        let (head, mut body) = response.await?.into_parts();
        recorder.head = Some(Instant::now());
        cell.set(RequestState::Answering);
        let mut prefix = BodyPrefix::default();
        while let Some(data) = body.data().await {
            let data = data?;
            prefix.add(&data);
            body.flow_control().release_capacity(data.len())?;
        }
        drop(recorder);
        Ok((head, prefix))
    }
}

/// Takes a stream's timestamps when the exchange ends, fails, or is dropped.
struct TimesRecorder<'a> {
    all: &'a StreamTimes,
    stream: u32,
    head: Option<Instant>,
    times: &'a mut Timestamps,
}

impl Drop for TimesRecorder<'_> {
    fn drop(&mut self) {
        *self.times = Timestamps { head: self.head, ..self.all.take(self.stream) };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
