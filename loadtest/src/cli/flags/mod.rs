//! The flags of each command.

pub(super) mod analyze;
mod app;
mod burst;
pub(super) mod capacity;
mod compare;
mod export;
pub mod hey;
mod isolation;
mod limits;
pub(super) mod merge;
mod output;
mod parse;
mod report;
mod request;
mod run;
mod schedule;
mod serve;
mod systems;

pub use analyze::AnalyzeArgs;
pub use app::{AppArgs, BuildArgs, ProfileArgs};
pub use burst::{BurstArgs, Output};
pub use capacity::CapacityArgs;
pub use compare::CompareArgs;
pub use export::{ExportArgs, ExportTool, K6Args};
pub use isolation::IsolationArgs;
pub use merge::MergeArgs;
pub use output::LooksArgs;
pub use report::ReportArgs;
pub use request::RequestArgs;
pub use run::RunArgs;
pub use schedule::ScheduleArgs;
pub use serve::{Format, ServeArgs};
pub use systems::{GuardArgs, SystemArgs};

/// The exit codes, for the help of commands.
pub(super) const EXIT_CODES: &str = "\
Exit codes: 0 all as expected, 1 a verdict or threshold failed, 2 bad usage or bad input,
3 the system under test could not be started or reached, 4 the measurement can't be trusted,
130 interrupted.";
