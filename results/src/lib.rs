//! Results of load tests: imports those of load generators, keeps them as documents, and draws them.
//!
//! All functions are pure: bytes in, bytes out; no clock, no async runtime. Only the feature `sqlite` does I/O, because
//! SQLite reads only files.
//!
//! Each module uses only modules above it; the test `layers` of `loadtest` checks this:
//!
//! | module | content |
//! |---|---|
//! | [`input`] | bytes as lines, decompressed if they are gzipped, in bounded memory |
//! | [`evidence`] | what a reply says about its handler |
//! | [`document`] | `result.json`: its types, their JSON names, their schema |
//! | [`capacity`] | the output of `loadtest capacity --json` |
//! | [`threshold`] | the expectations of `--expect` |
//! | [`import`] | the results of other load generators and of `loadtest`, judged; summaries, estimated |
//! | [`summary`] | the table of setups by systems, and its summary |
//! | [`sentences`] | a result in sentences, which several formats share |
//! | [`compare`] | what changed between two results |
//! | [`chart`] | a burst as SVG and as characters |
//!
//! # Example
//!
//! hey sent ten requests at once to a server that takes four at a time, for one second each. hey leaves out failed
//! requests, so that a verdict with high confidence needs `n`.
//!
//! ```
//! use std::io::Cursor;
//! use std::sync::Arc;
//!
//! use results::chart::text::timeline;
//! use results::document::{Document, Machine};
//! use results::import::{self, Options, Source};
//! use results::input::Input;
//!
//! # fn main() -> anyhow::Result<()> {
//! let mut csv =
//!     "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n".to_owned();
//! for seconds in [1, 1, 1, 1, 2, 2, 2, 2, 3, 3] {
//!     csv += &format!("{seconds}.0000,0.0002,0.0000,0.0000,{seconds}.0000,0.0001,200,0.0000\n");
//! }
//! let input = Input::new(Box::new(Cursor::new(csv)))?;
//! let source = Source { name: "hey.csv".to_owned(), input, path: None };
//! let options =
//!     Options { service_ms: vec![1_000.0], n: Some(10), c: None, good: Arc::from([200..=299]), max_rows: 1_000 };
//! let empty =
//!     Document::new("example".to_owned(), Machine::unknown(), "2026-11-24T00:00:00Z".to_owned(), String::new());
//!
//! let document = import::document(vec![source], &options, empty)?;
//! let burst = document.bursts().next().expect("one burst");
//! assert_eq!(burst.verdict.headline(), "limited, 4 at a time");
//! assert_eq!(
//!     timeline(burst, 12),
//!     "\
//! ████
//! ████
//! ████
//! ████
//! ····████
//! ····████
//! ····████
//! ····████
//! ········████
//! ········████
//! 0     3.00 s
//! (inferred, not observed)
//! "
//! );
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod capacity;
pub mod chart;
pub mod compare;
pub mod document;
pub mod evidence;
pub mod import;
pub mod input;
pub mod sentences;
pub mod summary;
pub mod threshold;
