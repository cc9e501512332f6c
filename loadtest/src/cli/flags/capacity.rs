//! `loadtest capacity`.

use clap::Args;

use super::parse::{positive, url};
use super::{OutputArgs, RequestArgs};

pub const HELP: &str = "\
Finds how many requests an endpoint serves at once. It fires bursts of 1, 2, 4 and so on, over new \
connections that are open before the burst starts, until the answers take longer than the answer to a \
single request. Then it searches between the largest size that was served at once and the smallest size that was \
not. It repeats the bursts of the sizes that decide the result. It checks the result after a pause, and over new \
connections. During the pause, a rate limit would recover, and idle instances would end. It also reports what happens to further requests: whether \
they wait, are refused, or slow down all requests.

If the times of requests alone vary, or the bursts do not show a fixed limit, the command fires larger bursts, and compares \
them with models of servers. If the endpoint has a rate limit, the result is this rate instead of a number of requests. The \
result has a confidence, with reasons if it is not high. If the bursts do not determine the number, the exit code is 4.

First, the command sends up to 9 requests alone within about 3 s. Then it fires 20 to 30 bursts. Each burst takes \
one to two times the time of a single request. If a request takes half a second, this is about 15 s. If the result stays unclear, \
the command fires up to three times as many bursts. The largest burst has about twice as many requests as the endpoint serves at \
once. If this number is unclear, the burst has 64 requests. --limit is the maximum in both cases. A request should take 50 ms or more: shorter times cannot be distinguished from noise.";

const EXAMPLE: &str = "\
Example:
  loadtest capacity --limit 256 http://127.0.0.1:8000/slow";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLE}\n\n{}", super::EXIT_CODES))]
pub struct CapacityArgs {
    /// The endpoint
    #[arg(value_name = "URL", value_parser = url)]
    pub url: String,
    /// The most requests in a burst. The search ends if the endpoint serves all of them at once
    #[arg(long, value_name = "N", default_value = "1024", value_parser = positive)]
    pub limit: usize,
    /// The number of bursts of each size that decides the result. If the bursts disagree, the number is doubled
    #[arg(long, value_name = "N", default_value = "3", value_parser = repeat)]
    pub repeat: usize,
    /// Print a JSON document (docs/capacity.schema.json)
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub request: RequestArgs,
}

const MAX_REPEAT: usize = 100;

fn repeat(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MAX_REPEAT).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MAX_REPEAT} is allowed"))
}
