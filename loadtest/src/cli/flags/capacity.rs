//! `loadtest capacity`.

use clap::Args;

use super::parse::positive;
use super::{LooksArgs, RequestArgs};

pub const HELP: &str = "\
Finds how many requests an endpoint takes at once. Bursts of 1, 2, 4 and so on are fired, each over \
connections of its own that are open before it starts, until the answers no longer come as soon as \
that to one request alone. Between the last size that was taken at once and the first that was not, \
it looks for the number, and repeats the bursts that decide. It says what becomes of those beyond: \
whether they wait, are turned away, or slow all others.

It takes some 20 to 30 bursts, each one to two times as long as a request alone: about 15 s at an \
endpoint that takes half a second. The largest burst is about twice what the endpoint takes, and never \
more than --limit. A request should take 50 ms or more; shorter ones can't be told from noise.";

const EXAMPLE: &str = "\
Example:
  loadtest capacity --limit 256 http://127.0.0.1:8000/slow";

#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLE}\n\n{}", super::EXIT_CODES))]
pub struct CapacityArgs {
    /// The endpoint
    #[arg(value_name = "URL")]
    pub url: String,
    /// The largest burst that may be fired: where all of it is taken at once, the search ends
    #[arg(long, value_name = "N", default_value = "1024", value_parser = positive)]
    pub limit: usize,
    /// How many bursts of a size that matters are fired; twice as many where they disagree
    #[arg(long, value_name = "N", default_value = "3", value_parser = repeat)]
    pub repeat: usize,
    /// Print one JSON document instead (docs/capacity.schema.json)
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub looks: LooksArgs,
    #[command(flatten)]
    pub request: RequestArgs,
}

const MOST_REPEATS: usize = 100;

fn repeat(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=MOST_REPEATS).contains(count));
    count.ok_or_else(|| format!("a whole number from 1 to {MOST_REPEATS} is allowed"))
}
