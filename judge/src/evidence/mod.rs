//! What the replies say about handlers, instances and hosts. Facts only: no conclusions.

mod hosts;
mod overlap;
mod sharing;
mod warm_pool;

pub(crate) use hosts::Hosts;
pub(crate) use overlap::Overlap;
pub(crate) use sharing::Sharing;
pub(crate) use warm_pool::WarmPool;
