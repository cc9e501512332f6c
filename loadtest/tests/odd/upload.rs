//! Servers that answer an upload before its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::{OK, read_head, serve, three};

const LENGTH: usize = 5_000_000;

/// Runs six uploads at a server that answers after the head; it reads no further, and closes or keeps the connection.
async fn answered_early(status: &'static str, closes: bool) -> Vec<Option<u16>> {
    let authority = serve(move |mut stream| async move {
        if read_head(&mut stream).await.is_some() {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok");
            let _ = stream.write_all(answer.as_bytes()).await;
            if !closes {
                std::future::pending::<()>().await;
            }
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("body");
    std::fs::write(&file, vec![b'a'; LENGTH]).unwrap();
    let args = ["-m", "POST", "-D", file.to_str().unwrap(), "-n", "6", "-t", "5"];
    let run = three(&args, &format!("http://{authority}/")).await;
    run.burst().requests.iter().map(|request| request.status).collect()
}

#[tokio::test]
async fn a_connection_is_kept_after_a_body_that_was_read() {
    const BODY: usize = 20_000;
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let authority = serve(move |mut stream| {
        counter.fetch_add(1, SeqCst);
        async move {
            while read_head(&mut stream).await.is_some() {
                let mut body = vec![0; BODY];
                if stream.read_exact(&mut body).await.is_err()
                    || stream.write_all(OK.as_bytes()).await.is_err()
                {
                    return;
                }
            }
        }
    })
    .await;
    let body = "a".repeat(BODY);
    let run = three(&["-m", "POST", "-d", &body, "-n", "12"], &format!("http://{authority}/")).await;
    assert_eq!(run.burst().ok, 12);
    assert_eq!(connections.load(SeqCst), 3);
}

#[tokio::test]
async fn an_early_answer_counts_though_the_rest_is_not_read() {
    for (status, number) in [("413 Content Too Large", 413), ("200 OK", 200)] {
        for closes in [true, false] {
            assert_eq!(answered_early(status, closes).await, [Some(number); 6], "{status}, closes: {closes}");
        }
    }
}
