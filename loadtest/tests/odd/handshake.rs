//! Servers that accept connections and stay silent, or speak something else: opening obeys `-t`, together, and signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use judge::trace::ErrorKind;
use testing::{TIMEOUT, eventually};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use super::server::{End, OK, answer_all, answering, serve, three};
use crate::common::burst_run::burst;
use crate::common::interrupted;

/// A server that accepts and never sends a byte; and the number of its connections.
async fn silent() -> (String, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let authority = serve(move |stream| {
        counter.fetch_add(1, SeqCst);
        async move {
            std::future::pending::<()>().await;
            drop(stream);
        }
    })
    .await;
    (authority, connections)
}

#[tokio::test]
async fn handshakes_with_a_silent_server_end_together_after_the_time_limit() {
    for (scheme, args, said) in [
        ("http", &["--http2"][..], "HTTP/2: no settings within 3 s"),
        ("https", &["--insecure"], "TLS: no handshake within 3 s"),
        ("https", &["--insecure", "--http2"], "TLS: no handshake within 3 s"),
        ("http", &["--http2", "--disable-keepalive"], "HTTP/2: no settings within 3 s"),
    ] {
        let (authority, _) = silent().await;
        let url = format!("{scheme}://{authority}/");
        let began = Instant::now();
        let run =
            burst(&[&["-n", "8", "-c", "8", "-t", "3", "--service-ms", "300"], args, &[&url]].concat()).await;
        // One after the other, they would take 24 s.
        assert!(began.elapsed() < TIMEOUT, "{args:?}: {:?}", began.elapsed());
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        for request in run.burst().requests {
            assert_eq!(request.error_kind, Some(ErrorKind::ConnectTimeout), "{request:?}");
            assert!(request.error.as_deref().unwrap().contains(said), "{request:?}");
        }
    }
}

#[tokio::test]
async fn a_signal_ends_handshakes_at_once() {
    for (scheme, flag) in [("http", "--http2"), ("https", "--insecure")] {
        for alone in [&[][..], &["--service-ms", "300"]] {
            let (authority, connections) = silent().await;
            let url = format!("{scheme}://{authority}/");
            let args = [&["burst", "-n", "8", "-c", "8", "-t", "600", flag], alone, &[&*url]].concat();
            let (code, _) = interrupted(&args, "a connection", move || connections.load(SeqCst) > 0).await;
            assert_eq!(code, Some(130), "{args:?}");
        }
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_told_as_such() {
    let http1 = answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", End::Close).await;
    let tls = answering(b"\x15\x03\x03\x00\x02\x02\x46", End::Close).await;
    let settings = [&[0, 0, 0, 4, 0, 0, 0, 0, 0][..], b"more"].concat();
    let http2 = answering(settings, End::Silent).await;
    // A server of HTTP/1.1 reads a line, and TLS' first message has none: this one answers whatever comes.
    let plain = serve(async |mut stream| {
        let mut bytes = [0; 1];
        if tokio::io::AsyncReadExt::read(&mut stream, &mut bytes).await.is_ok() {
            let _ = stream.write_all(OK.as_bytes()).await;
            std::future::pending::<()>().await;
        }
    })
    .await;
    for (url, args, said) in [
        (http1, &["--http2"][..], "the server speaks HTTP/1.1, not HTTP/2: leave out --http2"),
        (tls.clone(), &[], "the server speaks TLS on this port: use https://"),
        (tls, &["--http2"], "the server speaks TLS on this port: use https://"),
        (http2, &[], "the server speaks HTTP/2, not HTTP/1.1: use --http2"),
        (
            format!("https://{plain}/"),
            &["--insecure"],
            "the server speaks plain HTTP on this port: use http://",
        ),
    ] {
        let run = three(args, &url).await;
        assert!(matches!(run.code, Some(1 | 3)), "{said}: {}", run.stderr);
        for request in run.burst().requests {
            assert!(request.error.as_deref().unwrap().contains(said), "{said}: {request:?}");
        }
        let alone = burst(&[&["-n", "3", "-t", "2"], args, &[&url]].concat()).await;
        assert!(alone.stderr.contains(said), "{said}: {}", alone.stderr);
    }
}

/// Whether a request to connect to this port is without an answer (the state SYN_SENT), because the backlog is full.
fn has_unanswered_syn(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's list");
    let to_port = format!(":{port:04X}");
    sockets.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(2);
        fields.next().is_some_and(|remote| remote.ends_with(&to_port)) && fields.next() == Some("02")
    })
}

#[tokio::test]
async fn connections_that_waited_for_a_full_backlog_are_told() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        eventually("the backlog is full", || has_unanswered_syn(port)).await;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, OK.as_bytes().into(), End::Next, Arc::default()));
        }
    });
    let url = format!("http://127.0.0.1:{port}/");
    let run = burst(&["-n", "8", "-c", "8", "--service-ms", "300", &url]).await;
    assert!(matches!(run.code, Some(0 | 4)), "{}", run.stderr);
    assert!(run.stdout.contains("a full listen backlog"), "{}", run.stdout);
}
