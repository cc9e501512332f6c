//! Streamed bodies. A chunk is produced only after the previous one has been sent.

use std::pin::pin;
use std::time::Duration;

use behaviour::{Chunks, Response};
use futures::{Sink, SinkExt, TryStreamExt};
use http::{HeaderMap, StatusCode};
use spin_sdk::http::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};

/// Sends a whole response.
pub async fn whole(out: ResponseOutparam, response: Response) {
    let (head, body) = response.into_parts();
    let mut sink = pin!(start(out, head.status, &head.headers));
    // Sends fail here and below if the client has gone.
    let _ = sink.send(body).await;
}

/// Streams the request's body back as it arrives. Traps if the body has an error, so that the response doesn't look
/// complete.
pub async fn echo(request: IncomingRequest, headers: &HeaderMap, out: ResponseOutparam) {
    let mut sink = pin!(start(out, StatusCode::OK, headers));
    let mut body = pin!(request.into_body_stream());
    while let Some(chunk) = body.try_next().await.expect("a complete body") {
        if sink.send(chunk).await.is_err() {
            return;
        }
    }
}

/// Responds with the size of the request's body in bytes.
pub async fn size(request: IncomingRequest) -> Response {
    let size = request.into_body_stream().try_fold(0, async |size, chunk| Ok(size + chunk.len())).await;
    behaviour::from_result(size.map_err(|reason| reason.to_debug_string()))
}

/// Streams these chunks, with a pause after each.
pub async fn stream(out: ResponseOutparam, chunks: Chunks, pause: Duration) {
    let mut sink = pin!(start(out, StatusCode::OK, &HeaderMap::new()));
    for chunk in chunks {
        if sink.send(chunk).await.is_err() {
            return;
        }
        if !pause.is_zero() {
            sleep::sleep(pause).await;
        }
    }
}

/// Sends the head and returns the sink for the body. Traps if the host refuses the head.
fn start(out: ResponseOutparam, status: StatusCode, headers: &HeaderMap) -> impl Sink<Vec<u8>> + use<> {
    let fields: Vec<_> =
        headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let fields = Fields::from_list(&fields).expect("headers that the host accepts");
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status.as_u16()).expect("a status that the host accepts");
    let body = response.take_body();
    out.set(response);
    body
}
