//! `loadtest burst`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use super::parse::{positive, url};
use super::{OutputArgs, ReportArgs, RequestArgs, ScheduleArgs};

const EXAMPLES: &str = "\
Examples:
  loadtest burst -n 100 -c 100 http://127.0.0.1:8000/slow
  loadtest burst -n 50 -c 50 --expect 'limited>=16' --expect failed=0 http://127.0.0.1:8000/slow
  loadtest burst -m POST -d '{}' --service-ms 300 http://127.0.0.1:8000/orders
  loadtest burst http://127.0.0.1:8000/slow http://127.0.0.1:8000/fast
                                            two bursts that start together";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub struct BurstArgs {
    /// The endpoint. A URL without a scheme is an http URL. With several URLs, one burst for each is fired, all at the same
    /// time, each with `-n` requests
    #[arg(value_name = "URL", required = true, value_parser = url)]
    pub urls: Vec<String>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub request: RequestArgs,
    /// Print a row for each request instead of the summary and the verdict: `csv` has the columns of hey
    #[arg(short = 'o', value_name = "FORMAT", conflicts_with = "formats")]
    pub rows: Option<RowFormat>,
    /// The start time, by RFC 3339 or in seconds since 1970. Load generators on several machines can share it; `loadtest
    /// merge` merges their results
    #[arg(long, value_name = "TIME", value_parser = start_time)]
    pub start_at: Option<SystemTime>,
    /// The number of threads of the load generator [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub cpus: Option<usize>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    Csv,
}

/// The latest start time, from now.
const MAX_AHEAD: Duration = Duration::from_secs(86_400);

fn start_time(text: &str) -> Result<SystemTime, String> {
    let seconds = || {
        let since = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
        UNIX_EPOCH.checked_add(since)
    };
    let stamp = || {
        let nanoseconds = text.parse::<jiff::Timestamp>().ok()?.as_nanosecond();
        UNIX_EPOCH.checked_add(Duration::from_nanos(u64::try_from(nanoseconds).ok()?))
    };
    let at =
        stamp().or_else(seconds).ok_or("a time such as 2026-11-24T10:00:00Z or 1795514400.5 is allowed")?;
    match at.duration_since(SystemTime::now()) {
        Ok(ahead) if ahead <= MAX_AHEAD => Ok(at),
        Ok(_) => Err("a time within a day from now is allowed".to_owned()),
        Err(past) => Err(format!(
            "this time was {:.1} s ago; a time in the future is allowed",
            past.duration().as_secs_f64()
        )),
    }
}
