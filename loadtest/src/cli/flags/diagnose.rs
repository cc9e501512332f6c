//! `loadtest diagnose`.

use std::time::Duration;

use clap::Args;
use judge::experiment::Budget;

use super::{OutputArgs, ReportArgs, RequestArgs};

pub const HELP: &str = "\
Finds out why an endpoint serves requests as it does. One burst leaves things open: a lock or a rate limit, a pool or \
batches, shared processors or a cold start. This command fires one experiment after the other: bursts of different sizes \
and paces, again, after a pause, requests two at a time or beside others. Each is chosen because the mechanisms that are \
still possible differ most in it, for what it costs. It ends when one mechanism, or a class that no experiment from outside \
splits, explains all of them; or when the budget is spent.

The result has each experiment with a drawing, why it was chosen, and what it ruled out; then the mechanism, its probability, \
and what to change. If no mechanism is named, the exit code is 4.

Before the experiments, up to 9 requests alone are sent to each URL, and a few more if some fail. They count, too. An endpoint \
that answers within 1 ms shows the network more than the server.

The experiments choose connections themselves: they use HTTP/1.1, and with --http2 also one HTTP/2 connection for all requests.";

const EXAMPLES: &str = "\
Examples:
  loadtest diagnose http://127.0.0.1:8000/slow
  loadtest diagnose http://127.0.0.1:8000/slow --also http://127.0.0.1:8000/slower
                                            is the limit the endpoint's, or the server's?
  loadtest diagnose http://127.0.0.1:8000/slow -H 'Cookie: session=1' --also-header 'Cookie: session=2'
                                            does a session's lock make requests wait?
  loadtest diagnose http://127.0.0.1:8000/slow --expect mechanism=worker_pool --out result";

/// The most requests alone to two URLs, and a burst.
const LEAST_REQUESTS: usize = 40;
const MOST_REQUESTS: usize = 10_000;
const MOST_TIME: f64 = 3_600.0;

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{}", super::EXIT_CODES))]
pub struct DiagnoseArgs {
    /// The endpoint
    #[arg(value_name = "URL")]
    pub url: String,
    /// A second URL of the same server whose requests take another time. Requests to it beside a burst show whether a limit is
    /// the endpoint's or the server's
    #[arg(long, value_name = "URL", conflicts_with = "service_ms")]
    pub also: Option<String>,
    /// A header of another session, as `Name: value`. Requests with it beside a burst show whether a session's lock makes
    /// requests wait
    #[arg(long, value_name = "HEADER")]
    pub also_header: Option<String>,
    /// The most requests, those alone included
    #[arg(long, value_name = "N", default_value = "500", value_parser = requests)]
    pub max_requests: usize,
    /// The longest time, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub max_time: Duration,
    #[command(flatten)]
    pub request: RequestArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

impl DiagnoseArgs {
    /// What the experiments may cost.
    pub fn budget(&self) -> Budget {
        Budget { max_requests: self.max_requests, max_time: self.max_time }
    }
}

fn requests(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (LEAST_REQUESTS..=MOST_REQUESTS).contains(count));
    count.ok_or_else(|| format!("a whole number from {LEAST_REQUESTS} to {MOST_REQUESTS} is allowed"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1.0..=MOST_TIME).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("a number of seconds from 1 to {MOST_TIME} is allowed"))
}
