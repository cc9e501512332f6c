//! Runs a Spin HTTP application on wasmtime, in this process.
//!
//! The way through: [`manifest`] reads a `spin.toml` into an [`App`], [`build`] compiles what it
//! names, [`engine`] compiles the components for this machine, [`isolation`] says how long an
//! instance lives and how many requests it holds, [`server`] answers HTTP.
//!
//! ```no_run
//! # async fn example() -> Result<(), host::Error> {
//! let app = host::manifest::load("spin.toml".as_ref(), None)?;
//! let server = host::Server::start(app, host::isolation::Policy::default(), host::Listen::default()).await?;
//! println!("{}", server.startup());
//! server.serve_until(async { tokio::signal::ctrl_c().await.unwrap_or(()) }, std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

pub mod build;
pub mod engine;
mod error;
mod files;
mod guest;
mod guest_variables;
mod handler;
pub mod isolation;
pub mod manifest;
mod outbound;
pub mod process;
mod routes;
mod server;
mod startup;
mod template;
pub mod variables;

pub use error::Error;
pub use manifest::App;
pub use server::{Listen, Server};
pub use startup::{Startup, StartupRoute};
