//! What the replies and their order say about handlers, instances, hosts and queues. Facts only: no conclusions.

mod hosts;
mod overlap;
mod sharing;
mod waiting_order;
mod warm_pool;

pub(crate) use hosts::Hosts;
pub(crate) use overlap::Overlap;
pub(crate) use sharing::Sharing;
pub(crate) use waiting_order::waiting_order;
pub(crate) use warm_pool::WarmPool;
