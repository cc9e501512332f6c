//! Finds the target of a request, and adapts the request and the response to it.

mod body;
mod headers;
mod internal_route;
mod own_app;
mod router;
mod service;

pub(crate) use headers::client_address;
pub(crate) use internal_route::InternalRoute;
pub(crate) use router::Router;
pub(crate) use service::{AppService, Target};
