use std::io::Read;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::sys::signal::Signal;

use crate::{POLL_INTERVAL, Process, TIMEOUT, get};

/// A server in a process of its own.
pub struct Server {
    /// The process.
    pub process: Process,
    /// The base URL, such as `http://127.0.0.1:3000`.
    pub url: String,
    log: Option<LogReader>,
}

/// Reads a server's standard error in a thread.
struct LogReader {
    text: Arc<Mutex<String>>,
    thread: JoinHandle<()>,
}

impl Server {
    pub(crate) fn new(process: Process, url: String) -> Self {
        Self { process, url, log: None }
    }

    /// The host and the port.
    pub fn authority(&self) -> &str {
        self.url.split_once("://").expect("a URL").1
    }

    /// Sends a GET request for this path. Returns the status and the body of the response.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = get(format!("{}{path}", self.url)).await.expect("a response");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a complete body"))
    }

    /// The number of times that the server has written this text to standard error so far.
    pub fn count_in_log(&mut self, text: &str) -> usize {
        self.log_reader().text().matches(text).count()
    }

    /// Ends the server. Returns what it wrote to standard error.
    pub fn log(self) -> String {
        self.log_that_says(&[])
    }

    /// Waits until the server has written all of these texts to standard error, since a log line may come after the
    /// response. Then ends the server, and returns everything that it wrote to standard error.
    pub fn log_that_says(mut self, texts: &[&str]) -> String {
        let reader = self.log_reader();
        let started = Instant::now();
        loop {
            let log = reader.text();
            let Some(missing) = texts.iter().find(|text| !log.contains(**text)) else { break };
            assert!(started.elapsed() < TIMEOUT, "{missing:?} is missing in\n{log}");
            std::thread::sleep(POLL_INTERVAL);
        }
        self.process.signal(Signal::SIGTERM);
        self.process.ended_within(TIMEOUT);
        let LogReader { text, thread } = self.log.take().expect("started above");
        thread.join().expect("no panic");
        text.lock().expect("no panic").clone()
    }

    fn log_reader(&mut self) -> &LogReader {
        let stderr = &mut self.process.child.stderr;
        self.log.get_or_insert_with(|| LogReader::start(stderr.take().expect("a pipe")))
    }
}

impl LogReader {
    fn start(mut stderr: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let written = text.clone();
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut chunk) {
                *written.lock().expect("no panic") += &String::from_utf8_lossy(&chunk[..length]);
            }
        });
        Self { text, thread }
    }

    fn text(&self) -> String {
        self.text.lock().expect("no panic").clone()
    }
}
