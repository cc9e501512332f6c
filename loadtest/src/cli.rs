//! The command line.

mod analyze;
mod burst;
mod capacity;
mod compare;
mod export;
pub mod hey;
mod limits;
mod looks;
mod merge;
mod report;
mod request;
mod schedule;
mod systems;

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use host::isolation::{Policy, ValueRange};
use host::variables::Given;

use crate::plan;
pub use analyze::AnalyzeArgs;
pub use burst::{BurstArgs, Output};
pub use capacity::CapacityArgs;
pub use compare::CompareArgs;
pub use export::{ExportArgs, ExportTool, K6Args};
pub use looks::LooksArgs;
pub use merge::MergeArgs;
pub use report::ReportArgs;
pub use request::{RequestArgs, Statuses};
pub use schedule::ScheduleArgs;
pub use systems::{GuardArgs, SystemArgs};

const EXIT_CODES: &str = "\
Exit codes: 0 all as expected, 1 a verdict or threshold failed, 2 bad usage or bad input,
3 the system under test could not be started or reached, 4 the measurement can't be trusted,
130 interrupted.";

const EXAMPLES: &str = "\
Examples:
  loadtest                                  all setups on the embedded host
  loadtest run --setup 7 --time-scale 0.1   one setup, its waits a tenth as long
  loadtest run --on embedded --on fastapi   two systems side by side
  loadtest run --on http://127.0.0.1:3000 --manifest spin.toml --check
                                            the same on a running `spin up`, checked
  loadtest burst -n 20 -c 20 http://127.0.0.1:8000/slow
                                            any endpoint of yours";

/// Fires bursts at HTTP endpoints, and says how they were served: in parallel, one after the
/// other, or a few at a time, and why.
#[derive(Debug, Parser)]
#[command(version, about, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Without a command, `run`.
    #[command(flatten)]
    pub run: RunArgs,
}

/// The command line, with what only the plan knows: the setups that there are.
pub fn command() -> clap::Command {
    let setups = plan::built_in().unwrap_or_default();
    let line = |setup: &plan::Setup| {
        format!("  {}  {setup}{}", setup.id, if setup.default { "" } else { " (only where it is named)" })
    };
    let setups: Vec<String> = setups.iter().map(line).collect();
    let help = format!("Setups:\n{}\n\n{EXIT_CODES}", setups.join("\n"));
    Cli::command().mut_subcommand("run", |run| run.after_help(help))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fire the setups at systems, and say how each burst was served
    Run(RunArgs),
    /// Fire a burst at URLs of your own
    Burst(BurstArgs),
    /// Find how many requests an endpoint takes at once
    #[command(long_about = capacity::HELP)]
    Capacity(CapacityArgs),
    /// Judge what another tool measured: hey, oha, k6, vegeta, or a result.json
    #[command(long_about = analyze::HELP)]
    Analyze(AnalyzeArgs),
    /// Join the results of generators that fired together
    #[command(long_about = merge::HELP)]
    Merge(MergeArgs),
    /// Say what changed between two results, and what is noise
    Compare(CompareArgs),
    /// Write the setups as a script for k6
    Export(ExportArgs),
    /// Serve a Spin application on the embedded host
    Serve(ServeArgs),
    /// Build the components of Spin applications
    Build(BuildArgs),
    /// Run a program, and end all that it has started once standard input is closed
    #[command(hide = true)]
    Guard(GuardArgs),
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The application's manifest; repeatable [default: spin.toml and spin-wasip3.toml]. For a URL it
    /// says what runs there
    #[arg(long = "manifest", value_name = "FILE")]
    pub manifests: Vec<PathBuf>,
    /// Only these setups, by their numbers [default: all]
    #[arg(long = "setup", value_name = "N,...", value_delimiter = ',')]
    pub setups: Vec<String>,
    /// Multiply all waits by this
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = time_scale)]
    pub time_scale: f64,
    /// Go through all systems so many times, taking turns; the table has medians and the spread
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// Exit with 1 when a verdict is not the expected one, with 4 when the measurement can't be trusted
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub looks: LooksArgs,
    #[command(flatten)]
    pub systems: SystemArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The application's manifest
    #[arg(value_name = "MANIFEST", default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// Where to listen; port 0 is any free one
    #[arg(long, env = "SPIN_HTTP_LISTEN_ADDR", value_name = "ADDRESS", default_value = "127.0.0.1:3000", value_parser = address)]
    pub listen: SocketAddr,
    /// Try the ports above when the port is taken
    #[arg(long)]
    pub find_free_port: bool,
    /// How to say where the application is served
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: Format,
    /// Don't build what is missing or older than its sources
    #[arg(long)]
    pub no_build: bool,
    /// Serve HTTPS with this certificate, in PEM
    #[arg(long, env = "SPIN_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, env = "SPIN_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Where to keep what components print [default: .spin/logs beside the manifest]
    #[arg(long, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
    /// Don't echo what components print, nor say where it is kept
    #[arg(short, long)]
    pub quiet: bool,
    /// An environment variable for all components, beside those of the manifest; repeatable
    #[arg(short, long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    pub environment: Vec<(String, String)>,
    #[command(flatten)]
    pub limits: limits::LimitArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The applications' manifests [default: spin.toml and spin-wasip3.toml]
    #[arg(value_name = "MANIFEST")]
    pub manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

