//! JSON objects in a text: summaries, with a prompt or prose around them.

use anyhow::{anyhow, bail};
use serde::de::DeserializeOwned;

use super::head::object;
use crate::input::json_message;

/// Parses the first object that stands at the beginning of a line, and those that follow it directly: runs that were appended.
/// `what` names the object in the error.
pub fn objects<T: DeserializeOwned>(text: &str, what: &str) -> anyhow::Result<Vec<T>> {
    let Some((mut at, _)) = object(text) else { bail!("this has no JSON object") };
    let mut objects = Vec::new();
    loop {
        let mut stream = serde_json::Deserializer::from_str(&text[at..]).into_iter();
        match stream.next() {
            Some(Ok(object)) => objects.push(object),
            Some(Err(error)) => return Err(located(&text[..at], &error, what)),
            None => return Ok(objects),
        }
        at += stream.byte_offset();
        let rest = text[at..].trim_start();
        if !rest.starts_with('{') {
            return Ok(objects);
        }
        at = text.len() - rest.len();
    }
}

/// Returns the error with its line and column in the whole text. `before` is the text before the object.
fn located(before: &str, error: &serde_json::Error, what: &str) -> anyhow::Error {
    let line = before.matches('\n').count() + error.line();
    let on_same_line = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let column = error.column() + if error.line() == 1 { on_same_line } else { 0 };
    anyhow!("this is not {what}: line {line}, column {column}: {}", json_message(error))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Number {
        a: u8,
    }

    #[test]
    fn appended_objects_are_read_and_errors_have_their_place() {
        let numbers = |text: &str| -> anyhow::Result<Vec<u8>> {
            Ok(objects::<Number>(text, "a number")?.into_iter().map(|number| number.a).collect())
        };
        assert_eq!(numbers("$ cat a\n{\"a\":1}\n{\"a\":\n2} and more").unwrap(), [1, 2]);
        let error = |text| numbers(text).unwrap_err().to_string();
        assert!(
            error("x\n{\"a\":1}\n {\"a\":,}").contains("a number: line 3, column 7: expected value"),
            "{}",
            error("x\n{\"a\":1}\n {\"a\":,}")
        );
        assert!(error("{\n\"a\": 300}").contains("line 2, column 8"), "{}", error("{\n\"a\": 300}"));
        assert!(error("none").contains("no JSON object"));
    }
}
