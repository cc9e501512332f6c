//! The flags for result files and thresholds.

use std::path::PathBuf;

use clap::Args;
use results::threshold::Threshold;

use crate::report::{Format, out_help};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Results")]
pub struct ReportArgs {
    // The help names the files of all formats.
    #[arg(long, value_name = "DIR", help = out_help())]
    pub out: Option<PathBuf>,
    /// With --out, the formats to write [default: all]; without --out, the format to print
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',')]
    pub formats: Vec<Format>,
    /// An expectation for each burst, or for the bursts of an endpoint; exit with 1 if it is not met, with 4 if
    /// the burst does not show whether it is met. Examples: parallel,
    /// 'limited>=16' (met by a parallel burst of as many, too), mechanism=worker_pool, 'p99<1200ms', failed=0, 'e1-p1:
    /// makespan<=2s'. The makespan is the time from the first request to the last answer. Repeatable
    #[arg(long = "expect", value_name = "[ENDPOINT:]CONDITION")]
    pub expect: Vec<Threshold>,
}
