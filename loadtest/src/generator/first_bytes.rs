//! The first bytes that a server sent: they show what it speaks, if it isn't what was asked.

use std::borrow::Cow;

/// The number of bytes that are kept.
const KEPT: usize = 48;
/// The length of the head of an HTTP/2 frame (RFC 9113, 4.1).
const FRAME_HEAD_BYTES: usize = 9;
/// The type of HTTP/2's SETTINGS frame, the first that a server sends.
const SETTINGS: u8 = 4;

/// The first bytes of an answer.
#[derive(Debug, Clone, Copy)]
pub struct FirstBytes {
    bytes: [u8; KEPT],
    length: usize,
}

impl Default for FirstBytes {
    fn default() -> Self {
        Self { bytes: [0; KEPT], length: 0 }
    }
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
    Tls,
}

impl FirstBytes {
    /// Appends as many bytes as fit.
    pub fn add(&mut self, bytes: &[u8]) {
        let added = bytes.len().min(KEPT - self.length);
        self.bytes[self.length..][..added].copy_from_slice(&bytes[..added]);
        self.length += added;
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns what the server speaks instead of `wanted`; `None` if it sent nothing, or speaks it.
    pub fn instead_of(&self, wanted: Protocol) -> Option<String> {
        let found = self.protocol();
        if self.is_empty() || found == Some(wanted) {
            return None;
        }
        let wanted = match wanted {
            Protocol::Http1 => "HTTP/1.1",
            Protocol::Http2 => "HTTP/2",
            Protocol::Tls => "TLS",
        };
        Some(match found {
            Some(Protocol::Http1) if wanted == "TLS" => {
                "the server speaks plain HTTP on this port: use http:// instead of https://".to_owned()
            }
            Some(Protocol::Http1) => format!("the server speaks HTTP/1.1, not {wanted}: leave out --http2"),
            Some(Protocol::Http2) => format!("the server speaks HTTP/2, not {wanted}: use --http2"),
            Some(Protocol::Tls) => {
                "the server speaks TLS on this port: use https:// instead of http://".to_owned()
            }
            None => format!("this is not {wanted}: the answer begins with \"{}\"", self.first_line()),
        })
    }

    fn protocol(&self) -> Option<Protocol> {
        match self.kept() {
            // The record type alert or handshake, and the version (RFC 8446, 5.1).
            [0x15 | 0x16, 3, 0..=4, ..] => Some(Protocol::Tls),
            [_, _, _, SETTINGS, _, 0, 0, 0, 0, ..] => Some(Protocol::Http2),
            kept if kept.trim_ascii_start().starts_with(b"HTTP/1.") => Some(Protocol::Http1),
            _ => None,
        }
    }

    /// The bytes up to the end of the first line, escaped.
    fn first_line(&self) -> Cow<'_, str> {
        let line = self.kept().split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty());
        let line = line.unwrap_or_default();
        match str::from_utf8(line) {
            Ok(text) if !text.chars().any(char::is_control) => text.into(),
            _ => line.escape_ascii().to_string().into(),
        }
    }

    fn kept(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

const _: () = assert!(KEPT > FRAME_HEAD_BYTES, "a frame's head is kept");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_what_the_server_speaks() {
        use Protocol::{Http1, Http2, Tls};
        let instead = |bytes: &[u8], wanted| {
            let mut first = FirstBytes::default();
            bytes.chunks(3).for_each(|part| first.add(part));
            first.instead_of(wanted)
        };
        let settings = [0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3];
        for (bytes, wanted, said) in [
            (
                &b"SSH-2.0-OpenSSH_9.6\r\nmore"[..],
                Http1,
                "this is not HTTP/1.1: the answer begins with \"SSH-2.0-OpenSSH_9.6\"",
            ),
            (b"<html>hello", Http1, "begins with \"<html>hello\""),
            (b"\x00\x01\xff", Http1, "begins with \"\\x00\\x01\\xff\""),
            (&settings, Http1, "the server speaks HTTP/2, not HTTP/1.1: use --http2"),
            (b"\x15\x03\x03\x00\x02\x02\x46", Http1, "use https://"),
            (
                b"HTTP/1.1 400 Bad Request\r\n",
                Http2,
                "the server speaks HTTP/1.1, not HTTP/2: leave out --http2",
            ),
            (b"HTTP/1.0 400 Bad Request\r\n", Tls, "the server speaks plain HTTP on this port: use http://"),
        ] {
            let told = instead(bytes, wanted).unwrap();
            assert!(told.contains(said), "{told}");
        }
        for (bytes, wanted) in
            [(&b""[..], Http1), (b"HTTP/1.1 200 OK", Http1), (&settings, Http2), (b"\r\nHTTP/1.0 200", Http1)]
        {
            assert_eq!(instead(bytes, wanted), None);
        }
    }

    #[test]
    fn only_the_first_bytes_are_kept() {
        let mut first = FirstBytes::default();
        first.add(&[b'a'; 1_000]);
        first.add(b"b");
        assert_eq!(first.first_line(), "a".repeat(KEPT));
    }
}
