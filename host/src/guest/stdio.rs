//! What guests print: kept in a file for each component and stream, and echoed to standard error.

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

use crate::Error;

/// What may be on its way to the files at once; guests wait when there is more.
const PIECES: usize = 1024;

/// Where guests' output goes.
#[derive(Debug, Clone)]
pub struct Logs {
    /// The folder of the files; Spin's is `.spin/logs` beside the manifest.
    pub folder: PathBuf,
    /// Whether it goes to standard error too.
    pub echo: bool,
}

type Piece = (Arc<File>, Vec<u8>);

/// Writes what comes, on a thread of its own: a reader of ours that stands still must not hold up the server.
pub struct Writer {
    folder: PathBuf,
    sender: mpsc::Sender<Piece>,
}

/// What one component prints.
pub struct Output {
    pub stdout: Stream,
    pub stderr: Stream,
}

/// One stream of one component.
#[derive(Clone)]
pub struct Stream {
    file: Arc<File>,
    sender: mpsc::Sender<Piece>,
}

impl Logs {
    /// Makes the folder.
    ///
    /// # Errors
    ///
    /// Where it can't be made.
    pub fn open(&self) -> Result<Writer, Error> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| Error::Logs { path: self.folder.clone(), source })?;
        let (sender, mut receiver) = mpsc::channel::<Piece>(PIECES);
        let echo = self.echo;
        thread::spawn(move || {
            while let Some((file, bytes)) = receiver.blocking_recv() {
                // There is nobody to tell: a disk that is full costs the log, and no request.
                let _ = (&*file).write_all(&bytes);
                if echo {
                    let _ = io::stderr().write_all(&bytes);
                }
            }
        });
        Ok(Writer { folder: self.folder.clone(), sender })
    }
}

impl Writer {
    /// For one component; what it wrote before stays.
    ///
    /// # Errors
    ///
    /// Where a file can't be opened.
    pub fn output_of(&self, component: &str) -> Result<Output, Error> {
        Ok(Output { stdout: self.stream(component, "stdout")?, stderr: self.stream(component, "stderr")? })
    }

    fn stream(&self, component: &str, name: &str) -> Result<Stream, Error> {
        let path = self.folder.join(format!("{component}_{name}.txt"));
        match File::options().create(true).append(true).open(&path) {
            Ok(file) => Ok(Stream { file: Arc::new(file), sender: self.sender.clone() }),
            Err(source) => Err(Error::Logs { path, source }),
        }
    }
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(Pipe { file: self.file.clone(), sender: PollSender::new(self.sender.clone()) })
    }
}

/// An instance's end of a stream.
struct Pipe {
    file: Arc<File>,
    sender: PollSender<Piece>,
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        ready!(self.sender.poll_reserve(context)).map_err(gone)?;
        let piece = (self.file.clone(), bytes.to_vec());
        self.sender.send_item(piece).map_err(gone)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
