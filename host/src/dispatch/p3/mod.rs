//! WASIp3: requests share instances, within the limits of the isolation policy.
//!
//! The first instance with capacity takes a request; if there is none, a new instance does. The scheduling follows
//! wasmtime's own `ProxyHandler` (wasmtime-wasi-http, `src/handler.rs`), and so Spin's. In addition, it cancels requests
//! of clients that are gone, waits for [admission](super::admission), evicts idle instances, and gives up on instances
//! that don't take the requests they have capacity for.
//!
//! The decisions are state machines without I/O, clock or lock: [`worker_state`] for the poll loop, [`request_phase`] for a
//! request, [`occupancy`] for the end of an instance. A model check (`tests`) explores the orders of the tasks.

mod client_guard;
mod environment;
mod expiration;
mod handler;
mod instance;
mod instance_state;
mod lock;
mod occupancy;
mod poll_loop;
mod pool;
mod queue;
mod register;
mod request_phase;
mod worker_state;

pub(crate) use handler::P3Handler;

#[cfg(test)]
mod tests;
