//! `loadtest audit`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::limits::time;
use super::{AppArgs, IsolationArgs, OutputArgs, ReportArgs};

pub const HELP: &str = "\
Finds the routes of a Spin application that are slower if requests share instances. The command fires bursts at each route twice: \
with shared instances, Spin's default for WASIp3, and with an instance for each request. If a route is slow only with shared \
instances, its handler blocks the instance.

Four bursts are sent. In the first, all requests start together. In the others, the starts are spread over a thousandth, a hundredth \
and a tenth of the time that a request takes alone. The slowest burst counts. If no burst was slower with shared instances, the finding \
is \"not seen\".";

pub const EXAMPLES: &str = "\
Examples:
  loadtest audit spin.toml
  loadtest audit --path '/users/:id=/users/42' --path '/files/...=/files/a.txt'
  loadtest audit --method /orders=POST -d '/orders={}' -H '/orders=Content-Type: application/json'
  loadtest audit --fail-on shared-slower --out audit     for CI";

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The application's manifest
    #[arg(value_name = "MANIFEST", default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// The system that runs the application: embedded, spin or wasmtime
    #[arg(long, value_name = "SYSTEM", default_value = "embedded")]
    pub on: String,
    /// The number of requests of a burst
    #[arg(short, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(2..=1_000))]
    pub n: u16,
    /// The path for a route with parameters or a wildcard: '/users/:id=/users/42'; repeatable
    #[arg(long = "path", value_name = "ROUTE=PATH", value_parser = of_route)]
    pub paths: Vec<(String, String)>,
    /// The method for a route: /orders=POST; repeatable. Requests with this method may change data
    #[arg(long = "method", value_name = "ROUTE=METHOD", value_parser = of_route)]
    pub methods: Vec<(String, String)>,
    /// A header for all routes, as `Name: value`, or for one: '/orders=Name: value'; repeatable
    // Parsed later, because clap repeats an invalid value in its error, and it may contain a password.
    #[arg(short = 'H', value_name = "[ROUTE=]HEADER")]
    pub headers: Vec<String>,
    /// The body for all routes, or for one: '/orders={}'; repeatable
    #[arg(short = 'd', value_name = "[ROUTE=]BODY")]
    pub bodies: Vec<String>,
    /// A plan with the requests for routes: paths, methods, headers, bodies, as docs/plans.md describes
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Exit with 1 if this is found; repeatable
    #[arg(long, value_name = "FINDING")]
    pub fail_on: Vec<Finding>,
    /// The time limit for the system to become ready [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub ready_timeout: Option<Duration>,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Finding {
    /// Sharing instances slows a route
    SharedSlower,
}

fn of_route(text: &str) -> Result<(String, String), String> {
    let (route, value) = text.split_once('=').ok_or("ROUTE=VALUE is allowed")?;
    match route.starts_with('/') {
        true => Ok((route.to_owned(), value.to_owned())),
        false => Err("a route starts with a slash, as in /users/:id=/users/42".to_owned()),
    }
}

/// The route and the value of `[ROUTE=]VALUE`. A value that starts with a slash needs a route.
pub fn of_one_or_all(text: &str) -> (Option<String>, String) {
    match of_route(text) {
        Ok((route, value)) => (Some(route), value),
        Err(_) => (None, text.to_owned()),
    }
}
