//! `loadtest build`, and automatic builds.

mod common;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;

use common::{Process, TIMEOUT, build, loadtest, output, project, serve_by, stderr, wait_until};

/// An application with one component. The build command copies the component, and writes a line to `log`.
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

/// Serves the application until it is ready.
fn serve(manifest: &str) {
    serve_by(&mut loadtest(&["serve", manifest, "--listen", "127.0.0.1:0", "--format", "json"])).log();
}

#[test]
fn components_that_are_missing_or_older_than_their_sources_are_built() {
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
fn a_failed_build_is_an_error_with_its_output_and_component() {
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
fn a_build_without_output_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), "true");
    let failed = output(&["build", &manifest]);
    assert_eq!(failed.status.code(), Some(2));
    assert!(stderr(&failed).contains("c.wasm is not there"), "{}", stderr(&failed));
}

#[test]
fn a_source_that_changes_during_the_build_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        app(folder.path(), "test -e lib.rs || touch lib.rs; cp made.wasm ../c.wasm; echo built >> ../log");
    assert!(output(&["build", &manifest]).status.success());
    assert_eq!(times_built(folder.path()), 2);
}

#[test]
fn an_interrupted_build_leaves_no_process() {
    for command in ["build", "serve"] {
        let folder = tempfile::tempdir().unwrap();
        // The shell has a child process, as cargo has.
        let manifest = app(folder.path(), "echo $$ > ../id; sleep 60; true");
        let mut process = Process::spawn(&mut loadtest(&[command, &manifest]));
        let id = folder.path().join("id");
        wait_until("the build starts", || fs::read_to_string(&id).is_ok_and(|id| id.ends_with('\n')));
        let group = fs::read_to_string(&id).unwrap().trim().to_owned();
        process.signal(Signal::SIGINT);
        assert_eq!(process.ended_within(TIMEOUT).code(), Some(130), "{command}");
        wait_until("the build ends", || members_of(&group).is_empty());
    }
}

/// The stat lines of a process group's processes. The group is the fifth field.
fn members_of(group: &str) -> Vec<String> {
    let states = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let alive = |state: &String| {
        let fields: Vec<&str> = state.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields.get(2) == Some(&group) && fields.first() != Some(&"Z")
    };
    states.filter(alive).collect()
}

#[test]
fn the_commands_of_a_component_run_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), COPY);
    let text = fs::read_to_string(&manifest).unwrap();
    let second = "[[trigger.http]]\nroute = \"/d\"\ncomponent = \"d\"\n[component.d]\nsource = \"d.wasm\"\n\
                  [component.d.build]\ncommand = [\"echo built >> ../log\", \"cp ../c.wasm ../d.wasm\"]\nworkdir = \"src\"\n";
    fs::write(&manifest, text + second).unwrap();
    assert!(output(&["build", &manifest]).status.success());
    assert!(folder.path().join("d.wasm").exists());
}

#[test]
fn the_caller_s_cargo_settings_do_not_affect_the_guests() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = app(folder.path(), "env > ../env && cp made.wasm ../c.wasm");
    let mut command = loadtest(&["build", &manifest]);
    command.env("CARGO_TARGET_DIR", "/elsewhere").env("RUSTFLAGS", "-Ctarget-cpu=native");
    assert!(command.output().unwrap().status.success());
    let seen = fs::read_to_string(folder.path().join("env")).unwrap();
    assert!(!seen.contains("CARGO_TARGET_DIR") && !seen.contains("RUSTFLAGS"), "{seen}");
}
