//! A program's output: keeps the last lines, and passes each line on as it comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// The number of lines to keep.
const MAX_LINES: usize = 10;
/// The number of bytes of a line to keep.
const MAX_LINE_BYTES: usize = 2_000;

/// A line of standard output or standard error.
pub struct Line {
    pub text: String,
    pub is_stdout: bool,
}

/// The last lines of standard output and standard error.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// `message` with the lines below it.
    pub fn below(&self, message: &str) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return format!("{message}; it wrote nothing");
        }
        let lines: Vec<_> = lines.iter().map(|line| format!("\n    {line}")).collect();
        format!("{message}; its last lines:{}", lines.concat())
    }

    fn push(&self, line: &str) {
        if line.is_empty() {
            return;
        }
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }
}

/// The lines, as they come.
pub struct Lines(mpsc::UnboundedReceiver<Line>);

impl Lines {
    /// The first `Some` that `select` returns for a line. Never completes if there is none.
    pub async fn first<T>(mut self, mut select: impl FnMut(&Line) -> Option<T>) -> T {
        while let Some(line) = self.0.recv().await {
            if let Some(found) = select(&line) {
                return found;
            }
        }
        std::future::pending().await
    }
}

/// Takes the lines of both outputs.
#[derive(Clone)]
pub struct Sink {
    tail: Tail,
    lines: mpsc::UnboundedSender<Line>,
}

impl Sink {
    pub fn new() -> (Self, Tail, Lines) {
        let (lines, receiver) = mpsc::unbounded_channel();
        let tail = Tail::default();
        (Self { tail: tail.clone(), lines }, tail, Lines(receiver))
    }

    /// Reads to the end of the output. A program blocks if nobody reads its output.
    pub async fn read(self, output: Option<impl AsyncRead + Unpin>, is_stdout: bool) {
        let Some(mut output) = output else { return };
        let mut line = Vec::new();
        let mut buffer = vec![0; 8 << 10];
        while let Ok(length @ 1..) = output.read(&mut buffer).await {
            for &byte in &buffer[..length] {
                match byte {
                    b'\n' => self.line(&mut line, is_stdout),
                    _ if line.len() < MAX_LINE_BYTES => line.push(byte),
                    _ => {}
                }
            }
        }
        self.line(&mut line, is_stdout);
    }

    fn line(&self, bytes: &mut Vec<u8>, is_stdout: bool) {
        let text = readable(&String::from_utf8_lossy(bytes));
        bytes.clear();
        self.tail.push(&text);
        let _ = self.lines.send(Line { text, is_stdout });
    }
}

/// Removes colours and other control characters.
fn readable(text: &str) -> String {
    console::strip_ansi_codes(text)
        .chars()
        .filter(|char| !char.is_control())
        .collect::<String>()
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_tail_has_the_last_lines_readable_and_truncated() {
        let (sink, tail, _lines) = Sink::new();
        assert_eq!(tail.below("It failed"), "It failed; it wrote nothing");
        let mut bytes: Vec<u8> = (0..50).flat_map(|i| format!("line {i}\n\n").into_bytes()).collect();
        bytes.extend(b"\x1b[31mred\x1b[0m\x07 \xff\n");
        bytes.extend([b'x'; 3 * MAX_LINE_BYTES]);
        sink.read(Some(&bytes[..]), true).await;
        let text = tail.below("It failed");
        assert_eq!(text.lines().count(), 1 + MAX_LINES);
        assert!(text.starts_with("It failed; its last lines:\n    line 42\n"), "{text}");
        assert!(text.contains("\n    red \u{fffd}\n"), "{text}");
        assert!(text.ends_with(&format!(" {}", "x".repeat(MAX_LINE_BYTES))), "{text}");
    }

    #[tokio::test]
    async fn the_first_selected_line_is_returned() {
        let (sink, _, lines) = Sink::new();
        sink.read(Some(&b"a\nb 1\nb 2"[..]), true).await;
        assert_eq!(lines.first(|line| line.text.strip_prefix("b ").map(str::to_owned)).await, "1");
    }
}
