//! WASIp3: requests share instances, within the limits of the isolation policy.
//!
//! The first instance with capacity takes a request; if there is none, a new instance does. The scheduling follows
//! wasmtime's own `ProxyHandler` (wasmtime-wasi-http, `src/handler.rs`), and so Spin's. In addition, it cancels requests
//! of clients that are gone, waits for [admission](super::admission), evicts idle instances, and gives up on instances
//! that don't take the requests they have capacity for.

mod client_guard;
mod expiration;
mod handler;
mod instance;
mod instance_state;
mod pool;
mod queue;

pub(crate) use handler::P3Handler;
