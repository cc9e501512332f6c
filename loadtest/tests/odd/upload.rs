//! Servers that answer an upload before its end.

use tokio::io::AsyncWriteExt;

use super::server::{read_head, serve, three};

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
async fn an_early_answer_counts_though_the_rest_is_not_read() {
    for (status, number) in [("413 Content Too Large", 413), ("200 OK", 200)] {
        for closes in [true, false] {
            assert_eq!(answered_early(status, closes).await, [Some(number); 6], "{status}, closes: {closes}");
        }
    }
}
