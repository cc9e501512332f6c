//! Packs the lab's application into the program, if the feature `bundled` is on.
//!
//! The result is a file for `include!`: a list of paths, as the manifests name them, with the files' content, gzipped. Without the
//! feature the list is empty.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-changed=build.rs");
    let files = bundled::files(&out);
    let row = |(path, packed): &(String, PathBuf)| {
        format!("({path:?}, include_bytes!({:?}).as_slice()),", packed.display().to_string())
    };
    let list = format!("&[{}]", files.iter().map(row).collect::<String>());
    fs::write(out.join("packed.rs"), list).expect("the output folder can be written");
}

#[cfg(not(feature = "bundled"))]
mod bundled {
    use super::{Path, PathBuf};

    pub fn files(_out: &Path) -> Vec<(String, PathBuf)> {
        Vec::new()
    }
}

#[cfg(feature = "bundled")]
mod bundled {
    use std::fs::{self, File};
    use std::io::{self, Write};

    use flate2::{Compression, GzBuilder};

    use super::{Path, PathBuf, env};

    const MANIFESTS: [&str; 2] = ["spin.toml", "spin-wasip3.toml"];

    /// The manifests and the components that they name, each with its packed file.
    pub fn files(out: &Path) -> Vec<(String, PathBuf)> {
        let project = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("..");
        let mut paths: Vec<String> = MANIFESTS.iter().map(ToString::to_string).collect();
        for manifest in MANIFESTS {
            let text = fs::read_to_string(project.join(manifest)).expect("the manifest can be read");
            paths.extend(sources(&toml::from_str(&text).expect("the manifest is TOML")));
        }
        paths.sort();
        paths.dedup();
        let pack = |(at, path): (usize, String)| {
            let packed = out.join(format!("{at}.gz"));
            println!("cargo::rerun-if-changed={}", project.join(&path).display());
            pack(&project.join(&path), &packed).unwrap_or_else(|error| {
                panic!(
                    "{path}: {error}; the feature `bundled` packs the guests into the program, so build them first: \
                     cargo run -p loadtest -- build"
                )
            });
            (path, packed)
        };
        paths.into_iter().enumerate().map(pack).collect()
    }

    /// The components' files in the order of the manifest.
    fn sources(manifest: &toml::Table) -> Vec<String> {
        let components = manifest["component"].as_table().expect("a manifest has components");
        let source = |component: &toml::Value| component["source"].as_str().expect("a path").to_owned();
        components.values().map(source).collect()
    }

    /// Without a file name and a time, so that the same file is always packed in the same way.
    fn pack(file: &Path, packed: &Path) -> io::Result<()> {
        let content = fs::read(file)?;
        let mut gzip = GzBuilder::new().write(File::create(packed)?, Compression::best());
        gzip.write_all(&content)?;
        gzip.finish().map(|_| ())
    }
}
