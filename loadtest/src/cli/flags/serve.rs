//! `loadtest serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::limits::LimitArgs;
use super::parse::{address, pair};
use super::{AppArgs, IsolationArgs};

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
