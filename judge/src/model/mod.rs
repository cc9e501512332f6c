//! Server models, one file each: what a server of a known kind does with the arrivals of a burst.

mod pool;

pub(crate) use pool::simulate;
