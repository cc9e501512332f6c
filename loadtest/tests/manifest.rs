//! Errors of a manifest, as `loadtest` reports them, and the variables that it hands to the host.

mod common;

use std::fs;

use tempfile::TempDir;
use testing::guest_app;

use common::{GUESTS, build, stderr, wasm};

/// An application with a component `guest` for all paths, after the guests are built.
fn app(guest: &str, app_keys: &str, component_keys: &str) -> (TempDir, String) {
    build();
    guest_app(guest, app_keys, component_keys)
}

const VARIABLES: &str = "[variables]
greeting = { default = \"hi\" }
name = { default = \"nobody\" }
token = { required = true, secret = true }";

/// Runs a command that ends by itself.
fn told(args: &[&str]) -> (Option<i32>, String) {
    let output = common::output(args);
    (output.status.code(), stderr(&output))
}

#[test]
fn a_variable_without_a_value_stops_the_start_and_not_the_build() {
    let (_folder, manifest) = app(GUESTS[0], VARIABLES, "");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    let expected = format!(
        "{manifest}:7:1: variable \"token\" is required and has no value; give it by --variable token=VALUE, or in \
         SPIN_VARIABLE_TOKEN"
    );
    assert!(code == Some(2) && error.contains(&expected), "{code:?} {error}");

    let (code, error) = told(&["serve", &manifest, "--variable", "tokn=hidden"]);
    let expected = "no variable is called \"tokn\"; [variables] declares: greeting, name, token";
    assert!(code == Some(2) && error.contains(expected) && !error.contains("hidden"), "{code:?} {error}");

    let (code, error) = told(&["build", &manifest]);
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn run_hands_variables_to_the_embedded_host() {
    build();
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("spin.toml").display().to_string();
    let text = format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n[variables]\ntoken = {{ required = true }}\n\
         [[trigger.http]]\nroute = \"/e2/p3\"\ncomponent = \"e2-p3\"\n[component.e2-p3]\nsource = {:?}\n\
         environment = {{ ENDPOINT = \"e2-p3\" }}\n",
        wasm("wasip2_async_awaiting.wasm")
    );
    fs::write(&manifest, text).unwrap();
    let run = ["run", "--manifest", &manifest, "--setup", "6", "--time-scale", "0.05"];
    let (code, error) = told(&run);
    assert!(code == Some(2) && error.contains("--variable token=VALUE"), "{code:?} {error}");
    let output = common::output(&[&run[..], &["--variable", "token=x"]].concat());
    assert!(common::stdout(&output).contains("10 x e2-p3"), "{}", stderr(&output));
}

#[test]
fn a_file_that_is_not_there_stops_the_start() {
    let (_folder, manifest) = app(GUESTS[0], "", "files = [\"here\"]");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(2) && error.contains("spin.toml:10:10: \"here\": no such file"), "{code:?} {error}");
}

#[test]
fn a_host_that_is_none_once_its_variables_are_put_in_is_said_without_their_secrets() {
    let variables = "[variables]\nhost = { default = \"hid den\", secret = true }";
    let (_folder, manifest) = app(GUESTS[0], variables, "allowed_outbound_hosts = [\"http://{{ host }}\"]");
    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(
        code == Some(2) && error.contains("spin.toml:11:27: ") && !error.contains("hid den"),
        "{code:?} {error}"
    );
}

#[test]
fn a_profile_that_is_missing_or_needed_stops_the_start() {
    let (_folder, manifest) = app(GUESTS[0], "", "profile.debug.source = \"debug.wasm\"");
    let text = fs::read_to_string(&manifest).unwrap();
    let source = format!("source = {:?}", wasm(GUESTS[0]));
    assert!(text.contains(&source));
    fs::write(&manifest, text.replace(&source, "source = \"nowhere.wasm\"")).unwrap();

    let (code, error) = told(&["serve", &manifest, "--listen", "127.0.0.1:0"]);
    assert!(code == Some(2) && error.contains("nowhere.wasm"), "{code:?} {error}");
    let (code, error) = told(&["serve", &manifest, "--profile", "debgu"]);
    assert!(code == Some(2) && error.contains("no component has a profile \"debgu\""), "{code:?} {error}");
}
