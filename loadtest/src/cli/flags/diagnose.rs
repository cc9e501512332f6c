//! `loadtest diagnose`.

use std::time::Duration;

use clap::Args;
use judge::experiment::Budget;

use super::parse::url;
use super::{OutputArgs, ReportArgs, RequestArgs};

pub const HELP: &str = "\
Finds out why an endpoint serves requests as it does. The times of one burst can have several causes: a lock and a rate \
limit, for example, can give the same times. This command fires one experiment after the other. It varies the size and pace of \
bursts, repeats bursts, adds pauses, sends requests in pairs, or sends requests to a second URL. The next experiment is the one with \
the best ratio of two values: how much the predictions of the remaining mechanisms differ, and what it costs in requests and time. \
The command ends if one mechanism explains all experiments, if no client can distinguish the remaining mechanisms, or if the budget \
(--max-requests, --max-time) is spent.

The result shows the mechanism, its probability, and the change to make. Then it lists each experiment: a drawing, the reason for the \
choice, and the mechanisms that the experiment ruled out. If no mechanism is named, the exit code is 4.

Before the experiments, the command sends up to 9 requests to each URL, one at a time. If some fail, it sends a few more. These requests \
count towards --max-requests. If the endpoint answers within 1 ms, the times show the network more than the server.

The experiments use their own HTTP/1.1 connections. With --http2, they also use one HTTP/2 connection for all requests.";

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
    #[arg(value_name = "URL", value_parser = url)]
    pub url: String,
    /// A second URL of the same server, with another service time. Requests to it during a burst show whether a limit is the
    /// endpoint's or the server's
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "service_ms")]
    pub also: Option<String>,
    /// A header of another session, as `Name: value`. Requests with it during a burst show whether a session's lock makes
    /// requests wait
    #[arg(long, value_name = "HEADER")]
    pub also_header: Option<String>,
    /// Maximum number of requests, including the requests sent alone: 40 to 10,000
    #[arg(long, value_name = "N", default_value = "500", value_parser = requests)]
    pub max_requests: usize,
    /// Maximum time of all experiments, in seconds: 1 to 3600
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
