//! The flags of each command.

mod analyze;
mod app;
pub mod audit;
mod burst;
mod capacity;
mod cli;
mod compare;
pub mod diagnose;
mod export;
mod isolation;
mod lab;
mod limits;
mod merge;
mod output;
mod parse;
mod plan;
mod report;
mod request;
mod run;
mod schedule;
mod serve;
mod shell;
mod systems;

pub use analyze::AnalyzeArgs;
pub use app::{AppArgs, BuildArgs, ProfileArgs};
pub use audit::AuditArgs;
pub use burst::{BurstArgs, RowFormat};
pub use capacity::CapacityArgs;
pub use cli::{Cli, Command, command};
pub use compare::CompareArgs;
pub use diagnose::DiagnoseArgs;
pub use export::{ExportArgs, ExportTool, K6Args};
pub use isolation::IsolationArgs;
pub use lab::{LabArgs, LabExportArgs, LabTool};
pub use merge::MergeArgs;
pub use output::OutputArgs;
pub use plan::{InitArgs, PlanArgs, PlanTool};
pub use report::ReportArgs;
pub use request::RequestArgs;
pub use run::RunArgs;
pub use schedule::ScheduleArgs;
pub use serve::{Format, ServeArgs};
pub use shell::{CompletionsArgs, ManArgs};
pub use systems::{GuardArgs, SystemArgs};

/// The exit codes, for the help of commands.
const EXIT_CODES: &str = "\
Exit codes:
  0    success: all results as expected
  1    a verdict is not as expected, an --expect is not met, a burst has no good
       answer, or --fail-on or --fail-on-change found what it looks for
  2    wrong usage or input
  3    the system under test could not be started or reached
  4    the measurement is not reliable, or leaves the answer open
  130  interrupted";
