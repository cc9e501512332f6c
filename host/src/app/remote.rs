//! Components from a URL, `source = { url, digest }`: read from Spin's cache folder, where they are by their digest.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::wasm::Wasm;

const SHA256: &str = "sha256:";

/// Where a component's file comes from, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    pub url: String,
    /// `sha256:` and 64 hexadecimal digits, in lower case.
    pub digest: String,
}

impl Remote {
    /// Returns the source with this URL and digest.
    ///
    /// # Errors
    ///
    /// If the digest is not one. The text says what is allowed.
    pub fn new(url: &str, digest: &str) -> Result<Self, String> {
        let digits = digest.strip_prefix(SHA256).unwrap_or_default();
        if digits.len() != 64 || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("{digest:?} is not a digest; sha256: and 64 hexadecimal digits are allowed"));
        }
        Ok(Self { url: url.to_owned(), digest: digest.to_ascii_lowercase() })
    }

    /// The file in the cache.
    pub fn file(&self, cache: &Path) -> PathBuf {
        cache.join("registry/wasm").join(&self.digest)
    }

    /// Reads the file at `path`, which is in a cache, and checks its digest.
    ///
    /// # Errors
    ///
    /// If the file is missing, another one, or can't be used.
    pub fn read(&self, path: &Path) -> Result<Wasm, String> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!(
                "{} is not in the cache; `loadtest serve --allow-download` or `spin up` puts it there",
                self.url
            ),
            _ => format!("can't be read: {error}"),
        })?;
        self.check(&bytes)?;
        Wasm::parse(bytes)
    }

    /// Checks the digest of these bytes.
    ///
    /// # Errors
    ///
    /// If it is another one.
    pub fn check(&self, bytes: &[u8]) -> Result<(), String> {
        let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let found = format!("{SHA256}{digits}");
        match found == self.digest {
            true => Ok(()),
            false => Err(format!("its digest is {found}, not that of the manifest; get another copy")),
        }
    }
}

/// Spin's cache folder.
pub(crate) fn default_cache() -> PathBuf {
    let of_user = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let of_home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    of_user.or_else(of_home).unwrap_or_default().join("spin")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn a_digest_has_64_digits() {
        for (digest, is_valid) in [
            (format!("sha256:{}", "0".repeat(64)), true),
            (format!("sha256:{}", "A".repeat(64)), true),
            (format!("sha256:{}", "0".repeat(63)), false),
            (format!("sha256:{}", "g".repeat(64)), false),
            ("0".repeat(64), false),
            (String::new(), false),
        ] {
            assert_eq!(Remote::new("https://example.com/a.wasm", &digest).is_ok(), is_valid, "{digest}");
        }
    }

    #[test]
    fn the_file_must_be_in_the_cache_and_have_the_digest() {
        let cache = tempfile::tempdir().unwrap();
        let digits: String =
            Sha256::digest(EMPTY_COMPONENT).iter().map(|byte| format!("{byte:02x}")).collect();
        let remote = Remote::new("https://example.com/a.wasm", &format!("sha256:{digits}")).unwrap();
        let path = remote.file(cache.path());
        let error = |path: &Path| remote.read(path).map(|_| ()).unwrap_err();
        assert!(error(&path).contains("https://example.com/a.wasm is not in the cache"), "{}", error(&path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"another").unwrap();
        assert!(error(&path).starts_with("its digest is sha256:"), "{}", error(&path));
        fs::write(&path, EMPTY_COMPONENT).unwrap();
        assert!(error(&path).contains("no HTTP export"), "it is read: {}", error(&path));
    }
}
