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
    /// Print a k6 script. `loadtest analyze` judges its results
    #[command(after_help = K6_EXAMPLES)]
    K6(K6Args),
}

const K6_EXAMPLES: &str = "\
Examples:
  loadtest export k6 --setup 2 > setups.js
  k6 run --out json=points.json -e BASE_URL=http://127.0.0.1:3000 setups.js
  loadtest analyze points.json

The script leaves enough time for each setup, even if its requests are served one after the other. All \
setups take some minutes; --setup selects some of them.";

#[derive(Debug, Args)]
pub struct K6Args {
    /// The ids of the setups to export [default: all, except those that `loadtest run` fires only with --setup]
    #[arg(long = "setup", value_name = "N,...", value_delimiter = ',')]
    pub setups: Vec<String>,
    /// The factor for all waits
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub time_scale: f64,
    /// The base URL of the application, if the script runs without BASE_URL
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000", value_parser = http_url)]
    pub url: reqwest::Url,
    /// A threshold for each burst, or for the bursts of an endpoint. Only thresholds that k6 can check are allowed
    #[arg(long = "expect", value_name = "[ENDPOINT:]CONDITION")]
    pub expect: Vec<Threshold>,
}

fn http_url(text: &str) -> Result<reqwest::Url, String> {
    let url = text.parse().ok().filter(|url: &reqwest::Url| ["http", "https"].contains(&url.scheme()));
    url.ok_or_else(|| "a URL such as http://127.0.0.1:3000 or https://app.example is allowed".to_owned())
}
