//! Judges how a burst of requests was served: in parallel, one after the other, or a few at a time, and why.
//!
//! The input is a [`trace::Trace`]: one row per request, with its times and its answer. The output is a
//! [`verdict::Verdict`]. All functions are pure: no I/O, no clock, no async runtime.
//!
//! The modules in the order of the data. Each uses only modules above it; the test `layers` of `loadtest` checks this:
//!
//! | module | content |
//! |---|---|
//! | [`stats`], [`units`] | order statistics, numbers as text |
//! | [`schedule`] | when the requests of a burst are sent |
//! | [`trace`] | what was measured: one row per request |
//! | [`aggregate`] | counts and times of requests that are not kept one by one |
//! | `arrivals`, `concurrency` | when the requests arrived, and how many were in service on average |
//! | [`mechanism`] | the names of mechanisms, with their parameters |
//! | `kind` | the kinds of verdicts |
//! | `likelihood` | how well a server hypothesis explains the answers |
//! | `model` | server models: what a server of a known kind does with these arrivals |
//! | `posterior` | how probable each explanation is |
//! | `refusal` | why requests were turned away |
//! | `evidence` | what the replies say about handlers, instances and hosts |
//! | `findings` | all figures that a verdict is drawn from |
//! | `judgement` | kind, shape, number at a time, confidence, validity |
//! | `cause` | known causes with their remedies |
//! | [`verdict`] | the verdict with its sentences |
//! | [`estimate`] | a verdict of low confidence from a summary, which has no single requests |
//! | [`capacity`] | which burst to fire next, to find how many requests a server takes at once |
//! | [`experiment`] | which experiment to fire next, to find out why a server serves requests as it does |
//! | [`compare`] | whether a time changed between two results, or is noise |
//!
//! # Example: ten requests, four at a time
//!
//! ```
//! use judge::schedule::Schedule;
//! use judge::trace::{Outcome, Row, Trace};
//! use judge::verdict::{Kind, judge};
//!
//! // Ten requests are sent at once. Each takes 100 ms, and the server serves four at a time.
//! let row = |i: usize| Row {
//!     i,
//!     planned_us: Some(0.0),
//!     sent_us: Some(0.0),
//!     done_us: 100_000.0 * (i / 4 + 1) as f64,
//!     outcome: Outcome::Answered(200),
//!     ..Row::default()
//! };
//! let trace = Trace::new(Schedule::together(10), 100.0, (0..10).map(row).collect());
//! let verdict = judge(&trace);
//! assert_eq!(verdict.kind, Kind::Limited);
//! assert_eq!(verdict.at_a_time, Some(4.0));
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod aggregate;
mod arrivals;
pub mod capacity;
mod cause;
pub mod compare;
mod concurrency;
pub mod estimate;
mod evidence;
pub mod experiment;
mod findings;
mod judgement;
mod kind;
mod likelihood;
pub mod mechanism;
mod model;
mod posterior;
mod refusal;
pub mod schedule;
pub mod stats;
pub mod trace;
pub mod units;
pub mod verdict;
