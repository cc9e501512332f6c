//! The guest of the tests of key-value stores and SQLite: the path selects the call, the query has its arguments.
//!
//! `/sql` runs all statements of the query on one connection, and responds with the rows of the last one.

use std::collections::BTreeMap;
use std::fmt::Debug;

use spin_sdk::http_component;
use spin_sdk::key_value::Store;
use spin_sdk::sqlite::{Connection, RowResult, Value};

#[http_component]
fn handle(request: http::Request<()>) -> http::Response<String> {
    let query = request.uri().query().unwrap_or_default();
    let arguments: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let (status, text) = match respond(request.uri().path(), &arguments) {
        Ok(text) => (200, text),
        Err(error) => (500, error),
    };
    let mut response = http::Response::new(text);
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    response
}

fn respond(path: &str, arguments: &[(String, String)]) -> Result<String, String> {
    let named: BTreeMap<&str, &str> = arguments.iter().map(|(name, value)| (&**name, &**value)).collect();
    let argument = |name: &str| named.get(name).copied().unwrap_or_default();
    let label = named.get("label").copied().unwrap_or("default");
    if path == "/sql" {
        return sql(label, arguments.iter().filter(|(name, _)| name == "q").map(|(_, text)| text.as_str()));
    }
    let store = Store::open(label).map_err(text)?;
    let key = argument("key");
    match path {
        "/set" => store.set(key, argument("value").as_bytes()).map(|()| "set".to_owned()),
        "/fill" => {
            let size = argument("bytes").parse().expect("a number");
            store.set(key, &vec![b'x'; size]).map(|()| "filled".to_owned())
        }
        "/get" => store.get(key).map(|value| match value {
            Some(value) => String::from_utf8_lossy(&value).into_owned(),
            None => "none".to_owned(),
        }),
        "/delete" => store.delete(key).map(|()| "deleted".to_owned()),
        "/exists" => store.exists(key).map(|exists| exists.to_string()),
        "/keys" => store.get_keys().map(|mut keys| {
            keys.sort();
            keys.join(" ")
        }),
        _ => Ok("no such path".to_owned()),
    }
    .map_err(text)
}

fn sql<'a>(label: &str, statements: impl Iterator<Item = &'a str>) -> Result<String, String> {
    let connection = Connection::open(label).map_err(text)?;
    let mut rows = String::new();
    for statement in statements {
        rows = connection.execute(statement, &[]).map(|result| lines(&result.rows)).map_err(text)?;
    }
    Ok(rows)
}

fn lines(rows: &[RowResult]) -> String {
    let value = |value: &Value| match value {
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
        Value::Null => "null".to_owned(),
    };
    let line = |row: &RowResult| row.values.iter().map(value).collect::<Vec<_>>().join(" ");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn text(error: impl Debug) -> String {
    format!("{error:?}")
}
