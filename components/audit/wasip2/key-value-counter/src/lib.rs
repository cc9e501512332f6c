//! Counts its requests in the key-value store, and responds with the number. Two requests at once may read the same
//! number: the interface has no way to add.

use spin_sdk::http_component;
use spin_sdk::key_value::{Error, Store};

#[http_component]
fn handle(_: http::Request<()>) -> http::Response<String> {
    match count() {
        Ok(number) => http::Response::new(format!("{number}\n")),
        Err(error) => {
            let mut response = http::Response::new(format!("error: {error}\n"));
            *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

fn count() -> Result<u64, Error> {
    let store = Store::open_default()?;
    let before = store.get("count")?.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
    let number = before.unwrap_or(0) + 1;
    store.set("count", number.to_string().as_bytes())?;
    Ok(number)
}
