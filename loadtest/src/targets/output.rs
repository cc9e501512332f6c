//! What a program writes: its last lines are kept, and each can be looked at as it comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

/// How many lines are kept.
const KEPT: usize = 10;
/// How much of a line is.
const LONGEST: usize = 2_000;

/// A line, and whether it came on standard output.
pub struct Line {
    pub text: String,
    pub is_stdout: bool,
}

/// The last lines of both outputs.
#[derive(Clone, Default)]
pub struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// `message`, and the lines below it.
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
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }
}

/// Lines as they come.
pub struct Lines(mpsc::UnboundedReceiver<Line>);

impl Lines {
    /// What `wanted` makes of the first line that it wants; never, where none comes.
    pub async fn first<T>(mut self, mut wanted: impl FnMut(&Line) -> Option<T>) -> T {
        while let Some(line) = self.0.recv().await {
            if let Some(found) = wanted(&line) {
                return found;
            }
        }
        std::future::pending().await
    }
}

/// Where the readers of both outputs put their lines.
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

    /// Reads all, for ever: a program whose output nobody reads would wait.
    pub async fn read(self, output: Option<impl AsyncRead + Unpin>, is_stdout: bool) {
        let Some(mut output) = output else { return };
        let mut begun = Vec::new();
        let mut piece = vec![0; 8 << 10];
        while let Ok(length @ 1..) = output.read(&mut piece).await {
            for &byte in &piece[..length] {
                match byte {
                    b'\n' => self.line(&mut begun, is_stdout),
                    _ if begun.len() < LONGEST => begun.push(byte),
                    _ => {}
                }
            }
        }
        self.line(&mut begun, is_stdout);
    }

    fn line(&self, bytes: &mut Vec<u8>, is_stdout: bool) {
        let text = readable(&String::from_utf8_lossy(bytes));
        bytes.clear();
        self.tail.push(&text);
        let _ = self.lines.send(Line { text, is_stdout });
    }
}

/// Without colours, and what else would move a terminal.
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
    async fn the_last_lines_are_kept_readable_and_short() {
        let (sink, tail, _lines) = Sink::new();
        assert_eq!(tail.below("It failed"), "It failed; it wrote nothing");
        let mut bytes: Vec<u8> = (0..50).flat_map(|i| format!("line {i}\n\n").into_bytes()).collect();
        bytes.extend(b"\x1b[31mred\x1b[0m\x07 \xff\n");
        bytes.extend([b'x'; 3 * LONGEST]);
        sink.read(Some(&bytes[..]), true).await;
        let said = tail.below("It failed");
        assert_eq!(said.lines().count(), 1 + KEPT);
        assert!(said.starts_with("It failed; its last lines:\n    line 42\n"), "{said}");
        assert!(said.contains("\n    red \u{fffd}\n"), "{said}");
        assert!(said.ends_with(&format!(" {}", "x".repeat(LONGEST))), "{said}");
    }

    #[tokio::test]
    async fn the_first_wanted_line_is_found() {
        let (sink, _, lines) = Sink::new();
        sink.read(Some(&b"a\nb 1\nb 2"[..]), true).await;
        assert_eq!(lines.first(|line| line.text.strip_prefix("b ").map(str::to_owned)).await, "1");
    }
}
