//! Gets or sets a key as often as the query says, one call after the other: `/get?1000`, `/set?1000`.

use spin_sdk::http::Request;
use spin_sdk::http_service;
use spin_sdk::key_value::{Error, Store};

const KEY: &str = "key";

#[http_service]
async fn handle(request: Request) -> http::Response<String> {
    let times = request.uri().query().and_then(|query| query.parse().ok()).unwrap_or(1);
    match repeat(request.uri().path().ends_with("/set"), times).await {
        Ok(()) => http::Response::new("done\n".to_owned()),
        Err(error) => {
            let mut response = http::Response::new(format!("error: {error}\n"));
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

async fn repeat(sets: bool, times: u32) -> Result<(), Error> {
    let store = Store::open_default().await?;
    for number in 0..times {
        match sets {
            true => store.set(KEY, number.to_le_bytes()).await?,
            false => drop(store.get(KEY).await?),
        }
    }
    Ok(())
}
