//! What commands read unless flags name something else.

use std::path::PathBuf;

use crate::exit::{Exit, Failure, OrExit};
use crate::lab::MANIFESTS;
use crate::plan::{self, Setup};
use crate::targets;

/// The built-in setups.
pub(super) fn built_in_setups() -> Result<Vec<Setup>, Failure> {
    plan::built_in(&targets::names()).or_exit(Exit::Usage)
}

/// The given manifests, or else the project's manifests that exist.
pub(super) fn manifests_or_default(given: &[PathBuf]) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let defaults = MANIFESTS.map(PathBuf::from);
    let existing: Vec<PathBuf> = defaults.iter().filter(|path| path.exists()).cloned().collect();
    // If none exists, the error names the first.
    if existing.is_empty() { defaults[..1].to_vec() } else { existing }
}
