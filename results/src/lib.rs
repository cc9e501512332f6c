//! Results: reads those of load generators, keeps those of `loadtest`, and draws them.
//!
//! All functions are pure: bytes in, bytes out; no clock, no async runtime. Only the feature `sqlite` does I/O: SQLite
//! reads nothing but files.
//!
//! | module | content |
//! |---|---|
//! | [`input`] | bytes as lines, unpacked if they are gzipped, in bounded memory |
//! | [`evidence`] | what an answer says about its handler |
//! | [`document`] | `result.json`: its types, their JSON names, their schema |
//! | [`capacity`] | what `loadtest capacity --json` prints |
//! | [`threshold`] | what `--expect` demands of a burst |
//! | [`import`] | the results of hey, oha, k6, vegeta and `loadtest` as traces |
//! | [`summary`] | setups by systems: what came of each |
//! | [`compare`] | what changed between two results |
//! | [`chart`] | a burst as SVG and as characters |

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod capacity;
pub mod chart;
pub mod compare;
pub mod document;
pub mod evidence;
pub mod import;
pub mod input;
pub mod summary;
pub mod threshold;
