//! Fires bursts at HTTP endpoints, and says how they were served: in parallel, one after the other, or a few at a
//! time, and why.
//!
//! The folders in the order of the data. Each uses only folders above it; the test `layers` holds them to that:
//!
//! | module | content |
//! |---|---|
//! | [`exit`], [`console`], [`machine`] | exit codes, standard error, processors, processes, file descriptors |
//! | [`plan`] | what to fire: setups, and what is expected of them |
//! | [`targets`] | who is under test: starts it, waits until it is ready, stops it |
//! | `generator` | connects, waits at a barrier, releases, records |
//! | [`runner`] | from a plan to a document: run, burst, capacity, analyze, merge |
//! | [`export`] | the setups as a script for k6 |
//! | [`report`] | the document in each format |
//! | [`cli`] | the flags, and the commands behind them |
//!
//! The crates beside it: `judge` (from a trace to a verdict), `results` (documents, importers, charts), `host` (the
//! embedded host).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

#[expect(missing_docs, reason = "the command line is documented by its help")]
pub mod cli;
pub mod console;
pub mod exit;
pub mod export;
pub(crate) mod generator;
pub mod machine;
pub mod plan;
pub mod report;
pub mod runner;
pub mod targets;
