//! Streamed bodies. A chunk is produced only after the previous one has been sent.

use std::convert::Infallible;
use std::time::Duration;

use behaviour::{Chunks, Response};
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

/// A whole body.
pub fn whole(body: Vec<u8>) -> BoxBody {
    box_body(FullBody::new(Bytes::from(body)))
}

/// Streams the request's body back as it arrives.
pub fn echo(headers: HeaderMap, body: IncomingRequestBody) -> http::Response<BoxBody> {
    let mut response = http::Response::new(box_body(body));
    *response.headers_mut() = headers;
    response
}

/// Responds with the size of the request's body in bytes.
pub async fn size(body: IncomingRequestBody) -> Response {
    behaviour::from_result(body.stream().try_fold(0, async |size, chunk| Ok(size + chunk.len())).await)
}

/// Streams these chunks, with a pause after each.
pub fn stream(chunks: Chunks, pause: Duration) -> http::Response<BoxBody> {
    let frames = stream::unfold((chunks, Duration::ZERO), move |(mut chunks, wait)| async move {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let frame = Frame::data(Bytes::from(chunks.next()?));
        Some((Ok::<_, Infallible>(frame), (chunks, pause)))
    });
    http::Response::new(box_body(StreamBody::new(frames)))
}

/// Sends a GET request and returns the response.
pub async fn get(url: http::Uri) -> Result<Response, ErrorCode> {
    let (head, body) = spin_sdk::http::get(url.to_string()).await?.into_parts();
    Ok(http::Response::from_parts(head, body.bytes().await?.to_vec()))
}
