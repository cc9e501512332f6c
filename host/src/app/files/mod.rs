//! The files that a guest sees, read-only.
//!
//! At the start, the host copies them once to a temporary folder that holds nothing else. So `exclude_files` holds,
//! patterns and single files work, and no symbolic link leads out of the folder. As in Spin, the guest doesn't see
//! later changes.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use tempfile::TempDir;

use super::error::{Located, ManifestError};

/// `files` and `exclude_files` of a component.
#[derive(Debug, Clone)]
pub struct FileMounts {
    /// The manifest that names the files.
    pub manifest: PathBuf,
    /// The application's folder. The guest sees no file outside of it.
    pub folder: PathBuf,
    pub mounts: Vec<Located<FileMount>>,
    /// Patterns of paths relative to the application's folder.
    pub exclude: Vec<glob::Pattern>,
}

/// An entry of `files`.
#[derive(Debug, Clone)]
pub enum FileMount {
    /// A glob pattern. The guest sees the matching files at their paths in the application's folder.
    Pattern(String),
    /// A file or folder that the guest sees at `destination`, a path relative to the guest's root.
    At { source: PathBuf, destination: PathBuf },
}

impl FileMount {
    pub fn pattern(pattern: &str) -> Result<Self, String> {
        let path = relative_path(pattern)?;
        if path.as_os_str().is_empty() || pattern.ends_with("/.") {
            return Err("a folder is given as { source = \"...\", destination = \"...\" }, or as a pattern that ends in **/*".to_owned());
        }
        Ok(Self::Pattern(pattern.to_owned()))
    }

    pub fn at(source: &str, destination: &str) -> Result<Self, String> {
        let destination = relative_path(destination.trim_start_matches('/'))?;
        Ok(Self::At { source: relative_path(source)?, destination })
    }
}

/// Returns the path without its `.` components, or an error if the path leads out of the folder that it starts from.
fn relative_path(path: &str) -> Result<PathBuf, String> {
    let mut relative = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            path::Component::Normal(name) => relative.push(name),
            path::Component::CurDir => {}
            _ => {
                return Err(format!(
                    "{path:?} leads out of its folder; a path below it is allowed, without `..`"
                ));
            }
        }
    }
    Ok(relative)
}

impl FileMounts {
    /// Copies the files to a temporary folder. Returns `None` if the component has no files.
    pub fn copy(&self) -> Result<Option<TempDir>, ManifestError> {
        if self.mounts.is_empty() {
            return Ok(None);
        }
        let error =
            |position, message: String| ManifestError { path: self.manifest.clone(), position, message };
        let copier = Copier::new(self)
            .map_err(|cause| error(None, format!("can't copy a component's files: {cause}")))?;
        for Located { value, position } in &self.mounts {
            copier.add(value).map_err(|message| error(Some(*position), message))?;
        }
        Ok(Some(copier.target))
    }
}

struct Copier<'a> {
    /// The canonical path of the application's folder.
    root: PathBuf,
    exclude: &'a [glob::Pattern],
    target: TempDir,
}

impl<'a> Copier<'a> {
    fn new(files: &'a FileMounts) -> io::Result<Self> {
        Ok(Self { root: files.folder.canonicalize()?, exclude: &files.exclude, target: tempfile::tempdir()? })
    }

    fn add(&self, mount: &FileMount) -> Result<(), String> {
        match mount {
            FileMount::Pattern(pattern) => {
                let path = self.root.join(pattern);
                if path.exists() {
                    return self.add_path(&path, &relative_path(pattern)?);
                }
                if glob::Pattern::escape(pattern) == *pattern {
                    return Err(format!("{pattern:?}: no such file or folder, and not a pattern"));
                }
                self.add_matches(&Path::new(&escaped(&self.root)?).join(pattern), &self.root, Path::new(""))
            }
            FileMount::At { source, destination } => self.add_path(&self.root.join(source), destination),
        }
    }

    fn add_path(&self, path: &Path, destination: &Path) -> Result<(), String> {
        if !path.is_dir() {
            return self.copy(path, destination);
        }
        self.add_matches(&Path::new(&escaped(path)?).join("**/*"), path, destination)
    }

    /// Copies the files that match `pattern`. Their paths relative to `base` become paths relative to `destination`.
    fn add_matches(&self, pattern: &Path, base: &Path, destination: &Path) -> Result<(), String> {
        let pattern = pattern.to_str().ok_or("the path is not UTF-8 text")?;
        let matches =
            glob::glob(pattern).map_err(|error| format!("this is not a pattern of files: {error}"))?;
        for path in matches {
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
        // The canonical path: a symbolic link may lead to any file below the application's folder, and to no other.
        let file = file.canonicalize().map_err(cause)?;
        if !file.starts_with(&self.root) {
            return Err(outside(&file));
        }
        let target = self.target.path().join(destination);
        if destination.file_name().is_none() || target.is_dir() {
            return Err(format!("{} is a file: its destination must name a file too", file.display()));
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(cause)?;
        }
        fs::copy(&file, &target).map(|_| ()).map_err(cause)
    }
}

/// Returns a pattern that matches this path only.
fn escaped(path: &Path) -> Result<String, String> {
    path.to_str().map(glob::Pattern::escape).ok_or_else(|| "the path is not UTF-8 text".to_owned())
}

fn outside(path: &Path) -> String {
    format!("{} is outside the application's folder; files below it are allowed", path.display())
}

#[cfg(test)]
mod tests;
