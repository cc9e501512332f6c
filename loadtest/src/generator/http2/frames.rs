//! Reads the heads of HTTP/2 frames as they pass a socket, to tell when each stream's request was sent and its answer
//! began. h2 reports neither.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::generator::first_bytes::FirstBytes;
use crate::generator::timestamps::{Observer, Timestamps};

/// The length of the client's connection preface (RFC 9113, 3.4), which precedes the first frame.
const PREFACE_BYTES: usize = 24;
/// The length of a frame's head: length, type, flags, stream (RFC 9113, 4.1).
const FRAME_HEAD_BYTES: usize = 9;
const HEADERS: u8 = 1;

/// The timestamps of each open stream of a connection, and the first bytes that the server sent; clones share them.
#[derive(Clone, Default)]
pub struct StreamTimes(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    streams: HashMap<u32, Timestamps>,
    first_bytes: FirstBytes,
}

impl StreamTimes {
    /// Removes a stream's timestamps, and returns them.
    pub fn take(&self, stream: u32) -> Timestamps {
        self.seen().streams.remove(&stream).unwrap_or_default()
    }

    /// The first bytes that the server sent.
    pub fn first_bytes(&self) -> FirstBytes {
        self.seen().first_bytes
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub struct FrameObserver {
    times: StreamTimes,
    outbound: FrameParser,
    inbound: FrameParser,
}

impl FrameObserver {
    pub fn new(times: StreamTimes) -> Self {
        let outbound = FrameParser { skip: PREFACE_BYTES, ..FrameParser::default() };
        Self { times, outbound, inbound: FrameParser::default() }
    }
}

impl Observer for FrameObserver {
    fn sent(&mut self, bytes: &[u8], at: Instant) {
        let times = &self.times;
        self.outbound.parse(bytes, |stream| {
            times.seen().streams.entry(stream).or_default().sent.get_or_insert(at);
        });
    }

    fn received(&mut self, bytes: &[u8]) {
        let (times, at) = (&self.times, Instant::now());
        times.seen().first_bytes.add(bytes);
        // Only streams that were opened: a server may name any others, and the map would grow.
        self.inbound.parse(bytes, |stream| {
            if let Some(times) = times.seen().streams.get_mut(&stream) {
                times.first_byte.get_or_insert(at);
            }
        });
    }
}

/// The position in the frames of one direction.
#[derive(Default)]
struct FrameParser {
    /// The number of bytes until the next frame's head.
    skip: usize,
    /// The part of a head that was parsed so far.
    head: Vec<u8>,
}

impl FrameParser {
    /// Calls `found` with the stream of each HEADERS frame that begins in these bytes.
    fn parse(&mut self, mut bytes: &[u8], mut found: impl FnMut(u32)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let missing = (FRAME_HEAD_BYTES - self.head.len()).min(bytes.len());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_frames_are_found_however_the_bytes_are_split(
            frames in prop::collection::vec((0_u8..10, 1_u32..1 << 31, 0_usize..50), 0..20), size in 1_usize..40,
        ) {
            let mut bytes = vec![1; PREFACE_BYTES];
            for (kind, stream, length) in &frames {
                bytes.extend_from_slice(&(*length as u32).to_be_bytes()[1..]);
                bytes.extend_from_slice(&[*kind, 0]);
                bytes.extend_from_slice(&stream.to_be_bytes());
                bytes.extend(vec![HEADERS; *length]);
            }
            let mut found = Vec::new();
            let mut parser = FrameParser { skip: PREFACE_BYTES, ..FrameParser::default() };
            bytes.chunks(size).for_each(|piece| parser.parse(piece, |stream| found.push(stream)));
            let expected: Vec<_> = frames.iter().filter(|frame| frame.0 == HEADERS).map(|frame| frame.1).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
