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
  oha -n 10 -c 10 --no-tui --db-url oha.db URL      (its JSON has only a summary)
  k6 run --out json=points.json script.js
  K6_CSV_TIME_FORMAT=unix_nano k6 run --out csv=points.csv script.js
  vegeta attack ... | vegeta encode > vegeta.json   (or --to csv)
  jmeter -n -t plan.jmx -l results.jtl
  loadtest run --out DIR                            (its result.json)

From a summary, the verdict is only an estimate, with low confidence. These summaries are known: the printed text of hey, oha, wrk, \
ab, bombardier, autocannon, vegeta and k6; the JSON of oha, k6 (--summary-export), bombardier, autocannon, `vegeta report` and \
Artillery (--output); PREFIX_stats.csv of locust. FILE may contain other text around the summary. To paste a summary, read standard \
input, and press Ctrl-D at the end:

  loadtest analyze --service-ms 50 /dev/stdin

No other tool measures the service time, the time that a request takes alone. Give it with --service-ms, as one value or \
as the times of several requests sent alone. Without --service-ms, the time of the fastest answer is used. A burst \
whose answers all took the same time cannot be judged then.";

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
    /// The number of requests that were sent. Results of hey and oha do not include failed requests
    #[arg(short, value_name = "N", value_parser = positive)]
    pub n: Option<usize>,
    /// The number of connections [default: the number in the file, or else the highest number of requests in flight]
    #[arg(short, value_name = "N", value_parser = positive)]
    pub c: Option<usize>,
    /// The statuses that count as good, separated by commas: 2xx,304 or 200-204
    #[arg(long, value_name = "STATUSES", default_value = "2xx", value_parser = statuses)]
    pub status: Statuses,
    /// The most requests to record individually. Further requests are only counted, and not judged
    #[arg(long, value_name = "N", value_parser = positive, default_value_t = DEFAULT_KEEP)]
    pub max_rows: usize,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
