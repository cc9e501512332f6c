//! Calls another component of its application: the URL in the variable `SIBLING_URL` of the environment, such as
//! `http://key-value-counter.spin.internal/`. Responds with the status and the body that it gets.

use std::env;

use spin_sdk::http::send;
use spin_sdk::http_component;

#[http_component]
async fn handle(_: http::Request<()>) -> http::Response<String> {
    match call().await {
        Ok((status, body)) => http::Response::new(format!("{status} from the sibling: {body}")),
        Err(error) => {
            let mut response = http::Response::new(format!("error: {error}\n"));
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            response
        }
    }
}

async fn call() -> Result<(u16, String), String> {
    let url = env::var("SIBLING_URL").map_err(|_| "SIBLING_URL is not set".to_owned())?;
    let request = http::Request::get(url).body(()).map_err(|error| error.to_string())?;
    let response: http::Response<Vec<u8>> = send(request).await.map_err(|error| error.to_string())?;
    Ok((response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned()))
}
