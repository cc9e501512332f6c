//! Fires bursts at HTTP endpoints, and says how they were served: in parallel, one after the
//! other, or a few at a time, and why.
//!
//! The way of the data, each step knowing only the ones before it:
//!
//! ```text
//! plan ──> system ──> burst ──> trace ──> verdict ──> report
//! what     who        fire      facts     judge       tell
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod burst;
pub mod capacity;
#[expect(missing_docs, reason = "the command line is documented by its help")]
pub mod cli;
pub mod commands;
pub mod compare;
pub mod exit;
pub mod export;
pub mod import;
pub mod input;
pub mod lab;
pub mod lesson;
pub mod machine;
pub mod measure;
pub mod merge;
pub mod overview;
pub mod picture;
pub mod plan;
pub mod processes;
pub mod progress;
pub mod report;
pub mod result;
pub mod schedule;
pub mod stats;
pub mod system;
pub mod tally;
pub mod threshold;
pub mod trace;
pub mod units;
pub mod verdict;
