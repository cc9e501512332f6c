//! A file for each kind of behaviour.

mod address;
mod certificate;
mod framing;
mod handshake;
mod http2;
mod not_http;
mod request;
mod server;
mod solo;
mod timeout;
mod upload;
