//! Runs a Spin HTTP application on wasmtime, in this process.
//!
//! The folders follow a request, from the outside to the inside. Each uses only folders below it; the test `layers` of `loadtest`
//! checks this:
//!
//! - `server`: the listener, the clients' connections with TLS and timeouts, the start-up output; it also assembles the
//!   application from its parts.
//! - `routing`: finds the route of a request, and adds Spin's request headers.
//! - `dispatch`: gives the request an instance. Admission control limits the number of instances and queues requests;
//!   the isolation policy decides whether an instance is new or shared.
//! - `engine`: compiles components with wasmtime, sizes the instance pools for this machine, and makes guests share the
//!   processor.
//! - `download`: components from URLs.
//! - `guest`: what a guest may reach: its environment, variables, files, output, stores, and outbound requests.
//! - `app`: the application as its manifest describes it, and the commands that build it.
//!
//! The files `byte_size.rs`, `limits.rs`, `process.rs` and `error.rs` hold what several folders need.
//!
//! So a request takes this way: `server::connection` reads it, `routing::service` finds the component,
//! `dispatch::handler` passes it to the component's handler. In WASIp2, `dispatch::p2` waits for a permit from
//! `dispatch::admission` and creates an instance. In WASIp3, `dispatch::p3` queues the request, and the first instance
//! with capacity takes it; if there is none, a new instance is created. The response's body streams back to the
//! connection.
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

mod app;
mod byte_size;
mod dispatch;
pub mod download;
mod engine;
mod error;
mod guest;
mod limits;
pub mod process;
mod routing;
mod server;

pub use app::{
    App, BuildConfig, Component, ManifestError, ManifestErrors, Position, RoutePattern, RouteTarget, Trigger,
    build, manifest, variables, wasm,
};
pub use byte_size::ByteSize;
pub use dispatch::isolation;
pub use engine::capacity;
pub use error::Error;
pub use guest::Logs;
pub use limits::Limits;
pub use server::{Listen, Options, Server, Startup, StartupRoute, Tls};
