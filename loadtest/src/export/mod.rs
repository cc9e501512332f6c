//! The setups as a script of another tool's.

pub mod k6;
