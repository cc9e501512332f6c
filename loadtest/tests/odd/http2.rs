//! Servers of HTTP/2 that refuse streams or end connections: told by the frame's name and code.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use h2::Reason;
use http::Response;
use hyper::body::Bytes;
use judge::trace::ErrorKind;
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
    let authority = serve(async |stream| {
        let Ok(mut connection) = h2::server::handshake(stream).await else { return };
        let _ = connection.accept().await;
        connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
        while connection.accept().await.is_some() {}
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
