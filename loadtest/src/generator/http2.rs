//! HTTP/2: several lanes share a connection, as many as the server allows streams.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use h2::client::{Builder, SendRequest};
use http::Request;
use hyper::body::Bytes;
use judge::trace::{ErrorKind, Fault, Http2, Outcome};
use results::evidence::BodyPrefix;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Target;
use super::board::{Light, State};
use super::dial::{dial, within};
use super::stamps::{Stamped, Times, Watch};

/// What opens every HTTP/2 connection, before the first frame.
const PREFACE: usize = 24;
/// A frame's head: length, type, flags, stream.
const FRAME_HEAD: usize = 9;
const HEADERS: u8 = 1;
/// Answers' heads are small; endless ones are cut off here.
const HEADER_BYTES: u32 = 64 * 1024;
/// Room for quick bodies without waiting for the window.
const WINDOW: u32 = 1 << 20;

/// The connections of a burst.
#[derive(Default)]
pub struct Pool {
    open: tokio::sync::Mutex<Vec<Arc<Shared>>>,
    used: Mutex<Option<Http2>>,
}

/// A connection that lanes share.
struct Shared {
    sender: SendRequest<Bytes>,
    stamps: StreamStamps,
    opened_in: Duration,
    /// How many lanes it may carry.
    streams: usize,
    lanes: AtomicUsize,
    closed: CancellationToken,
    /// Ends the task that reads and writes.
    _abandoned: DropGuard,
}

/// A lane's place on a connection.
pub struct Seat(Arc<Shared>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.lanes.fetch_sub(1, SeqCst);
    }
}

impl Pool {
    /// A place on a connection that has one, or on a new one.
    pub async fn seat(&self, target: &Target) -> Result<Seat, Outcome> {
        let mut open = self.open.lock().await;
        open.retain(|shared| !shared.closed.is_cancelled());
        let with_room = open.iter().find(|shared| shared.lanes.load(SeqCst) < shared.streams);
        let shared = match with_room {
            Some(shared) => shared.clone(),
            None => {
                let shared = Arc::new(self.open(target).await?);
                open.push(shared.clone());
                shared
            }
        };
        shared.lanes.fetch_add(1, SeqCst);
        Ok(Seat(shared))
    }

    /// A connection for one request.
    pub async fn alone(&self, target: &Target) -> Result<Seat, Outcome> {
        let shared = self.open(target).await?;
        shared.lanes.fetch_add(1, SeqCst);
        Ok(Seat(Arc::new(shared)))
    }

    /// What was used so far.
    pub fn used(&self) -> Option<Http2> {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(&self, target: &Target) -> Result<Shared, Outcome> {
        let shared = Shared::open(target).await?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = Some(shared.streams).filter(|streams| *streams < usize::MAX);
        let (connections, before) = used.map_or((0, None), |used| (used.connections, used.streams_each));
        let streams_each = before.into_iter().chain(limit).min();
        *used = Some(Http2 { connections: connections + 1, streams_each });
        Ok(shared)
    }
}

impl Shared {
    async fn open(target: &Target) -> Result<Self, Outcome> {
        let began = Instant::now();
        let stamps = StreamStamps::default();
        let (stream, _) = dial(target).await?;
        let stream = Stamped::new(stream, Frames::new(stamps.clone()));
        let mut builder = Builder::new();
        // None until the server has said how many it takes.
        builder.initial_max_send_streams(0).enable_push(false).max_header_list_size(HEADER_BYTES);
        builder.initial_window_size(WINDOW).initial_connection_window_size(16 * WINDOW);
        let (sender, mut driver) = builder.handshake(stream).await.map_err(|error| explain(&error))?;
        let settled = poll_fn(|context| {
            let ended = std::pin::Pin::new(&mut driver).poll(context);
            match driver.max_concurrent_send_streams() {
                _ if ended.is_ready() => ended.map(Err),
                0 => std::task::Poll::Pending,
                streams => std::task::Poll::Ready(Ok(streams)),
            }
        });
        let streams = within("HTTP/2 settings", settled).await?.map_err(|ended| match ended {
            Err(error) => explain(&error),
            Ok(()) => {
                Outcome::Rejected(Fault::new(ErrorKind::Closed, "closed before HTTP/2's settings came"))
            }
        })?;
        let (closed, abandoned) = (CancellationToken::new(), CancellationToken::new());
        let (ended, given_up) = (closed.clone().drop_guard(), abandoned.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = driver => {}
                () = given_up.cancelled() => {}
            }
            drop(ended);
        });
        Ok(Self {
            sender,
            stamps,
            opened_in: began.elapsed(),
            streams,
            lanes: AtomicUsize::new(0),
            closed,
            _abandoned: abandoned.drop_guard(),
        })
    }
}

impl Seat {
    /// How long its connection took to open.
    pub fn opened_in(&self) -> Duration {
        self.0.opened_in
    }

