//! `loadtest analyze`.

use std::path::PathBuf;

use clap::Args;
use judge::schedule::DEFAULT_KEEP;
use judge::trace::Statuses;

use super::parse::positive;
use super::request::{milliseconds, statuses};
use super::{OutputArgs, ReportArgs};

pub const HELP: &str = "\
Judges the results of another tool, and reports them in the formats of `loadtest burst`. The format of FILE is detected \
from its content:

  hey -n 10 -c 10 -o csv URL > hey.csv
  oha -n 10 -c 10 --no-tui --output-format csv URL > oha.csv
  oha -n 10 -c 10 --no-tui --db-url oha.db URL      (its JSON is a summary)
  k6 run --out json=points.json script.js
  K6_CSV_TIME_FORMAT=unix_nano k6 run --out csv=points.csv script.js
  vegeta attack ... | vegeta encode > vegeta.json   (or --to csv)
  jmeter -n -t plan.jmx -l results.jtl
  loadtest run --out DIR                            (its result.json)

Summaries are estimated, with low confidence: the text that hey, oha, wrk, ab, bombardier, autocannon, vegeta or k6 print, \
the JSON of oha, k6 (--summary-export), bombardier, autocannon, vegeta report or Artillery (--output), and locust's \
PREFIX_stats.csv. FILE may have other text around them: paste a summary, and end it with Ctrl-D:

  loadtest analyze --service-ms 50 /dev/stdin

No other tool measures the service time, the time that a request takes alone. Give it with --service-ms, as one value or \
as the times of several requests sent alone. Without it, the time of the fastest answer is used instead, and a burst with \
all answers at the same time cannot be judged.";

const EXAMPLES: &str = "\
Examples:
  loadtest analyze -n 10 --service-ms 1000 hey.csv
  loadtest analyze --expect parallel --out out points.json";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub struct AnalyzeArgs {
    /// The results, gzipped or not. Several files of k6, vegeta or JMeter are parts of one measurement
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Service time in milliseconds, or the times of several requests sent alone, separated by commas: their median and spread
    /// are used
    #[arg(long, value_name = "MS", value_delimiter = ',', value_parser = milliseconds)]
    pub service_ms: Vec<f64>,
    /// The number of requests that were sent. hey and oha leave out failed requests
    #[arg(short, value_name = "N", value_parser = positive)]
    pub n: Option<usize>,
    /// The number of connections [default: that of the file, or the most requests in flight]
    #[arg(short, value_name = "N", value_parser = positive)]
    pub c: Option<usize>,
    /// The statuses that count as good, separated by commas: 2xx,304 or 200-204
    #[arg(long, value_name = "STATUSES", default_value = "2xx", value_parser = statuses)]
    pub status: Statuses,
    /// The number of requests to keep one by one. Further requests are only counted, and not judged
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = DEFAULT_KEEP)]
    pub max_rows: usize,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
