//! The trace of the embedded host: what it knows of each request beyond what the answer says.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use judge::trace::{Phases, Row};
use serde::Deserialize;
use tempfile::TempPath;

/// The host writes lines at least as often, a moment after the last byte of an answer.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The longest wait for lines. The host leaves lines out if the disk is too slow.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// A file to which a server writes a line for each request, and which is read as it grows. The file is removed with the last
/// clone.
#[derive(Debug, Clone)]
pub struct ServerTrace {
    file: Arc<TempPath>,
    reader: Arc<Mutex<Reader>>,
}

#[derive(Debug)]
struct Reader {
    file: File,
    /// The beginning of a line whose end isn't written yet.
    rest: Vec<u8>,
    /// The lines that belong to no known request yet.
    phases: HashMap<Key, Phases>,
}

/// An instance takes each number once.
type Key = (String, u32);

/// A line, as `docs/host.md` describes it. Requests that no instance took have none of these.
#[derive(Deserialize)]
struct Line {
    instance: Option<String>,
    served: Option<u32>,
    queue_us: f64,
    start_us: Option<f64>,
    head_us: Option<f64>,
    done_us: Option<f64>,
}

impl ServerTrace {
    /// Creates the file.
    pub(super) fn create() -> io::Result<Self> {
        let (file, path) = tempfile::NamedTempFile::with_prefix("loadtest-trace-")?.into_parts();
        let reader = Reader { file, rest: Vec::new(), phases: HashMap::new() };
        Ok(Self { file: Arc::new(path), reader: Arc::new(Mutex::new(reader)) })
    }

    /// Returns its path.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// Adds to each of the rows what the server recorded of its request. Waits for a moment if lines are missing. Lines of other
    /// requests are dropped.
    pub async fn join<'a>(&self, rows: impl IntoIterator<Item = &'a mut Row>) {
        let mut open: Vec<(Key, &mut Row)> =
            rows.into_iter().filter_map(|row| Some((key(row)?, row))).collect();
        let begin = Instant::now();
        loop {
            // The lines before an error are as good as any.
            let _ = self.reader().read();
            open.retain_mut(|(key, row)| {
                row.phases = self.reader().phases.remove(key);
                row.phases.is_none()
            });
            if open.is_empty() || begin.elapsed() >= MAX_WAIT {
                break;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.reader().phases.clear();
    }

    fn reader(&self) -> MutexGuard<'_, Reader> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Reads the lines that were written since the last call.
    fn read(&mut self) -> io::Result<()> {
        self.file.read_to_end(&mut self.rest)?;
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let complete: Vec<u8> = self.rest.drain(..=end).collect();
        self.phases.extend(complete.split(|byte| *byte == b'\n').filter_map(parse));
        Ok(())
    }
}

fn key(row: &Row) -> Option<Key> {
    let evidence = row.evidence.as_ref()?;
    Some((evidence.instance.clone(), evidence.served?))
}

fn parse(line: &[u8]) -> Option<(Key, Phases)> {
    let Line { instance, served, queue_us, start_us, head_us, done_us } =
        serde_json::from_slice(line).ok()?;
    let phases = Phases { queue_us, start_us: start_us?, handler_us: head_us?, answer_us: done_us? };
    Some(((instance?, served?), phases))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use judge::trace::Evidence;

    use super::*;

    fn row(instance: &str, served: Option<u32>) -> Row {
        let evidence = Evidence {
            instance: instance.to_owned(),
            endpoint: String::new(),
            style: String::new(),
            served,
            stay: None,
            start_ns: 0,
            host: None,
        };
        Row { evidence: Some(evidence), ..Row::default() }
    }

    fn line(instance: &str, served: u32, queue_us: u32) -> String {
        format!(
            "{{\"route\":\"/\",\"instance\":{instance:?},\"served\":{served},\"queue_us\":{queue_us},\"start_us\":2,\"head_us\":3,\
             \"done_us\":4}}\n"
        )
    }

    #[tokio::test]
    async fn a_line_belongs_to_the_request_of_its_instance_and_number() {
        let trace = ServerTrace::create().unwrap();
        // The server opens the file by its name, and empties it.
        let mut server = File::create(trace.path()).unwrap();
        let rejected = "{\"instance\":null,\"served\":null,\"queue_us\":1,\"start_us\":null,\"head_us\":null,\"done_us\":null}\n";
        let split = line("a", 2, 12);
        let (first, last) = split.split_at(20);
        server.write_all(format!("{rejected}no JSON\n{}{first}", line("a", 1, 11)).as_bytes()).unwrap();
        let rest = format!("{last}{}", line("b", 1, 13));
        // Runs as soon as `join` waits.
        let writing = tokio::spawn(async move {
            server.write_all(rest.as_bytes()).unwrap();
        });
        let mut rows =
            [row("b", Some(1)), row("a", Some(2)), row("a", Some(1)), row("a", None), Row::default()];
        trace.join(&mut rows).await;
        writing.await.unwrap();
        let queues = rows.each_ref().map(|row| row.phases.map(|phases| phases.queue_us));
        assert_eq!(queues, [Some(13.0), Some(12.0), Some(11.0), None, None]);
        assert_eq!(rows[0].phases.unwrap().answer_us, 4.0);
    }

    #[tokio::test]
    async fn a_missing_line_is_awaited_for_a_moment_only() {
        let trace = ServerTrace::create().unwrap();
        let mut rows = [row("a", Some(1))];
        trace.join(&mut rows).await;
        assert_eq!(rows[0].phases, None);
        let path = trace.path().to_owned();
        drop(trace);
        assert!(!path.exists());
    }
}
