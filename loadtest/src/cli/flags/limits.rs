//! `loadtest serve`'s flags beyond Spin's: the bounds that keep one client, guest or burst from
//! harming the others.

use std::time::Duration;

use clap::Args;
use host::{ByteSize, Limits};

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// How many instances there may be at once [default: what the machine holds]
    #[arg(long, value_name = "N", value_parser = super::parse::positive)]
    max_instances: Option<usize>,
    /// How many requests may wait for an instance; more get 503 [default: what the open files allow]
    #[arg(long, value_name = "N")]
    max_waiting: Option<usize>,
    /// How long a request may wait for an instance; then it gets 503
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    queue_timeout: Duration,
    /// How much linear memory an instance may have; a guest that wants more is ended
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = memory)]
    max_instance_memory: ByteSize,
    /// How long a guest computes before the next has its turn; 0 never interrupts one
    #[arg(long, value_name = "TIME", default_value = "2ms", value_parser = time_or_zero)]
    time_slice: Duration,
    /// How soon a request's header must be complete after its first byte
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    header_timeout: Duration,
    /// How long a connection may be open without a request
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    idle_timeout: Duration,
    /// How long a client may send or take nothing of a body that is under way
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    body_timeout: Duration,
    /// How large a request's header may be, from 8KiB
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = header_size)]
    max_header_size: ByteSize,
    /// How large a request's body may be
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    max_body_size: ByteSize,
    /// How long requests in flight may take to finish once the host is told to stop
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
            max_header_size: args.max_header_size,
            max_body_size: args.max_body_size,
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

/// What a memory of 32 bits can hold.
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
