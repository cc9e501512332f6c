//! `loadtest export`.

use clap::{Args, Subcommand};
use results::threshold::Threshold;

use super::parse::time_scale;

#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(subcommand)]
    pub tool: ExportTool,
}

#[derive(Debug, Subcommand)]
pub enum ExportTool {
    /// A script for k6, on standard output: `loadtest analyze` judges its points
    #[command(after_help = K6_EXAMPLES)]
    K6(K6Args),
}

const K6_EXAMPLES: &str = "\
Examples:
  loadtest export k6 --setup 2 > setups.js
  k6 run --out json=points.json -e BASE_URL=http://127.0.0.1:3000 setups.js
  loadtest analyze points.json

A setup begins when the one before it must have ended, even if its requests were served one after \
the other: all of them take some minutes; --setup picks some.";

#[derive(Debug, Args)]
pub struct K6Args {
    /// Only these setups, by their numbers [default: all]
    #[arg(long = "setup", value_name = "N,...", value_delimiter = ',')]
    pub setups: Vec<String>,
    /// Multiply all waits by this
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub time_scale: f64,
    /// Where the application is served, where BASE_URL doesn't say it
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000", value_parser = http_url)]
    pub url: reqwest::Url,
    /// Demand this of each burst, or of an endpoint's: a threshold, where k6 can check it
    #[arg(long = "expect", value_name = "[ENDPOINT:]CONDITION")]
    pub expect: Vec<Threshold>,
}

fn http_url(text: &str) -> Result<reqwest::Url, String> {
    let url = text.parse().ok().filter(|url: &reqwest::Url| ["http", "https"].contains(&url.scheme()));
    url.ok_or_else(|| "a URL such as http://127.0.0.1:3000 or https://lab.example is allowed".to_owned())
}
