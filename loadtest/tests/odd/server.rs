//! Servers that send any bytes.

use std::future::pending;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::burst_run::{BurstRun, burst};

/// A whole answer.
pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a server does after an answer.
#[derive(Clone, Copy)]
pub enum End {
    /// It closes the connection.
    Close,
    /// It does nothing more.
    Silent,
    /// It waits for the next request.
    Next,
}

/// Serves each connection by `serve`. Returns the authority of the server's URL.
pub async fn serve<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let authority = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    authority
}

/// Serves each request by these bytes. Returns the URL.
pub async fn answering(answer: impl Into<Vec<u8>>, end: End) -> String {
    let heads = Arc::default();
    format!("http://{}/", recording(answer, end, heads).await)
}

/// As [`answering`], and records the heads of the requests. Returns the authority.
pub async fn recording(answer: impl Into<Vec<u8>>, end: End, heads: Arc<Mutex<Vec<String>>>) -> String {
    let answer: Vec<u8> = answer.into();
    let answer: Arc<[u8]> = answer.into();
    serve(move |stream| answer_all(stream, answer.clone(), end, heads.clone())).await
}

/// Serves a connection.
pub async fn answer_all(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: Arc<[u8]>,
    end: End,
    heads: Arc<Mutex<Vec<String>>>,
) {
    while let Some(head) = read_head(&mut stream).await {
        heads.lock().expect("no panic").push(head);
        if stream.write_all(&answer).await.is_err() {
            return;
        }
        match end {
            End::Close => return,
            End::Silent => pending().await,
            End::Next => {}
        }
    }
}

/// Reads the head of a request; `None` if the connection ends before.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Fires three requests, each over a connection of its own, without requests alone, unless `args` say otherwise.
pub async fn three(args: &[&str], url: &str) -> BurstRun {
    let usual = [["-n", "3"], ["-c", "3"], ["-t", "2"], ["--service-ms", "300"]];
    let missing = usual.iter().filter(|flag| !args.contains(&flag[0])).flatten().copied();
    burst(&missing.chain(args.iter().copied()).chain([url]).collect::<Vec<_>>()).await
}
