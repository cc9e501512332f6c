//! The files that a guest sees, read-only.
//!
//! They are copied once, at the start, to a folder that holds nothing else: so `exclude_files` holds,
//! patterns and single files work, and no link leads out of it. What changes later isn't seen, as in Spin.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use crate::manifest::{Error, Placed};

/// `files` and `exclude_files` of a component.
#[derive(Debug, Clone)]
pub struct Files {
    /// Where they are named.
    pub manifest: PathBuf,
    /// The application's folder: no file outside it is given to a guest.
    pub folder: PathBuf,
    pub mounts: Vec<Placed<Mount>>,
    /// Of paths from the application's folder.
    pub exclude: Vec<glob::Pattern>,
}

/// An entry of `files`.
#[derive(Debug, Clone)]
pub enum Mount {
    /// Seen by the guest at the paths that they have in the application's folder.
    Pattern(String),
    /// A file or folder, seen at `destination`, a path from the guest's root.
    At { source: PathBuf, destination: PathBuf },
}

impl Mount {
    pub fn pattern(pattern: &str) -> Result<Self, String> {
        let path = inner(pattern)?;
        if path.as_os_str().is_empty() || pattern.ends_with("/.") {
            return Err("a folder is given as { source = \"...\", destination = \"...\" }, or as a pattern that ends in **/*".to_owned());
        }
        Ok(Self::Pattern(pattern.to_owned()))
    }

    pub fn at(source: &str, destination: &str) -> Result<Self, String> {
        let destination = inner(destination.trim_start_matches('/'))?;
        Ok(Self::At { source: inner(source)?, destination })
    }
}

/// The path without its `.`; an error where it leads out of the folder that it starts from.
fn inner(path: &str) -> Result<PathBuf, String> {
    let mut inner = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => inner.push(name),
            Component::CurDir => {}
            _ => {
                return Err(format!(
                    "{path:?} leads out of its folder; a path below it is allowed, without `..`"
                ));
            }
        }
    }
    Ok(inner)
}

impl Files {
    /// Copies them to a folder of their own; `None` where there are none to see.
    pub fn gather(&self) -> Result<Option<TempDir>, Error> {
        if self.mounts.is_empty() {
            return Ok(None);
        }
        let error = |place, message: String| Error { path: self.manifest.clone(), place, message };
        let gathering = Gathering::begin(self)
            .map_err(|cause| error(None, format!("a component's files can't be gathered: {cause}")))?;
        for Placed { value, place } in &self.mounts {
            gathering.add(value).map_err(|message| error(Some(*place), message))?;
        }
        Ok(Some(gathering.to))
    }
}

struct Gathering<'a> {
    /// The application's folder, with no link in its path.
    root: PathBuf,
    exclude: &'a [glob::Pattern],
    to: TempDir,
}

impl<'a> Gathering<'a> {
    fn begin(files: &'a Files) -> io::Result<Self> {
        Ok(Self { root: files.folder.canonicalize()?, exclude: &files.exclude, to: tempfile::tempdir()? })
    }

    fn add(&self, mount: &Mount) -> Result<(), String> {
        match mount {
            Mount::Pattern(pattern) => {
                let path = self.root.join(pattern);
                if path.exists() {
                    return self.add_path(&path, &inner(pattern)?);
                }
                if glob::Pattern::escape(pattern) == *pattern {
                    return Err(format!("{pattern:?}: no such file or folder, and no pattern"));
                }
                self.add_all(&Path::new(&escaped(&self.root)?).join(pattern), &self.root, Path::new(""))
            }
            Mount::At { source, destination } => self.add_path(&self.root.join(source), destination),
        }
    }

    fn add_path(&self, path: &Path, destination: &Path) -> Result<(), String> {
        if !path.is_dir() {
            return self.copy(path, destination);
        }
        self.add_all(&Path::new(&escaped(path)?).join("**/*"), path, destination)
    }

    /// Those that fit `pattern`, at their paths from `base`, below `destination`.
    fn add_all(&self, pattern: &Path, base: &Path, destination: &Path) -> Result<(), String> {
        let pattern = pattern.to_str().ok_or("the path is no UTF-8 text")?;
        let found = glob::glob(pattern).map_err(|error| format!("this is no pattern of files: {error}"))?;
        for path in found {
            let path = path.map_err(|error| error.to_string())?;
            let from_root = path.strip_prefix(&self.root).map_err(|_| outside(&path))?;
            if path.is_file() && !self.exclude.iter().any(|pattern| pattern.matches_path(from_root)) {
                let from_base = path.strip_prefix(base).map_err(|_| outside(&path))?;
                self.copy(&path, &destination.join(from_base))?;
            }
        }
        Ok(())
    }

    fn copy(&self, file: &Path, destination: &Path) -> Result<(), String> {
        let cause = |error: io::Error| format!("{}: {error}", file.display());
        // A link is followed, as far as the application's folder goes.
        let file = file.canonicalize().map_err(cause)?;
        if !file.starts_with(&self.root) {
            return Err(outside(&file));
        }
        let to = self.to.path().join(destination);
        if destination.file_name().is_none() || to.is_dir() {
            return Err(format!("{} is a file: its destination names a file too", file.display()));
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(cause)?;
        }
        fs::copy(&file, &to).map(|_| ()).map_err(cause)
    }
}

/// The path as a pattern that fits nothing else.
fn escaped(path: &Path) -> Result<String, String> {
    path.to_str().map(glob::Pattern::escape).ok_or_else(|| "the path is no UTF-8 text".to_owned())
}

fn outside(path: &Path) -> String {
    format!("{} is outside the application's folder; files below it are allowed", path.display())
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
