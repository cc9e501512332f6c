//! `result.json`, read.

use std::fmt;

use anyhow::{Context, bail};
use judge::schedule::DEFAULT_KEEP;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::{Document, Request, SCHEMA};
use crate::input::Input;

impl Document {
    /// The result in `input`. Of each burst as many requests are kept as of a measured burst; the others count as
    /// `counted_only`.
    ///
    /// # Errors
    ///
    /// If `input` can't be read, or is no result of this format: what is wrong, with line and column.
    pub fn parse(input: &mut Input) -> anyhow::Result<Self> {
        known(input.peek()?)?;
        let mut document: Self =
            serde_json::from_reader(input.rest()).context("this is no result.json of loadtest")?;
        for burst in document.runs.iter_mut().flat_map(|run| &mut run.bursts) {
            burst.counted_only = burst.ok.saturating_add(burst.failed).saturating_sub(burst.requests.len());
        }
        Ok(document)
    }
}

/// Whether the format is one that is known. Its number comes before all that another format may have elsewhere.
fn known(head: &[u8]) -> anyhow::Result<()> {
    let head = String::from_utf8_lossy(head);
    let number = head.split_once("\"schema\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let digits =
        number.map(|rest| rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>());
    if let Some(schema) = digits.and_then(|digits| digits.parse::<u32>().ok())
        && schema != SCHEMA
    {
        bail!("this is a result of format {schema}, and only format {SCHEMA} is known here");
    }
    Ok(())
}

/// The first requests of a burst: memory must not grow with the file.
pub fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Request>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = Vec<Request>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of requests")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut kept = Vec::new();
            while let Some(request) = list.next_element()? {
                if kept.len() < DEFAULT_KEEP {
                    kept.push(request);
                }
            }
            Ok(kept)
        }
    }

    deserializer.deserialize_seq(Bounded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    fn parse(text: &[u8]) -> anyhow::Result<Document> {
        Document::parse(&mut Input::of(Box::new(std::io::Cursor::new(text.to_vec())))?)
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn what_was_written_is_read() {
        let document = sample::document(vec![sample::together()]);
        assert_eq!(parse(&serde_json::to_vec(&document).unwrap()).unwrap(), document);
    }

    #[test]
    fn what_is_none_says_what_and_where() {
        let whole = serde_json::to_string_pretty(&sample::document(vec![sample::together()])).unwrap();
        assert!(error("{").contains("line 1 column 1"), "{}", error("{"));
        assert!(error("{}").contains("missing field `schema`"));
        assert!(error(&whole.replace("\"schema\": 1", "\"schema\": 2")).contains("format 2"));
        let lost = error(&whole.replacen("\"makespan_ms\"", "\"other\"", 1));
        assert!(lost.contains("missing field `makespan_ms`") && lost.contains("line "), "{lost}");
        let null = error(&whole.replacen("\"service_ms\": 1000.0", "\"service_ms\": null", 1));
        assert!(null.contains("invalid type: null") && null.contains("line "), "{null}");
    }

    proptest! {
        #[test]
        fn any_damage_is_an_error_or_a_result(at in 0_usize..9_000, bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            let whole = serde_json::to_string(&sample::document(vec![sample::together()])).unwrap();
            let mut damaged = whole.into_bytes();
            let at = at % damaged.len();
            damaged.splice(at..(at + bytes.len()).min(damaged.len()), bytes);
            let _ = parse(&damaged);
        }
    }
}
