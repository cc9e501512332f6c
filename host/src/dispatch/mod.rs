//! Gives every request an instance: a new one in WASIp2, a shared one in WASIp3.
//!
//! `evidence` tells which instance took a request, and when.
//!
//! [`admission`] limits the number of instances and queues requests, [`isolation`] decides how many requests an instance
//! takes, `p2` and `p3` run the instances.

pub(crate) mod admission;
mod body;
pub(crate) mod evidence;
mod handler;
mod instance_factory;
pub mod isolation;
mod p2;
mod p3;
mod request;
mod spare_instance;
mod warm_up;

pub(crate) use body::{ResponseBody, has_no_body};
pub(crate) use handler::Handler;
pub(crate) use instance_factory::InstanceFactory;
pub(crate) use request::{FromGuest, HandlerError, Request, ShutdownFlag};
pub(crate) use warm_up::warm_up;