    /// Whether it can carry no more.
    pub fn is_closed(&self) -> bool {
        self.0.closed.is_cancelled()
    }

    /// Sends a request on a stream of its own, and reads the whole answer; `times` are the stream's, also
    /// where it fails.
    pub async fn exchange(
        &self,
        request: Request<Bytes>,
        light: Light<'_>,
        times: &mut Times,
    ) -> Result<(http::response::Parts, BodyPrefix), h2::Error> {
        let mut sender = self.0.sender.clone().ready().await?;
        let (head, body) = request.into_parts();
        let (response, mut sending) = sender.send_request(Request::from_parts(head, ()), body.is_empty())?;
        let stream = Noted { stamps: &self.0.stamps, stream: response.stream_id().as_u32(), times };
        if !body.is_empty() {
            sending.send_data(body, true)?;
        }
        let (answer, mut body) = response.await?.into_parts();
        light.set(State::Answering);
        let mut kept = BodyPrefix::default();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            kept.add(&piece);
            body.flow_control().release_capacity(piece.len())?;
        }
        drop(stream);
        Ok((answer, kept))
    }
}

/// Takes a stream's times at its end, however that comes.
struct Noted<'a> {
    stamps: &'a StreamStamps,
    stream: u32,
    times: &'a mut Times,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        *self.times = self.stamps.take(self.stream);
    }
}

/// The times of each stream of a connection that is still read.
#[derive(Clone, Default)]
struct StreamStamps(Arc<Mutex<HashMap<u32, Times>>>);

impl StreamStamps {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<u32, Times>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take(&self, stream: u32) -> Times {
        self.with(|streams| streams.remove(&stream)).unwrap_or_default()
    }
}

/// Reads the heads of the frames that go by, to tell when each stream's request went and its answer came.
struct Frames {
    stamps: StreamStamps,
    outward: Heads,
    inward: Heads,
}

impl Frames {
    fn new(stamps: StreamStamps) -> Self {
        let outward = Heads { skip: PREFACE, ..Heads::default() };
        Self { stamps, outward, inward: Heads::default() }
    }
}

impl Watch for Frames {
    fn sent(&mut self, bytes: &[u8], at: Instant) {
        let stamps = &self.stamps;
        self.outward.read(bytes, |stream| {
            stamps.with(|streams| streams.entry(stream).or_default().sent.get_or_insert(at).to_owned());
        });
    }

    fn came(&mut self, bytes: &[u8]) {
        let (stamps, at) = (&self.stamps, Instant::now());
        // A server may name streams that were never opened: those are not kept.
        self.inward.read(bytes, |stream| {
            stamps.with(|streams| streams.get_mut(&stream).map(|times| *times.first_byte.get_or_insert(at)));
        });
    }
}

/// Where in the frames of one direction we are.
#[derive(Default)]
struct Heads {
    skip: usize,
    head: Vec<u8>,
}

impl Heads {
    /// Tells `found` the stream of each HEADERS frame that begins in these bytes.
    fn read(&mut self, mut bytes: &[u8], mut found: impl FnMut(u32)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let missing = (FRAME_HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if let [a, b, c, kind, _, d, e, f, g] = self.head[..] {
                self.skip = u32::from_be_bytes([0, a, b, c]) as usize;
                self.head.clear();
                if kind == HEADERS {
                    found(u32::from_be_bytes([d & 0x7f, e, f, g]));
                }
            }
        }
    }
}

/// What ended a stream, or the connection: the server's doing.
pub fn explain(error: &h2::Error) -> Outcome {
    let kind = match error {
        _ if error.is_reset() || error.is_go_away() && error.is_remote() => ErrorKind::Reset,
        _ if error.is_io() => ErrorKind::Closed,
        _ => ErrorKind::Protocol,
    };
    let fault = Fault::new(kind, format!("HTTP/2: {error}"));
    Outcome::Rejected(fault)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn heads_are_found_however_the_bytes_are_cut(
            frames in prop::collection::vec((0_u8..10, 1_u32..1 << 31, 0_usize..50), 0..20), cut in 1_usize..40,
        ) {
            let mut bytes = vec![1; PREFACE];
            for (kind, stream, length) in &frames {
                bytes.extend_from_slice(&(*length as u32).to_be_bytes()[1..]);
                bytes.extend_from_slice(&[*kind, 0]);
                bytes.extend_from_slice(&stream.to_be_bytes());
                bytes.extend(vec![HEADERS; *length]);
            }
            let mut found = Vec::new();
            let mut heads = Heads { skip: PREFACE, ..Heads::default() };
            bytes.chunks(cut).for_each(|piece| heads.read(piece, |stream| found.push(stream)));
            let expected: Vec<_> = frames.iter().filter(|frame| frame.0 == HEADERS).map(|frame| frame.1).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