/// How an application is read, with Spin's flags.
#[derive(Debug, Clone, Default, Args)]
pub struct AppArgs {
    /// A variable's value, repeatable: NAME=VALUE, NAME=@FILE for a file's text, or @FILE for a JSON or
    /// TOML file of many. It beats SPIN_VARIABLE_NAME in the environment
    #[arg(long = "variable", value_name = "NAME=VALUE")]
    pub variables: Vec<Given>,
    #[command(flatten)]
    pub profile: ProfileArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ProfileArgs {
    /// Use what components have under `profile.NAME`, where they have it
    #[arg(long = "profile", value_name = "NAME")]
    pub name: Option<String>,
}

impl AppArgs {
    /// The same as flags again.
    pub fn flags(&self) -> Vec<String> {
        let variables = self.variables.iter().map(|given| format!("--variable={}", given.as_str()));
        variables.chain(self.profile.name.iter().map(|name| format!("--profile={name}"))).collect()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    Plain,
    Json,
}

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

/// The longest wait of the built-in setups is 10 s, and an endpoint waits 60 s at most.
const MAX_TIME_SCALE: f64 = 6.0;

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("NAME=VALUE is allowed")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if (0.001..=MAX_TIME_SCALE).contains(&scale) => Ok(scale),
        _ => Err(format!("a number from 0.001 to {MAX_TIME_SCALE} is allowed")),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a whole number from 1 is allowed".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let found = text.to_socket_addrs().map(Vec::from_iter).unwrap_or_default();
    // A name may have several: as Spin does, IPv4 first.
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first.copied().ok_or_else(|| {
        "a host and a port, such as 127.0.0.1:3000, localhost:3000 or [::1]:3000, is allowed".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_run() {
        let cli = Cli::try_parse_from(["loadtest", "--time-scale", "0.1", "--setup", "1,3"]).unwrap();
        assert!(cli.command.is_none());
        assert_eq!((cli.run.time_scale, cli.run.setups), (0.1, vec!["1".to_owned(), "3".to_owned()]));
    }

    #[test]
    fn isolation_flags_become_the_policy_and_flags_again() {
        let cli = Cli::try_parse_from(["loadtest", "serve", "--max-instance-reuse-count", "1..8"]).unwrap();
        let Some(Command::Serve(args)) = cli.command else { panic!("serve") };
        assert_eq!(Policy::from(args.isolation).flags(), ["--max-instance-reuse-count=1..8"]);
    }
}
