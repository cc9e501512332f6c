//! `loadtest serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::limits::LimitArgs;
use super::parse::{address, pair};
use super::{AppArgs, IsolationArgs};

const EXAMPLES: &str = "\
Examples:
  loadtest serve my-app/spin.toml
  loadtest serve --listen 127.0.0.1:8080 --variable greeting=hello
  loadtest serve --max-instance-reuse-count 1       an instance for each request
  loadtest serve --evidence --trace trace.jsonl     which instance served which request, and when";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// The application's manifest
    #[arg(value_name = "MANIFEST", default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// The address to listen at; port 0 is a free port
    #[arg(long, env = "SPIN_HTTP_LISTEN_ADDR", value_name = "ADDRESS", default_value = "127.0.0.1:3000", value_parser = address)]
    pub listen: SocketAddr,
    /// Try the next ports if the port is in use
    #[arg(long)]
    pub find_free_port: bool,
    /// The format of the start-up message
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: Format,
    /// Don't build components that are missing or older than their sources
    #[arg(long)]
    pub no_build: bool,
    /// Serve HTTPS with this certificate (PEM)
    #[arg(long, env = "SPIN_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM)
    #[arg(long, env = "SPIN_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// The folder for the output of components [default: .spin/logs in the manifest's folder]
    #[arg(long, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
    /// The cache folder for components that the manifest names by URL [default: Spin's cache folder]
    #[arg(long, value_name = "DIR")]
    pub cache_dir: Option<PathBuf>,
    /// If a component from a URL is not in the cache folder, download it
    #[arg(long)]
    pub allow_download: bool,
    /// Don't show the output of components, or the name of the log folder
    #[arg(short, long)]
    pub quiet: bool,
    /// After the start, prepare the memory of N instances. The first burst then has fewer page faults
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub warm: usize,
    /// Add a header Served-By to each response: the instance that served the request, and the times of the request in it
    #[arg(long)]
    pub evidence: bool,
    /// For each request to a component, write a line of JSON with its times in the host to this file
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// An additional environment variable for all components; repeatable
    #[arg(short, long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    pub environment: Vec<(String, String)>,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub app: AppArgs,
    #[command(flatten)]
    pub isolation: IsolationArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Format {
    Plain,
    Json,
}
