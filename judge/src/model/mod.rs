//! Server models, one file each: what a server of a known kind does with the arrivals of a burst.
//!
//! A [`Model`] turns a burst into explanations: hypotheses with fitted parameters, each with its likelihood.

mod batching;
mod burst;
mod cold_start;
mod explanation;
mod fitter;
mod growth;
mod ideal_pool;
mod lock;
mod pause;
mod rate;
mod search;
mod shared_cpu;
mod single_flight;
mod sticky;
mod uneven;
mod unlimited;
mod worker_pool;

pub(crate) use burst::Burst;
pub(crate) use explanation::{Explanation, Model};
pub(crate) use fitter::Fitter;
pub(crate) use ideal_pool::simulate;

/// All models. The first ones explain most bursts, and give the others a mark to beat.
pub(crate) const MODELS: [&dyn Model; 12] = [
    &unlimited::Unlimited,
    &worker_pool::WorkerPool,
    &rate::Rate,
    &lock::Lock,
    &shared_cpu::SharedCpu,
    &batching::Batching,
    &cold_start::ColdStart,
    &pause::Pause,
    &growth::Growth,
    &uneven::Uneven,
    &sticky::Sticky,
    &single_flight::SingleFlight,
];
