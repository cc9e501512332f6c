//! Reads any bytes as a file to import, as a `result.json` and as a reply.

use std::io::Cursor;
use std::sync::Arc;

use results::chart;
use results::document::{Document, Machine};
use results::evidence;
use results::import::{self, Options, Source};
use results::input::Input;

fn input(bytes: &[u8]) -> Input {
    Input::new(Box::new(Cursor::new(bytes.to_vec()))).expect("bytes in memory are readable")
}

/// Nothing panics; the interval of a number contains it; and what is imported can be written and drawn.
pub fn run(bytes: &[u8]) {
    let _ = evidence::evidence(bytes, 0);
    let _ = Document::parse(&mut input(bytes));
    let source = Source { name: "input".to_owned(), input: input(bytes), path: None };
    let options =
        Options { service_ms: vec![], n: None, c: None, good: Arc::from([200..=299]), max_rows: 1_000 };
    let empty = Document::new(String::new(), Machine::unknown(), String::new(), String::new());
    if let Ok(document) = import::document(vec![source], &options, empty) {
        for burst in document.bursts() {
            let verdict = &burst.verdict;
            if let (Some(low), Some(k), Some(high)) =
                (verdict.at_a_time_low, verdict.at_a_time, verdict.at_a_time_high)
            {
                assert!(low <= k && k <= high, "{verdict:?}");
            }
            assert!(serde_json::to_string(burst).is_ok());
            let _ = chart::svg::svg(burst, 120);
            let _ = chart::text::timeline(burst, 80);
        }
    }
}
