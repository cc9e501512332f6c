//! The isolation flags, as in Spin.

use std::time::Duration;

use clap::Args;
use host::isolation::{Policy, ValueRange};

/// The isolation flags of Spin. A value may be a range such as `1..8`, from which a value is drawn for each instance.
#[derive(Debug, Args)]
#[command(next_help_heading = "Isolation (as for `spin up`; a value may be a range such as 1..8)")]
pub struct IsolationArgs {
    /// The most requests that a WASIp3 instance serves in total [default: 128]
    #[arg(long, value_name = "N")]
    max_instance_reuse_count: Option<ValueRange<usize>>,
    /// The most requests that a WASIp3 instance serves at once [default: 16]
    #[arg(long, value_name = "N")]
    max_instance_concurrent_reuse_count: Option<ValueRange<usize>>,
    /// The time after which an idle instance is dropped: 1s, 100ms [default: 1s]
    #[arg(long, value_name = "TIME")]
    idle_instance_timeout: Option<ValueRange<Duration>>,
    /// The time limit for a request: 30s, 100ms [default: no limit]
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
