//! `loadtest burst`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use super::parse::positive;
use super::{LooksArgs, ReportArgs, RequestArgs, ScheduleArgs};

#[derive(Debug, Args)]
pub struct BurstArgs {
    /// Where to fire; several URLs fire together, `n` requests each
    #[arg(value_name = "URL", required = true)]
    pub urls: Vec<String>,
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    #[command(flatten)]
    pub request: RequestArgs,
    /// What to print instead of a summary and the verdict: `csv` is a line a request, in hey's columns
    #[arg(short, value_name = "FORMAT", conflicts_with = "formats")]
    pub output: Option<Output>,
    /// Release it at this moment, which generators on other machines may share: by RFC 3339, or in seconds since 1970.
    /// `loadtest merge` joins their results
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub start_at: Option<SystemTime>,
    /// How many threads the load generator uses [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub cpus: Option<usize>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Csv,
}

/// No burst is planned for longer ahead.
const DAY: Duration = Duration::from_secs(86_400);

fn moment(text: &str) -> Result<SystemTime, String> {
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
        Ok(ahead) if ahead <= DAY => Ok(at),
        Ok(_) => Err("a time within a day from now is allowed".to_owned()),
        Err(past) => {
            Err(format!("that was {:.1} s ago; a time to come is allowed", past.duration().as_secs_f64()))
        }
    }
}
