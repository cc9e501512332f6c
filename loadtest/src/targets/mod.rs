//! Targets, the systems under test: starts a system, waits until it is ready, stops it.
//!
//! A new built-in target is one file with a [`BuiltIn`] in it, and one row in [`BUILT_IN`].

mod built_in;
mod child;
mod described;
mod embedded;
mod fastapi;
mod launch;
mod output;
mod route;
mod running;
mod spin;
mod startup;
mod target;
mod tool;
mod url;
mod wasmtime;

pub use self::built_in::{BuiltIn, Content};
pub use self::described::{Definition, definitions};
pub use self::launch::{Launch, StartError, StartOptions, THREADS, WORKERS};
pub use self::route::trigger_at;
pub use self::running::Running;
pub use self::target::Target;

/// The built-in targets. The first is the default.
pub static BUILT_IN: [BuiltIn; 4] = [embedded::TARGET, spin::TARGET, wasmtime::TARGET, fastapi::TARGET];

/// The names of the built-in targets.
pub fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|target| target.name).collect()
}

fn find(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::plan;

    #[test]
    fn every_row_is_complete_and_unique() {
        assert_eq!(names().into_iter().collect::<HashSet<_>>().len(), BUILT_IN.len());
        for target in &BUILT_IN {
            assert!(!target.summary.is_empty(), "{target:?}");
            // A URL is a server that runs already.
            assert!(!target.name.contains(':') && target.content != Content::Deployed, "{target:?}");
            assert!(target.flags.iter().all(|flag| [WORKERS, THREADS].contains(flag)), "{target:?}");
        }
        assert_eq!(BUILT_IN.iter().filter(|target| target.is_embedded_host).count(), 1);
    }

    #[test]
    fn the_built_in_setups_have_expectations_for_known_targets_only() {
        assert!(plan::built_in(&names()).is_ok());
    }
}
