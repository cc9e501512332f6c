use proptest::prelude::*;

use super::*;
use crate::app::application::RouteTarget;

mod errors;

const GOOD: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
version = "1.0.0"
[[trigger.http]]
route = "/hello"
component = "hello"
[component.hello]
source = "hello.wasm"
environment = { GREETING = "hi" }
[component.hello.build]
command = "make"
workdir = "src"
"#;

fn parse_text(text: &str) -> Result<App, ManifestErrors> {
    parse(Path::new("dir/spin.toml"), text, None)
}

#[test]
fn a_manifest_is_read_into_an_app() {
    let app = parse_text(GOOD).unwrap();
    assert_eq!((app.name.as_str(), app.version.as_str()), ("app", "1.0.0"));
    assert_eq!(app.triggers[0].component(), Some("hello"));
    let hello = &app.components["hello"];
    assert_eq!(hello.source, Path::new("dir/hello.wasm"));
    assert_eq!(hello.environment["GREETING"], "hi");
    let build = hello.build.as_ref().unwrap();
    assert_eq!(
        (build.commands.as_slice(), build.workdir.as_path()),
        (&["make".to_owned()][..], Path::new("dir/src"))
    );
}

#[test]
fn the_projects_manifests_have_the_same_seven_routes_and_waits() {
    let load = |name: &str| load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name), None).unwrap();
    for app in [load("spin.toml"), load("spin-wasip3.toml")] {
        let waits: Vec<_> = app
            .triggers
            .iter()
            .map(|trigger| {
                let component = trigger.component().unwrap();
                let environment = &app.components[component].environment;
                assert_eq!(environment["ENDPOINT"], component);
                (trigger.route.path(), environment["WAIT_MS"].clone())
            })
            .collect();
        let expected = [
            ("/e1/p1", "10000"),
            ("/e1/p2", "1000"),
            ("/e2/p1", "1000"),
            ("/e2/p2", "1000"),
            ("/e2/p3", "1000"),
            ("/e2/p4", "1000"),
            ("/e2/p5", "1000"),
        ];
        assert_eq!(waits, expected.map(|(path, wait)| (path.to_owned(), wait.to_owned())));
    }
}

#[test]
fn a_private_route_is_left_out() {
    let app = parse_text(&GOOD.replace("\"/hello\"", "{ private = true }")).unwrap();
    assert!(app.triggers.is_empty());
}

/// An application with a value for every key that the host honours.
const FULL: &str = r#"
spin_manifest_version = 2
[application]
name = "app"
[application.trigger.http]
base = "/"
[variables]
token = { required = true, secret = true, description = "for the API" }
host = { default = "example.com" }
[[trigger.http]]
route = "/full/:id"
component = "full"
executor = { type = "http" }
[[trigger.http]]
id = "teapot"
route = "/static/..."
static_response = { status_code = 418, headers = { X-Tea = "green" }, body = "short" }
[[trigger.http]]
id = "other"
route = "/inline"
component = { source = "inline.wasm" }
[[trigger.http]]
route = { private = true }
component = { source = "private.wasm", environment = { A = "b" } }
[component.full]
source = "full.wasm"
variables = { api_token = "Bearer {{ token }}", fixed = "x" }
files = ["img/*.png", { source = "assets", destination = "/" }]
exclude_files = ["**/*.md"]
allowed_outbound_hosts = ["https://{{ host }}", "http://*.example.com:8000..8100", "http://self"]
[component.full.build]
command = ["a", "b"]
workdir = "src"
[component.full.profile.debug]
source = "debug.wasm"
environment = { LOG = "1" }
build.command = "c"
"#;

#[test]
fn the_app_has_the_value_of_every_honoured_key() {
    let app = parse_text(FULL).unwrap();
    let ids: Vec<_> = app.components.keys().map(String::as_str).collect();
    assert_eq!(ids, ["full", "http-trigger1-component", "other-component"]);
    let triggers: Vec<_> = app
        .triggers
        .iter()
        .map(|trigger| (trigger.id.as_str(), trigger.route.path(), trigger.component()))
        .collect();
    assert_eq!(
        triggers,
        [
            ("full-http-trigger", "/full/:id".to_owned(), Some("full")),
            ("teapot", "/static".to_owned(), None),
            ("other", "/inline".to_owned(), Some("other-component")),
        ]
    );
    let RouteTarget::Static(response) = &app.triggers[1].target else { panic!("static") };
    assert_eq!((response.status().as_u16(), response.body().as_str()), (418, "short"));
    assert_eq!(response.headers()["x-tea"], "green");
    assert_eq!(app.variables.names().collect::<Vec<_>>(), ["host", "token"]);
    let full = &app.components["full"];
    assert_eq!(full.variables["api_token"].variable_names().collect::<Vec<_>>(), ["token"]);
    assert_eq!((full.files.mounts.len(), full.files.exclude.len(), full.allowed_hosts.len()), (2, 1, 3));
}

#[test]
fn an_inline_component_gets_spins_id() {
    let text = GOOD.replace("component = \"hello\"", "component = { source = \"x.wasm\" }");
    let ids = |text: &str| parse_text(text).unwrap().components.into_keys().collect::<Vec<_>>();
    // `http-trigger1` is the generated id of the trigger.
    assert_eq!(ids(&text), ["hello", "http-trigger1-component"]);
    assert_eq!(ids(&text.replace("route =", "id = \"Has space\"\nroute =")), ["hello", "inline-component1"]);
}

#[test]
fn a_profile_replaces_the_values_that_it_names() {
    let parse = |profile| parse(Path::new("dir/spin.toml"), FULL, profile);
    let plain = &parse(None).unwrap().components["full"];
    assert_eq!((plain.source.as_path(), plain.environment.len()), (Path::new("dir/full.wasm"), 0));
    let debug = &parse(Some("debug")).unwrap().components["full"];
    assert_eq!(
        (debug.source.as_path(), debug.environment["LOG"].as_str()),
        (Path::new("dir/debug.wasm"), "1")
    );
    let build = debug.build.as_ref().unwrap();
    assert_eq!((&build.commands[..], build.workdir.as_path()), (&["c".to_owned()][..], Path::new("dir/src")));
    assert_eq!(
        parse(Some("debgu")).unwrap_err().to_string(),
        "dir/spin.toml: no component has a profile \"debgu\"; this manifest has: debug"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = parse_text(&text);
    }

    #[test]
    fn no_corrupted_manifest_panics(at in 0..FULL.len(), length in 0_usize..20, put in "[\\[\\]{}=\"\n.a-z0-9ä]{0,8}") {
        let end = (at + length).min(FULL.len());
        let _ = parse_text(&format!("{}{put}{}", &FULL[..at], &FULL[end..]));
    }
}
