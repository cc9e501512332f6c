//! Exports of the setups as scripts of other tools.

pub mod k6;
