//! What becomes of the results, and what is demanded of them.

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
    /// Which of them to write [default: all]; without --out, the one to print
    #[arg(long = "format", value_name = "FORMAT", value_delimiter = ',')]
    pub formats: Vec<Format>,
    /// Demand this of each burst, or of an endpoint's, and exit with 1 where it isn't so; repeatable: parallel,
    /// 'limited>=16', 'p99<1200ms', failed=0, 'e1-p1: makespan<=2s'
    #[arg(long = "expect", value_name = "[ENDPOINT:]CONDITION")]
    pub expect: Vec<Threshold>,
}
