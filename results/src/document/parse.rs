//! Parses `result.json`.

use anyhow::{Context, bail};

use super::{Document, SCHEMA};
use crate::input::Input;

impl Document {
    /// Parses a `result.json`. At most [`DEFAULT_KEEP`](judge::schedule::DEFAULT_KEEP) requests of each burst are kept; the other ones are
    /// counted in `counted_only`.
    ///
    /// # Errors
    ///
    /// If `input` can't be read, or isn't a `result.json` of this version; the message has the line and the column.
    pub fn parse(input: &mut Input) -> anyhow::Result<Self> {
        check_version(input.peek()?)?;
        let mut document: Self =
            serde_json::from_reader(input.remaining()).context("this is not a result.json of loadtest")?;
        for burst in document.runs.iter_mut().flat_map(|run| &mut run.bursts) {
            burst.counted_only = burst.ok.saturating_add(burst.failed).saturating_sub(burst.requests.len());
        }
        Ok(document)
    }
}

/// Checks the version before the remaining content is parsed: another version may have other fields.
fn check_version(head: &[u8]) -> anyhow::Result<()> {
    let head = String::from_utf8_lossy(head);
    let number = head.split_once("\"schema\"").and_then(|(_, rest)| rest.trim_start().strip_prefix(':'));
    let digits =
        number.map(|rest| rest.trim_start().chars().take_while(char::is_ascii_digit).collect::<String>());
    if let Some(schema) = digits.and_then(|digits| digits.parse::<u32>().ok())
        && schema != SCHEMA
    {
        bail!("this is a result of format {schema}, but only format {SCHEMA} is supported");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::sample;

    fn parse(text: &[u8]) -> anyhow::Result<Document> {
        Document::parse(&mut Input::new(Box::new(std::io::Cursor::new(text.to_vec())))?)
    }

    fn error(text: &str) -> String {
        format!("{:#}", parse(text.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_written_document_is_parsed_unchanged() {
        let document = sample::document(vec![sample::together()]);
        assert_eq!(parse(&serde_json::to_vec(&document).unwrap()).unwrap(), document);
    }

    #[test]
    fn an_error_names_the_cause_and_the_line() {
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
        fn a_damaged_file_never_panics(at in 0_usize..9_000, bytes in prop::collection::vec(any::<u8>(), 0..8)) {
            let whole = serde_json::to_string(&sample::document(vec![sample::together()])).unwrap();
            let mut damaged = whole.into_bytes();
            let at = at % damaged.len();
            damaged.splice(at..(at + bytes.len()).min(damaged.len()), bytes);
            let _ = parse(&damaged);
        }
    }
}
