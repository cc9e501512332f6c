//! Servers of HTTP/2 that refuse streams or end connections: told by the frame's name and code.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use h2::Reason;
use http::Response;
use hyper::body::Bytes;
use judge::trace::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::server::serve;
use crate::common::burst_run::burst;

/// Answers the streams for which `refusal` has no code.
async fn streams(stream: TcpStream, refusal: impl Fn(usize) -> Option<Reason>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let number = AtomicUsize::new(0);
    while let Some(Ok((_, mut answer))) = connection.accept().await {
        match refusal(number.fetch_add(1, SeqCst)) {
            Some(reason) => answer.send_reset(reason),
            None => {
                if let Ok(mut body) = answer.send_response(Response::new(()), false) {
                    let _ = body.send_data(Bytes::from_static(b"ok"), true);
                }
            }
        }
    }
}

#[tokio::test]
async fn refused_streams_are_refusals_of_their_requests_alone() {
    let authority =
        serve(|stream| streams(stream, |number| (number % 3 == 2).then_some(Reason::REFUSED_STREAM))).await;
    let url = format!("http://{authority}/");
    let run = burst(&["--http2", "-n", "9", "-c", "9", "-t", "5", "--service-ms", "300", &url]).await;
    let result = run.burst();
    assert_eq!((result.ok, result.failed, result.http2.unwrap().connections), (6, 3, 1));
    for request in result.requests.iter().filter(|request| request.status.is_none()) {
        assert_eq!(request.error_kind, Some(ErrorKind::Reset), "{request:?}");
        let said = "HTTP/2: the server ended the stream by RST_STREAM with REFUSED_STREAM (7)";
        assert_eq!(request.error.as_deref(), Some(said));
    }
}

#[tokio::test]
async fn goaway_is_told_with_its_code() {
    let authority = serve(async |mut stream| {
        let _ = stream.read_exact(&mut [0_u8; 24]).await;
        let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
        let mut head = [0_u8; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let _ = stream.read_exact(&mut vec![0_u8; length]).await;
            // With the first HEADERS: no stream was processed.
            if head[3] == 1 {
                let _ = stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]).await;
            }
        }
    })
    .await;
    let url = format!("http://{authority}/");
    let run = burst(&["--http2", "-n", "3", "-c", "3", "-t", "5", "--service-ms", "300", &url]).await;
    let said = "HTTP/2: the server ended the connection by GOAWAY with ENHANCE_YOUR_CALM (11)";
    let result = run.burst();
    let errors: Vec<&str> = result.requests.iter().filter_map(|request| request.error.as_deref()).collect();
    assert_eq!(errors.len(), 3);
    assert!(errors.contains(&said), "{errors:?}");
}
