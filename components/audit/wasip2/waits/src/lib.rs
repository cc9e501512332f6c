//! Handlers that take their time, each in the way that its path names. The responses say nothing about instances or times.

use std::thread;
use std::time::Duration;

use sleep::sleep;
use spin_sdk::http_component;

const WAIT: Duration = Duration::from_millis(200);

#[http_component]
async fn handle(request: http::Request<()>) -> http::Response<String> {
    match request.uri().path().rsplit('/').next() {
        Some("block") => thread::sleep(WAIT),
        Some("await") => sleep(WAIT).await,
        Some("await-then-block") => {
            sleep(WAIT / 10).await;
            thread::sleep(WAIT);
        }
        Some("compute") => endpoint::cpu::work(WAIT / 2),
        _ => {
            let mut response = http::Response::new("no such handler\n".to_owned());
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            return response;
        }
    }
    http::Response::new("done\n".to_owned())
}
