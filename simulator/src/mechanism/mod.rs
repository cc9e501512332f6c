//! Servers of known mechanism, simulated event by event.
//!
//! The simulator shares no code and no assumption with the judge: a server is a state machine that sees arrivals and its
//! own timers, and answers when its mechanism says so. Times are seconds from the burst's start.
//!
//! | module | mechanisms |
//! |---|---|
//! | [`pool`] | worker pool (first come first served, last come, random), growth, queue deadline, cap, sticky connections |
//! | [`paced`] | rate limit with a bucket, delayed or refused; throughput; slow accept |
//! | [`lock`] | a lock or inner pool that holds a share of the service time |
//! | [`shared_cpu`] | processor sharing |
//! | [`batching`] | groups that are served together |
//! | [`instances`] | cold starts, a warm pool that overflows into new instances |
//! | [`places`] | limits of one endpoint, of one session, or of fresh connections |
//! | [`unlimited`] | no limit; uneven backends; random failures; single flight |
//! | [`outside`] | servers that no model of the judge describes |

pub mod batching;
mod burst;
pub mod instances;
pub mod lock;
pub mod outside;
pub mod paced;
pub mod places;
pub mod pool;
mod service;
pub mod shared_cpu;
pub mod unlimited;
mod world;

pub use burst::{Burst, Load, Noise, burst};
pub use service::Service;
pub use world::{Event, Server, Special, World};

#[cfg(test)]
mod tests;
