//! wasmtime: compiles components, sizes the pools of instances for this machine, and makes guests share the processor.

pub mod capacity;
mod compile;
mod fairness;

pub(crate) use compile::{CompiledComponent, Engine, Pools};
pub(crate) use fairness::{Fairness, Turn, configure as configure_fairness};
