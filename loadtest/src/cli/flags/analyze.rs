//! `loadtest analyze`.

use std::path::PathBuf;

use clap::Args;
use judge::schedule::DEFAULT_KEEP;
use judge::trace::Statuses;

use super::parse::positive;
use super::request::{milliseconds, statuses};
use super::{LooksArgs, ReportArgs};

pub const HELP: &str = "\
Judges what another tool measured, by the same judge and with the same reports as a burst of our own. What FILE is, is \
found by what is in it:

  hey -n 10 -c 10 -o csv URL > hey.csv
  oha -n 10 -c 10 --no-tui --output-format csv URL > oha.csv
  oha -n 10 -c 10 --no-tui --db-url oha.db URL      (json has a histogram only)
  k6 run --out json=points.json script.js
  K6_CSV_TIME_FORMAT=unix_nano k6 run --out csv=points.csv script.js
  vegeta attack ... | vegeta encode > vegeta.json   (or --to csv)
  loadtest run --out DIR                            (its result.json)

None of the others measures one request alone; give the time that it takes by --service-ms. Without it the quickest \
answer stands in, and answers that come together can't be judged.";

#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// The results, gzipped or not; several of k6 or vegeta are parts of one measurement
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What one request alone takes, in milliseconds
    #[arg(long, value_name = "MS", value_parser = milliseconds)]
    pub service_ms: Option<f64>,
    /// How many requests were sent: hey and oha leave out those that failed
    #[arg(short, value_name = "N", value_parser = positive)]
    pub n: Option<usize>,
    /// Over how many connections [default: the most that were seen in flight]
    #[arg(short, value_name = "N", value_parser = positive)]
    pub c: Option<usize>,
    /// Which statuses count as good, by commas: 2xx,304 or 200-204
    #[arg(long, value_name = "STATUSES", default_value = "2xx", value_parser = statuses)]
    pub status: Statuses,
    /// How many requests are kept one by one; those beyond are only counted, and not judged
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = DEFAULT_KEEP)]
    pub max_rows: usize,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
}
