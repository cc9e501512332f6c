//! Finds the target of a request, and adapts the request and the response to it.

mod body;
mod headers;
mod router;
mod service;

pub(crate) use headers::client_address;
pub(crate) use router::Router;
pub(crate) use service::{AppService, Target};
