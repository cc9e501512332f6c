//! The lab's application: its manifests and components. A program with the feature `bundled` carries them; others take them from
//! the project's folder.

mod packed;

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use toml::{Table, Value};

/// The manifests: WASIp2 and WASIp3.
pub const MANIFESTS: [&str; 2] = ["spin.toml", "spin-wasip3.toml"];

/// The folder of the components in an exported application.
const COMPONENTS: &str = "components";

/// The application without its sources: manifests without build commands, and components.
#[derive(Debug)]
pub struct Lab {
    /// Path in the application's folder, and content.
    files: Vec<(String, Vec<u8>)>,
}

impl Lab {
    /// Whether this program carries the application.
    pub fn is_packed() -> bool {
        packed::has_files()
    }

    /// The application that this program carries.
    ///
    /// # Errors
    ///
    /// If it carries none.
    pub fn packed() -> anyhow::Result<Self> {
        Self::collect(packed::read)
    }

    /// The application of the project in `folder`, whose components are built.
    ///
    /// # Errors
    ///
    /// If a file is missing or no manifest, with its path.
    pub fn of_project(folder: &Path) -> anyhow::Result<Self> {
        Self::collect(|path| fs::read(folder.join(path)))
    }

    /// Writes the application to `folder`, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// If a file exists already or can't be written, with its path.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        if let Some((path, _)) = self.files.iter().find(|(path, _)| folder.join(path).exists()) {
            bail!("{} exists already; a new or empty folder is allowed", folder.join(path).display());
        }
        for (path, content) in &self.files {
            let file = folder.join(path);
            let parent = file.parent().unwrap_or(folder);
            fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            fs::write(&file, content).with_context(|| file.display().to_string())?;
        }
        Ok(())
    }

    /// `read` returns the content of a file of the project.
    fn collect(read: impl Fn(&str) -> io::Result<Vec<u8>>) -> anyhow::Result<Self> {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        for manifest in MANIFESTS {
            let text = String::from_utf8(read(manifest).context(manifest)?).context(manifest)?;
            let (text, sources) = without_sources(&text).context(manifest)?;
            files.push((manifest.to_owned(), text.into_bytes()));
            for Source { from, to } in sources {
                if files.iter().all(|(path, _)| *path != to) {
                    files.push((to, read(&from).context(from)?));
                }
            }
        }
        Ok(Self { files })
    }
}

/// The first line of an exported manifest.
const HEADER: &str = "# Written by `loadtest lab export`.\n";

/// The path of a component's file.
#[derive(Debug, PartialEq)]
struct Source {
    /// In the project's folder.
    from: String,
    /// In the exported application.
    to: String,
}

/// The manifest for a folder without sources: its components have no build command and stand in one folder.
fn without_sources(manifest: &str) -> anyhow::Result<(String, Vec<Source>)> {
    let mut table: Table = manifest.parse()?;
    let components = table.get_mut("component").and_then(Value::as_table_mut).context("no [component.ID]")?;
    let mut sources = Vec::new();
    for (id, component) in components {
        let component = component.as_table_mut().with_context(|| format!("component.{id}: no table"))?;
        component.remove("build");
        let from = component.get("source").and_then(Value::as_str).map(str::to_owned);
        let from = from.with_context(|| format!("component.{id}.source: no path"))?;
        let name = Path::new(&from).file_name().and_then(|name| name.to_str());
        let to = format!("{COMPONENTS}/{}", name.ok_or_else(|| anyhow!("component.{id}.source: no file"))?);
        component.insert("source".to_owned(), Value::String(to.clone()));
        sources.push(Source { from, to });
    }
    Ok((format!("{HEADER}{table}"), sources))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "spin_manifest_version = 2\n[component.a]\nsource = \"built/deep/a.wasm\"\n\
                            environment = { WAIT_MS = \"1\" }\n[component.a.build]\ncommand = \"make\"\n\
                            [component.b]\nsource = \"built/deep/a.wasm\"\n";

    #[test]
    fn an_exported_manifest_has_no_build_commands_and_keeps_the_rest() {
        let (text, sources) = without_sources(MANIFEST).unwrap();
        let expected = MANIFEST
            .replace("[component.a.build]\ncommand = \"make\"\n", "")
            .replace("built/deep/", "components/");
        assert_eq!(text.parse::<Table>().unwrap(), expected.parse::<Table>().unwrap());
        let source = || Source { from: "built/deep/a.wasm".to_owned(), to: "components/a.wasm".to_owned() };
        assert_eq!(sources, [source(), source()]);
        for (wrong, reason) in
            [("a = 1\n", "no [component.ID]"), ("[component.a]\n", "component.a.source: no path")]
        {
            assert_eq!(without_sources(wrong).unwrap_err().to_string(), reason);
        }
    }

    #[test]
    fn an_application_is_written_once() {
        let read = |path: &str| match path {
            "built/deep/a.wasm" => Ok(b"component".to_vec()),
            _ => Ok(MANIFEST.as_bytes().to_vec()),
        };
        let lab = Lab::collect(read).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new");
        lab.write(&target).unwrap();
        assert_eq!(fs::read(target.join("components/a.wasm")).unwrap(), b"component");
        assert!(MANIFESTS.iter().all(|manifest| target.join(manifest).is_file()));
        let error = lab.write(&target).unwrap_err().to_string();
        assert!(error.ends_with("spin.toml exists already; a new or empty folder is allowed"), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error_with_its_path() {
        let nothing = tempfile::tempdir().unwrap();
        let error = format!("{:#}", Lab::of_project(nothing.path()).unwrap_err());
        assert!(error.starts_with("spin.toml: "), "{error}");
    }
}
