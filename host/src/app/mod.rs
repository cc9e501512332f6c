//! The application: its manifest, and the files, variables and components that the manifest names.

pub(crate) mod allowed_hosts;
mod application;
pub mod build;
mod core_module;
mod error;
pub(crate) mod files;
pub mod manifest;
pub(crate) mod remote;
pub(crate) mod route;
pub(crate) mod route_headers;
pub(crate) mod template;
pub mod variables;
pub mod wasm;

pub use application::{App, BuildConfig, Component, RouteTarget, Trigger};
pub(crate) use error::Located;
pub use error::{ManifestError, ManifestErrors, Position};
pub use route::RoutePattern;
