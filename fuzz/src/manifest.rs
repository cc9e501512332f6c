//! Reads any bytes as a Spin manifest.

use std::fs;

/// Nothing panics, and each error is one line for each mistake, none of them empty.
pub fn run(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("spin.toml");
    fs::write(&path, bytes).expect("a file in it");
    for profile in [None, Some("debug")] {
        match host::manifest::load(&path, profile) {
            Ok(app) => app.triggers.iter().for_each(|trigger| assert!(trigger.route.full().starts_with('/'))),
            Err(errors) => {
                let text = errors.to_string();
                let lines: Vec<&str> = text.lines().collect();
                assert!(!lines.is_empty() && lines.iter().all(|line| !line.trim().is_empty()), "{text:?}");
            }
        }
    }
}
