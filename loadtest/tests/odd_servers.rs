//! `loadtest burst` at servers that behave oddly, over raw sockets.

mod common;
mod odd;
