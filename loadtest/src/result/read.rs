//! `result.json`, read.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::{Document, SCHEMA};

impl Document {
    /// The result in `file`.
    ///
    /// # Errors
    ///
    /// Where it can't be read, or is no result of this format: what is wrong, with line and column.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        match serde_json::from_str(text) {
            Ok(Self { schema: SCHEMA, .. }) => Ok(serde_json::from_str(text)?),
            parsed => {
                if let Ok(Version { schema }) = serde_json::from_str(text)
                    && schema != SCHEMA
                {
                    bail!("this is a result of format {schema}, and only format {SCHEMA} is known here");
                }
                parsed.context("this is no result.json of loadtest")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::result::sample;

    fn error(text: &str) -> String {
        format!("{:#}", Document::parse(text).unwrap_err())
    }

    #[test]
    fn what_was_written_is_read() {
        let document = sample::document(vec![sample::together()]);
        assert_eq!(Document::parse(&serde_json::to_string(&document).unwrap()).unwrap(), document);
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
            let _ = Document::parse(&String::from_utf8_lossy(&damaged));
        }
    }
}
