//! Bodies, piece by piece: a piece is taken only when the one before it has been.

use std::pin::pin;
use std::time::Duration;

use behaviour::{Answer, Pieces};
use futures::{Sink, SinkExt, TryStreamExt};
use http::{HeaderMap, StatusCode};
use spin_sdk::http::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};

/// Answers what is all there.
pub async fn whole(out: ResponseOutparam, answer: Answer) {
    let (head, body) = answer.into_parts();
    let mut sink = pin!(start(out, head.status, &head.headers));
    // This send fails, and those below, when the client has gone.
    let _ = sink.send(body).await;
}

/// Answers the request's body as it comes.
pub async fn echo(request: IncomingRequest, headers: &HeaderMap, out: ResponseOutparam) {
    let mut sink = pin!(start(out, StatusCode::OK, headers));
    let mut body = pin!(request.into_body_stream());
    while let Ok(Some(piece)) = body.try_next().await {
        if sink.send(piece).await.is_err() {
            return;
        }
    }
}

/// How many bytes the request's body has.
pub async fn size(request: IncomingRequest) -> Answer {
    let size = request.into_body_stream().try_fold(0, async |size, piece| Ok(size + piece.len())).await;
    behaviour::shown(size.map_err(|reason| reason.to_debug_string()))
}

/// Answers these pieces, with a pause after each.
pub async fn stream(out: ResponseOutparam, pieces: Pieces, pause: Duration) {
    let mut sink = pin!(start(out, StatusCode::OK, &HeaderMap::new()));
    for piece in pieces {
        if sink.send(piece).await.is_err() {
            return;
        }
        if !pause.is_zero() {
            sleep::sleep(pause).await;
        }
    }
}

/// Sends the head; the body goes into what this gives. A head that the host refuses is a trap.
fn start(out: ResponseOutparam, status: StatusCode, headers: &HeaderMap) -> impl Sink<Vec<u8>> + use<> {
    let fields: Vec<_> =
        headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let fields = Fields::from_list(&fields).expect("headers that the host takes");
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status.as_u16()).expect("a status that the host takes");
    let body = response.take_body();
    out.set(response);
    body
}
