//! Runs a Spin HTTP application on wasmtime, in this process.
//!
//! The way through: [`manifest`] reads a `spin.toml` into an [`App`], [`build`] compiles what it
//! names; `assembly` puts the application together: `engine` compiles the components for this machine,
//! whose [`capacity`] it is sized for. A request comes by a `connection` to the `site`, which finds its
//! `handler`; `admission` lets it wait where the machine is full, and [`isolation`] says which instance
//! it gets: a `fresh` one, or one in `reuse`.
//!
//! ```no_run
//! # async fn example() -> Result<(), host::Error> {
//! let app = host::manifest::load("spin.toml".as_ref(), None)?;
//! let server = host::Server::start(app, host::Options::default()).await?;
//! println!("{}", server.startup());
//! server.serve_until(async { tokio::signal::ctrl_c().await.unwrap_or(()) }, std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod admission;
mod assembly;
mod body;
pub mod build;
pub mod bytes;
pub mod capacity;
mod connection;
mod engine;
mod error;
mod expiry;
mod fairness;
mod files;
mod fresh;
mod guest;
mod guest_variables;
mod handler;
mod headers;
mod instance;
mod interest;
pub mod isolation;
pub mod limits;
mod line;
pub mod manifest;
mod memory;
mod outbound;
mod patience;
pub mod process;
mod reuse;
mod routes;
mod server;
mod site;
mod startup;
mod stdio;
mod template;
mod tls;
pub mod variables;
pub mod wasm;

pub use error::Error;
pub use manifest::App;
pub use server::{Listen, Options, Server};
pub use startup::{Startup, StartupRoute};
pub use stdio::Logs;
pub use tls::Tls;
