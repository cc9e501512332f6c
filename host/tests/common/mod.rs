//! What the tests share: the test server, as a program and as a running server.
#![allow(dead_code, reason = "each test file uses its own part")]

use testing::{Program, Server};

/// The program that serves by the library alone.
pub const PROGRAM: Program = Program::new(env!("CARGO_BIN_EXE_test-server"));

/// Serves the manifest on a free port.
pub fn serve(manifest: &str, flags: &[&str]) -> Server {
    PROGRAM.serve(manifest, flags)
}
