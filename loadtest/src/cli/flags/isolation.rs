//! How instances are used: Spin's flags.

use std::time::Duration;

use clap::Args;
use host::isolation::{Policy, ValueRange};

/// Spin's flags. A value may be a range such as `1..8`, from which each instance draws its own.
#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation (as on `spin up`; N may be a range such as 1..8)")]
pub struct IsolationArgs {
    /// How many requests a WASIp3 instance takes in its life [default: 128]
    #[arg(long, value_name = "N")]
    max_instance_reuse_count: Option<ValueRange<usize>>,
    /// How many requests a WASIp3 instance holds at once [default: 16]
    #[arg(long, value_name = "N")]
    max_instance_concurrent_reuse_count: Option<ValueRange<usize>>,
    /// How long an instance without a request is kept: 1s, 100ms [default: 1s]
    #[arg(long, value_name = "TIME")]
    idle_instance_timeout: Option<ValueRange<Duration>>,
    /// How long a request may take: 30s, 100ms [default: no limit]
    #[arg(long, value_name = "TIME")]
    request_timeout: Option<ValueRange<Duration>>,
}

impl From<IsolationArgs> for Policy {
    fn from(args: IsolationArgs) -> Self {
        Self {
            max_instance_reuse_count: args.max_instance_reuse_count,
            max_instance_concurrent_reuse_count: args.max_instance_concurrent_reuse_count,
            idle_instance_timeout: args.idle_instance_timeout,
            request_timeout: args.request_timeout,
        }
    }
}
