//! Flags of `loadtest serve` that Spin does not have: limits that protect clients and guests from each other.
//!
//! The defaults stand here as text, for the help, and in [`Limits::default`]; a test compares them.

use std::time::Duration;

use clap::Args;
use host::{ByteSize, Limits};

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// The most instances at once [default: derived from the machine's memory]
    #[arg(long, value_name = "N", value_parser = super::parse::positive)]
    max_instances: Option<usize>,
    /// The most requests that wait for an instance; further requests get 503 [default: derived from the limit of open files]
    #[arg(long, value_name = "N")]
    max_waiting: Option<usize>,
    /// The most time that a request waits for an instance. After this time, it gets 503
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    queue_timeout: Duration,
    /// The most linear memory of an instance. An instance that needs more is stopped
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = memory)]
    max_instance_memory: ByteSize,
    /// The time that an instance computes before the next instance gets its turn; 0 is no limit
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = time_or_zero)]
    time_slice: Duration,
    /// The time limit for the receipt of a request's header, counted from its first byte
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    header_timeout: Duration,
    /// The time after which a connection without a request is closed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    idle_timeout: Duration,
    /// The longest pause of a client while it sends or receives a body
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    body_timeout: Duration,
    /// The most requests at once on an HTTP/2 connection; further requests wait in the client
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    max_concurrent_streams: u32,
    /// The largest header of a request; at least 8KiB
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = header_size)]
    max_header_size: ByteSize,
    /// The largest body of a request
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    max_body_size: ByteSize,
    /// The largest file of a key-value store or a database; a component that needs more gets an error
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    max_store_size: ByteSize,
    /// The time limit for requests in flight after the signal to stop
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time_or_zero)]
    drain_timeout: Duration,
}

impl From<LimitArgs> for Limits {
    fn from(args: LimitArgs) -> Self {
        Self {
            max_instances: args.max_instances,
            max_waiting: args.max_waiting,
            queue_timeout: args.queue_timeout,
            max_instance_memory: args.max_instance_memory,
            time_slice: Some(args.time_slice).filter(|slice| !slice.is_zero()),
            header_timeout: args.header_timeout,
            idle_timeout: args.idle_timeout,
            body_timeout: args.body_timeout,
            max_concurrent_streams: args.max_concurrent_streams,
            max_header_size: args.max_header_size,
            max_body_size: args.max_body_size,
            max_store_size: args.max_store_size,
            drain_timeout: args.drain_timeout,
        }
    }
}

fn time_or_zero(text: &str) -> Result<Duration, String> {
    host::isolation::parse_duration(text)
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    let time = host::isolation::parse_duration(text)?;
    if time.is_zero() { Err("a time above 0 is allowed".to_owned()) } else { Ok(time) }
}

/// At most the size of a 32-bit memory.
fn memory(text: &str) -> Result<ByteSize, String> {
    within(text, ByteSize::kib(64), ByteSize::mib(4096))
}

fn header_size(text: &str) -> Result<ByteSize, String> {
    within(text, ByteSize::kib(8), ByteSize::mib(16))
}

fn within(text: &str, least: ByteSize, most: ByteSize) -> Result<ByteSize, String> {
    let size = text.parse()?;
    if (least..=most).contains(&size) { Ok(size) } else { Err(format!("{least} to {most} is allowed")) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        limits: LimitArgs,
    }

    #[test]
    fn the_defaults_are_those_of_the_host() {
        let args = Program::parse_from(["program"]).limits;
        assert_eq!(Limits::from(args), Limits::default());
    }
}
