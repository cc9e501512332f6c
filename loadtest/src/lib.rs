//! Fires bursts of requests at HTTP endpoints, and finds how they were served (in parallel, one after the other, or a few at a
//! time) and why.
//!
//! The modules are layers, in the order of the data. Each uses only modules above it; the test `layers` checks that:
//!
//! | module | content |
//! |---|---|
//! | [`arguments`] | the process's arguments, with hey's flags replaced |
//! | [`exit`], [`console`], [`machine`] | exit codes; standard error; processors, processes, file descriptors |
//! | [`lab`] | the lab's application, packed into the program or from the project's folder |
//! | [`plan`] | setups: the bursts to fire, with the expected verdicts |
//! | [`targets`] | systems under test: starts a system, waits until it is ready, stops it |
//! | `generator` | the load generator: connects, waits at a barrier, sends, records |
//! | [`runner`] | from a plan to a result document: run, burst, capacity, import, merge |
//! | [`export`] | the setups as a k6 script |
//! | [`report`] | the result document in each format |
//! | [`cli`] | flags and commands |
//!
//! Other crates: `judge` (from a trace to a verdict), `results` (documents, importers, charts), `host` (the embedded host).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod arguments;
#[expect(missing_docs, reason = "`--help` documents the command line")]
pub mod cli;
pub mod console;
pub mod exit;
pub mod export;
pub(crate) mod generator;
pub mod lab;
pub mod machine;
pub mod plan;
pub mod report;
pub mod runner;
pub mod targets;
