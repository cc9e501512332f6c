//! The files that `build.rs` has packed into this program; none without the feature `bundled`.

use std::io::{self, Read};

use flate2::read::GzDecoder;

/// Path in the project's folder, and content, gzipped.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/packed.rs"));

/// Whether there are files.
pub(super) fn has_files() -> bool {
    !FILES.is_empty()
}

/// The content of the file with this path in the project's folder.
pub(super) fn read(path: &str) -> io::Result<Vec<u8>> {
    let (_, packed) = FILES
        .iter()
        .find(|(name, _)| *name == path)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "not in this program"))?;
    let mut content = Vec::new();
    GzDecoder::new(*packed).read_to_end(&mut content)?;
    Ok(content)
}
