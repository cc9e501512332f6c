//! `loadtest build`, and what is built by itself.

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{build, loadtest, output, project, stderr};

/// An application whose one component is copied by its build command, which leaves a mark.
fn app(folder: &Path, command: &str) -> String {
    build();
    let built = project().join("components/target/wasm32-wasip2/release/wasip2_sync.wasm");
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::copy(built, folder.join("src/made.wasm")).unwrap();
    let manifest = folder.join("spin.toml");
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"a\"\n[[trigger.http]]\nroute = \"/\"\ncomponent = \"c\"\n\
         [component.c]\nsource = \"c.wasm\"\n\
         [component.c.build]\ncommand = \"{command}\"\nworkdir = \"src\"\nwatch = [\"*.rs\"]\n"
    );
    fs::write(&manifest, text).unwrap();
    manifest.to_str().unwrap().to_owned()
}

const COPY: &str = "cp made.wasm ../c.wasm && echo built >> ../log";

fn times_built(folder: &Path) -> usize {
    fs::read_to_string(folder.join("log")).map_or(0, |log| log.lines().count())
}

/// Starts and ends at once: the input that keeps it alive is closed.
fn serve(manifest: &str) {
    let mut command = loadtest(&["serve", manifest, "--listen", "127.0.0.1:0", "--until-stdin-closes"]);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn what_is_missing_or_older_than_its_sources_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), COPY);
    let source = folder.path().join("src/lib.rs");
    fs::write(&source, "").unwrap();

    serve(&manifest);
    assert_eq!(times_built(folder.path()), 1, "it was missing");
    serve(&manifest);
    assert_eq!(times_built(folder.path()), 1, "it was newer than its sources");
    let later = SystemTime::now() + Duration::from_secs(60);
    fs::File::options().write(true).open(&source).unwrap().set_modified(later).unwrap();
    serve(&manifest);
    assert_eq!(times_built(folder.path()), 2, "a source was newer");
    assert!(output(&["build", &manifest]).status.success());
    assert_eq!(times_built(folder.path()), 3, "it was asked for");
}

#[test]
fn a_build_that_fails_says_why_and_for_which_component() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), "echo the compiler says no >&2; exit 7");
    for command in [&["build", &manifest][..], &["serve", &manifest]] {
        let failed = output(command);
        let error = stderr(&failed);
        assert_eq!(failed.status.code(), Some(2), "{error}");
        assert!(error.contains("the compiler says no\n"), "{error}");
        assert!(error.contains("error: building c failed (exit status: 7)"), "{error}");
    }
}

#[test]
fn a_build_that_makes_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), "true");
    let failed = output(&["build", &manifest]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(stderr(&failed).contains("c.wasm is not there"), "{}", stderr(&failed));
}

#[test]
fn a_callers_cargo_settings_do_not_reach_the_guests() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), "env > ../env && cp made.wasm ../c.wasm");
    let mut command = loadtest(&["build", &manifest]);
    command.env("CARGO_TARGET_DIR", "/elsewhere").env("RUSTFLAGS", "-Ctarget-cpu=native");
    assert!(command.output().unwrap().status.success());
    let seen = fs::read_to_string(folder.path().join("env")).unwrap();
    assert!(!seen.contains("CARGO_TARGET_DIR") && !seen.contains("RUSTFLAGS"), "{seen}");
}
