//! Bodies, piece by piece: a piece is taken only when the one before it has been.

use std::convert::Infallible;
use std::time::Duration;

use behaviour::{Answer, Pieces};
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use http::HeaderMap;
use http_body::Frame;
use http_body_util::StreamBody;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http::{BoxBody, FullBody, box_body};
use spin_sdk::time::sleep;
use spin_sdk::wasip3::http::types::ErrorCode;
use spin_sdk::wasip3::http_compat::IncomingRequestBody;

/// A body that is all there.
pub fn whole(body: Vec<u8>) -> BoxBody {
    box_body(FullBody::new(Bytes::from(body)))
}

/// Answers the request's body as it comes.
pub fn echo(headers: HeaderMap, body: IncomingRequestBody) -> http::Response<BoxBody> {
    let mut response = http::Response::new(box_body(body));
    *response.headers_mut() = headers;
    response
}

/// How many bytes the request's body has.
pub async fn size(body: IncomingRequestBody) -> Answer {
    behaviour::shown(body.stream().try_fold(0, async |size, piece| Ok(size + piece.len())).await)
}

/// Answers these pieces, with a pause after each.
pub fn stream(pieces: Pieces, pause: Duration) -> http::Response<BoxBody> {
    let frames = stream::unfold((pieces, Duration::ZERO), move |(mut pieces, wait)| async move {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let frame = Frame::data(Bytes::from(pieces.next()?));
        Some((Ok::<_, Infallible>(frame), (pieces, pause)))
    });
    http::Response::new(box_body(StreamBody::new(frames)))
}

/// What a GET request to this address gets.
pub async fn get(url: http::Uri) -> Result<Answer, ErrorCode> {
    let (head, body) = spin_sdk::http::get(url.to_string()).await?.into_parts();
    Ok(http::Response::from_parts(head, body.bytes().await?.to_vec()))
}
