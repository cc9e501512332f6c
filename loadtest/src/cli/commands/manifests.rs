//! The manifests of `run`: those of the working folder, or else the lab's that this program carries.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::inputs::manifests_or_default;
use crate::console::note;
use crate::exit::{Exit, Failure, OrExit};
use crate::lab::{Lab, MANIFESTS};

/// The manifests to run. Unpacked files exist as long as this value.
pub(super) struct Manifests {
    /// By `--manifest`.
    pub given: Vec<PathBuf>,
    /// As given, or the default.
    pub names: Vec<PathBuf>,
    unpacked: Option<TempDir>,
}

impl Manifests {
    /// `is_lab` says whether the setups are the lab's. A missing manifest of another plan is an error, never the lab's.
    pub fn find(given: &[PathBuf], is_lab: bool) -> Result<Self, Failure> {
        let names = names(given, is_lab && Lab::is_packed());
        let is_unpacked = is_lab && Lab::is_packed() && names.iter().any(|name| is_missing(name));
        let unpacked = if is_unpacked { Some(unpack()?) } else { None };
        Ok(Self { given: given.to_vec(), names, unpacked })
    }

    /// Where the manifest with this name is.
    pub fn path(&self, name: &Path) -> PathBuf {
        match &self.unpacked {
            Some(folder) if is_missing(name) => folder.path().join(name),
            _ => name.to_owned(),
        }
    }
}

fn names(given: &[PathBuf], has_packed: bool) -> Vec<PathBuf> {
    let names = manifests_or_default(given);
    let is_default_missing = given.is_empty() && names.iter().all(|name| is_missing(name));
    if has_packed && is_default_missing { MANIFESTS.map(PathBuf::from).to_vec() } else { names }
}

/// Whether this is one of the lab's manifests, and the working folder doesn't have it.
fn is_missing(name: &Path) -> bool {
    MANIFESTS.iter().any(|manifest| Path::new(manifest) == name) && !name.exists()
}

fn unpack() -> Result<TempDir, Failure> {
    note("The lab's application is the one in this program; `loadtest lab export DIR` writes it to a folder");
    let folder = tempfile::Builder::new().prefix("burst-lab-").tempdir().or_exit(Exit::System)?;
    Lab::packed().and_then(|lab| lab.write(folder.path())).or_exit(Exit::System)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Unit tests run in the crate's folder, which has no manifest.

    #[test]
    fn both_manifests_are_the_default_of_a_program_that_carries_them() {
        assert_eq!(names(&[], true), MANIFESTS.map(PathBuf::from));
        assert_eq!(names(&[], false), [PathBuf::from("spin.toml")]);
        let other = vec![PathBuf::from("other.toml")];
        assert_eq!(names(&other, true), other);
    }

    #[test]
    fn only_the_labs_manifests_are_taken_from_the_program() {
        assert!(is_missing(Path::new("spin.toml")));
        for other in ["other.toml", "app/spin.toml", "Cargo.toml"] {
            assert!(!is_missing(Path::new(other)), "{other}");
        }
        let manifests = Manifests::find(&[PathBuf::from("spin.toml")], false).unwrap();
        assert_eq!(manifests.path(Path::new("spin.toml")), Path::new("spin.toml"));
    }
}
