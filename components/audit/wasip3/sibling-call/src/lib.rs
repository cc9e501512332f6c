//! Calls another component of its application: the URL in the variable `SIBLING_URL` of the environment, such as
//! `http://key-value-counter.spin.internal/`. Responds with the status and the body that it gets.

use std::env;

use bytes::Bytes;
use spin_sdk::http::Request;
use spin_sdk::http::body::IncomingBodyExt;
use spin_sdk::http_service;
use spin_sdk::wasip3::http::types::ErrorCode;

#[http_service]
async fn handle(_: Request) -> http::Response<String> {
    let Ok(url) = env::var("SIBLING_URL") else { return failure("SIBLING_URL is not set") };
    match call(url).await {
        Ok((status, body)) => {
            let body = String::from_utf8_lossy(&body);
            http::Response::new(format!("{status} from the sibling: {body}"))
        }
        Err(error) => failure(&format!("{error:?}")),
    }
}

async fn call(url: String) -> Result<(u16, Bytes), ErrorCode> {
    let (head, body) = spin_sdk::http::get(url).await?.into_parts();
    Ok((head.status.as_u16(), body.bytes().await?))
}

fn failure(reason: &str) -> http::Response<String> {
    let mut response = http::Response::new(format!("error: {reason}\n"));
    *response.status_mut() = http::StatusCode::BAD_GATEWAY;
    response
}
