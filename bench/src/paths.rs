//! Paths of the project.

use std::path::Path;

/// The project's folder. Every program runs in it.
pub fn project_root() -> &'static Path {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    bench.parent().unwrap_or(bench)
}
