//! The guests' output: written to one file for each component and stream, and echoed to standard error.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;

use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::error::Error;

/// The maximum number of chunks that wait to be written. If the queue is full, guests wait.
const MAX_QUEUED_CHUNKS: usize = 1024;

/// The destination of the guests' output.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The folder of the log files; Spin's is `.spin/logs` beside the manifest.
    pub folder: PathBuf,
    /// Whether the output also goes to standard error.
    pub echo: bool,
}

type Chunk = (Arc<File>, Vec<u8>);

/// Writes guests' output on its own thread: a blocked reader of standard error must not block the server.
pub struct LogWriter {
    folder: PathBuf,
    sender: mpsc::Sender<Chunk>,
}

/// The output of one component.
pub struct GuestOutput {
    pub stdout: OutputStream,
    pub stderr: OutputStream,
}

/// One output stream of one component.
#[derive(Clone)]
pub struct OutputStream {
    file: Arc<File>,
    sender: mpsc::Sender<Chunk>,
}

impl Logs {
    /// Creates the folder, and starts the thread that writes.
    ///
    /// # Errors
    ///
    /// If the folder can't be created.
    pub(crate) fn open(&self) -> Result<LogWriter, Error> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| Error::Logs { path: self.folder.clone(), source })?;
        let (sender, mut receiver) = mpsc::channel::<Chunk>(MAX_QUEUED_CHUNKS);
        let echo = self.echo;
        thread::spawn(move || {
            while let Some((file, bytes)) = receiver.blocking_recv() {
                // Errors are ignored: a full disk loses log lines, and fails no request.
                let _ = (&*file).write_all(&bytes);
                if echo {
                    let _ = io::stderr().write_all(&bytes);
                }
            }
        });
        Ok(LogWriter { folder: self.folder.clone(), sender })
    }
}

impl LogWriter {
    /// Returns the output of one component. It is appended to existing files.
    ///
    /// # Errors
    ///
    /// If a file can't be opened.
    pub fn output_of(&self, component: &str) -> Result<GuestOutput, Error> {
        Ok(GuestOutput {
            stdout: self.stream(component, "stdout")?,
            stderr: self.stream(component, "stderr")?,
        })
    }

    fn stream(&self, component: &str, name: &str) -> Result<OutputStream, Error> {
        let path = self.folder.join(format!("{component}_{name}.txt"));
        match File::options().create(true).append(true).open(&path) {
            Ok(file) => Ok(OutputStream { file: Arc::new(file), sender: self.sender.clone() }),
            Err(source) => Err(Error::Logs { path, source }),
        }
    }
}

impl IsTerminal for OutputStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for OutputStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(InstanceStream { file: self.file.clone(), sender: PollSender::new(self.sender.clone()) })
    }
}

/// One instance's handle of a stream.
struct InstanceStream {
    file: Arc<File>,
    sender: PollSender<Chunk>,
}

impl AsyncWrite for InstanceStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(self.sender.poll_reserve(context)).map_err(closed)?;
        let chunk = (self.file.clone(), bytes.to_vec());
        self.sender.send_item(chunk).map_err(closed)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
